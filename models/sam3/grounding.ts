import type { GraphBuilder, Value } from '../graph/builder.ts';
import {
  add,
  conv2dAt,
  groupNorm,
  layerNorm,
  linearAt,
  matmul,
  mul,
  relu,
  reshape,
  resizeNearest,
  toMap,
  toTokens,
  transpose,
} from '../graph/ops.ts';
import { gridOf, type Sam3Config } from './config.ts';
import { detrDecoder } from './decoder.ts';
import {
  cast,
  chunkOf,
  crossLayer,
  DETECTOR,
  imageCode,
  layered,
  mha,
  mlp,
  shaped,
  type Sam3Emission,
} from './layers.ts';

const MASKS = `${DETECTOR}.mask_decoder`;
const SCORING = `${DETECTOR}.dot_product_scoring`;

/** Extra outputs of the grounding graph. */
export interface GroundingOptions extends Sam3Emission {
  /** Also emit encoder_memory [1,g²,d] and semantic [1,1,4g,4g] (the union map), for goldens. */
  readonly probes?: boolean;
}

/**
 * Grounding of one prompt (spec/sam3.md 2.5 to 2.8, 6.4): fpn0-2 and prompt [1,L,d] (text rows then geometry rows, no
 * padding) -> logits [1,Q,1], presence [1,1], boxes [1,Q,4] (cxcywh, all fp32), mask_queries [1,Q,d],
 * mask_query_bias [1,Q,1], pixel_embed [1,d,4g,4g]. Masks follow from the last three by {@link emitMaskHead}.
 */
export function emitGrounding(g: GraphBuilder, config: Sam3Config, options: GroundingOptions): void {
  const { d } = config;
  const grid = gridOf(config);
  const fine = g.input('fpn0', [1, d, 4 * grid, 4 * grid]);
  const middle = g.input('fpn1', [1, d, 2 * grid, 2 * grid]);
  const coarse = g.input('fpn2', [1, d, grid, grid]);
  const prompt = g.input('prompt', [1, 'L', d]);
  const position = imageCode(g, config);
  let memory = toTokens(g, coarse);
  for (let i = 0; i < config.encoderLayers; i++) {
    const inputs = { position, keys: prompt, values: prompt };
    memory = crossLayer(g, config, `${DETECTOR}.detr_encoder.layers.${i}`, memory, inputs, options);
  }
  const keys = add(g, memory, position);
  const { queries, boxes, presence } = detrDecoder(g, config, { memory, keys, prompt }, options);
  g.output('logits', cast(g, scores(g, config, queries, prompt), 'f32'));
  g.output('presence', presence);
  g.output('boxes', boxes);
  maskQueries(g, config, queries);
  const pixels = pixelEmbedding(g, config, memory, prompt, [middle, fine], options);
  g.output('pixel_embed', pixels);
  if (!options.probes) return;
  g.output('encoder_memory', memory);
  g.output('semantic', conv2dAt(g, pixels, `${MASKS}.semantic_projection`));
}

/** Product of the queries with the pooled prompt, clamped to ±12 (spec/sam3.md 2.7); -> [1,Q,1]. */
function scores(g: GraphBuilder, config: Sam3Config, queries: Value, prompt: Value): Value {
  const mixed = add(g, mlp(g, prompt, layered(`${SCORING}.text_mlp`, 2)), prompt);
  const normed = layerNorm(g, mixed, `${SCORING}.text_mlp_out_norm`);
  const mean = g.op('ReduceMean', [normed, g.integers([1])], [1, 1, config.d], { keepdims: { int: 1 } });
  const text = transpose(g, linearAt(g, mean, `${SCORING}.text_proj`), [0, 2, 1]);
  const product = matmul(g, linearAt(g, queries, `${SCORING}.query_proj`), text);
  const scaled = mul(g, product, g.scalar(1 / Math.sqrt(config.d)));
  return g.op('Clip', [scaled, g.scalar(-12), g.scalar(12)], scaled.dims);
}

/** The mask embeddings with the 1×1 instance projection folded in (spec/sam3.md 6.2-7). */
function maskQueries(g: GraphBuilder, { d }: Sam3Config, queries: Value): void {
  const embedded = mlp(
    g,
    queries,
    [0, 1, 2].map((i) => `${MASKS}.mask_embedder.layers.${i}`),
  );
  const weight = shaped(g, `${MASKS}.instance_projection.weight`, [1, d, d]);
  const bias = shaped(g, `${MASKS}.instance_projection.bias`, [1, d, 1]);
  g.output('mask_queries', matmul(g, embedded, weight));
  g.output('mask_query_bias', matmul(g, embedded, bias));
}

/** Pixel decoder: prompt cross-attention, then two nearest ×2 stages with the finer maps; -> [1,d,4g,4g]. */
function pixelEmbedding(
  g: GraphBuilder,
  config: Sam3Config,
  memory: Value,
  prompt: Value,
  levels: readonly [Value, Value],
  emission: Sam3Emission,
): Value {
  const grid = gridOf(config);
  const query = layerNorm(g, memory, `${MASKS}.prompt_cross_attn_norm`);
  const options = { ...emission, heads: config.heads, ...chunkOf(config, grid * grid) };
  const attended = mha(g, `${MASKS}.prompt_cross_attn`, query, prompt, prompt, options);
  let y = toMap(g, add(g, memory, attended), grid, grid);
  levels.forEach((level, i) => {
    const [height, width] = level.dims.slice(2) as [number, number];
    const sum = add(g, level, resizeNearest(g, y, height, width));
    const convolved = conv2dAt(g, sum, `${MASKS}.pixel_decoder.conv_layers.${i}`);
    y = relu(g, groupNorm(g, convolved, `${MASKS}.pixel_decoder.norms.${i}`, 1e-5, 8));
  });
  return y;
}

/** Masks of K chosen queries: q [1,K,d], qb [1,K,1], pixel_embed [1,d,4g,4g] -> masks [1,K,16g²] logits, fp32. */
export function emitMaskHead(g: GraphBuilder, config: Sam3Config): void {
  const side = 4 * gridOf(config);
  const q = g.input('q', [1, 'K', config.d]);
  const bias = g.input('qb', [1, 'K', 1]);
  const pixels = reshape(g, g.input('pixel_embed', [1, config.d, side, side]), [1, config.d, side * side]);
  g.output('masks', cast(g, add(g, matmul(g, q, pixels), bias), 'f32'));
}
