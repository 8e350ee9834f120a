import type { MaskRle } from '../job/request.ts';
import { spansOf, type RowSpans } from '../mask/spans.ts';
import { floatTensor, type FloatTensor } from '../tensor.ts';

/** Logit of a cell that is inside with all of its area; −10 is outside (the official tracker's 20·mask − 10). */
const CERTAIN = 10;

/**
 * A binary mask as the predictor's mask prompt [1,1,side,side]: the share c of each cell that is inside, exactly, as
 * logit 20·c − 10. Where the outline crosses a cell the prompt is as undecided as the mask is there
 * (spec/sam3.md 4.2, 5).
 */
export function maskPrompt(mask: MaskRle, side: number): FloatTensor {
  const coverage = coverageOf(spansOf(mask), side);
  return floatTensor(
    [1, 1, side, side],
    coverage.map((share) => CERTAIN * (2 * share - 1)),
  );
}

/** Share of each of side² cells that spans cover. */
function coverageOf(spans: RowSpans, side: number): Float32Array {
  const { width, height, firstOfRow, from, to } = spans;
  const shares = new Float32Array(side * side);
  for (let y = 0; y < height; y++)
    for (let i = firstOfRow[y] as number; i < (firstOfRow[y + 1] as number); i++) {
      const [left, right] = [((from[i] as number) * side) / width, ((to[i] as number) * side) / width];
      forEachCell((y * side) / height, ((y + 1) * side) / height, side, (row, tall) => {
        forEachCell(left, right, side, (column, wide) => {
          shares[row * side + column] = (shares[row * side + column] as number) + tall * wide;
        });
      });
    }
  return shares;
}

/** Visits the cells that [from, to) touches, and how much of each. */
function forEachCell(
  from: number,
  to: number,
  count: number,
  visit: (cell: number, share: number) => void,
): void {
  for (let cell = Math.floor(from); cell < Math.min(to, count); cell++) {
    const share = Math.min(to, cell + 1) - Math.max(from, cell);
    if (share > 0) visit(cell, share);
  }
}
