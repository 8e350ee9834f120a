import type { Size } from '../geometry/rect.ts';
import { AppError } from '../job/app-error.ts';
import { sentence } from '../job/sentence.ts';
import type { MaskRle } from '../job/request.ts';

/**
 * A mask as stretches of single rows: span i covers columns [from[i], to[i]) of row y where
 * firstOfRow[y] ≤ i < firstOfRow[y + 1]. Spans of one row are ascending and never touch.
 */
export interface RowSpans extends Size<'image'> {
  /** height + 1 entries. */
  readonly firstOfRow: Int32Array;
  readonly from: Int32Array;
  readonly to: Int32Array;
}

/** Collects inside pixels by their row-major index, in ascending order, into the runs encodeRle would write. */
export class RunBuilder {
  readonly #runs: number[] = [];
  #end = 0;

  /** Pixels [start, end) are inside. Nothing may begin before the end of what was added last. */
  add(start: number, end: number): void {
    if (end <= start) return;
    const last = this.#runs.length - 1;
    if (start === this.#end && last >= 0) this.#runs[last] = (this.#runs[last] as number) + end - start;
    else this.#runs.push(start - this.#end, end - start);
    this.#end = end;
  }

  /** The finished mask; everything after the last stretch is outside. */
  build(width: number, height: number): MaskRle {
    const rest = width * height - this.#end;
    return { width, height, runs: rest > 0 ? [...this.#runs, rest] : this.#runs };
  }
}

/** @throws AppError bad-request when the runs are no whole numbers or do not fill the mask exactly. */
export function checkRle({ width, height, runs }: MaskRle): void {
  const wholeRuns = runs.every((run) => Number.isSafeInteger(run) && run >= 0);
  const filled = runs.reduce((sum, run) => sum + run, 0);
  if (!wholeRuns || filled !== width * height)
    throw new AppError(
      'bad-request',
      sentence`A mask's runs describe ${filled} pixels, but it is ${width}×${height} px large. Detect again, or repaint it.`,
    );
}

/**
 * Visits the stretches [start, end) of inside pixels, by row-major index and in order. Runs of length 0, which files
 * may hold, are skipped, so stretches never touch. @throws AppError bad-request when the runs do not fill the mask.
 */
export function forEachStretch(mask: MaskRle, visit: (start: number, end: number) => void): void {
  checkRle(mask);
  const { runs } = mask;
  let [at, begin] = [0, -1];
  for (let i = 0; i < runs.length; i++) {
    const run = runs[i] as number;
    if (run === 0) continue;
    if (i % 2 === 1 && begin < 0) begin = at;
    if (i % 2 === 0 && begin >= 0) {
      visit(begin, at);
      begin = -1;
    }
    at += run;
  }
  if (begin >= 0) visit(begin, at);
}

/** Cuts a mask's runs at the ends of rows. */
export function spansOf(mask: MaskRle): RowSpans {
  const { width, height } = mask;
  const from: number[] = [];
  const to: number[] = [];
  const firstOfRow = new Int32Array(height + 1);
  forEachStretch(mask, (start, end) => {
    for (let at = start; at < end;) {
      const y = Math.floor(at / width);
      const stop = Math.min(end, (y + 1) * width);
      from.push(at - y * width);
      to.push(stop - y * width);
      firstOfRow[y + 1] = from.length;
      at = stop;
    }
  });
  for (let y = 1; y <= height; y++)
    firstOfRow[y] = Math.max(firstOfRow[y] as number, firstOfRow[y - 1] as number);
  return { width, height, firstOfRow, from: Int32Array.from(from), to: Int32Array.from(to) };
}

/** The mask on a grid of another extent, its first pixel at (right, down); what lies beyond is lost. */
export function placed(
  mask: MaskRle,
  { width, height }: Size<'image'>,
  right: number,
  down: number,
): MaskRle {
  const { firstOfRow, from, to } = spansOf(mask);
  const result = new RunBuilder();
  for (let y = Math.max(0, down); y < Math.min(height, mask.height + down); y++)
    for (let i = firstOfRow[y - down] as number; i < (firstOfRow[y - down + 1] as number); i++)
      result.add(
        y * width + Math.max(0, (from[i] as number) + right),
        y * width + Math.min(width, (to[i] as number) + right),
      );
  return result.build(width, height);
}
