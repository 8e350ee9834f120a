import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { probeAttention } from '#inference/attention-probe.ts';
import { UnetConditioner } from '#inference/denoiser-conditioning.ts';
import { UnetSession, type UnetModel } from '#inference/denoiser-session.ts';
import { takeFloat } from '#inference/runtime.ts';
import { NO_WEIGHTS } from '#inference/weights.ts';
import { GraphBuilder } from '#models/graph/builder.ts';
import { matmul } from '#models/graph/ops.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import { openTensors } from '../../src/dev/golden/files.ts';
import { predictCase, readUnetCase, readUnetModel } from '../../src/dev/golden/unet-runs.ts';
import { expectClose, randomTensor } from './fixtures.ts';
import { counted, failures, watchBlobs } from './network-checks.ts';
import { gpuRuntime, SharedDevice, wasmRuntime } from './network-runtimes.ts';

// The golden handlers read folders of the disk; here these are the reference data as the dev server has them.
vi.mock('node:fs/promises', async () => {
  const { fileSystem } = await import('./network-files.ts');
  return { default: fileSystem, ...fileSystem };
});
vi.mock('node:path', async () => {
  const { paths } = await import('./network-files.ts');
  return { default: paths, ...paths };
});

/** Max abs error of fp32 graphs in every README. */
const TOLERANCE = 1e-4;
/** SwiftShader compiles slowly, and slower still beside other work. */
const SLOW = { timeout: 300_000 };

let shared: SharedDevice;

beforeAll(async () => {
  shared = await SharedDevice.request();
});

afterAll(() => {
  expect(shared.errors).toEqual([]);
  shared.destroy();
});

async function reference(file: string, name: string): Promise<FloatTensor> {
  return (await openTensors('unet', file)).float(name);
}

describe('the WebGPU provider without CPU fallback', SLOW, () => {
  it('runs the UNet with fused attention, every epsilon its own', async () => {
    const overrides = await openTensors('unet', 'eps_probe_weights.safetensors');
    const model = await readUnetModel('unet', overrides);
    const input = await readUnetCase(await openTensors('unet', 'inputs.safetensors'), 'case0.');
    const eps = await predictCase(await gpuRuntime(shared, 'fused'), model, input);
    expectClose(eps.data, (await reference('eps_probe_outputs.safetensors', 'case0.eps')).data, TOLERANCE);
  });

  it.each(['vae', 'taesd', 'clip_l', 'clip_vision', 'sam3'])(
    'agrees with the reference data: %s',
    async (kind) => {
      expect(await failures(await gpuRuntime(shared, 'fused'), kind)).toEqual([]);
    },
  );
});

describe('the wasm provider of the same build', SLOW, () => {
  it.each(['unet', 'ip_adapter', 'vae', 'sam3'])('agrees with the reference data: %s', async (kind) => {
    expect(await failures(await wasmRuntime('fused'), kind)).toEqual([]);
  });
});

describe('weights on the device', SLOW, () => {
  let blobs: ReturnType<typeof watchBlobs>;
  let reads: ReadonlyMap<string, number>;
  let eps: FloatTensor;

  /** The tiny UNet with plain attention, everything it does to weights watched. */
  beforeAll(async () => {
    blobs = watchBlobs();
    const plain = await readUnetModel('unet');
    const watched = counted(plain.weights);
    reads = watched.reads;
    const model: UnetModel = { ...plain, weights: watched.weights };
    const { x, timesteps, context, y } = await readUnetCase(
      await openTensors('unet', 'odd_size.safetensors'),
      '',
    );
    const [, , height = 0, width = 0] = x.dims;
    const runtime = await gpuRuntime(shared, 'plain');
    const keysValues = await new UnetConditioner(runtime, model, false).keysValues(context, null);
    const shape = { height, width, tokens: 77, capturedRows: null };
    const session = await UnetSession.load(runtime, model, shape);
    eps = await session.predict(x, timesteps.data, { y, keysValues }, null);
    await session.release();
  }, SLOW.timeout);

  afterAll(() => {
    blobs.restore();
  });

  it('computes the right eps from streamed weights, with plain attention', async () => {
    expectClose(eps.data, (await reference('odd_size.safetensors', 'eps')).data, TOLERANCE);
  });

  it('reads every tensor once, by a default reader', async () => {
    const { shapes } = (await readUnetModel('unet')).weights;
    expect(new Set(reads.keys())).toEqual(new Set(shapes.keys()));
    // The runtime's optimiser looks at a bias now and then; a matrix or kernel must never be made twice.
    const again = [...reads].filter(([, count]) => count > 1).map(([key]) => key);
    expect(again.filter((key) => shapes.get(key)?.length !== 1)).toEqual([]);
    expect(again.length).toBeLessThan(4);
    const total = [...reads.values()].reduce((sum, count) => sum + count);
    expect(blobs.seen).toEqual({ slices: total, defaultReaders: total, byobReaders: 0 });
  });
});

describe('the runtime', SLOW, () => {
  it('finds the fused attention usable on a device without subgroups', async () => {
    expect(shared.features.has('subgroups')).toBe(false);
    expect(await probeAttention(await gpuRuntime(shared, 'plain'))).toBe('fused');
  });

  it.each(['WebGPU', 'wasm'] as const)('puts overlapping calls in order: %s', async (provider) => {
    const runtime = await (provider === 'wasm' ? wasmRuntime('plain') : gpuRuntime(shared, 'plain'));
    const g = new GraphBuilder('product', new Map());
    g.output('product', matmul(g, g.input('a', [8, 8]), g.input('b', [8, 8])));
    const graph = g.build();
    const [first, second] = await Promise.all([
      runtime.load('one', graph, NO_WEIGHTS),
      runtime.load('two', graph, NO_WEIGHTS),
    ]);
    const [a, b] = [randomTensor([8, 8], 1), randomTensor([8, 8], 2)];
    const outputs = await Promise.all(
      [first, second, first].map(async (network) => takeFloat(await network.run({ a, b }), 'product')),
    );
    const expected = Array.from({ length: 64 }, (_, i) => dot(a.data, b.data, Math.floor(i / 8), i % 8));
    for (const { data } of outputs) expectClose(data, expected, 1e-5);
    await Promise.all([first.release(), second.release()]);
  });
});

function dot(a: Float32Array, b: Float32Array, row: number, column: number): number {
  return Array.from({ length: 8 }, (_, k) => a[row * 8 + k]! * b[k * 8 + column]!).reduce((x, y) => x + y);
}
