import { readdirSync, readFileSync } from 'node:fs';
import { create, globals } from 'webgpu';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { GraphBuilder } from '#models/graph/builder.ts';
import { groupNorm } from '#models/graph/ops.ts';
import { floatTensor } from '#domain/tensor.ts';
import { probeAttention } from '#inference/attention-probe.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { takeFloat, type Feed, type NetworkRuntime } from '#inference/runtime.ts';
import { rowsOfWhole } from '#inference/weights.ts';
import { probeHalfPrecision } from '#inference/precision-probe.ts';
import { accumulateInFloat32, withFloat32Sums } from '#inference/shader-hook.ts';
import { half, HalfSumRuntime } from './half-sums.ts';

const FOLDER = 'tests/fixtures/ort-shaders';
const KERNELS = readdirSync(FOLDER)
  .filter((file) => file.endsWith('.wgsl') && file !== 'matmul-naive.wgsl')
  .map((file) => file.slice(0, -5));

/** A captured shader: the runtime's label (first line) and its text. */
function shader(name: string): { label: string; code: string } {
  const text = readFileSync(`${FOLDER}/${name}.wgsl`, 'utf8');
  const end = text.indexOf('\n');
  return { label: text.slice(3, end), code: text.slice(end + 1) };
}

describe('shaders with sums in 32 bits', () => {
  let gpu: GPU | undefined;
  let device: GPUDevice;

  /** Dawn's null backend compiles everything and runs nothing. */
  beforeAll(async () => {
    Object.assign(globalThis, globals);
    gpu = create(['backend=null']);
    const adapter = await gpu.requestAdapter();
    device = await adapter!.requestDevice({ requiredFeatures: ['shader-f16'] });
  });

  afterAll(() => {
    device.destroy();
    gpu = undefined;
  });

  async function problems(code: string): Promise<string[]> {
    device.pushErrorScope('validation');
    const module = device.createShaderModule({ code });
    device.createComputePipeline({ layout: 'auto', compute: { module } });
    const error = await device.popErrorScope();
    return error ? [error.message] : [];
  }

  it.each(KERNELS)('%s: every sum is f32, every operand and result as before', async (name) => {
    const { label, code } = shader(name);
    const wide = withFloat32Sums(label, code);
    expect(await problems(wide)).toEqual([]);
    const changed = changedLines(code, wide);
    expect(changed).toMatchSnapshot();
    // Bindings, loads and stores of memory stay: weights and traffic are 16 bits.
    expect(changed.join('\n')).not.toMatch(/@group|storage|mm_read|load_/);
  });

  it('leaves the kernel of tiny products alone', () => {
    const { label, code } = shader('matmul-naive');
    expect(withFloat32Sums(label, code)).toBe(code);
  });

  it.each(KERNELS)('%s: stays as it is when it is not exactly what is known', (name) => {
    const { label, code } = shader(name);
    const lines = changedLines(code, withFloat32Sums(label, code)).filter((line) => line.startsWith('- '));
    expect(lines.length).toBeGreaterThan(2);
    for (const line of lines) {
      const text = line.slice(2);
      const other = code.replace(text, text.replace(/;+$/, ' + 0;'));
      expect(other).not.toBe(code);
      expect(withFloat32Sums(label, other)).toBe(other);
      const twice = code.replace(text, `${text}\n${text}`);
      expect(withFloat32Sums(label, twice)).toBe(twice);
    }
    expect(withFloat32Sums('Softmax', code)).toBe(code);
    const f32 = code.replace('enable f16;\n', '').replaceAll('f16', 'f32');
    expect(withFloat32Sums(label, f32)).toBe(f32);
  });

  it('reach the device through its own createShaderModule', () => {
    const createShaderModule = vi.fn();
    const fake = { createShaderModule } as unknown as GPUDevice;
    accumulateInFloat32(fake);
    const { label, code } = shader('matmul-four-columns');
    fake.createShaderModule({ label, code });
    fake.createShaderModule({ code: 'enable f16;' });
    expect(createShaderModule.mock.calls).toEqual([
      [{ label, code: withFloat32Sums(label, code) }],
      [{ code: 'enable f16;' }],
    ]);
  });
});

/** Lines that differ, old (-) then new (+). Rewriting keeps the number of lines. */
function changedLines(before: string, after: string): string[] {
  const [old, now] = [before.split('\n'), after.split('\n')];
  expect(now.length).toBe(old.length);
  return old.flatMap((line, i) => (line === now[i] ? [] : [`- ${line.trim()}`, `+ ${now[i]!.trim()}`]));
}

