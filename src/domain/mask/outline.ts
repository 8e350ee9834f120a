import type { MaskRle } from '../job/request.ts';
import { spansOf } from './spans.ts';

/**
 * The edges between inside and outside as an SVG path of straight lines on the mask's own grid: a pixel (x, y) covers
 * x to x + 1 and y to y + 1. Lines are as long as they can be and in no order, so the path is for strokes, not fills.
 */
export function outlinePath(mask: MaskRle): string {
  const known = paths.get(mask);
  if (known !== undefined) return known;
  const path = drawn(mask);
  paths.set(mask, path);
  return path;
}

/** Masks are values: one that is drawn again and again, as while a layer's opacity is dragged, has one path. */
const paths = new WeakMap<MaskRle, string>();

function drawn(mask: MaskRle): string {
  const { firstOfRow, from, to } = spansOf(mask);
  const lines: string[] = [];
  const sides = new Sides(lines);
  let above: readonly number[] = [];
  for (let y = 0; y <= mask.height; y++) {
    const row: number[] = [];
    const last = y < mask.height ? (firstOfRow[y + 1] as number) : 0;
    for (let i = firstOfRow[y] as number; i < last; i++) row.push(from[i] as number, to[i] as number);
    if (row.length > 0 || above.length > 0) {
      const steps = differing(above, row);
      for (let i = 0; i < steps.length; i += 2) lines.push(`M${steps[i]} ${y}H${steps[i + 1]}`);
      sides.row(y, row);
    }
    above = row;
  }
  return lines.join('');
}

/** Where exactly one of two rows is inside; both and the answer are ascending begins and ends in turn. */
function differing(a: readonly number[], b: readonly number[]): readonly number[] {
  const borders: number[] = [];
  for (const x of [...a, ...b].sort((left, right) => left - right))
    if (borders.at(-1) === x) borders.pop();
    else borders.push(x);
  return borders;
}

/** The lines down the sides, each drawn when it ends. */
class Sides {
  readonly #lines: string[];
  /** Where each side that goes on began. */
  #open = new Map<number, number>();

  constructor(lines: string[]) {
    this.#lines = lines;
  }

  /** @param borders where row `y` has its sides. */
  row(y: number, borders: readonly number[]): void {
    const open = new Map(borders.map((x) => [x, this.#open.get(x) ?? y]));
    for (const [x, begin] of this.#open) if (!open.has(x)) this.#lines.push(`M${x} ${begin}V${y}`);
    this.#open = open;
  }
}
