import type { Size } from '../geometry/rect.ts';
import { floatTensor, type FloatTensor } from '../tensor.ts';

/**
 * The formulas for shrinking noise that the studio is measured against (spec/sdxl.md F.8). They are right at integer
 * ratios, where resampleNoise equals them; elsewhere `area × ratio` has the wrong variance and both are correlated.
 */

/** Adaptive average pooling: output j is the mean of [⌊j·k⌋, ⌈(j+1)·k⌉), k = in/out, as torch's mode="area". */
export function areaResample(source: FloatTensor, target: Size<'latent'>): FloatTensor {
  return pool(source, target, (sum, count) => sum / count);
}

/** The specified formula: area × √(ratioY·ratioX). */
export function areaTimesRatio(source: FloatTensor, target: Size<'latent'>): FloatTensor {
  const [height = 0, width = 0] = source.dims.slice(-2);
  const ratio = Math.sqrt((height / target.height) * (width / target.width));
  return pool(source, target, (sum, count) => (sum / count) * ratio);
}

/** Area × √(cells averaged): unit variance at any ratio, but neighbours that share cells stay correlated. */
export function countNormalisedArea(source: FloatTensor, target: Size<'latent'>): FloatTensor {
  return pool(source, target, (sum, count) => sum / Math.sqrt(count));
}

/**
 * Every cell split into q × q, jointly in both axes: n/q + (fresh − its block mean), fresh standard normal. White,
 * unit variance, block means n/q: the two-dimensional form of what resampleNoise does axis by axis.
 * @param fresh [..., q·h, q·w]
 */
export function splitCells(source: FloatTensor, fresh: FloatTensor, q: number): FloatTensor {
  const [height = 0, width = 0] = fresh.dims.slice(-2);
  const means = areaResample(fresh, { width: width / q, height: height / q });
  const data = fresh.data.map((value, i) => {
    const row = Math.floor(i / width);
    const block = Math.floor(row / q) * (width / q) + Math.floor((i % width) / q);
    return (source.data[block] as number) / q + value - (means.data[block] as number);
  });
  return { dims: fresh.dims, data };
}

interface Window {
  readonly begin: number;
  readonly end: number;
}

function windows(source: number, target: number): Window[] {
  return Array.from({ length: target }, (_, j) => ({
    begin: Math.floor((j * source) / target),
    end: Math.ceil(((j + 1) * source) / target),
  }));
}

function pool(
  source: FloatTensor,
  target: Size<'latent'>,
  finish: (sum: number, count: number) => number,
): FloatTensor {
  const [height = 0, width = 0] = source.dims.slice(-2);
  const result = floatTensor([...source.dims.slice(0, -2), target.height, target.width]);
  const columns = windows(width, target.width);
  const rows = windows(height, target.height);
  let out = 0;
  for (let plane = 0; plane < source.data.length; plane += height * width)
    for (const row of rows)
      for (const column of columns) {
        const sum = windowSum(source.data, plane, width, row, column);
        result.data[out++] = finish(sum, (row.end - row.begin) * (column.end - column.begin));
      }
  return result;
}

function windowSum(data: Float32Array, plane: number, width: number, row: Window, column: Window): number {
  let sum = 0;
  for (let y = row.begin; y < row.end; y++)
    for (let x = column.begin; x < column.end; x++) sum += data[plane + y * width + x] as number;
  return sum;
}
