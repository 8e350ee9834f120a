import type { Value, GraphBuilder } from './builder.ts';
import type { Dim, Dims, PackingBits } from './dtype.ts';
import { recipeDims, tensor, type PackedRecipe, type WeightRecipe } from './weight-recipe.ts';

type Source = string | WeightRecipe;

/** Product of static dims; a free axis makes the product free, written as -1 for Reshape. */
function staticProduct(dims: Dims): number {
  return dims.every((dim) => typeof dim === 'number')
    ? (dims as readonly number[]).reduce((total, dim) => total * dim, 1)
    : -1;
}

function size(dim: Dim | undefined, what: string): number {
  if (typeof dim !== 'number') throw new Error(`${what} must be static, got ${String(dim)}`);
  return dim;
}

/** Reshape with at most one free axis, which must be the only non-numeric one of `dims`. */
export function reshape(g: GraphBuilder, x: Value, dims: Dims): Value {
  const shape = dims.map((dim) => (typeof dim === 'number' ? dim : -1));
  return g.op('Reshape', [x, g.integers(shape)], dims);
}

/** Axis i of the result is axis perm[i] of x. */
export function transpose(g: GraphBuilder, x: Value, perm: readonly number[]): Value {
  return g.op(
    'Transpose',
    [x],
    perm.map((axis) => x.dims[axis] as Dim),
    { perm },
  );
}

/** [N,C,H,W] -> [N,H·W,C], row-major (y then x). */
export function toTokens(g: GraphBuilder, x: Value): Value {
  const [n, c, h, w] = x.dims as [Dim, number, number, number];
  return transpose(g, reshape(g, x, [n, c, h * w]), [0, 2, 1]);
}

/** [N,h·w,C] -> [N,C,h,w]. */
export function toMap(g: GraphBuilder, tokens: Value, height: number, width: number): Value {
  const [n, , c] = tokens.dims as [Dim, number, number];
  return reshape(g, transpose(g, tokens, [0, 2, 1]), [n, c, height, width]);
}

/** Numpy broadcasting of two shapes. */
export function broadcastDims(a: Dims, b: Dims): Dims {
  const rank = Math.max(a.length, b.length);
  return Array.from({ length: rank }, (_, i) => {
    const left = a[a.length - rank + i] ?? 1;
    const right = b[b.length - rank + i] ?? 1;
    return left === 1 ? right : left;
  });
}

function binary(g: GraphBuilder, type: string, a: Value, b: Value): Value {
  return g.op(type, [a, b], broadcastDims(a.dims, b.dims));
}

/** a + b, broadcast. */
export const add = (g: GraphBuilder, a: Value, b: Value): Value => binary(g, 'Add', a, b);
/** a − b, broadcast. */
export const sub = (g: GraphBuilder, a: Value, b: Value): Value => binary(g, 'Sub', a, b);
/** a · b, broadcast. */
export const mul = (g: GraphBuilder, a: Value, b: Value): Value => binary(g, 'Mul', a, b);
/** a / b, broadcast. */
export const div = (g: GraphBuilder, a: Value, b: Value): Value => binary(g, 'Div', a, b);

/** max(0, x). */
export const relu = (g: GraphBuilder, x: Value): Value => g.op('Relu', [x], x.dims);
/** 1 / (1 + e⁻ˣ). */
export const sigmoid = (g: GraphBuilder, x: Value): Value => g.op('Sigmoid', [x], x.dims);
export const tanh = (g: GraphBuilder, x: Value): Value => g.op('Tanh', [x], x.dims);
/** Exact (erf) GELU. */
export const gelu = (g: GraphBuilder, x: Value): Value => g.op('Gelu', [x], x.dims, { approximate: 'none' });
/** x·sigmoid(1.702x), OpenAI CLIP-L's activation. */
export const quickGelu = (g: GraphBuilder, x: Value): Value =>
  g.contrib('QuickGelu', [x], x.dims, { alpha: 1.702 });
/** x·sigmoid(x). */
export const silu = (g: GraphBuilder, x: Value): Value => g.contrib('QuickGelu', [x], x.dims, { alpha: 1 });
/** Over the last axis. */
export const softmax = (g: GraphBuilder, x: Value): Value =>
  g.op('Softmax', [x], x.dims, { axis: { int: -1 } });

/** Batched matrix product [..,m,k]·[..,k,n]. */
export function matmul(g: GraphBuilder, a: Value, b: Value): Value {
  const batch = broadcastDims(a.dims.slice(0, -2), b.dims.slice(0, -2));
  return g.op('MatMul', [a, b], [...batch, a.dims.at(-2) as Dim, b.dims.at(-1) as Dim]);
}

/** All values one after the other along an axis; the other dimensions agree. */
export function concat(g: GraphBuilder, values: readonly Value[], axis: number): Value {
  const first = values[0] as Value;
  const total = values.reduce((sum, value) => sum + size(value.dims[axis], 'concat axis'), 0);
  return g.op(
    'Concat',
    values,
    first.dims.map((dim, i) => (i === axis ? total : dim)),
    { axis: { int: axis } },
  );
}

