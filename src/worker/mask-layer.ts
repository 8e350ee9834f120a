import { rect, type Rect } from '#domain/geometry/rect.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { decodeRle, INSIDE } from '#domain/mask/rle.ts';
import { sameMask } from '#domain/mask/rle-algebra.ts';
import { RunBuilder, spansOf, type RowSpans } from '#domain/mask/spans.ts';
import type { Mask } from '#domain/raster.ts';
import type { OverlayLook } from './api-viewer.ts';

/**
 * One detection's mask as the stretches of its rows, ready to be drawn at any zoom, and while somebody paints on it
 * also pixel by pixel. Thousands of them take no more room than their outlines.
 */
export class MaskLayer {
  look: OverlayLook;
  /** While a stroke is being drawn here, masks arriving from the page are older than what the user sees. */
  painting = false;
  #rle: MaskRle;
  #spans: RowSpans | null = null;
  #bounds: Rect<'image'> | null = null;
  #pixels: Mask<'image'> | null = null;
  /** Rows painted on since the spans were cut: begin and end of each stretch in turn. */
  readonly #painted = new Map<number, Int32Array>();

  constructor(look: OverlayLook, mask: MaskRle) {
    this.look = look;
    this.#rle = mask;
  }

  get width(): number {
    return this.#rle.width;
  }

  get height(): number {
    return this.#rle.height;
  }

  /** Pixel by pixel, for the brush, which changes them in place and then says where: {@link touch}. */
  get mask(): Mask<'image'> {
    return (this.#pixels ??= decodeRle(this.encode()));
  }

  /**
   * Takes over another mask; a stroke under way outlasts it. A stroke that comes back from the page as its outline
   * keeps its soft edge here, for the next stroke to add to.
   */
  replace(mask: MaskRle): void {
    if (this.painting || (this.#pixels && sameMask(mask, this.encode()))) return;
    this.#rle = mask;
    this.#spans = null;
    this.#bounds = null;
    this.#pixels = null;
    this.#painted.clear();
  }

  /** Reads what changed of {@link mask} again. */
  touch(changed: Rect<'image'>): void {
    const { width, data } = this.mask;
    const stretches: number[] = [];
    for (let y = changed.y; y < changed.y + changed.height; y++) {
      const count = this.row(y, stretches);
      const row = data.subarray(y * width, (y + 1) * width);
      this.#painted.set(y, renewed(stretches.slice(0, count), row, changed.x, changed.x + changed.width));
    }
    this.#bounds = null;
  }

  /** Gives back the memory of {@link mask}. */
  release(): void {
    this.#rle = this.encode();
    this.#pixels = null;
  }

  /** Begin and end of every stretch of a row in turn, into `out`; answers how many numbers that are. */
  row(y: number, out: number[]): number {
    if (y < 0 || y >= this.height) return 0;
    const painted = this.#painted.get(y);
    if (painted) return copy(painted, out);
    const { firstOfRow, from, to } = (this.#spans ??= spansOf(this.#rle));
    const first = firstOfRow[y] as number;
    const count = (firstOfRow[y + 1] as number) - first;
    for (let i = 0; i < count; i++) {
      out[2 * i] = from[first + i] as number;
      out[2 * i + 1] = to[first + i] as number;
    }
    return 2 * count;
  }

  /** The smallest rectangle around the mask; of no size when it is empty. */
  get bounds(): Rect<'image'> {
    return (this.#bounds ??= this.#measure());
  }

  encode(): MaskRle {
    if (this.#painted.size === 0) return this.#rle;
    const builder = new RunBuilder();
    const stretches: number[] = [];
    for (let y = 0; y < this.height; y++) {
      const count = this.row(y, stretches);
      for (let i = 0; i < count; i += 2)
        builder.add(y * this.width + (stretches[i] as number), y * this.width + (stretches[i + 1] as number));
    }
    return builder.build(this.width, this.height);
  }

  #measure(): Rect<'image'> {
    let [left, top, right, bottom] = [this.width, this.height, 0, 0];
    const stretches: number[] = [];
    for (let y = 0; y < this.height; y++) {
      const count = this.row(y, stretches);
      if (count === 0) continue;
      left = Math.min(left, stretches[0] as number);
      right = Math.max(right, stretches[count - 1] as number);
      top = Math.min(top, y);
      bottom = y + 1;
    }
    return right === 0 ? rect(0, 0, 0, 0) : rect(left, top, right - left, bottom - top);
  }
}

function copy(stretches: Int32Array, out: number[]): number {
  for (let i = 0; i < stretches.length; i++) out[i] = stretches[i] as number;
  return stretches.length;
}

/** A row's stretches after its columns [begin, end) changed: outside them it is as it was. */
function renewed(before: readonly number[], row: Uint8Array, begin: number, end: number): Int32Array {
  const after: number[] = [];
  const push = (from: number, to: number) => {
    if (to <= from) return;
    if (after.at(-1) === from) after[after.length - 1] = to;
    else after.push(from, to);
  };
  const keep = (low: number, high: number) => {
    for (let i = 0; i < before.length; i += 2)
      push(Math.max(low, before[i] as number), Math.min(high, before[i + 1] as number));
  };
  keep(0, begin);
  let from = -1;
  for (let x = begin; x < end; x++) {
    const inside = (row[x] as number) >= INSIDE;
    if (inside && from < 0) from = x;
    if (inside || from < 0) continue;
    push(from, x);
    from = -1;
  }
  if (from >= 0) push(from, end);
  keep(end, row.length);
  return Int32Array.from(after);
}
