import type { MaskRle } from '../job/request.ts';
import { RunBuilder, spansOf, type RowSpans } from './spans.ts';

/**
 * The mask mirrored at its diagonal: pixel (x, y) becomes (y, x). The runs of the result are the column-major runs of
 * the mask, which other formats store. Works on the changes from row to row, in the time of both masks' runs.
 */
export function transposeRle(mask: MaskRle): MaskRle {
  const { width, height } = mask;
  const result = new RunBuilder();
  columnChanges(spansOf(mask)).forEach((changes, x) => {
    for (let i = 0; i < changes.length; i += 2)
      result.add(x * height + (changes[i] as number), x * height + (changes[i + 1] as number));
  });
  return result.build(height, width);
}

/** Per column, the rows at which it enters and leaves the mask, in turn, ending with the height if still inside. */
function columnChanges(spans: RowSpans): number[][] {
  const columns: number[][] = Array.from({ length: spans.width }, () => []);
  let above: number[] = [];
  for (let y = 0; y <= spans.height; y++) {
    const row = y < spans.height ? edgesOf(spans, y) : [];
    // Between the edges of both rows, taken together in order, pixels differ and agree in turn; out of order every
    // pixel would be visited, for the same answer.
    const edges = [...above, ...row].sort((a, b) => a - b);
    for (let i = 0; i < edges.length; i += 2)
      for (let x = edges[i] as number; x < (edges[i + 1] as number); x++) columns[x]?.push(y);
    above = row;
  }
  return columns;
}

/** Where the spans of a row begin and end, ascending. */
function edgesOf({ firstOfRow, from, to }: RowSpans, y: number): number[] {
  const edges: number[] = [];
  for (let i = firstOfRow[y] as number; i < (firstOfRow[y + 1] as number); i++)
    edges.push(from[i] as number, to[i] as number);
  return edges;
}
