import { addProduct } from './matrix-product.ts';

// The arithmetic of LoRA merging (spec/sdxl.md G.2) on row-major matrices; plain products are in matrix-product.ts.

/** target += factor · x, element by element. */
export function addScaled(target: Float32Array, x: Float32Array, factor: number): void {
  for (let i = 0; i < target.length; i++) (target[i] as number) += factor * (x[i] as number);
}

/** target += factor · (x ⊙ y). */
export function addHadamard(target: Float32Array, x: Float32Array, y: Float32Array, factor: number): void {
  for (let i = 0; i < target.length; i++)
    (target[i] as number) += factor * (x[i] as number) * (y[i] as number);
}

/** Whether all values are numbers: the difference of an infinity or NaN with itself is NaN. Much faster than `every`. */
export function allFinite(values: Float32Array): boolean {
  let sum = 0;
  for (let i = 0; i < values.length; i++) sum += (values[i] as number) - (values[i] as number);
  return sum === 0;
}

/** A matrix with its row length. */
export interface Matrix {
  readonly data: Float32Array;
  readonly columns: number;
}

/** target += factor · kron(x, y): element [i·m+k, j·n+l] is x[i,j]·y[k,l], y being m by n. */
export function addKronecker(target: Float32Array, x: Matrix, y: Matrix, factor: number): void {
  const [rowsX, rowsY] = [x.data.length / x.columns, y.data.length / y.columns];
  let at = 0;
  for (let i = 0; i < rowsX; i++)
    for (let k = 0; k < rowsY; k++)
      for (let j = 0; j < x.columns; j++) {
        const scaled = factor * (x.data[i * x.columns + j] as number);
        for (let l = 0; l < y.columns; l++)
          (target[at++] as number) += scaled * (y.data[k * y.columns + l] as number);
      }
}

/** Sizes of a Tucker product: a [out,i], core [i,j,kernel], b [j,input]. */
export interface TuckerSize {
  readonly out: number;
  readonly i: number;
  readonly j: number;
  readonly kernel: number;
  readonly input: number;
}

/**
 * Σ_ij a[o,i] · core[i,j,k] · b[j,c] as [out, input, kernel] (CP/Tucker form of LoCon, LoHa and LoKr).
 * @param a row-major [out,i].
 */
export function tuckerProduct(
  a: Float32Array,
  core: Float32Array,
  b: Float32Array,
  { out, i, j, kernel, input }: TuckerSize,
): Float32Array {
  const halfway = new Float32Array(out * j * kernel);
  addProduct(halfway, a, core, { rows: out, inner: i, columns: j * kernel }, 1);
  const result = new Float32Array(out * input * kernel);
  for (let o = 0; o < out; o++)
    for (let rank = 0; rank < j; rank++)
      for (let c = 0; c < input; c++) {
        const weight = b[rank * input + c] as number;
        const from = (o * j + rank) * kernel;
        const to = (o * input + c) * kernel;
        for (let k = 0; k < kernel; k++) (result[to + k] as number) += weight * (halfway[from + k] as number);
      }
  return result;
}

/** [rows, columns] -> [columns, rows]. */
export function transposedMatrix(data: Float32Array, columns: number): Float32Array {
  const rows = data.length / columns;
  const result = new Float32Array(data.length);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result[j * rows + i] = data[i * columns + j] as number;
  return result;
}

/** What keeps DoRA's division finite where a merged row is all zeros: the float epsilon, as LyCORIS has it. */
const NORM_EPSILON = 2 ** -23;

/**
 * DoRA: merged ← magnitude · merged/‖merged‖, the norm taken over each output row, or over each input column with
 * all outputs and kernel positions (Liu et al., arXiv 2402.09353; spec/sdxl.md G.2).
 * @param merged [rows, columns, kernel], changed in place.
 */
export function rescaleToMagnitudes(
  merged: Float32Array,
  magnitudes: Float32Array,
  axis: 'row' | 'column',
  { rows, columns, kernel }: { readonly rows: number; readonly columns: number; readonly kernel: number },
): void {
  const groupOf = (row: number, column: number): number => (axis === 'row' ? row : column);
  const squares = new Float64Array(magnitudes.length);
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let k = 0; k < kernel; k++, at++)
        (squares[groupOf(row, column)] as number) += (merged[at] as number) ** 2;
  const factors = squares.map((sum, i) => (magnitudes[i] as number) / (Math.sqrt(sum) + NORM_EPSILON));
  for (let row = 0, at = 0; row < rows; row++)
    for (let column = 0; column < columns; column++)
      for (let k = 0; k < kernel; k++, at++)
        (merged[at] as number) *= factors[groupOf(row, column)] as number;
}
