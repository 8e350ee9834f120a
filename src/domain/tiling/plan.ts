import { LATENT_PX, rect, type Rect, type Size } from '../geometry/rect.ts';
import { snapDown, snapNearest, snapUp } from '../geometry/snap.ts';

/** One axis of a tile: [start, start+length) in canvas pixels. */
export interface Span {
  readonly start: number;
  readonly length: number;
}

/** Chess colour: all tiles of 0 are refined first, then those of 1, which see the blended result. */
export type ChessColor = 0 | 1;

/** One tile of a grid over the canvas. */
export interface Tile {
  /** Position in row-major order. */
  readonly index: number;
  readonly column: number;
  readonly row: number;
  readonly color: ChessColor;
  readonly area: Rect<'canvas'>;
}

/** An overlapping grid over the whole canvas; tiles are the product of its columns and rows. */
export interface TilePlan {
  readonly columns: readonly Span[];
  readonly rows: readonly Span[];
  readonly tiles: readonly Tile[];
}

/**
 * Fewest equal spans of `tilePx` that cover `extent` with at least `overlapPx` in common between neighbours, evenly
 * distributed, every edge on a multiple of 8 px. An extent no longer than a tile is one span of that length.
 */
export function planSpans(extent: number, tilePx: number, overlapPx: number): Span[] {
  if (extent <= tilePx) return [{ start: 0, length: extent }];
  const stride = tilePx - overlapPx;
  const gaps = Math.ceil((extent - tilePx) / stride);
  return Array.from({ length: gaps + 1 }, (_, i) => ({
    start: snapNearest(((extent - tilePx) * i) / gaps, LATENT_PX),
    length: tilePx,
  }));
}

/**
 * Tile plan of the global pass. `canvas` and `tilePx` must lie on the 8 px grid; the overlap is rounded up to it and
 * held to half a tile. Diagonal neighbours share a colour and a corner; feather weights account for every tile there.
 * @throws RangeError otherwise.
 */
export function planTiles(canvas: Size<'canvas'>, tilePx: number, overlapPx: number): TilePlan {
  for (const [name, px] of Object.entries({ width: canvas.width, height: canvas.height, tilePx }))
    if (!(px >= LATENT_PX) || px % LATENT_PX !== 0)
      throw new RangeError(`${name} ${px} is not a positive multiple of ${LATENT_PX} px`);
  if (!(overlapPx >= 0)) throw new RangeError(`overlapPx ${overlapPx} is negative`);
  const overlap = Math.min(snapUp(overlapPx, LATENT_PX), snapDown(tilePx / 2, LATENT_PX));
  const columns = planSpans(canvas.width, tilePx, overlap);
  const rows = planSpans(canvas.height, tilePx, overlap);
  const tiles = rows.flatMap((vertical, row) =>
    columns.map((horizontal, column): Tile => {
      const area = rect<'canvas'>(horizontal.start, vertical.start, horizontal.length, vertical.length);
      const color = (column + row) % 2 === 0 ? 0 : 1;
      return { index: row * columns.length + column, column, row, color, area };
    }),
  );
  return { columns, rows, tiles };
}

/** The order of the global pass: all tiles of one colour, then all of the other; row-major inside a colour. */
export function chessOrder(plan: TilePlan): readonly [readonly Tile[], readonly Tile[]] {
  return [plan.tiles.filter((tile) => tile.color === 0), plan.tiles.filter((tile) => tile.color === 1)];
}