describe('the probe of 16-bit precision', () => {
  it('trusts a runtime that sums in 32 bits', async () => {
    expect(await probeHalfPrecision(new OrtNodeRuntime({ threads: 1 }))).toBe(true);
    expect(await probeHalfPrecision(new HalfSumRuntime((sum) => sum))).toBe(true);
  });

  it('does not trust one that sums in 16 bits', async () => {
    expect(await probeHalfPrecision(new HalfSumRuntime())).toBe(false);
  });

  it('does not trust one whose packed matrices alone are wrong', async () => {
    for (const bits of [8, 4]) {
      const exact = new HalfSumRuntime((sum) => sum);
      const broken = new HalfSumRuntime();
      const packed = ({ weights }: EmittedGraph) =>
        weights.some(({ recipe }) => recipe.kind === 'packed-codes' && recipe.bits === bits);
      const load: NetworkRuntime['load'] = (family, graph, weights) =>
        (packed(graph) ? broken : exact).load(family, graph, weights);
      const { description, emission } = exact;
      expect(await probeHalfPrecision({ description, emission, load })).toBe(false);
    }
  });

  it('does not trust sums that only stagnate, or only overflow', async () => {
    const stagnating = (sum: number) => (Math.abs(sum) > 65504 ? sum : half(sum));
    expect(await probeHalfPrecision(new HalfSumRuntime(stagnating))).toBe(false);
    const overflowing = (sum: number) => (Math.abs(sum) > 65504 ? Infinity : sum);
    expect(await probeHalfPrecision(new HalfSumRuntime(overflowing))).toBe(false);
  });

  it('does not trust a runtime that fails', async () => {
    const failing = new HalfSumRuntime(() => {
      throw new Error('no such kernel');
    });
    expect(await probeHalfPrecision(failing)).toBe(false);
  });
});

describe('the probe of attention', () => {
  const node = new OrtNodeRuntime({ threads: 1 });
  const probed = (dtype: 'f32' | 'f16', error: number) => {
    const asked: string[] = [];
    const runtime: NetworkRuntime = {
      description: '',
      emission: { dtype, attention: 'plain' },
      load: async (family, graph, weights) => {
        asked.push(`${graph.name} ${graph.inputs[0]?.dtype}`);
        const network = await node.load(family, graph, weights);
        if (!graph.name.includes('fused')) return network;
        const run = async (feeds: Readonly<Record<string, Feed>>) => {
          const { data, dims } = await takeFloat(await network.run(feeds), 'out');
          data[data.length - 1]! += error;
          return { out: { dims, read: () => Promise.resolve({ dims, data }), dispose: () => undefined } };
        };
        return { name: graph.name, run, release: () => network.release() };
      },
    };
    return { asked, runtime };
  };

  it.each(['f32', 'f16'] as const)('finds one wrong value of the fused kernel in %s', async (dtype) => {
    const right = probed(dtype, 0);
    expect(await probeAttention(right.runtime)).toBe('fused');
    expect(right.asked).toEqual([`probe-fused ${dtype}`, 'probe-plain f32']);
    expect(await probeAttention(probed(dtype, 0.05).runtime)).toBe('plain');
    expect(await probeAttention(probed(dtype, NaN).runtime)).toBe('plain');
  });
});

const SHAPES = new Map(['n.weight', 'n.bias'].map((key) => [key, [4]]));

describe('GroupNorm in a 16-bit graph', () => {
  const graph = () => {
    const g = new GraphBuilder('norm', SHAPES, 'f16');
    g.output('y', groupNorm(g, g.input('x', ['N', 4, 2, 2]), 'n', 1e-6, 2));
    return g.build();
  };

  it('computes in 32 bits between 16-bit tensors', () => {
    const { inputs, outputs, weights, values } = graph();
    expect([...inputs, ...outputs].map(({ dtype }) => dtype)).toEqual(['f16', 'f16']);
    expect(weights.map(({ dtype }) => dtype)).toEqual(['f32', 'f32']);
    const types = [...values.values()].map(({ dtype }) => dtype).filter((dtype) => dtype !== 'i64');
    expect(types.filter((dtype) => dtype === 'f16').length).toBeLessThan(types.length / 2);
  });

  it('does not overflow where values are large', async () => {
    const x = floatTensor(
      [1, 4, 2, 2],
      Float32Array.from({ length: 16 }, (_, i) => (i % 2 ? 30000 : -30000)),
    );
    const float = () => Promise.resolve(floatTensor([4], Float32Array.of(1, 1, 1, 1)));
    const weights = {
      name: 'ones',
      shapes: SHAPES,
      float,
      rows: rowsOfWhole({ float }),
      stored: () => Promise.resolve(null),
    };
    const network = await new OrtNodeRuntime({ threads: 1 }).load('norm', graph(), weights);
    const { data } = await takeFloat(await network.run({ x }), 'y');
    for (const [i, value] of data.entries()) expect(value).toBeCloseTo(i % 2 ? 2 : 0, 5);
  });
});
