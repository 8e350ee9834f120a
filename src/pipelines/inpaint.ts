import { LATENT_PX } from '#domain/geometry/rect.ts';
import type { Field } from '#domain/raster.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';

/** Mid-grey in [0,1], the value inpainting models know as "nothing here": zero after normalisation. */
const GREY = 0.5;

/**
 * The mask an inpainting model reads: [1,side,side], 1 where the latents are painted anew. The coverage is averaged
 * over each latent cell and cut at one half, as these models were trained with hard masks; of something so small or
 * faint that no cell is half covered, the cells that hold at least half as much as the fullest. Without coverage
 * everything is painted.
 */
export function inpaintMask(side: number, coverage?: Field<'canvas'>): FloatTensor {
  if (!coverage) return floatTensor([1, side, side], new Float32Array(side * side).fill(1));
  const means = cellMeans(coverage, side);
  const fullest = means.reduce((most, mean) => Math.max(most, mean), 0);
  const threshold = Math.min(0.5, fullest / 2);
  return floatTensor(
    [1, side, side],
    means.map((mean) => (mean > 0 && mean >= threshold ? 1 : 0)),
  );
}

/** Means of a field over a side×side grid; pixels count for the cell they begin in. */
export function cellMeans({ width, height, data }: Field<'canvas'>, side: number): Float32Array {
  const sums = new Float32Array(side * side);
  const counts = new Float32Array(side * side);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const cell = Math.floor((y * side) / height) * side + Math.floor((x * side) / width);
      sums[cell] = (sums[cell] as number) + (data[y * width + x] as number);
      counts[cell] = (counts[cell] as number) + 1;
    }
  return sums.map((sum, cell) => sum / Math.max(1, counts[cell] as number));
}

/** The picture [C,S,S] with every pixel of a masked cell grey, so that mask and picture agree to the cell. */
export function maskedPicture({ dims, data }: FloatTensor, mask: FloatTensor): FloatTensor {
  const [channels = 0, height = 0, width = 0] = dims;
  const columns = width / LATENT_PX;
  const result = floatTensor(dims, data.slice());
  for (let row = 0; row < channels * height; row++)
    for (let x = 0; x < width; x++) {
      const cell = Math.floor((row % height) / LATENT_PX) * columns + Math.floor(x / LATENT_PX);
      if (mask.data[cell] === 1) result.data[row * width + x] = GREY;
    }
  return result;
}
