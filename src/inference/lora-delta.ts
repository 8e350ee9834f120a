/**
 * The arithmetic of LoRA merging (spec/sdxl.md G.2) on row-major matrices. Sums run in double precision and are
 * rounded to float32 once, when they are added to the weight.
 */

/** Register tile of {@link addProduct}. */
const TILE = 4;
/** Numbers in the panel of b that stays in the processor's cache while all rows pass: 128 KiB. */
const PANEL = 2 ** 14;

export interface ProductSize {
  readonly rows: number;
  readonly inner: number;
  readonly columns: number;
}

/**
 * target [rows, columns] += factor · a [rows, inner] · b [inner, columns].
 *
 * Both operands are packed into panels of four, so that the innermost loop reads memory in order and keeps its sixteen
 * sums in registers: about twice as fast as adding multiples of rows.
 */
export function addProduct(
  target: Float32Array,
  a: Float32Array,
  b: Float32Array,
  { rows, inner, columns }: ProductSize,
  factor: number,
): void {
  const panelA = new Float64Array(TILE * inner);
  const block = TILE * Math.ceil(Math.min(columns, PANEL / inner) / TILE);
  const panelB = new Float64Array(block * inner);
  const strip = new Float64Array(TILE * block);
  for (let begin = 0; begin < columns; begin += block) {
    const width = Math.min(columns - begin, block);
    packColumns(panelB, b, inner, columns, begin, width);
    for (let row = 0; row < rows; row += TILE) {
      packRows(panelA, a, inner, row, rows, factor);
      for (let column = 0; column < width; column += TILE) multiplyTile(strip, panelA, panelB, inner, column);
      const height = Math.min(TILE, rows - row);
      for (let i = 0; i < height; i++) addStrip(target, (row + i) * columns + begin, strip, i * block, width);
    }
  }
}

/** Panels of four columns, element-wise interleaved. What the last one lacks is never added to the target. */
function packColumns(
  panel: Float64Array,
  b: Float32Array,
  inner: number,
  columns: number,
  begin: number,
  width: number,
): void {
  for (let column = 0; column < width; column++) {
    const lane = column % TILE;
    let at = (column - lane) * inner + lane;
    for (let k = 0; k < inner; k++, at += TILE) panel[at] = b[k * columns + begin + column] as number;
  }
}

function packRows(
  panel: Float64Array,
  a: Float32Array,
  inner: number,
  row: number,
  rows: number,
  factor: number,
): void {
  for (let i = 0; i < TILE; i++)
    for (let k = 0; k < inner; k++)
      panel[k * TILE + i] = row + i < rows ? factor * (a[(row + i) * inner + k] as number) : 0;
}

/**
 * Columns `column`..+3 of strip [4, …] = panel of a · panel of b. Written out, because only local variables
 * stay in registers.
 */
function multiplyTile(
  strip: Float64Array,
  a: Float64Array,
  b: Float64Array,
  inner: number,
  column: number,
): void {
  let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [s20, s21, s22, s23, s30, s31, s32, s33] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let at = 0, from = column * inner; at < TILE * inner; at += TILE, from += TILE) {
    const b0 = b[from] as number;
    const b1 = b[from + 1] as number;
    const b2 = b[from + 2] as number;
    const b3 = b[from + 3] as number;
    const a0 = a[at] as number;
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s03 += a0 * b3;
    const a1 = a[at + 1] as number;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s13 += a1 * b3;
    const a2 = a[at + 2] as number;
    s20 += a2 * b0;
    s21 += a2 * b1;
    s22 += a2 * b2;
    s23 += a2 * b3;
    const a3 = a[at + 3] as number;
    s30 += a3 * b0;
    s31 += a3 * b1;
    s32 += a3 * b2;
    s33 += a3 * b3;
  }
  const block = strip.length / TILE;
  storeRow(strip, column, s00, s01, s02, s03);
  storeRow(strip, block + column, s10, s11, s12, s13);
  storeRow(strip, 2 * block + column, s20, s21, s22, s23);
  storeRow(strip, 3 * block + column, s30, s31, s32, s33);
}

function storeRow(strip: Float64Array, at: number, s0: number, s1: number, s2: number, s3: number): void {
  strip[at] = s0;
  strip[at + 1] = s1;
  strip[at + 2] = s2;
  strip[at + 3] = s3;
}

function addStrip(target: Float32Array, to: number, strip: Float64Array, from: number, width: number): void {
  for (let i = 0; i < width; i++) (target[to + i] as number) += strip[from + i] as number;
}

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
