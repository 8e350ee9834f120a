import { rect, type Rect, type Size } from '../geometry/rect.ts';

/** Share of a tile that its neighbour sees too: what is smaller is seen whole by one of them. */
const OVERLAP = 1 / 4;

/**
 * Overlapping tiles over a picture, row by row: the fewest of `tilePx` whose neighbours share at least a quarter,
 * evenly distributed, on whole pixels, the last one flush with the border. None where one tile holds the picture:
 * it would show nothing that the whole picture does not.
 */
export function detectionTiles({ width, height }: Size<'image'>, tilePx: number): Rect<'image'>[] {
  if (width <= tilePx && height <= tilePx) return [];
  const [columns, rows] = [startsOf(width, tilePx), startsOf(height, tilePx)];
  return rows.flatMap((y) =>
    columns.map((x) => rect<'image'>(x, y, Math.min(width, tilePx), Math.min(height, tilePx))),
  );
}

function startsOf(extent: number, tilePx: number): number[] {
  if (extent <= tilePx) return [0];
  const gaps = Math.ceil((extent - tilePx) / (tilePx * (1 - OVERLAP)));
  return Array.from({ length: gaps + 1 }, (_, i) => Math.round(((extent - tilePx) * i) / gaps));
}

/** A part of the picture, in pixels of another grid over it; edges need not fall on whole ones. */
export function onGrid(area: Rect<'image'>, picture: Size<'image'>, grid: Size<'image'>): Rect<'image'> {
  const [across, down] = [grid.width / picture.width, grid.height / picture.height];
  return rect(area.x * across, area.y * down, area.width * across, area.height * down);
}

/** A box in fractions of a tile, as fractions of the picture. */
export function fromTile(box: Rect<'unit'>, tile: Rect<'image'>, picture: Size<'image'>): Rect<'unit'> {
  return rect(
    (tile.x + box.x * tile.width) / picture.width,
    (tile.y + box.y * tile.height) / picture.height,
    (box.width * tile.width) / picture.width,
    (box.height * tile.height) / picture.height,
  );
}

/** The part of a box in fractions of the picture that a tile shows, as fractions of the tile; null: not its centre. */
export function intoTile(
  box: Rect<'unit'>,
  tile: Rect<'image'>,
  picture: Size<'image'>,
): Rect<'unit'> | null {
  const x = (v: number) => (v * picture.width - tile.x) / tile.width;
  const y = (v: number) => (v * picture.height - tile.y) / tile.height;
  const [centreX, centreY] = [x(box.x + box.width / 2), y(box.y + box.height / 2)];
  if (!(centreX >= 0 && centreX < 1 && centreY >= 0 && centreY < 1)) return null;
  const clip = (v: number) => Math.min(1, Math.max(0, v));
  const [left, top] = [clip(x(box.x)), clip(y(box.y))];
  return rect(left, top, clip(x(box.x + box.width)) - left, clip(y(box.y + box.height)) - top);
}
