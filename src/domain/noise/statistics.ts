import type { FloatTensor } from '../tensor.ts';

/** How white a noise field is: unit std and no lag-1 correlation is what a denoiser expects. */
export interface NoiseStatistics {
  readonly mean: number;
  readonly std: number;
  /** Correlation of horizontal, vertical and diagonal neighbours. */
  readonly lag1X: number;
  readonly lag1Y: number;
  readonly lag1XY: number;
}

/** Statistics over all planes of a [C,h,w] (or [N,C,h,w]) field; lags with no pair of cells are 0. */
export function noiseStatistics(field: FloatTensor): NoiseStatistics {
  const { data } = field;
  let sum = 0;
  for (const value of data) sum += value;
  const mean = sum / data.length;
  let squares = 0;
  for (const value of data) squares += (value - mean) ** 2;
  const variance = squares / data.length;
  const lag = (dy: number, dx: number) => lagCovariance(field, mean, dy, dx) / variance || 0;
  return { mean, std: Math.sqrt(variance), lag1X: lag(0, 1), lag1Y: lag(1, 0), lag1XY: lag(1, 1) };
}

function lagCovariance({ dims, data }: FloatTensor, mean: number, dy: number, dx: number): number {
  const [height = 1, width = 1] = dims.slice(-2);
  let sum = 0;
  let count = 0;
  for (let plane = 0; plane < data.length; plane += height * width)
    for (let y = 0; y + dy < height; y++)
      for (let x = 0; x + dx < width; x++, count++) {
        const here = plane + y * width + x;
        sum += ((data[here] as number) - mean) * ((data[here + dy * width + dx] as number) - mean);
      }
  return sum / count;
}
