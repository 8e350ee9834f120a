/** One line of a kernel, there once (or not at all): how to find it, what replaces it (`TYPE`: the operands' type). */
export interface KernelLine {
  readonly find: RegExp;
  readonly replace: string;
  readonly optional?: boolean;
}

/** A kernel of onnxruntime-web 1.30.0 that adds up in the operands' type. */
export interface SummingKernel {
  /** What the runtime labels its shaders. */
  readonly labels: readonly string[];
  /** Declares the sum; its first group is the operands' type. */
  readonly sum: RegExp;
  /** Variables that become f32: they occur in `lines` and nowhere else. */
  readonly names: readonly string[];
  readonly lines: readonly KernelLine[];
}

const ELEMENT = '([abx]_element_t|output_element_t)';

const once = (find: RegExp, replace: string): KernelLine => ({ find, replace });
/** There, and left as it is. */
const kept = (find: RegExp): KernelLine => once(find, '$&');
const atMostOnce = (find: RegExp, replace: string): KernelLine => ({ find, replace, optional: true });

const FOUR_COLUMNS = new RegExp(`var acc: array<vec4<${ELEMENT}>, rowPerThread>;`, 'g');
const WIDE_FOUR_COLUMNS = once(FOUR_COLUMNS, 'var acc: array<vec4<f32>, rowPerThread>;');

/** Steps of a product over the components of a vector, each there once. */
function perComponent(count: 3 | 4, line: (index: number, component: string) => KernelLine): KernelLine[] {
  return [...'xyzw'].slice(0, count).map((component, index) => line(index, component));
}

/** Outer products, four columns at a time; three products per step where a picture has three channels. */
function outer(components: 3 | 4): SummingKernel {
  const product = (index: number, component: string) =>
    once(
      new RegExp(`acc\\[i\\] = BCached${index} \\* ACached\\.${component} \\+ acc\\[i\\];`, 'g'),
      `acc[i] = vec4<f32>(BCached${index}) * f32(ACached.${component}) + acc[i];`,
    );
  const result = once(/, acc\[innerRow\]\);/g, ', vec4<TYPE>(acc[innerRow]));');
  return {
    labels: ['MatMul', 'Conv2dMM'],
    sum: FOUR_COLUMNS,
    names: ['acc'],
    lines: [WIDE_FOUR_COLUMNS, ...perComponent(components, product), result],
  };
}

/** Inner products, four columns at a time: Gemm with a transposed matrix. */
const INNER: SummingKernel = {
  labels: ['Gemm'],
  sum: FOUR_COLUMNS,
  names: ['acc'],
  lines: [
    WIDE_FOUR_COLUMNS,
    ...perComponent(4, (index, component) =>
      once(
        new RegExp(`acc\\[i\\]\\.${component} \\+= dot\\(ACached, BCached${index}\\);`, 'g'),
        `acc[i].${component} += dot(vec4<f32>(ACached), vec4<f32>(BCached${index}));`,
      ),
    ),
    kept(/, acc\[innerRow\](\[i\])?\);/g),
    atMostOnce(/, acc\[innerRow\]\);/g, ', vec4<TYPE>(acc[innerRow]));'),
    atMostOnce(/, acc\[innerRow\]\[i\]\);/g, ', TYPE(acc[innerRow][i]));'),
  ],
};

const ONE_COLUMN = new RegExp(`var acc: array<array<${ELEMENT}, colPerThread>, rowPerThread>;`, 'g');

/** One column at a time, where a size is no multiple of four. */
const SCALAR: SummingKernel = {
  labels: ['MatMul', 'Gemm', 'Conv2dMM'],
  sum: ONE_COLUMN,
  names: ['acc'],
  lines: [
    once(ONE_COLUMN, 'var acc: array<array<f32, colPerThread>, rowPerThread>;'),
    once(
      /(acc\[innerRow\]\[innerCol\]) = \1 \+ ACached \* BCached\[innerCol\];/g,
      '$1 = $1 + f32(ACached) * f32(BCached[innerCol]);',
    ),
    once(/, acc\[innerRow\]\[innerCol\]\);/g, ', TYPE(acc[innerRow][innerCol]));'),
  ],
};

const LANES = /var<workgroup> inter_results: array<array<(output_element_t), (\d+)>, (\d+)>;/g;

/** A row of a packed matrix shared by the lanes of a workgroup, whose sums are added up at the end. */
const PACKED_ROW: SummingKernel = {
  labels: ['MatMulNBits'],
  sum: LANES,
  names: ['inter_results', 'sum', 'output_value'],
  lines: [
    once(LANES, 'var<workgroup> inter_results: array<array<f32, $2>, $3>;'),
    kept(/alias input_a_value_t = vec4<f16>;/g),
    kept(/sum \+= dot\(tile_A\[a_offset\], (b_value_unpacked|b0\) \+ dot\(tile_A\[a_offset \+ 1\], b1)\);/g),
    once(/var sum = output_element_t\(0\);/g, 'var sum = f32(0);'),
    atMostOnce(
      /sum \+= dot\(tile_A\[a_offset\], b_value_unpacked\);/g,
      'sum += dot(vec4<f32>(tile_A[a_offset]), vec4<f32>(b_value_unpacked));',
    ),
    atMostOnce(
      /sum \+= dot\(tile_A\[a_offset\], b0\) \+ dot\(tile_A\[a_offset \+ 1\], b1\);/g,
      'sum += dot(vec4<f32>(tile_A[a_offset]), vec4<f32>(b0)) + dot(vec4<f32>(tile_A[a_offset + 1]), vec4<f32>(b1));',
    ),
    kept(/inter_results\[local_row_offset \+ idy\]\[idx\] \+= sum;/g),
    kept(/output_value \+= inter_results\[local_idx\]\[b\];/g),
    once(/var output_value = output_element_t\(0\);/g, 'var output_value = f32(0);'),
    atMostOnce(/output_value \+= bias\[([^\]]+)\];/g, 'output_value += f32(bias[$1]);'),
    once(/output\[output_idx\]=output_value;/g, 'output[output_idx]=TYPE(output_value);'),
  ],
};

const TILE_SUMS = /var results : array<(output_element_t), kTileM>;/g;

/** A tile of a packed matrix: one column per lane, 32 rows at a time. */
const PACKED_TILE: SummingKernel = {
  labels: ['MatMulNBitsWideTile'],
  sum: TILE_SUMS,
  names: ['results'],
  lines: [
    once(TILE_SUMS, 'var results : array<f32, kTileM>;'),
    once(
      /results\[m_idx\] \+= dot\(a\[0\], b_dequantized\[0\]\) \+ dot\(a\[1\], b_dequantized\[1\]\);/g,
      'results[m_idx] += dot(vec4<f32>(a[0]), vec4<f32>(b_dequantized[0])) + dot(vec4<f32>(a[1]), vec4<f32>(b_dequantized[1]));',
    ),
    kept(/, results\[m_idx\]( \+ bias_value)?\);/g),
    atMostOnce(/, results\[m_idx\]\);/g, ', TYPE(results[m_idx]));'),
    atMostOnce(/, results\[m_idx\] \+ bias_value\);/g, ', TYPE(results[m_idx] + f32(bias_value)));'),
  ],
};

/** Every kernel of onnxruntime that adds up in the operands' type, with the lines that make it add up in f32. */
export const SUMMING_KERNELS: readonly SummingKernel[] = [
  outer(4),
  outer(3),
  INNER,
  SCALAR,
  PACKED_ROW,
  PACKED_TILE,
];
