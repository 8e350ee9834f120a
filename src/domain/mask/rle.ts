import { rect, type Rect, type Space } from '../geometry/rect.ts';
import { AppError } from '../job/app-error.ts';
import type { MaskRle } from '../job/request.ts';
import type { Mask } from '../raster.ts';

/** A coverage of at least this counts as inside wherever a yes or no is needed. */
export const INSIDE = 128;

/** Whether a mask covers nothing. */
export function isEmptyMask(mask: MaskRle): boolean {
  return !mask.runs.some((run, index) => index % 2 === 1 && run > 0);
}

/** Run-length codes a mask: runs of zeros and ones alternate in row-major order, zeros first (that run may be 0). */
export function encodeRle(mask: Mask): MaskRle {
  const runs: number[] = [];
  let inside = false;
  let run = 0;
  for (const coverage of mask.data) {
    if (coverage >= INSIDE !== inside) {
      runs.push(run);
      run = 0;
      inside = !inside;
    }
    run++;
  }
  runs.push(run);
  return { width: mask.width, height: mask.height, runs };
}

/** @throws AppError bad-request when the runs are no whole numbers or do not fill the mask exactly. */
export function checkRle({ width, height, runs }: MaskRle): void {
  const wholeRuns = runs.every((run) => Number.isSafeInteger(run) && run >= 0);
  const filled = runs.reduce((sum, run) => sum + run, 0);
  if (!wholeRuns || filled !== width * height)
    throw new AppError(
      'bad-request',
      `A mask's runs describe ${filled} pixels, but it is ${width}×${height} px large. Detect again, or repaint it.`,
    );
}

/** Undoes encodeRle: 0 or 255 per pixel. @throws AppError bad-request when the runs do not fill the mask exactly. */
export function decodeRle(rle: MaskRle): Mask<'image'> {
  checkRle(rle);
  const { width, height, runs } = rle;
  const data = new Uint8Array(width * height);
  let at = 0;
  runs.forEach((run, i) => {
    if (i % 2 === 1) data.fill(255, at, at + run);
    at += run;
  });
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

/** Bounding box of a whole-picture mask as fractions of the picture; null for an empty mask. */
export function maskBox(mask: Mask<'image'>): Rect<'unit'> | null {
  const bounds = maskBounds<'image'>(mask);
  return bounds && unitRect(bounds, mask);
}

/** Pixels of a whole-picture mask as fractions of the picture. */
export function unitRect(
  area: Rect<'image'>,
  { width, height }: { readonly width: number; readonly height: number },
): Rect<'unit'> {
  return rect(area.x / width, area.y / height, area.width / width, area.height / height);
}