/** Elements [begin, end) of one axis. */
export function slice(g: GraphBuilder, x: Value, axis: number, begin: number, end: number): Value {
  const dims = x.dims.map((dim, i) => (i === axis ? end - begin : dim));
  return g.op('Slice', [x, g.integers([begin]), g.integers([end]), g.integers([axis])], dims);
}

/** Equal parts along an axis. */
export function split(g: GraphBuilder, x: Value, axis: number, parts: number): Value[] {
  const part = size(x.dims[axis], 'split axis') / parts;
  const dims = x.dims.map((dim, i) => (i === axis ? part : dim));
  return g.opMany('Split', [x], Array<Dims>(parts).fill(dims), {
    axis: { int: axis },
    num_outputs: { int: parts },
  });
}

/**
 * x·Wᵀ + b over the last axis, W [out,in] as every weight file stores it: Gemm(transB) on flattened rows, so the
 * initializer can point straight into the file (spec/sdxl.md A.8). Large matrices are packed if the graph says so.
 */
export function linear(g: GraphBuilder, x: Value, weight: Source, bias?: Source): Value {
  const recipe = typeof weight === 'string' ? tensor(weight) : weight;
  const [out, input] = recipeDims(recipe, g.shapes, g.name) as [number, number];
  const packing = packingOf(g, out, input);
  if (packing) return packedLinear(g, x, recipe, packing, bias);
  const w = g.weight(recipe);
  const lead = x.dims.slice(0, -1);
  const rowCount = staticProduct(lead);
  const flat = x.dims.length === 2 ? x : reshape(g, x, [rowCount === -1 ? 'rows' : rowCount, input]);
  const inputs = bias === undefined ? [flat, w] : [flat, w, g.weight(bias)];
  const y = g.op('Gemm', inputs, [flat.dims[0] as Dim, out], { transB: { int: 1 } });
  return x.dims.length === 2 ? y : reshape(g, y, [...lead, out]);
}

/** Values per scale, by bits: what spec/onnxruntime-web.md §5 measured for SDXL. */
const PACKING_BLOCK: Readonly<Record<PackingBits, number>> = { 8: 128, 4: 32 };
/** Below this many values a matrix is not worth a second tensor. */
const PACKED_ELEMENTS = 2 ** 16;

/** Values per scale of a matrix [out,input]; null: it stays as it is. */
export function packingBlock(bits: PackingBits, out: number, input: number): number | null {
  const block = PACKING_BLOCK[bits];
  return out * input < PACKED_ELEMENTS || input % block !== 0 ? null : block;
}

/** How a matrix [out,input] is packed in this graph; null: it is not. */
function packingOf(g: GraphBuilder, out: number, input: number): Omit<PackedRecipe, 'kind' | 'of'> | null {
  const bits = g.linearBits;
  const block = bits && packingBlock(bits, out, input);
  return bits && block ? { bits, block, scaleType: g.dtype } : null;
}

/** MatMulNBits: symmetric codes, one scale per block of a row; its bias is input 5 (spec/onnxruntime-web.md §5). */
function packedLinear(
  g: GraphBuilder,
  x: Value,
  of: WeightRecipe,
  packing: Omit<PackedRecipe, 'kind' | 'of'>,
  bias?: Source,
): Value {
  const [out, input] = recipeDims(of, g.shapes, g.name) as [number, number];
  const codes = g.weight({ kind: 'packed-codes', of, ...packing }, 'u8');
  const scales = g.weight({ kind: 'packed-scales', of, ...packing });
  const inputs = bias === undefined ? [x, codes, scales] : [x, codes, scales, null, null, g.weight(bias)];
  return g.contrib('MatMulNBits', inputs, [...x.dims.slice(0, -1), out], {
    K: { int: input },
    N: { int: out },
    bits: { int: packing.bits },
    block_size: { int: packing.block },
  });
}

/** `linear` with the usual key pair `<prefix>.weight`, `<prefix>.bias` (bias optional in the file). */
export function linearAt(g: GraphBuilder, x: Value, prefix: string): Value {
  const bias = `${prefix}.bias`;
  return linear(g, x, `${prefix}.weight`, g.has(bias) ? bias : undefined);
}

/** Over the last axis, with weight and bias of `prefix`. */
export function layerNorm(g: GraphBuilder, x: Value, prefix: string, epsilon = 1e-5): Value {
  return g.op('LayerNormalization', [x, g.weight(`${prefix}.weight`), g.weight(`${prefix}.bias`)], x.dims, {
    axis: { int: -1 },
    epsilon,
  });
}

/**
 * The WebGPU backend of 1.30 compiles InstanceNormalization once per device and keeps the first epsilon it met, because
 * its program cache does not tell them apart. So every graph uses this one: (k·x) normed with it equals x normed with
 * this epsilon / k².
 */
const INSTANCE_EPSILON = 1e-5;

/** The same values as another float type; nothing where they are of it already. */
function cast(g: GraphBuilder, x: Value, dtype: 'f32' | 'f16'): Value {
  return x.dtype === dtype ? x : g.op('Cast', [x], x.dims, { to: { int: CAST_TYPE[dtype] } }, dtype);
}

