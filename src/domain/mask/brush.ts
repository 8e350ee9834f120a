import { rect, type Rect } from '../geometry/rect.ts';
import { clamp } from '../geometry/snap.ts';
import type { Mask } from '../raster.ts';
import {
  fullCoverage,
  tipColumns,
  tipCoverage,
  tipRows,
  type Point,
  type Tip,
  type TipTrack,
} from './brush-tip.ts';

export type BrushMode = 'paint' | 'erase';

/** A tip that adds or takes away; lengths in mask pixels. */
export interface Brush extends Tip {
  readonly mode: BrushMode;
}

/** Where the pointer was, in mask pixels, and how hard it was pressed. */
export interface BrushPoint extends Point {
  /** Scales the radius, 0 to 1; 1 when left out, as a mouse has none worth using. */
  readonly pressure?: number;
}

/** Side of the squares in which a stroke remembers what was there before; a power of two. */
const BLOCK_PX = 256;

/** One square of a stroke's memory, row-major. */
interface Block {
  /** The mask as it was when the stroke first came here. */
  readonly before: Uint8Array;
  /** Most coverage the stroke has given each pixel so far. */
  readonly coverage: Uint8Array;
}

/**
 * One stroke of a soft round brush, painted into a mask of 8-bit coverage while it is drawn. Along the stroke a pixel's
 * coverage c is the most the tip gave it (a maximum, not a sum: going over a place twice, or slowly, changes nothing),
 * and the mask becomes before + (255 − before)·c/255, or before − before·c/255 when erasing. So strokes add up and one
 * stroke does not: after one at 40 % opacity nothing is inside yet, because encodeRle counts a pixel from 50 % on
 * (INSIDE); after a second it is (64 %). Likewise a tip of hardness h encodes as a disc of (1 + h)/2 of its radius at
 * full opacity. The soft edge a refinement blends with is made from the encoded outline by featherMask, once.
 *
 * The mask's data is changed in place: a mask of 8192² is 64 MB, and a pointer event may take 25 ms.
 */
export class Stroke {
  readonly #mask: Mask;
  readonly #brush: Brush;
  readonly #blocks = new Map<number, Block>();
  readonly #blocksPerRow: number;
  #last: BrushPoint | null = null;
  #touched: Rect<'image'> | null = null;

  constructor(mask: Mask, brush: Brush) {
    this.#mask = mask;
    this.#brush = brush;
    this.#blocksPerRow = Math.ceil(mask.width / BLOCK_PX);
  }

  /** Everything the stroke may have changed, in mask pixels; null while that is nothing. For encodeRleRows. */
  get touched(): Rect<'image'> | null {
    return this.#touched;
  }

  /** Draws on to the next points; the first of a stroke is a dot. Answers what may have changed, null for nothing. */
  extend(points: readonly BrushPoint[]): Rect<'image'> | null {
    let dirty: Rect<'image'> | null = null;
    for (const point of points) {
      for (const track of this.#tracksTo(point)) dirty = joined(dirty, this.#paint(track));
      this.#last = point;
    }
    this.#touched = joined(this.#touched, dirty);
    return dirty;
  }

  /** The way from the last point; and the tip at its end, which may reach farther back than the way when it swells. */
  #tracksTo(point: BrushPoint): TipTrack[] {
    const from = this.#last ?? point;
    const way = {
      from,
      to: point,
      fromRadiusPx: this.#radiusAt(from),
      toRadiusPx: this.#radiusAt(point),
    };
    return way.toRadiusPx > way.fromRadiusPx
      ? [way, { ...way, from: point, fromRadiusPx: way.toRadiusPx }]
      : [way];
  }

  #radiusAt({ pressure = 1 }: BrushPoint): number {
    return this.#brush.radiusPx * clamp(pressure, 0, 1);
  }

  #paint(track: TipTrack): Rect<'image'> | null {
    const { width, height } = this.#mask;
    const rows = tipRows(track);
    const [top, bottom] = [Math.max(0, rows.begin), Math.min(height, rows.end)];
    let [left, right] = [width, 0];
    for (let y = top; y < bottom; y++) {
      const columns = tipColumns(track, y);
      const [begin, end] = [Math.max(0, columns.begin), Math.min(width, columns.end)];
      if (begin >= end) continue;
      [left, right] = [Math.min(left, begin), Math.max(right, end)];
      for (let x = begin; x < end;) {
        const stop = Math.min(end, x - (x % BLOCK_PX) + BLOCK_PX);
        this.#paintStretch(track, y, x, stop);
        x = stop;
      }
    }
    return left < right ? rect(left, top, right - left, bottom - top) : null;
  }

  /** Columns [begin, end) of one row of one block. */
  #paintStretch(track: TipTrack, y: number, begin: number, end: number): void {
    const { width, data } = this.#mask;
    const { before, coverage } = this.#blockAt(begin, y);
    const inBlock = (y % BLOCK_PX) * BLOCK_PX;
    const full = fullCoverage(this.#brush);
    for (let x = begin; x < end; x++) {
      const at = inBlock + (x % BLOCK_PX);
      const already = coverage[at] as number;
      if (already === full) continue;
      const covered = tipCoverage(track, this.#brush, x + 0.5, y + 0.5);
      if (covered <= already) continue;
      coverage[at] = covered;
      data[y * width + x] = combined(before[at] as number, covered, this.#brush.mode);
    }
  }

  #blockAt(x: number, y: number): Block {
    const [column, row] = [Math.floor(x / BLOCK_PX), Math.floor(y / BLOCK_PX)];
    const key = row * this.#blocksPerRow + column;
    const known = this.#blocks.get(key);
    if (known) return known;
    const block = {
      before: this.#copyBlock(column * BLOCK_PX, row * BLOCK_PX),
      coverage: new Uint8Array(BLOCK_PX * BLOCK_PX),
    };
    this.#blocks.set(key, block);
    return block;
  }

  #copyBlock(left: number, top: number): Uint8Array {
    const { width, height, data } = this.#mask;
    const copy = new Uint8Array(BLOCK_PX * BLOCK_PX);
    const right = Math.min(width, left + BLOCK_PX);
    for (let y = top; y < Math.min(height, top + BLOCK_PX); y++)
      copy.set(data.subarray(y * width + left, y * width + right), (y - top) * BLOCK_PX);
    return copy;
  }
}

function combined(before: number, covered: number, mode: BrushMode): number {
  return mode === 'paint'
    ? before + Math.round(((255 - before) * covered) / 255)
    : before - Math.round((before * covered) / 255);
}

function joined(a: Rect<'image'> | null, b: Rect<'image'> | null): Rect<'image'> | null {
  if (!a || !b) return a ?? b;
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return rect(x, y, right - x, bottom - y);
}
