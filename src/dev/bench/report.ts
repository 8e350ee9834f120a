import { availableParallelism, cpus, loadavg } from 'node:os';

/** One line of a table: what, and its figures as text. */
export type Row = readonly [label: string, ...figures: string[]];

/** Prints a heading and rows in columns, the first flush left, the others flush right. */
export function printTable(heading: string, rows: readonly Row[]): void {
  console.log(`\n${heading}`);
  for (const line of tableLines(rows)) console.log(`  ${line}`);
}

/** Rows padded to common column widths. */
export function tableLines(rows: readonly Row[]): string[] {
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, i) =>
    Math.max(...rows.map((row) => row[i]?.length ?? 0)),
  );
  return rows.map((row) =>
    row
      .map((text, i) => (i === 0 ? text.padEnd(widths[i] ?? 0) : text.padStart(widths[i] ?? 0)))
      .join('  ')
      .trimEnd(),
  );
}

/** The machine, and how busy it is with other things: ratios are the only figures worth keeping. */
export function machine(): string {
  const [model = 'unknown CPU'] = cpus().map((cpu) => cpu.model.trim());
  const load = loadavg()[0]?.toFixed(1);
  return `${model}, ${availableParallelism()} cores, load ${load}, Node ${process.versions.node}`;
}

export const percent = (share: number): string => `${(100 * share).toFixed(1)} %`;
export const times = (ratio: number): string => `${ratio.toFixed(2)} ×`;

/** Middle value; of an even count the upper one. */
export function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted[Math.floor(sorted.length / 2)];
  if (middle === undefined) throw new RangeError('median of nothing');
  return middle;
}

/** The smallest value that at least this share of all does not exceed. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = [...values].sort((a, b) => a - b);
  const at = Math.min(sorted.length - 1, Math.max(0, Math.ceil(share * sorted.length) - 1));
  const value = sorted[at];
  if (value === undefined) throw new RangeError('percentile of nothing');
  return value;
}
