import type { Rect, Size } from '../geometry/rect.ts';
import { wholeRect } from '../geometry/rect.ts';
import type { MaskRle } from '../job/request.ts';
import type { Field } from '../raster.ts';
import { linearAxis, type LinearAxis } from './bilinear.ts';
import { RunBuilder } from './spans.ts';

/** Columns [from, to) of the target between the same logits: all inside, or to be looked at one by one. */
interface Stretch {
  readonly from: number;
  to: number;
  readonly full: boolean;
}

/**
 * Mask logits -> the runs of the binary mask on the target grid: exactly what encoding {@link logitsToMask} gives, but
 * interpolating only where the four surrounding logits disagree. Between logits of one sign every sample has that sign,
 * so the time goes with the outline and not with the pixels.
 * @param area that the logits cover, in target pixels and not necessarily whole ones; pixels with their centre outside
 * stay 0. Default: the whole target.
 */
export function logitsToRle(
  logits: Field<'image'>,
  target: Size<'image'>,
  area: Rect<'image'> = wholeRect(target),
): MaskRle {
  const [left, right] = centresIn(area.x, area.width, target.width);
  const [top, bottom] = centresIn(area.y, area.height, target.height);
  const across = linearAxis(logits.width, area.width, left - area.x, right - left);
  const down = linearAxis(logits.height, area.height, top - area.y, bottom - top);
  const runs = new RunBuilder();
  let [known, stretches]: [number, Stretch[]] = [-1, []];
  for (let i = 0; i < bottom - top; i++) {
    const rows = rowsAt(logits, down, i);
    // Many target rows lie between the same two rows of logits.
    if (down.low[i] !== known) stretches = stretchesOf(rows, across);
    known = down.low[i] as number;
    addRow(runs, (top + i) * target.width + left, stretches, rows, across);
  }
  return runs.build(target.width, target.height);
}

/** Cells [from, to) of `count` whose centres lie in [start, start + length). */
function centresIn(start: number, length: number, count: number): [number, number] {
  const first = (edge: number) => Math.min(count, Math.max(0, Math.ceil(edge - 0.5)));
  return [first(start), first(start + length)];
}

interface RowPair {
  readonly upper: Float32Array;
  readonly lower: Float32Array;
  /** Of the lower. */
  readonly weight: number;
}

function rowsAt({ width, data }: Field<'image'>, down: LinearAxis, i: number): RowPair {
  const row = (y: number) => data.subarray(y * width, (y + 1) * width);
  return {
    upper: row(down.low[i] as number),
    lower: row(down.high[i] as number),
    weight: down.weight[i] as number,
  };
}

/** What of one band between two rows of logits can be inside; columns of four negative logits are in no stretch. */
function stretchesOf(rows: RowPair, { low, high }: LinearAxis): Stretch[] {
  const found: Stretch[] = [];
  for (let from = 0, to = 0; from < low.length; from = to) {
    const cell = low[from] as number;
    while (to < low.length && low[to] === cell) to++;
    const positive = positives(rows, cell, high[from] as number);
    if (positive === 0) continue;
    const full = positive === 4;
    const last = found.at(-1);
    if (last?.to === from && last.full === full) last.to = to;
    else found.push({ from, to, full });
  }
  return found;
}

/** How many of the four logits around a cell are inside. */
function positives({ upper, lower }: RowPair, low: number, high: number): number {
  const inside = (logit: number | undefined) => ((logit as number) > 0 ? 1 : 0);
  return inside(upper[low]) + inside(upper[high]) + inside(lower[low]) + inside(lower[high]);
}

function addRow(
  runs: RunBuilder,
  at: number,
  stretches: readonly Stretch[],
  { upper, lower, weight: ty }: RowPair,
  { low, high, weight }: LinearAxis,
): void {
  for (const { from, to, full } of stretches) {
    if (full) {
      runs.add(at + from, at + to);
      continue;
    }
    for (let x = from; x < to; x++) {
      const tx = weight[x] as number;
      const [l, h] = [low[x] as number, high[x] as number];
      const above = (upper[l] as number) * (1 - tx) + (upper[h] as number) * tx;
      const below = (lower[l] as number) * (1 - tx) + (lower[h] as number) * tx;
      if (Math.fround(above * (1 - ty) + below * ty) > 0) runs.add(at + x, at + x + 1);
    }
  }
}
