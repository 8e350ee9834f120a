import { floatTensor, type FloatTensor } from '../tensor.ts';

/** OpenAI CLIP's channel statistics. */
export const CLIP_MEAN = [0.48145466, 0.4578275, 0.40821073] as const;
/** Standard deviation of CLIP's training pictures per channel, of values in [0, 1]. */
export const CLIP_STD = [0.26862954, 0.26130258, 0.27577711] as const;

/** Keys (1981) cubic convolution with a = −0.5, what PIL and torch's antialiased bicubic use. */
const CUBIC_A = -0.5;
const CUBIC_SUPPORT = 2;

/** Every step is rounded to float32 as the reference does it: near a tie the 8-bit level would differ otherwise. */
const f = Math.fround;

/**
 * Picture -> input of the CLIP vision tower, the field's (ComfyUI's) way: scaled with antialiased bicubic so that the
 * shorter side is `size` and cut to the centre square (`crop`), or squashed to the square; rounded to 8 bits;
 * normalised by CLIP's mean and std (spec/sdxl.md D). Of a picture that is not square, cropping shows the centre only.
 *
 * @param image [3,H,W] in [0,1]
 * @returns [3,size,size]
 */
export function clipPreprocess(image: FloatTensor, size: number, crop: boolean): FloatTensor {
  const [, height = 0, width = 0] = image.dims;
  const scale = size / Math.min(height, width);
  const scaledHeight = crop ? roundHalfEven(scale * height) : size;
  const scaledWidth = crop ? roundHalfEven(scale * width) : size;
  const scaled = resizeRows(resizeColumns(image, scaledWidth), scaledHeight);
  const top = Math.floor((scaledHeight - size) / 2);
  const left = Math.floor((scaledWidth - size) / 2);
  const result = floatTensor([3, size, size]);
  for (let c = 0; c < 3; c++)
    for (let y = 0; y < size; y++)
      for (let x = 0; x < size; x++) {
        const value = scaled.data[(c * scaledHeight + top + y) * scaledWidth + left + x] as number;
        result.data[(c * size + y) * size + x] = normalise(value, c);
      }
  return result;
}

function normalise(value: number, channel: number): number {
  const level = roundHalfEven(Math.min(255, Math.max(0, f(value * 255)))) / 255;
  return (level - (CLIP_MEAN[channel] as number)) / (CLIP_STD[channel] as number);
}

/** Python's and torch's rounding: ties go to the even neighbour. */
function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  if (value - floor !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}

/** The source samples that one output sample is a weighted mean of. */
interface FilterWindow {
  readonly start: number;
  readonly weights: Float32Array;
}

/** Windows widen with the downscale factor, so that shrinking filters out what the smaller grid cannot hold. */
function filterWindows(source: number, target: number): FilterWindow[] {
  const ratio = f(source / target);
  const stretch = Math.max(1, ratio);
  const support = f(CUBIC_SUPPORT * stretch);
  const shrink = f(1 / stretch);
  return Array.from({ length: target }, (_, i) => {
    const center = f(ratio * (i + 0.5));
    const start = Math.max(0, Math.floor(f(f(center - support) + 0.5)));
    const end = Math.min(source, Math.floor(f(f(center + support) + 0.5)));
    const raw = Float32Array.from({ length: end - start }, (_, j) =>
      cubic(f(f(f(start + j - center) + 0.5) * shrink)),
    );
    const total = raw.reduce((sum, weight) => f(sum + weight), 0);
    return { start, weights: raw.map((weight) => weight / total) };
  });
}

function cubic(distance: number): number {
  const d = Math.abs(distance);
  if (d < 1) return f(f(f(f(f(f((CUBIC_A + 2) * d) - (CUBIC_A + 3)) * d) * d) + 1));
  if (d < 2) return f(f(f(f(f(f(CUBIC_A * d) - 5 * CUBIC_A) * d) + 8 * CUBIC_A) * d) - 4 * CUBIC_A);
  return 0;
}

function resizeColumns(image: FloatTensor, target: number): FloatTensor {
  const [channels = 0, height = 0, width = 0] = image.dims;
  const windows = filterWindows(width, target);
  const result = floatTensor([channels, height, target]);
  for (let line = 0; line < channels * height; line++)
    windows.forEach((window, x) => {
      result.data[line * target + x] = weightedMean(image.data, line * width, 1, window);
    });
  return result;
}

function resizeRows(image: FloatTensor, target: number): FloatTensor {
  const [channels = 0, height = 0, width = 0] = image.dims;
  const windows = filterWindows(height, target);
  const result = floatTensor([channels, target, width]);
  for (let c = 0; c < channels; c++)
    windows.forEach((window, y) => {
      for (let x = 0; x < width; x++)
        result.data[(c * target + y) * width + x] = weightedMean(
          image.data,
          c * height * width + x,
          width,
          window,
        );
    });
  return result;
}

function weightedMean(data: Float32Array, offset: number, stride: number, window: FilterWindow): number {
  let sum = 0;
  for (let j = 0; j < window.weights.length; j++)
    sum = f(sum + f((window.weights[j] as number) * (data[offset + (window.start + j) * stride] as number)));
  return sum;
}
