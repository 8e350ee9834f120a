import { floatTensor, type FloatTensor } from '#domain/tensor.ts';

/** Hidden states of one text tower for every chunk of a prompt, [chunks,T,C], and of the empty prompt [T,C]. */
export interface TowerStates {
  readonly chunks: FloatTensor;
  /** Null when nothing is weighted. */
  readonly empty: FloatTensor | null;
}

/** Changes hidden states in place by per-token weights: one array of T per chunk. */
export type WeightingRule = (states: TowerStates, weights: readonly (readonly number[])[]) => void;

/** True when some token's weight is not 1. */
export function isWeighted(weights: readonly (readonly number[])[]): boolean {
  return weights.some((chunk) => chunk.some((weight) => weight !== 1));
}

/** ComfyUI: z = (z − z_empty)·w + z_empty, z_empty at the same place of the empty prompt (spec/sdxl.md C.5). */
export const comfyWeighting: WeightingRule = ({ chunks, empty }, weights) => {
  if (!empty) return;
  forEachWeighted(chunks, weights, (value, weight, place) => {
    const base = empty.data[place] as number;
    return (value - base) * weight + base;
  });
};

/**
 * A1111 "Original": z·w, then each chunk is rescaled to its former mean (spec/sdxl.md C.6). A mean that vanishes
 * leaves the chunk unscaled.
 */
export const a1111Weighting: WeightingRule = ({ chunks }, weights) => {
  const before = weights.map((_, chunk) => meanOf(chunkOf(chunks, chunk)));
  forEachWeighted(chunks, weights, (value, weight) => value * weight);
  weights.forEach((_, chunk) => {
    const values = chunkOf(chunks, chunk);
    const factor = (before[chunk] as number) / meanOf(values);
    if (Number.isFinite(factor)) values.forEach((value, i) => (values[i] = value * factor));
  });
};

function chunkOf({ dims, data }: FloatTensor, chunk: number): Float32Array {
  const size = (dims[1] as number) * (dims[2] as number);
  return data.subarray(chunk * size, (chunk + 1) * size);
}

function meanOf(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function forEachWeighted(
  chunks: FloatTensor,
  weights: readonly (readonly number[])[],
  change: (value: number, weight: number, place: number) => number,
): void {
  const width = chunks.dims[2] as number;
  weights.forEach((tokens, chunk) => {
    const values = chunkOf(chunks, chunk);
    tokens.forEach((weight, token) => {
      if (weight === 1) return;
      for (let i = token * width; i < (token + 1) * width; i++)
        values[i] = change(values[i] as number, weight, i);
    });
  });
}

/** [chunks,T,L] and [chunks,T,G] -> [1,chunks·T,L+G]: chunks one after the other, L's features first. */
export function joinTowers(l: FloatTensor, g: FloatTensor): FloatTensor {
  const [chunks, tokens, widthL] = l.dims as [number, number, number];
  const widthG = g.dims[2] as number;
  const width = widthL + widthG;
  const joined = floatTensor([1, chunks * tokens, width]);
  for (let row = 0; row < chunks * tokens; row++) {
    joined.data.set(l.data.subarray(row * widthL, (row + 1) * widthL), row * width);
    joined.data.set(g.data.subarray(row * widthG, (row + 1) * widthG), row * width + widthL);
  }
  return joined;
}
