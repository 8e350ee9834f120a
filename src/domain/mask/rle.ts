import { rect, type Rect, type Space } from '../geometry/rect.ts';
import type { MaskRle } from '../job/request.ts';
import type { Mask } from '../raster.ts';
import { checkRle, forEachStretch, RunBuilder } from './spans.ts';

/** A coverage of at least this counts as inside wherever a yes or no is needed. */
export const INSIDE = 128;

/** Whether a mask covers nothing. */
export function isEmptyMask(mask: MaskRle): boolean {
  return !mask.runs.some((run, index) => index % 2 === 1 && run > 0);
}

/** Run-length codes a mask: runs of zeros and ones alternate in row-major order, zeros first (that run may be 0). */
export function encodeRle({ width, height, data }: Mask): MaskRle {
  const result = new RunBuilder();
  addStretches(result, data, 0, data.length);
  return result.build(width, height);
}

/**
 * The mask encoded again where it may have changed: rows [rows.y, rows.y + rows.height) are read from its pixels, the
 * others taken over from the runs it had before. Equal to encodeRle in the time of the rows and the runs.
 */
export function encodeRleRows(
  { width, height, data }: Mask,
  before: MaskRle,
  rows: { readonly y: number; readonly height: number },
): MaskRle {
  const [first, last] = [rows.y * width, (rows.y + rows.height) * width];
  const result = new RunBuilder();
  forEachStretch(before, (start, end) => result.add(start, Math.min(end, first)));
  addStretches(result, data, first, last);
  forEachStretch(before, (start, end) => result.add(Math.max(start, last), end));
  return result.build(width, height);
}

/** The top bit of four pixels: exactly what tells inside from outside. */
const TOP_BITS = 0x80808080 | 0;

/** Adds the inside pixels of data[first, last), looking at four at a time wherever they are alike. */
function addStretches(result: RunBuilder, data: Uint8Array, first: number, last: number): void {
  const aligned = data.byteOffset % 4 === 0 ? data : data.slice();
  const words = new Int32Array(aligned.buffer, aligned.byteOffset, aligned.length >> 2);
  for (let at = first; at < last;) {
    const begin = endOfStretch(data, words, at, last, 0);
    at = endOfStretch(data, words, begin, last, TOP_BITS);
    result.add(begin, at);
  }
}

/** The first pixel from `from` on that is not on the side given by its top bits. */
function endOfStretch(data: Uint8Array, words: Int32Array, from: number, last: number, side: number): number {
  const inside = side !== 0;
  let at = from;
  while (at < last) {
    if (at % 4 === 0 && at + 4 <= last && ((words[at / 4] as number) & TOP_BITS) === side) at += 4;
    else if ((data[at] as number) >= INSIDE === inside) at++;
    else return at;
  }
  return last;
}

/** Undoes encodeRle: 0 or 255 per pixel. @throws AppError bad-request when the runs do not fill the mask exactly. */
export function decodeRle(rle: MaskRle): Mask<'image'> {
  checkRle(rle);
  const { width, height } = rle;
  const data = new Uint8Array(width * height);
  forEachStretch(rle, (start, end) => data.fill(255, start, end));
  return { width, height, data };
}

type MaskSpace = 'image' | 'canvas' | 'crop';

/** Smallest rectangle holding every inside pixel, in the mask's own pixels; null for an empty mask. */
export function maskBounds<S extends Space>(mask: Mask<S & MaskSpace>): Rect<S> | null {
  const { width, height, data } = mask;
  let [left, top, right, bottom] = [width, height, -1, -1];
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * width, (y + 1) * width);
    const first = row.findIndex((coverage) => coverage >= INSIDE);
    if (first < 0) continue;
    left = Math.min(left, first);
    right = Math.max(
      right,
      row.findLastIndex((coverage) => coverage >= INSIDE),
    );
    top = Math.min(top, y);
    bottom = y;
  }
  return right < 0 ? null : rect(left, top, right - left + 1, bottom - top + 1);
}

/** Pixels of a whole-picture mask as fractions of the picture. */
export function unitRect(
  area: Rect<'image'>,
  { width, height }: { readonly width: number; readonly height: number },
): Rect<'unit'> {
  return rect(area.x / width, area.y / height, area.width / width, area.height / height);
}
