import { simdTiles, TILE_COLUMNS, TILE_ROWS, type SimdTiles } from './simd-tile.ts';

/** [rows, inner] · [inner, columns]. */
export interface ProductSize {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/** Numbers in the panel of b that stays in the processor's cache while all rows pass: 128 KiB. */
const PANEL = 2 ** 15;
const PAGE_BYTES = 2 ** 16;
const FLOAT_BYTES = 4;

const TILES = simdTiles();

/** target [rows, columns] += factor · a [rows, inner] · b [inner, columns], row-major, in float32. */
export function addProduct(
  target: Float32Array,
  a: Float32Array,
  b: Float32Array,
  size: ProductSize,
  factor: number,
): void {
  if (TILES) addProductSimd(TILES, target, a, b, size, factor);
  else addProductPlain(target, a, b, size, factor);
}

/** The same in scalar code: the twin that tests compare with, and what runs where there is no SIMD. */
export function addProductPlain(
  target: Float32Array,
  a: Float32Array,
  b: Float32Array,
  { rows, inner, columns }: ProductSize,
  factor: number,
): void {
  for (let row = 0; row < rows; row++)
    for (let k = 0; k < inner; k++) {
      const weight = factor * (a[row * inner + k] as number);
      for (let column = 0; column < columns; column++)
        (target[row * columns + column] as number) += weight * (b[k * columns + column] as number);
    }
}

/** Columns in blocks, so that b's part stays in the cache; in each, all rows by fours. */
function addProductSimd(
  tiles: SimdTiles,
  target: Float32Array,
  a: Float32Array,
  b: Float32Array,
  { rows, inner, columns }: ProductSize,
  factor: number,
): void {
  const block = TILE_COLUMNS * Math.ceil(Math.min(columns, PANEL / inner) / TILE_COLUMNS);
  const [strip, panels, out] = scratch(tiles, [TILE_ROWS * inner, block * inner, TILE_ROWS * block]);
  for (let begin = 0; begin < columns; begin += block) {
    const width = Math.min(columns - begin, block);
    packColumns(panels, b, inner, columns, begin, width);
    for (let row = 0; row < rows; row += TILE_ROWS) {
      packRows(strip, a, inner, row, rows, factor);
      const count = Math.ceil(width / TILE_COLUMNS);
      tiles.multiply(strip.byteOffset, panels.byteOffset, out.byteOffset, inner, count, block * FLOAT_BYTES);
      const height = Math.min(TILE_ROWS, rows - row);
      for (let i = 0; i < height; i++) addRow(target, (row + i) * columns + begin, out, i * block, width);
    }
  }
}

/** Arrays of the given lengths, one after the other in the tiles' memory, which grows as needed. */
function scratch(
  { memory }: SimdTiles,
  [first, second, third]: readonly [number, number, number],
): readonly [Float32Array, Float32Array, Float32Array] {
  const missing = (first + second + third) * FLOAT_BYTES - memory.buffer.byteLength;
  if (missing > 0) memory.grow(Math.ceil(missing / PAGE_BYTES));
  const { buffer } = memory;
  return [
    new Float32Array(buffer, 0, first),
    new Float32Array(buffer, first * FLOAT_BYTES, second),
    new Float32Array(buffer, (first + second) * FLOAT_BYTES, third),
  ];
}

/** Panels [inner, 8] one after the other. What the last one lacks is never added to the target. */
function packColumns(
  panels: Float32Array,
  b: Float32Array,
  inner: number,
  columns: number,
  begin: number,
  width: number,
): void {
  for (let column = 0; column < width; column += TILE_COLUMNS)
    for (let k = 0; k < inner; k++) {
      const from = k * columns + begin + column;
      const to = column * inner + k * TILE_COLUMNS;
      const lanes = Math.min(TILE_COLUMNS, width - column);
      for (let lane = 0; lane < lanes; lane++) panels[to + lane] = b[from + lane] as number;
    }
}

/** Four rows interleaved, with the factor in them; rows beyond the last are never added to the target. */
function packRows(
  strip: Float32Array,
  a: Float32Array,
  inner: number,
  row: number,
  rows: number,
  factor: number,
): void {
  const height = Math.min(TILE_ROWS, rows - row);
  for (let i = 0; i < height; i++)
    for (let k = 0; k < inner; k++) strip[k * TILE_ROWS + i] = factor * (a[(row + i) * inner + k] as number);
}

function addRow(target: Float32Array, to: number, out: Float32Array, from: number, width: number): void {
  for (let i = 0; i < width; i++) (target[to + i] as number) += out[from + i] as number;
}
