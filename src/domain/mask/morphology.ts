import { intersect, rect, wholeRect, type Rect } from '../geometry/rect.ts';
import type { MaskRle } from '../job/request.ts';
import { emptyRle, invertRle, rleBounds, subtractRle } from './rle-algebra.ts';
import { placed, RunBuilder, spansOf, type RowSpans } from './spans.ts';

/**
 * Grows (+) or shrinks (−) a mask by a disc, exactly where featherMask puts its hard edge: growing takes in pixels
 * whose centre is nearer than radiusPx + ½ to an inside centre; shrinking leaves those farther than that from every
 * outside centre. The picture's border is no edge: a mask that touches it is not eaten away from there. Radii may be
 * fractions of a pixel.
 */
export function growMask(mask: MaskRle, radiusPx: number): MaskRle {
  const bounds = rleBounds(mask);
  if (!bounds) return emptyRle(mask);
  if (radiusPx === 0) return mask;
  const chords = discChords(Math.abs(radiusPx) + 0.5, radiusPx < 0);
  if (radiusPx > 0) return dilated(mask, chords, around(bounds, chords.length, mask));
  // What reaches a pixel of the mask from outside lies in its box or on the ring around it.
  const outside = dilated(invertRle(mask), chords, around(bounds, 1, mask));
  return subtractRle(mask, outside);
}

/** The mask moved right and down by whole pixels; what leaves the picture is lost. */
export function offsetMask(mask: MaskRle, dx: number, dy: number): MaskRle {
  return placed(mask, mask, Math.round(dx), Math.round(dy));
}

function around(area: Rect<'image'>, marginPx: number, mask: MaskRle): Rect<'image'> {
  const wider = rect<'image'>(
    area.x - marginPx,
    area.y - marginPx,
    area.width + 2 * marginPx,
    area.height + 2 * marginPx,
  );
  return intersect(wider, wholeRect<'image'>(mask));
}

/**
 * Pixels of a window within the radius of an inside pixel of the window. A row of the result is the union of the rows
 * within the radius, each widened by the disc's chord at that distance; counting how many of them cover a column turns
 * the union into one pass. Time: spans × rows of the disc + pixels of the window.
 */
function dilated(mask: MaskRle, chords: readonly number[], window: Rect<'image'>): MaskRle {
  const spans = spansOf(mask);
  const result = new RunBuilder();
  const edges = new Int32Array(window.width + 1);
  for (let y = window.y; y < window.y + window.height; y++) {
    const top = Math.max(window.y, y - chords.length + 1);
    const bottom = Math.min(window.y + window.height, y + chords.length);
    edges.fill(0);
    for (let row = top; row < bottom; row++)
      addWidened(edges, spans, row, chords[Math.abs(row - y)] as number, window.x);
    addCovered(result, edges, y * mask.width + window.x);
  }
  return result.build(mask.width, mask.height);
}

/** Half the disc's width at each row from its centre: the most dx with √(dx² + dy²) below the reach, or up to it. */
function discChords(reach: number, upTo: boolean): number[] {
  const within = (dx: number, dy: number) => {
    const square = dx * dx + dy * dy;
    return square < reach * reach || (upTo && square === reach * reach);
  };
  const chords: number[] = [];
  for (let dy = 0; within(0, dy); dy++) {
    let dx = Math.ceil(reach);
    while (!within(dx, dy)) dx--;
    chords.push(dx);
  }
  return chords;
}

/**
 * Counts +1 where a widened span of the row begins and −1 where it ends, by columns from `left`. Every span reaches into
 * the window: all inside pixels do, and outside ones beyond it belong to spans that end or begin in it.
 */
function addWidened(
  edges: Int32Array,
  { firstOfRow, from, to }: RowSpans,
  row: number,
  by: number,
  left: number,
): void {
  const width = edges.length - 1;
  for (let i = firstOfRow[row] as number; i < (firstOfRow[row + 1] as number); i++) {
    const begin = Math.max(0, (from[i] as number) - left - by);
    const end = Math.min(width, (to[i] as number) - left + by);
    edges[begin] = (edges[begin] as number) + 1;
    edges[end] = (edges[end] as number) - 1;
  }
}

/** Adds the columns whose count is above 0; `origin` is the row-major index of the first. */
function addCovered(result: RunBuilder, edges: Int32Array, origin: number): void {
  let [covering, begin] = [0, 0];
  for (let x = 0; x < edges.length; x++) {
    const change = edges[x] as number;
    if (change === 0) continue;
    if (covering === 0) begin = x;
    covering += change;
    if (covering === 0) result.add(origin + begin, origin + x);
  }
}
