import { attention, type AttentionForm } from '../graph/attention.ts';
import type { GraphBuilder, Value } from '../graph/builder.ts';
import type { Dim } from '../graph/dtype.ts';
import {
  add,
  conv2dAt,
  gelu,
  groupNorm,
  layerNorm,
  linearAt,
  mul,
  reshape,
  resizeNearest,
  silu,
  split,
  toMap,
  toTokens,
} from '../graph/ops.ts';
import { UNET_GROUPS } from './unet-config.ts';

/** The three normalisation constants differ by place (spec/sdxl.md A.2); a wrong one shows only in the eps probe. */
const RES_EPSILON = 1e-5;
const TRANSFORMER_GROUP_EPSILON = 1e-6;
const LAYER_NORM_EPSILON = 1e-5;

/** Scores of one plain-form attention chunk, per batch item: 64 MiB in float32. */
const MAX_CHUNK_SCORES = 2 ** 24;
const CHUNK_STEP = 32;

/** Keys and values of one cross-attention layer, computed by the conditioning graph. */
export interface CrossAttentionInputs {
  /** [N,T,inner] each. */
  readonly k: Value;
  readonly v: Value;
  /** Decoupled image attention: keys and values [N,T_ip,inner] and its factor [N,1,1]. */
  readonly image?: { readonly k: Value; readonly v: Value; readonly scale: Value };
}

/** What every block of one emission shares. */
export interface BlockContext {
  readonly g: GraphBuilder;
  readonly headDim: number;
  readonly form: AttentionForm;
  /** silu of the time and label embedding, [N,embedDim]: the same for all ResBlocks. */
  readonly embedding: Value;
  readonly crossAttention: (layer: string) => CrossAttentionInputs;
}

/** GN-silu-conv, plus the embedding, GN-silu-conv, plus the (projected) input. h [N,C,H,W]. */
export function resBlock({ g, embedding }: BlockContext, h: Value, path: string): Value {
  const first = conv2dAt(g, normSilu(g, h, `${path}.in_layers.0`), `${path}.in_layers.2`);
  const shift = linearAt(g, embedding, `${path}.emb_layers.1`);
  const [n, c] = shift.dims as [Dim, number];
  const shifted = add(g, first, reshape(g, shift, [n, c, 1, 1]));
  const second = conv2dAt(g, normSilu(g, shifted, `${path}.out_layers.0`), `${path}.out_layers.3`);
  const skip = `${path}.skip_connection`;
  return add(g, g.has(`${skip}.weight`) ? conv2dAt(g, h, skip) : h, second);
}

/** The GroupNorm and activation in front of a ResBlock's convolutions and of the last one. */
export function normSilu(g: GraphBuilder, h: Value, path: string): Value {
  return silu(g, groupNorm(g, h, path, RES_EPSILON, UNET_GROUPS));
}

/** GN, tokens, linear in, `depth` blocks, linear out, residual. h [N,C,H,W]. */
export function spatialTransformer(context: BlockContext, h: Value, path: string, depth: number): Value {
  const { g } = context;
  const [, , height, width] = h.dims as [Dim, number, number, number];
  const normed = groupNorm(g, h, `${path}.norm`, TRANSFORMER_GROUP_EPSILON, UNET_GROUPS);
  let tokens = linearAt(g, toTokens(g, normed), `${path}.proj_in`);
  for (let i = 0; i < depth; i++)
    tokens = transformerBlock(context, tokens, `${path}.transformer_blocks.${i}`);
  return add(g, toMap(g, linearAt(g, tokens, `${path}.proj_out`), height, width), h);
}

function transformerBlock(context: BlockContext, z: Value, path: string): Value {
  const { g } = context;
  const norm = (value: Value, i: number) => layerNorm(g, value, `${path}.norm${i}`, LAYER_NORM_EPSILON);
  const first = add(g, z, selfAttention(context, norm(z, 1), `${path}.attn1`));
  const second = add(g, first, crossAttention(context, norm(first, 2), `${path}.attn2`));
  return add(g, second, gatedFeedForward(g, norm(second, 3), `${path}.ff`));
}

function selfAttention(context: BlockContext, z: Value, path: string): Value {
  const { g } = context;
  const [q, k, v] = ['to_q', 'to_k', 'to_v'].map((name) => linearAt(g, z, `${path}.${name}`)) as [
    Value,
    Value,
    Value,
  ];
  return linearAt(g, heads(context, q, k, v), `${path}.to_out.0`);
}

/** Text attention plus scale · image attention over the same queries (spec/sdxl.md E.3). */
function crossAttention(context: BlockContext, z: Value, path: string): Value {
  const { g } = context;
  const { k, v, image } = context.crossAttention(path);
  const q = linearAt(g, z, `${path}.to_q`);
  const text = heads(context, q, k, v);
  const mixed = image ? add(g, text, mul(g, heads(context, q, image.k, image.v), image.scale)) : text;
  return linearAt(g, mixed, `${path}.to_out.0`);
}

function heads({ g, headDim, form }: BlockContext, q: Value, k: Value, v: Value): Value {
  const count = (q.dims[2] as number) / headDim;
  return attention(g, q, k, v, { heads: count, form, chunk: queryChunk(count, k.dims[1] as number) });
}

/** Queries per chunk of the plain form so that one item's score matrix stays within `MAX_CHUNK_SCORES`. */
export function queryChunk(headCount: number, keys: number): number {
  const fitting = Math.floor(MAX_CHUNK_SCORES / (headCount * keys));
  return Math.max(CHUNK_STEP, fitting - (fitting % CHUNK_STEP));
}

/** GEGLU: the first half of the projection is the value, the second the gate. */
function gatedFeedForward(g: GraphBuilder, z: Value, path: string): Value {
  const [value, gate] = split(g, linearAt(g, z, `${path}.net.0.proj`), 2, 2) as [Value, Value];
  return linearAt(g, mul(g, value, gelu(g, gate)), `${path}.net.2`);
}

/** Conv stride 2 with symmetric padding: sides become ⌈side/2⌉. */
export function downsample(g: GraphBuilder, h: Value, path: string): Value {
  return conv2dAt(g, h, `${path}.op`, { stride: 2 });
}

/** Nearest resize to a stated size (the next skip tensor's, for odd latents), then conv. */
export function upsample(g: GraphBuilder, h: Value, path: string, height: number, width: number): Value {
  return conv2dAt(g, resizeNearest(g, h, height, width), `${path}.conv`);
}
