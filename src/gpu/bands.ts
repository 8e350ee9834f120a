import { sourceRange, type ResampleTable } from '#domain/resample/lanczos-table.ts';

/** Rows [start, end) of a result and the rows [from, to) of the source they need. */
export interface Band {
  readonly start: number;
  readonly end: number;
  readonly from: number;
  readonly to: number;
}

/**
 * Splits `height` rows so that neither a band's rows nor the source rows it needs take more than `budgetBytes`. A
 * single row that is larger still is a band of its own.
 */
export function planBands(
  height: number,
  budgetBytes: number,
  bytesPerRow: number,
  sourceRows: (start: number, end: number) => { readonly from: number; readonly to: number },
): Band[] {
  const fits = (start: number, end: number) => {
    const { from, to } = sourceRows(start, end);
    return Math.max(end - start, to - from) * bytesPerRow <= budgetBytes;
  };
  const bands: Band[] = [];
  for (let start = 0; start < height;) {
    let end = start + 1;
    while (end < height && fits(start, end + 1)) end++;
    bands.push({ start, end, ...sourceRows(start, end) });
    start = end;
  }
  return bands;
}

/** Source rows of a vertical resize. */
export function tableRows(
  table: ResampleTable,
): (start: number, end: number) => { from: number; to: number } {
  return (start, end) => sourceRange(table, start, end);
}

/** Source rows of a neighbourhood operation that looks `reach` rows up and down. */
export function reachRows(
  height: number,
  reach: number,
): (start: number, end: number) => { from: number; to: number } {
  return (start, end) => ({ from: Math.max(0, start - reach), to: Math.min(height, end + reach) });
}
