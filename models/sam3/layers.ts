import { attention, type AttentionForm } from '../graph/attention.ts';
import type { GraphBuilder, Value } from '../graph/builder.ts';
import type { Dim } from '../graph/dtype.ts';
import { add, concat, layerNorm, linearAt, relu, reshape, transpose } from '../graph/ops.ts';
import type { WeightRecipe } from '../graph/weight-recipe.ts';
import { gridOf, type Sam3Config } from './config.ts';
import { axisCode } from './tables.ts';

/** What the detector's canonical keys begin with. */
export const DETECTOR = 'detector_model';
/** What the interactive predictor's canonical keys begin with. */
export const TRACKER = 'tracker_model';

/** What every SAM 3 graph is emitted with. */
export interface Sam3Emission {
  readonly attention: AttentionForm;
}

/** Score matrices larger than this many queries × keys are computed in chunks of a ninth (spec/sam3.md 6.3). */
const CHUNKED_ABOVE = 1024;

/** Queries per chunk for attention over `tokens` image tokens, or none when the scores are small anyway. */
export function chunkOf(config: Sam3Config, tokens: number): { chunk?: number } {
  return tokens > CHUNKED_ABOVE ? { chunk: config.window ** 2 } : {};
}

/** Form and names of one multi-head attention. */
export interface MhaOptions extends Sam3Emission {
  readonly heads: number;
  readonly bias?: Value;
  readonly chunk?: number;
  /** Name of the output projection. */
  readonly out?: 'o_proj' | 'out_proj';
}

/** Multi-head attention with q/k/v/out projections at `prefix`; q [N,T,C], k and v [N,K,C] -> [N,T,C]. */
export function mha(
  g: GraphBuilder,
  prefix: string,
  q: Value,
  k: Value,
  v: Value,
  { heads, attention: form, out = 'o_proj', ...rest }: MhaOptions,
): Value {
  const project = (x: Value, name: string) => linearAt(g, x, `${prefix}.${name}_proj`);
  const mixed = attention(g, project(q, 'q'), project(k, 'k'), project(v, 'v'), { heads, form, ...rest });
  return linearAt(g, mixed, `${prefix}.${out}`);
}

/** Linear layers with ReLU between and none after the last. */
export function mlp(g: GraphBuilder, x: Value, prefixes: readonly string[]): Value {
  return prefixes.reduce((y, prefix, i) => linearAt(g, i === 0 ? y : relu(g, y), prefix), x);
}

/** `<prefix>.layer1 … layerN`, transformers' name for the detector's small heads. */
export const layered = (prefix: string, count: number): string[] =>
  Array.from({ length: count }, (_, i) => `${prefix}.layer${i + 1}`);

/** A tensor of the file in another shape. */
export function shaped(g: GraphBuilder, key: string, dims: readonly number[], dtype?: 'f32' | 'f16'): Value {
  const recipe: WeightRecipe = { kind: 'reshape', of: { kind: 'tensor', key }, dims };
  return g.weight(recipe, dtype);
}

/** x in another float type; itself where it has that already. */
export function cast(g: GraphBuilder, x: Value, dtype: 'f32' | 'f16'): Value {
  if (x.dtype === dtype) return x;
  return g.op('Cast', [x], x.dims, { to: { int: dtype === 'f32' ? 1 : 10 } }, dtype);
}

/** Concat along an axis where one part has a free size, called `name` in the result. */
export function concatFree(g: GraphBuilder, parts: readonly Value[], axis: number, name: Dim): Value {
  const dims = (parts[0] as Value).dims.map((dim, i) => (i === axis ? name : dim));
  return g.op('Concat', parts, dims, { axis: { int: axis } });
}

/** LayerNorm over the channels of [N,C,H,W] (spec/sam3.md "LN2d"). */
export function layerNorm2d(g: GraphBuilder, x: Value, prefix: string): Value {
  const last = transpose(g, x, [0, 2, 3, 1]);
  return transpose(g, layerNorm(g, last, prefix, 1e-6), [0, 3, 1, 2]);
}

/** POS: the sine code of the image tokens [1,grid²,d], built by broadcasting its y half and its x half. */
export function imageCode(g: GraphBuilder, config: Sam3Config): Value {
  const side = gridOf(config);
  const { d } = config;
  const half = d / 2;
  const code = axisCode(side, half);
  const table = (at: number): Float32Array => {
    const padded = new Float32Array(side * d);
    for (let i = 0; i < side; i++) padded.set(code.subarray(i * half, (i + 1) * half), i * d + at);
    return padded;
  };
  const rows = g.constant(table(0), [side, 1, d]);
  const columns = g.constant(table(half), [1, side, d]);
  return reshape(g, add(g, rows, columns), [1, side * side, d]);
}

/** What one pre-norm layer of the geometry or DETR encoder attends to. */
export interface CrossLayerInputs {
  /** Added to queries and keys of the self-attention; null for none. */
  readonly position: Value | null;
  readonly keys: Value;
  readonly values: Value;
}

/**
 * Pre-norm layer with self-attention, cross-attention and ReLU MLP (spec/sam3.md 2.4 and 2.5); x [1,T,d] -> [1,T,d].
 */
export function crossLayer(
  g: GraphBuilder,
  config: Sam3Config,
  prefix: string,
  x: Value,
  { position, keys, values }: CrossLayerInputs,
  emission: Sam3Emission,
): Value {
  const tokens = typeof x.dims[1] === 'number' ? x.dims[1] : 1;
  const options = { ...emission, heads: config.heads, ...chunkOf(config, tokens) };
  const y = layerNorm(g, x, `${prefix}.layer_norm1`);
  const placed = position ? add(g, y, position) : y;
  const self = add(g, x, mha(g, `${prefix}.self_attn`, placed, placed, y, options));
  const query = layerNorm(g, self, `${prefix}.layer_norm2`);
  const crossed = add(g, self, mha(g, `${prefix}.cross_attn`, query, keys, values, options));
  const normed = layerNorm(g, crossed, `${prefix}.layer_norm3`);
  return add(g, crossed, mlp(g, normed, [`${prefix}.mlp.fc1`, `${prefix}.mlp.fc2`]));
}

/** A zero row [1,1,width] in front of [1,n,width] tokens. */
export function withZeroRow(g: GraphBuilder, x: Value): Value {
  const width = x.dims[2] as number;
  const zeros = g.constant(new Float32Array(width), [1, 1, width], x.dtype === 'f16' ? 'f16' : 'f32');
  return concat(g, [zeros, x], 1);
}
