import { rect, type Rect, type Size } from '../geometry/rect.ts';
import { AppError } from '../job/app-error.ts';
import { sentence } from '../job/sentence.ts';
import type { MaskRle } from '../job/request.ts';
import { unitRect } from './rle.ts';
import { checkRle, forEachStretch, RunBuilder, spansOf } from './spans.ts';

/**
 * Sets of pixels, combined and measured on their runs alone: no operation decodes a mask, each takes time in the
 * number of runs, and every result is in the form encodeRle writes. Operands must lie on one grid (matchGrid).
 */

/** Pixels inside either mask. */
export const unionRle = (a: MaskRle, b: MaskRle): MaskRle => combine(a, b, (inA, inB) => inA || inB);

/** Pixels inside both masks. */
export const intersectRle = (a: MaskRle, b: MaskRle): MaskRle => combine(a, b, (inA, inB) => inA && inB);

/** Pixels of the first mask that are not in the second. */
export const subtractRle = (a: MaskRle, b: MaskRle): MaskRle => combine(a, b, (inA, inB) => inA && !inB);

/** Pixels inside exactly one of the masks. */
export const xorRle = (a: MaskRle, b: MaskRle): MaskRle => combine(a, b, (inA, inB) => inA !== inB);

/** Pixels outside the mask. */
export function invertRle(mask: MaskRle): MaskRle {
  const inverted = new RunBuilder();
  let outsideFrom = 0;
  forEachStretch(mask, (start, end) => {
    inverted.add(outsideFrom, start);
    outsideFrom = end;
  });
  inverted.add(outsideFrom, mask.width * mask.height);
  return inverted.build(mask.width, mask.height);
}

/** Pixels inside any of the masks; nothing of the given grid without masks. Pairs are joined first: small before large. */
export function unionAll(masks: readonly MaskRle[], grid: Size<'image'>): MaskRle {
  const [first, second] = masks;
  if (!first) return emptyRle(grid);
  if (!second) return first;
  const half = masks.length >> 1;
  return unionRle(unionAll(masks.slice(0, half), grid), unionAll(masks.slice(half), grid));
}

/** Nothing inside. */
export function emptyRle({ width, height }: Size<'image'>): MaskRle {
  return { width, height, runs: [width * height] };
}

function combine(a: MaskRle, b: MaskRle, keep: (inA: boolean, inB: boolean) => boolean): MaskRle {
  const result = new RunBuilder();
  walkTogether(a, b, (start, end, inA, inB) => {
    if (keep(inA, inB)) result.add(start, end);
  });
  return result.build(a.width, a.height);
}

/** Visits the longest stretches over which neither mask changes, in order. */
function walkTogether(
  a: MaskRle,
  b: MaskRle,
  visit: (start: number, end: number, inA: boolean, inB: boolean) => void,
): void {
  checkSameGrid(a, b);
  const total = a.width * a.height;
  let [i, j] = [0, 0];
  let [endA, endB] = [a.runs[0] as number, b.runs[0] as number];
  for (let at = 0; at < total;) {
    while (endA <= at) endA += a.runs[++i] as number;
    while (endB <= at) endB += b.runs[++j] as number;
    const end = Math.min(endA, endB);
    visit(at, end, i % 2 === 1, j % 2 === 1);
    at = end;
  }
}

function checkSameGrid(a: MaskRle, b: MaskRle): void {
  checkRle(a);
  checkRle(b);
  if (a.width !== b.width || a.height !== b.height)
    throw new AppError(
      'bad-request',
      sentence`A mask of ${a.width}×${a.height} px cannot be combined with one of ${b.width}×${b.height} px: bring both to one size first.`,
    );
}

/** Number of inside pixels. */
export function maskAreaPx({ runs }: MaskRle): number {
  let area = 0;
  for (let i = 1; i < runs.length; i += 2) area += runs[i] as number;
  return area;
}

