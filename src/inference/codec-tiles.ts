import { spanWeights } from '#domain/tiling/feather.ts';
import { planSpans, type Span } from '#domain/tiling/plan.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';

/** One axis of a tile in the input's grid and in the output's, with the output's feather weights. */
interface TileAxis {
  readonly input: Span;
  readonly output: Span;
  readonly weights: Float32Array;
}

/** One tile of one picture of the batch. */
export interface CodecTile {
  readonly item: number;
  readonly rows: TileAxis;
  readonly columns: TileAxis;
}

/** Tile and overlap in pixels; null: the whole picture at once. */
export type Tiling = { readonly tilePx: number; readonly overlapPx: number } | null;

/** x -> x·factor + offset, applied while values are copied. */
export interface Affine {
  readonly factor: number;
  readonly offset: number;
}

/** Size of input and output grid cells in pixels: encoding goes from 1 to 8, decoding from 8 to 1. */
export interface CellSizes {
  readonly inputPx: number;
  readonly outputPx: number;
}

/**
 * Tiles of a batch [N,C,H,W], all of one size. Where tiles overlap, smoothstep ramps that add up to one hide that each
 * tile's GroupNorm sees only its own statistics (spec/sdxl.md B.2).
 */
export function codecTiles(batch: FloatTensor, cells: CellSizes, tiling: Tiling): CodecTile[] {
  const [items, , height, width] = batch.dims as [number, number, number, number];
  const rows = tileAxes(height * cells.inputPx, cells, tiling);
  const columns = tileAxes(width * cells.inputPx, cells, tiling);
  return Array.from({ length: items }, (_, item) =>
    rows.flatMap((row) => columns.map((column) => ({ item, rows: row, columns: column }))),
  ).flat();
}

function tileAxes(extentPx: number, { inputPx, outputPx }: CellSizes, tiling: Tiling): TileAxis[] {
  const spans = tiling
    ? planSpans(extentPx, tiling.tilePx, tiling.overlapPx)
    : [{ start: 0, length: extentPx }];
  const inputs = spans.map((span) => scaled(span, inputPx));
  const outputs = spans.map((span) => scaled(span, outputPx));
  const weights = spanWeights(outputs);
  return inputs.map((input, i) => ({
    input,
    output: outputs[i] as Span,
    weights: weights[i] as Float32Array,
  }));
}

function scaled({ start, length }: Span, cellPx: number): Span {
  return { start: start / cellPx, length: length / cellPx };
}

/** Stacks the tiles' areas of a batch [N,C,H,W] into [tiles,C,h,w]. */
export function cutTiles(batch: FloatTensor, tiles: readonly CodecTile[], map: Affine): FloatTensor {
  const [, channels, height, width] = batch.dims as [number, number, number, number];
  const { rows, columns } = tiles[0] as CodecTile;
  const result = floatTensor([tiles.length, channels, rows.input.length, columns.input.length]);
  let to = 0;
  for (const tile of tiles)
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < tile.rows.input.length; y++) {
        const row = (tile.item * channels + c) * height + tile.rows.input.start + y;
        const from = row * width + tile.columns.input.start;
        for (let x = 0; x < tile.columns.input.length; x++)
          result.data[to++] = (batch.data[from + x] as number) * map.factor + map.offset;
      }
  return result;
}

/** Adds tiles [tiles,C,h,w], mapped and weighted, to a batch [N,C,H,W] that started as zeros. */
export function addTiles(
  batch: FloatTensor,
  tiles: readonly CodecTile[],
  values: FloatTensor,
  map: Affine,
): void {
  const [, channels, height, width] = batch.dims as [number, number, number, number];
  let from = 0;
  for (const { item, rows, columns } of tiles)
    for (let c = 0; c < channels; c++)
      for (let y = 0; y < rows.output.length; y++) {
        const row = (item * channels + c) * height + rows.output.start + y;
        const to = row * width + columns.output.start;
        const down = rows.weights[y] as number;
        for (let x = 0; x < columns.output.length; x++) {
          const value = (values.data[from++] as number) * map.factor + map.offset;
          batch.data[to + x] = (batch.data[to + x] as number) + value * down * (columns.weights[x] as number);
        }
      }
}
