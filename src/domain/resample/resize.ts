import { size, type Size } from '../geometry/rect.ts';
import type { Raster8 } from '../raster.ts';
import { lanczosTable, sourceRange, type ResampleTable } from './lanczos-table.ts';

/** Output rows worked on at a time, so that the float rows in between stay a few tens of MB at any size. */
const BAND_ROWS = 256;

/**
 * Lanczos-3 resize of an RGBA picture, in sRGB as all editors do, alpha premultiplied while filtering so that the
 * colour of transparent pixels does not bleed. Twin of resample/lanczos.wgsl. Equal sizes return an exact copy.
 */
export function resizeRaster<S extends 'image' | 'canvas'>(source: Raster8, target: Size<S>): Raster8<S> {
  const { width, height } = target;
  if (width === source.width && height === source.height) return { width, height, data: source.data.slice() };
  const across = lanczosTable(source.width, width);
  const down = lanczosTable(source.height, height);
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y += BAND_ROWS) {
    const end = Math.min(height, y + BAND_ROWS);
    const { from, to } = sourceRange(down, y, end);
    const rows = filterRows(source, across, from, to);
    filterColumns(rows, width, from, down, data, y, end);
  }
  return { ...size<S>(width, height), data };
}

/** Source rows [from, to) premultiplied and filtered along x: [row][x][rgba], colour in [0, 255], alpha in [0, 1]. */
function filterRows(source: Raster8, table: ResampleTable, from: number, to: number): Float32Array {
  const targetWidth = table.starts.length;
  const result = new Float32Array((to - from) * targetWidth * 4);
  const line = new Float32Array(source.width * 4);
  for (let y = from; y < to; y++) {
    premultiplyLine(source.data, y * source.width * 4, line);
    filterLine(line, table, result, (y - from) * targetWidth * 4);
  }
  return result;
}

function premultiplyLine(data: Uint8ClampedArray, at: number, line: Float32Array): void {
  for (let i = 0; i < line.length; i += 4) {
    const alpha = (data[at + i + 3] as number) / 255;
    line[i] = (data[at + i] as number) * alpha;
    line[i + 1] = (data[at + i + 1] as number) * alpha;
    line[i + 2] = (data[at + i + 2] as number) * alpha;
    line[i + 3] = alpha;
  }
}

function filterLine(line: Float32Array, table: ResampleTable, result: Float32Array, at: number): void {
  const { taps, starts, weights } = table;
  for (let x = 0; x < starts.length; x++) {
    let [red, green, blue, alpha] = [0, 0, 0, 0];
    let from = (starts[x] as number) * 4;
    for (let t = x * taps; t < (x + 1) * taps; t++, from += 4) {
      const weight = weights[t] as number;
      red += weight * (line[from] as number);
      green += weight * (line[from + 1] as number);
      blue += weight * (line[from + 2] as number);
      alpha += weight * (line[from + 3] as number);
    }
    const to = at + x * 4;
    result[to] = red;
    result[to + 1] = green;
    result[to + 2] = blue;
    result[to + 3] = alpha;
  }
}

/** Filters along y and writes output rows [start, end) as straight 8-bit RGBA. `rows` begins at source row `first`. */
function filterColumns(
  rows: Float32Array,
  width: number,
  first: number,
  table: ResampleTable,
  data: Uint8ClampedArray,
  start: number,
  end: number,
): void {
  const line = new Float32Array(width * 4);
  for (let y = start; y < end; y++) {
    line.fill(0);
    for (let t = 0; t < table.taps; t++) {
      const weight = table.weights[y * table.taps + t] as number;
      if (weight === 0) continue;
      const from = ((table.starts[y] as number) + t - first) * width * 4;
      for (let i = 0; i < line.length; i++)
        line[i] = (line[i] as number) + weight * (rows[from + i] as number);
    }
    unpremultiplyLine(line, data, y * width * 4);
  }
}

/** Colour is divided by alpha (before clamping: Lanczos overshoots both alike), then rounded half up. */
function unpremultiplyLine(line: Float32Array, data: Uint8ClampedArray, at: number): void {
  for (let i = 0; i < line.length; i += 4) {
    const alpha = line[i + 3] as number;
    const gain = alpha > 0 ? 1 / alpha : 0;
    data[at + i] = Math.floor((line[i] as number) * gain + 0.5);
    data[at + i + 1] = Math.floor((line[i + 1] as number) * gain + 0.5);
    data[at + i + 2] = Math.floor((line[i + 2] as number) * gain + 0.5);
    data[at + i + 3] = Math.floor(alpha * 255 + 0.5);
  }
}

/** Lanczos-3 resize of one plane of reals (no clamping: residuals are signed). Equal sizes return the plane itself. */
export function resizePlane(plane: Float32Array, from: Size<'crop'>, to: Size<'canvas'>): Float32Array {
  if (from.width === to.width && from.height === to.height) return plane;
  const across = lanczosTable(from.width, to.width);
  const down = lanczosTable(from.height, to.height);
  const rows = new Float32Array(to.width * from.height);
  for (let y = 0; y < from.height; y++)
    for (let x = 0; x < to.width; x++) {
      const at = y * from.width + (across.starts[x] as number);
      let sum = 0;
      for (let t = 0; t < across.taps; t++)
        sum += (across.weights[x * across.taps + t] as number) * (plane[at + t] as number);
      rows[y * to.width + x] = sum;
    }
  return filterPlaneColumns(rows, to, down);
}

function filterPlaneColumns(rows: Float32Array, to: Size<'canvas'>, down: ResampleTable): Float32Array {
  const result = new Float32Array(to.width * to.height);
  for (let y = 0; y < to.height; y++) {
    const line = result.subarray(y * to.width, (y + 1) * to.width);
    for (let t = 0; t < down.taps; t++) {
      const weight = down.weights[y * down.taps + t] as number;
      const from = ((down.starts[y] as number) + t) * to.width;
      for (let x = 0; x < to.width; x++) line[x] = (line[x] as number) + weight * (rows[from + x] as number);
    }
  }
  return result;
}