/** Number of pixels inside both masks. */
export function overlapPx(a: MaskRle, b: MaskRle): number {
  let overlap = 0;
  walkTogether(a, b, (start, end, inA, inB) => {
    if (inA && inB) overlap += end - start;
  });
  return overlap;
}

/** Intersection over union in [0, 1]; 0 for two empty masks. */
export function rleIou(a: MaskRle, b: MaskRle): number {
  const overlap = overlapPx(a, b);
  return overlap && overlap / (maskAreaPx(a) + maskAreaPx(b) - overlap);
}

/** Whether two masks hold the same pixels on the same grid, however their runs are written. */
export function sameMask(a: MaskRle, b: MaskRle): boolean {
  if (a.width !== b.width || a.height !== b.height) return false;
  if (a.runs === b.runs) return true;
  const area = maskAreaPx(a);
  return area === maskAreaPx(b) && overlapPx(a, b) === area;
}

/** Whether the pixel holding the point (x, y), in mask pixels, is inside; points beyond the mask are not. */
export function rleCovers({ width, height, runs }: MaskRle, x: number, y: number): boolean {
  if (!(x >= 0 && y >= 0 && x < width && y < height)) return false;
  const at = Math.floor(y) * width + Math.floor(x);
  let end = 0;
  for (let i = 0; i < runs.length; i++) {
    end += runs[i] as number;
    if (at < end) return i % 2 === 1;
  }
  return false;
}

/** Smallest rectangle holding every inside pixel, in the mask's own pixels; null for an empty mask. */
export function rleBounds(mask: MaskRle): Rect<'image'> | null {
  const { width, height } = mask;
  let [left, top, right, bottom] = [width, height, 0, 0];
  forEachStretch(mask, (start, end) => {
    const firstRow = Math.floor(start / width);
    const lastRow = Math.floor((end - 1) / width);
    left = firstRow < lastRow ? 0 : Math.min(left, start % width);
    right = firstRow < lastRow ? width : Math.max(right, ((end - 1) % width) + 1);
    top = Math.min(top, firstRow);
    bottom = lastRow + 1;
  });
  return right === 0 ? null : rect(left, top, right - left, bottom - top);
}

/** Bounding box of a whole-picture mask as fractions of the picture; null for an empty mask. */
export function rleBox(mask: MaskRle): Rect<'unit'> | null {
  const bounds = rleBounds(mask);
  return bounds && unitRect(bounds, mask);
}

/**
 * The mask on another grid: every cell takes the pixel its centre lies in (nearest neighbour). Enlarging keeps the
 * shape; reducing may lose what is thinner than a cell.
 */
export function resizeRle(mask: MaskRle, width: number, height: number): MaskRle {
  if (width === mask.width && height === mask.height) return mask;
  const { firstOfRow, from, to } = spansOf(mask);
  const result = new RunBuilder();
  for (let y = 0; y < height; y++) {
    const row = Math.floor(((2 * y + 1) * mask.height) / (2 * height));
    for (let i = firstOfRow[row] as number; i < (firstOfRow[row + 1] as number); i++)
      result.add(
        y * width + firstCentreFrom(from[i] as number, mask.width, width),
        y * width + firstCentreFrom(to[i] as number, mask.width, width),
      );
  }
  return result.build(width, height);
}

/** The first of `target` cells whose centre is at or after edge `edge` of `source` cells. Whole numbers: exact. */
function firstCentreFrom(edge: number, source: number, target: number): number {
  return Math.max(0, Math.ceil((2 * edge * target - source) / (2 * source)));
}

/** Masks of one picture on one grid, the finest among them, ready to be combined. */
export function matchGrid<const T extends readonly MaskRle[]>(masks: T): { [K in keyof T]: MaskRle } {
  const finest = masks.reduce<Size<'image'>>(
    (best, mask) => (mask.width * mask.height > best.width * best.height ? mask : best),
    { width: 0, height: 0 },
  );
  const matched = masks.map((mask) => resizeRle(mask, finest.width, finest.height));
  return matched as { [K in keyof T]: MaskRle };
}
