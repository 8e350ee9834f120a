import { attention, type AttentionForm } from '#models/graph/attention.ts';
import { GraphBuilder } from '#models/graph/builder.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { takeFloat, type NetworkRuntime } from './runtime.ts';
import { NO_WEIGHTS } from './weights.ts';

/** Long enough that the fused kernel takes its tiled path, small enough to cost nothing. */
const TOKENS = 256;
const CHANNELS = 128;
const HEADS = 2;
/** Of results near 1: scores near 10 are only known to 2⁻⁸ in 16 bits. */
const TOLERANCE = { f32: 1e-3, f16: 2e-2 } as const;
/** Queries this large single out few keys; otherwise all results are means near 0, whatever the kernel does. */
const SHARPNESS = 8;

/**
 * Runs a small attention in both forms on this adapter and says which to emit for the runtime's type: the fused kernel
 * is wrong on some (spec/onnxruntime-web.md §3.3 and appendix B), and 16 bits have kernels of their own. `plain` in 32
 * bits is the reference.
 */
export async function probeAttention(runtime: NetworkRuntime): Promise<AttentionForm> {
  const { dtype } = runtime.emission;
  const q = waves(1);
  const inputs = {
    q: floatTensor(
      q.dims,
      q.data.map((value) => value * SHARPNESS),
    ),
    k: waves(2),
    v: waves(3),
  };
  try {
    const [fused, plain] = [
      await run(runtime, 'fused', dtype, inputs),
      await run(runtime, 'plain', 'f32', inputs),
    ];
    const close = fused.every((value, i) => Math.abs(value - (plain[i] as number)) < TOLERANCE[dtype]);
    return close ? 'fused' : 'plain';
  } catch {
    return 'plain';
  }
}

async function run(
  runtime: NetworkRuntime,
  form: AttentionForm,
  dtype: 'f32' | 'f16',
  inputs: Readonly<Record<'q' | 'k' | 'v', FloatTensor>>,
): Promise<Float32Array> {
  const g = new GraphBuilder(`probe-${form}`, NO_WEIGHTS.shapes, dtype);
  const [q, k, v] = ['q', 'k', 'v'].map((name) => g.input(name, [1, TOKENS, CHANNELS])) as [
    ReturnType<typeof g.input>,
    ReturnType<typeof g.input>,
    ReturnType<typeof g.input>,
  ];
  g.output('out', attention(g, q, k, v, { heads: HEADS, form }));
  const network = await runtime.load('probe', g.build(), NO_WEIGHTS);
  try {
    return (await takeFloat(await network.run(inputs), 'out')).data;
  } finally {
    await network.release();
  }
}

/** Deterministic values in ±1 without structure the kernel could get right by accident. */
function waves(seed: number): FloatTensor {
  const count = TOKENS * CHANNELS;
  return floatTensor(
    [1, TOKENS, CHANNELS],
    Float32Array.from({ length: count }, (_, i) => Math.sin(i * 12.9898 + seed * 78.233)),
  );
}
