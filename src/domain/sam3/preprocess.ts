import type { Raster8 } from '../raster.ts';
import { floatTensor, type FloatTensor } from '../tensor.ts';

/** Contributions of source samples to one output sample: weights for `begin`, `begin`+1, … */
interface Tap {
  readonly begin: number;
  readonly weights: Float64Array;
}

/**
 * Weights of a bilinear resize with antialiasing along one axis: a triangle whose support grows with the downscale
 * factor, half-pixel centres, cut and renormalised at the borders (spec/sam3.md 3.1). Upscaling is plain bilinear.
 */
function triangleTaps(from: number, to: number): Tap[] {
  const scale = from / to;
  const support = Math.max(scale, 1);
  return Array.from({ length: to }, (_, i) => {
    const centre = (i + 0.5) * scale;
    const begin = Math.max(0, Math.floor(centre - support + 0.5));
    const end = Math.min(from, Math.floor(centre + support + 0.5));
    const weights = Float64Array.from({ length: end - begin }, (_, j) =>
      Math.max(0, 1 - Math.abs((begin + j + 0.5 - centre) / support)),
    );
    const total = weights.reduce((sum, weight) => sum + weight, 0);
    return { begin, weights: weights.map((weight) => weight / total) };
  });
}

const CHANNELS = 3;

/**
 * SAM 3's input: the whole picture squeezed to `sizePx` square without keeping its aspect, alpha dropped, rounded to
 * whole 8-bit levels, then (v/255 − 0.5)/0.5. Returns [1,3,sizePx,sizePx] in [−1,1].
 */
export function sam3Input(image: Raster8<'image'>, sizePx: number): FloatTensor {
  const rows = resizeRows(image, triangleTaps(image.width, sizePx), sizePx);
  const result = floatTensor([1, CHANNELS, sizePx, sizePx]);
  const plane = sizePx * sizePx;
  triangleTaps(image.height, sizePx).forEach(({ begin, weights }, y) => {
    for (let x = 0; x < sizePx; x++)
      for (let c = 0; c < CHANNELS; c++) {
        let sum = 0;
        for (let j = 0; j < weights.length; j++)
          sum += (weights[j] as number) * (rows[((begin + j) * sizePx + x) * CHANNELS + c] as number);
        result.data[c * plane + y * sizePx + x] = (toLevel(sum) / 255 - 0.5) / 0.5;
      }
  });
  return result;
}

/** RGBA rows to interleaved RGB rows of `widthPx` samples, not rounded. */
function resizeRows(
  { width, height, data }: Raster8<'image'>,
  taps: readonly Tap[],
  widthPx: number,
): Float32Array {
  const result = new Float32Array(height * widthPx * CHANNELS);
  for (let y = 0; y < height; y++)
    taps.forEach(({ begin, weights }, x) => {
      for (let c = 0; c < CHANNELS; c++) {
        let sum = 0;
        for (let j = 0; j < weights.length; j++)
          sum += (weights[j] as number) * (data[(y * width + begin + j) * 4 + c] as number);
        result[(y * widthPx + x) * CHANNELS + c] = sum;
      }
    });
  return result;
}

function toLevel(value: number): number {
  return Math.min(255, Math.max(0, Math.floor(value + 0.5)));
}
