import { floatTensor, type FloatTensor } from '../tensor.ts';

/** A box drawn by the user: centre and size as fractions of the picture. */
export interface ExemplarBox {
  readonly cx: number;
  readonly cy: number;
  readonly w: number;
  readonly h: number;
  /** Whether it shows an example or a counter-example. */
  readonly positive: boolean;
}

/** Inputs of the geometry graph for N boxes, by input name (spec/sam3.md 2.4, 6.4). */
export interface ExemplarInputs {
  readonly boxes: FloatTensor;
  readonly box_pe: FloatTensor;
  readonly roi_y: FloatTensor;
  readonly roi_x: FloatTensor;
  readonly label_onehot: FloatTensor;
}

/** The host's half of the geometry encoder for a `grid`² feature map, width `d` and `roi`² bins. */
export function exemplarInputs(
  boxes: readonly ExemplarBox[],
  { grid, d, roi }: { readonly grid: number; readonly d: number; readonly roi: number },
): ExemplarInputs {
  const n = boxes.length;
  const flat = (rows: readonly (readonly number[] | Float32Array)[], dims: readonly number[]) =>
    floatTensor(dims, Float32Array.from(rows.flatMap((row) => [...row])));
  return {
    boxes: flat(
      boxes.map(({ cx, cy, w, h }) => [cx, cy, w, h]),
      [1, n, 4],
    ),
    box_pe: flat(
      boxes.map(({ cx, cy, w, h }) => [...sineCode(cy, d / 2), ...sineCode(cx, d / 2), h, w]),
      [1, n, d + 2],
    ),
    roi_y: flat(
      boxes.map(({ cy, h }) => roiMatrix((cy - h / 2) * grid, h * grid, roi, grid)),
      [1, n * roi, grid],
    ),
    roi_x: flat(
      boxes.map(({ cx, w }) => roiMatrix((cx - w / 2) * grid, w * grid, roi, grid)),
      [n, 1, roi, grid],
    ),
    label_onehot: flat(
      boxes.map(({ positive }) => (positive ? [0, 1] : [1, 0])),
      [1, n, 2],
    ),
  };
}

/** sin on even, cos on odd channels of 2πv/10000^(2·floor(c/2)/channels). */
export function sineCode(v: number, channels: number): Float32Array {
  return Float32Array.from({ length: channels }, (_, c) => {
    const angle = (2 * Math.PI * v) / 10000 ** ((2 * Math.floor(c / 2)) / channels);
    return c % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
  });
}

/**
 * One axis of RoIAlign as averaging weights [bins, cells]: a box from `low`, `size` cells long (at least 1), each bin
 * sampled ceil(size/bins) times, linear between cells (spec/sam3.md 6.2-3; "aligned=False", adaptive sampling).
 */
export function roiMatrix(low: number, size: number, bins: number, cells: number): Float32Array {
  const matrix = new Float32Array(bins * cells);
  const extent = Math.max(size, 1);
  const bin = extent / bins;
  const samples = Math.ceil(extent / bins);
  for (let p = 0; p < bins; p++)
    for (let i = 0; i < samples; i++) {
      const at = low + p * bin + ((i + 0.5) * bin) / samples;
      if (at >= -1 && at <= cells)
        addSample(matrix.subarray(p * cells, (p + 1) * cells), Math.max(at, 0), 1 / samples);
    }
  return matrix;
}

function addSample(row: Float32Array, at: number, weight: number): void {
  const left = Math.floor(at);
  const last = row.length - 1;
  if (left >= last) {
    row[last] = (row[last] ?? 0) + weight;
    return;
  }
  row[left] = (row[left] ?? 0) + (1 - (at - left)) * weight;
  row[left + 1] = (row[left + 1] ?? 0) + (at - left) * weight;
}
