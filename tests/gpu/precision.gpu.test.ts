import { afterEach, describe, expect, it } from 'vitest';
import { GraphBuilder } from '#models/graph/builder.ts';
import { conv2d, linear, matmul } from '#models/graph/ops.ts';
import type { PackingBits } from '#models/graph/dtype.ts';
import { loadOrt } from '#inference/ort-web.ts';
import { OrtWebRuntime, type DeviceProvider } from '#inference/ort-web-runtime.ts';
import { probeHalfPrecision } from '#inference/precision-probe.ts';
import { takeFloat } from '#inference/runtime.ts';
import { withFloat32Sums } from '#inference/shader-hook.ts';
import { rowsOfWhole } from '#inference/weights.ts';
import { expectClose, randomTensor, testDevice } from './fixtures.ts';

/** SwiftShader compiles slowly. */
const SLOW = { timeout: 300_000 };

/** Labels of the runtime's kernels that add up products. Those of tiny products are not worth rewriting. */
const SUMS = /MatMul|Gemm|Conv/;
const TINY = 'MatMulNaive';

interface Shader {
  readonly label: string;
  readonly code: string;
}

/** A device whose shaders go through `change` first. */
async function changedDevice(
  change: (shader: Shader) => string,
): Promise<{ devices: DeviceProvider; end(): void }> {
  const gpu = await testDevice();
  const create = gpu.device.createShaderModule.bind(gpu.device);
  gpu.device.createShaderModule = (descriptor) =>
    create({ ...descriptor, code: change({ label: descriptor.label ?? '', code: descriptor.code }) });
  return {
    devices: { device: () => Promise.resolve(gpu.device), release: () => undefined },
    end: () => {
      gpu.destroy();
    },
  };
}

const toSingle = (code: string) => code.replace(/^enable f16;\n/m, '').replace(/\bf16\b/g, 'f32');
const toHalf = (code: string) => `enable f16;\n${code.replace(/\bf32\b/g, 'f16')}`;

let restore = () => {};
afterEach(() => {
  restore();
});

/** Makes the runtime believe that devices have `shader-f16`, so that it writes the shaders it writes where they do. */
function pretendHalf(): void {
  const prototype = GPUSupportedFeatures.prototype;
  const own = Object.getOwnPropertyDescriptors(prototype);
  const all = (features: GPUSupportedFeatures) => [
    ...own[Symbol.iterator].value!.call(features),
    'shader-f16',
  ];
  const has = own.has.value!;
  Object.defineProperties(prototype, {
    has: {
      ...own.has,
      value(name: string) {
        return name === 'shader-f16' || has.call(this, name);
      },
    },
    size: {
      ...own.size,
      get() {
        return all(this as GPUSupportedFeatures).length;
      },
    },
    [Symbol.iterator]: {
      ...own[Symbol.iterator],
      value() {
        return all(this as GPUSupportedFeatures).values();
      },
    },
  });
  restore = () => {
    Object.defineProperties(prototype, {
      has: own.has,
      size: own.size,
      [Symbol.iterator]: own[Symbol.iterator],
    });
    restore = () => {};
  };
}

describe('the installed runtime’s 16-bit kernels', SLOW, () => {
  it('are all known to the shader hook, those of packed matrices too', async () => {
    const seen: Shader[] = [];
    const { devices, end } = await changedDevice((shader) => {
      seen.push(shader);
      return toSingle(shader.code);
    });
    pretendHalf();
    const emission = { dtype: 'f16', attention: 'plain' } as const;
    // Wrong numbers come out, since 16-bit memory is read as 32-bit: the shaders are what is wanted.
    expect(await probeHalfPrecision(new OrtWebRuntime(await loadOrt(), devices, 'WebGPU', emission))).toBe(
      false,
    );
    end();
    const sums = seen.filter(({ label }) => SUMS.test(label) && label !== TINY);
    expect(sums.length).toBeGreaterThan(3);
    const labels = sums.map(({ label }) => label);
    expect(labels).toEqual(expect.arrayContaining(['MatMulNBits', 'MatMulNBitsWideTile']));
    for (const { label, code } of sums) expect(withFloat32Sums(label, code), label).not.toBe(code);
    const others = seen.filter((shader) => !sums.includes(shader));
    for (const { label, code } of others) expect(withFloat32Sums(label, code), label).toBe(code);
  });
});

