import type { DenoiseFn } from '#domain/sampling/sample.ts';
import type { FloatTensor } from '#domain/tensor.ts';

/**
 * Differential denoise: each latent cell has its own start sigma and is held at its original, freshly noised, until
 * the schedule has come down to it. Before the model x = x·m + (latent + sigma·noise)·(1−m), after it
 * denoised = denoised·m + latent·(1−m), with m = [sigma ≤ start]. Source: Levin & Fried, "Differential Diffusion:
 * Giving Each Pixel Its Strength" (2023); mask form of spec/sdxl.md F.2.
 * @param start [N,h·w] start sigma of every cell, row-major.
 */
export function differentialDenoise(
  denoise: DenoiseFn,
  latent: FloatTensor,
  noise: FloatTensor,
  start: readonly Float32Array[],
): DenoiseFn {
  return async (x, sigmas) => {
    const mixed = { dims: x.dims, data: x.data.slice() };
    forHeldCells(x, start, sigmas, (i, sigma) => {
      mixed.data[i] = (latent.data[i] as number) + sigma * (noise.data[i] as number);
    });
    const denoised = await denoise(mixed, sigmas);
    const result = { dims: denoised.dims, data: denoised.data.slice() };
    forHeldCells(x, start, sigmas, (i) => {
      result.data[i] = latent.data[i] as number;
    });
    return result;
  };
}

function forHeldCells(
  x: FloatTensor,
  start: readonly Float32Array[],
  sigmas: Float32Array,
  visit: (index: number, sigma: number) => void,
): void {
  const [items = 0, channels = 0, height = 0, width = 0] = x.dims;
  const cells = height * width;
  for (let n = 0; n < items; n++) {
    const sigma = sigmas[n] as number;
    const starts = start[n] as Float32Array;
    for (let cell = 0; cell < cells; cell++) {
      if (sigma <= (starts[cell] as number)) continue;
      for (let c = 0; c < channels; c++) visit((n * channels + c) * cells + cell, sigma);
    }
  }
}

/** Distinct strengths a feathered map is rounded to, so that few schedules have to be computed. */
const STRENGTH_LEVELS = 64;

/**
 * Start sigma of every cell: the first level of the schedule the cell's own denoise would have. Null when no item has
 * a strength map.
 * @param schedule denoise -> descending sigmas.
 */
export function startSigmas(
  items: readonly { readonly denoise: number; readonly strength?: Float32Array }[],
  cells: number,
  schedule: (denoise: number) => Float64Array,
): Float32Array[] | null {
  if (items.every((item) => !item.strength)) return null;
  return items.map(({ denoise, strength }) => {
    const starts = new Float32Array(cells).fill(Infinity);
    const known = new Map<number, number>();
    strength?.forEach((share, cell) => {
      if (share < 1) starts[cell] = startSigma(Math.round(share * STRENGTH_LEVELS) / STRENGTH_LEVELS);
    });
    return starts;

    function startSigma(share: number): number {
      const sigma = known.get(share) ?? (share > 0 ? (schedule(denoise * share)[0] ?? 0) : 0);
      known.set(share, sigma);
      return sigma;
    }
  });
}