/** TensorProto.DataType of the types Cast makes. */
const CAST_TYPE = { f32: 1, f16: 10 } as const;

/**
 * GroupNorm as Reshape -> InstanceNormalization -> Reshape -> scale and shift: the WebGPU backend of 1.30 has no
 * GroupNormalization kernel (spec/onnxruntime-web.md §3.2). x is [N,C,H,W]. In float32 also inside 16-bit graphs
 * (appendix B): rounded once at the end instead of after each of four steps.
 */
export function groupNorm(g: GraphBuilder, x: Value, prefix: string, epsilon: number, groups: number): Value {
  const [n, c, h, w] = x.dims as [Dim, number, number, number];
  const grouped = reshape(g, cast(g, x, 'f32'), [n, groups, (c / groups) * h * w]);
  const ones = g.constant(new Float32Array(groups).fill(1), [groups], 'f32');
  const zeros = g.constant(new Float32Array(groups), [groups], 'f32');
  const factor = Math.sqrt(INSTANCE_EPSILON / epsilon);
  const even = epsilon === INSTANCE_EPSILON ? grouped : mul(g, grouped, g.scalar(factor, 'f32'));
  const normed = g.op('InstanceNormalization', [even, ones, zeros], grouped.dims, {
    epsilon: INSTANCE_EPSILON,
  });
  const perChannel = (key: string) =>
    g.weight({ kind: 'reshape', of: { kind: 'tensor', key }, dims: [1, c, 1, 1] }, 'f32');
  const scaled = mul(g, reshape(g, normed, x.dims), perChannel(`${prefix}.weight`));
  return cast(g, add(g, scaled, perChannel(`${prefix}.bias`)), g.dtype);
}

/** How a convolution steps and pads. */
export interface ConvOptions {
  readonly stride?: number;
  /** [top, left, bottom, right]; default keeps the size of an odd kernel. */
  readonly pads?: readonly [number, number, number, number];
}

/** 2-D convolution of [N,C,H,W]; weight OIHW as in the files. */
export function conv2d(
  g: GraphBuilder,
  x: Value,
  weight: Source,
  bias?: Source,
  options: ConvOptions = {},
): Value {
  const w = g.weight(weight);
  const [out, , kh, kw] = w.dims as [number, number, number, number];
  const stride = options.stride ?? 1;
  const pads = options.pads ?? [kh >> 1, kw >> 1, kh >> 1, kw >> 1];
  const [n, , h, width] = x.dims as [Dim, number, number, number];
  const outHeight = Math.floor((h + pads[0] + pads[2] - kh) / stride) + 1;
  const outWidth = Math.floor((width + pads[1] + pads[3] - kw) / stride) + 1;
  const inputs = bias === undefined ? [x, w] : [x, w, g.weight(bias)];
  return g.op('Conv', inputs, [n, out, outHeight, outWidth], {
    kernel_shape: [kh, kw],
    pads,
    strides: [stride, stride],
  });
}

/** `conv2d` with the key pair `<prefix>.weight`, `<prefix>.bias` (bias optional in the file). */
export function conv2dAt(g: GraphBuilder, x: Value, prefix: string, options?: ConvOptions): Value {
  const bias = `${prefix}.bias`;
  return conv2d(g, x, `${prefix}.weight`, g.has(bias) ? bias : undefined, options);
}

/** Transposed convolution, kernel 2 stride 2; weight [in,out,2,2]. */
export function convTranspose2x(g: GraphBuilder, x: Value, prefix: string): Value {
  const w = g.weight(`${prefix}.weight`);
  const [n, , h, width] = x.dims as [Dim, number, number, number];
  return g.op(
    'ConvTranspose',
    [x, w, g.weight(`${prefix}.bias`)],
    [n, w.dims[1] as number, h * 2, width * 2],
    {
      kernel_shape: [2, 2],
      strides: [2, 2],
    },
  );
}

/**
 * Nearest-neighbour resize of [N,C,H,W] to a stated size (out pixel i reads floor(i·in/out)). Whole factors are a
 * Resize; for others its float scale gives a side one pixel short (3 -> 5), so the pixels are gathered.
 */
export function resizeNearest(g: GraphBuilder, x: Value, height: number, width: number): Value {
  const [n, c, h, w] = x.dims as [Dim, number, number, number];
  if (height % h !== 0 || width % w !== 0) return gatherNearest(g, gatherNearest(g, x, 2, height), 3, width);
  const scales = g.constant([1, 1, height / h, width / w], [4], 'f32');
  return g.op('Resize', [x, null, scales], [n, c, height, width], {
    mode: 'nearest',
    coordinate_transformation_mode: 'asymmetric',
    nearest_mode: 'floor',
  });
}

function gatherNearest(g: GraphBuilder, x: Value, axis: number, target: number): Value {
  const source = size(x.dims[axis], 'resized axis');
  const indices = Array.from({ length: target }, (_, i) => Math.floor((i * source) / target));
  const dims = x.dims.map((dim, i) => (i === axis ? target : dim));
  return g.op('Gather', [x, g.integers(indices)], dims, { axis: { int: axis } });
}