describe('rewritten kernels', SLOW, () => {
  /** Every form: four columns and one, products of rows and of matrices, pictures of 8, 3 and 5 channels. */
  async function results(
    devices: DeviceProvider | null,
    linearBits: PackingBits | null,
  ): Promise<Float32Array[]> {
    const shapes = new Map([
      ['w', [512, 256]],
      ['b', [512]],
      ['odd', [7, 33]],
      ['k8', [8, 8, 3, 3]],
      ['k3', [8, 3, 3, 3]],
      ['k5', [5, 5, 3, 3]],
    ]);
    const float = (key: string) => Promise.resolve(randomTensor(shapes.get(key)!, key.length));
    const weights = {
      name: 'random',
      shapes,
      float,
      rows: rowsOfWhole({ float }),
      stored: () => Promise.resolve(null),
    };
    const g = new GraphBuilder('sums', shapes, 'f32', linearBits);
    const inputs = {
      x: [40, 256],
      m: [256, 12],
      v: [256, 1],
      o: [3, 33],
      p8: [1, 8, 9, 9],
      p3: [1, 3, 9, 9],
      p5: [1, 5, 9, 9],
    };
    const of = Object.fromEntries(Object.entries(inputs).map(([name, dims]) => [name, g.input(name, dims)]));
    const { x, m, v, o, p8, p3, p5 } = of as Record<keyof typeof inputs, (typeof of)[string]>;
    [
      linear(g, x, 'w', 'b'),
      linear(g, o, 'odd'),
      matmul(g, x, m),
      matmul(g, x, v),
      conv2d(g, p8, 'k8'),
      conv2d(g, p3, 'k3'),
      conv2d(g, p5, 'k5'),
    ].forEach((value, i) => {
      g.output(`y${i}`, value);
    });
    const runtime = new OrtWebRuntime(await loadOrt(), devices, 'WebGPU', {
      dtype: 'f32',
      attention: 'plain',
    });
    const network = await runtime.load('sums', g.build(), weights);
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, dims], i) => [name, randomTensor(dims, 20 + i)]),
    );
    const outputs = await network.run(feeds);
    const read = await Promise.all(Object.keys(outputs).map((name) => takeFloat(outputs, name)));
    await network.release();
    return read.map(({ data }) => data);
  }

  it.each([null, 8, 4] as const)('compute what they did before: %s bits', async (linearBits) => {
    const rewritten = new Set<string>();
    const plain = await changedDevice(({ code }) => code);
    const expected = await results(plain.devices, linearBits);
    plain.end();
    const reference = await results(null, linearBits);
    expected.forEach((values, i) => {
      expectClose(values, reference[i]!, 1e-3);
    });
    // The same kernel in the spelling of 16 bits, rewritten, and back: only what the hook changed is different.
    const hooked = await changedDevice(({ label, code }) => {
      const half = toHalf(code);
      const wide = withFloat32Sums(label, half);
      if (wide !== half) rewritten.add(label);
      return toSingle(wide);
    });
    const actual = await results(hooked.devices, linearBits);
    hooked.end();
    expect([...rewritten].sort()).toEqual(
      [
        'Conv2dMM',
        'Gemm',
        'MatMul',
        ...(linearBits === 4 ? ['MatMulNBitsWideTile'] : linearBits ? ['MatMulNBits'] : []),
      ].sort(),
    );
    actual.forEach((values, i) => {
      const largest = expected[i]!.reduce((worst, value) => Math.max(worst, Math.abs(value)), 0);
      expectClose(values, expected[i]!, largest * 1e-6);
    });
  });
});
