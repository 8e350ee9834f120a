import type { GraphBuilder, Value } from '../graph/builder.ts';
import {
  add,
  concat,
  conv2dAt,
  convTranspose2x,
  gelu,
  layerNorm,
  matmul,
  reshape,
  sigmoid,
  slice,
  toMap,
  toTokens,
} from '../graph/ops.ts';
import { tensor } from '../graph/weight-recipe.ts';
import { gridOf, type Sam3Config } from './config.ts';
import { cast, concatFree, layerNorm2d, mha, mlp, shaped, TRACKER, type Sam3Emission } from './layers.ts';

const PROMPT = `${TRACKER}.prompt_encoder`;
const DECODER = `${TRACKER}.mask_decoder`;
const LAYERS = 2;
const MASK_TOKENS = 4;

/** Read by the host, which makes all point codes (spec/sam3.md 6.2-15). */
export const GAUSSIAN_MATRIX = `${PROMPT}.shared_embedding.positional_embedding`;

/** Inputs and extra outputs of the predictor's graph. */
export interface PvsOptions extends Sam3Emission {
  /** With a mask prompt, e.g. the previous answer's logits. */
  readonly maskInput: boolean;
  /** Also emit sparse [1,n,d] and dense [1,d,g,g], for goldens. */
  readonly probes?: boolean;
}

/**
 * Interactive predictor (spec/sam3.md 4): trk_fpn2 [1,d,g,g], trk_s0 [1,d/8,4g,4g], trk_s1 [1,d/4,2g,2g], image_pe
 * [1,g²,d], pe [1,n,d] (zero row for padding), label_onehot [1,n,5] (padding, negative, positive, top-left,
 * bottom-right), mask_input [1,1,4g,4g] -> all_masks [1,4,4g,4g] logits, all_iou [1,4], object_score [1,1], fp32.
 */
export function emitPvs(g: GraphBuilder, config: Sam3Config, options: PvsOptions): void {
  const { d } = config;
  const grid = gridOf(config);
  const features = g.input('trk_fpn2', [1, d, grid, grid]);
  const s0 = g.input('trk_s0', [1, d / 8, 4 * grid, 4 * grid]);
  const s1 = g.input('trk_s1', [1, d / 4, 2 * grid, 2 * grid]);
  const imageCode = g.input('image_pe', [1, grid * grid, d]);
  const sparse = sparseTokens(g, config);
  const dense = options.maskInput
    ? maskPrompt(g, config)
    : shaped(g, `${PROMPT}.no_mask_embed.weight`, [1, d, 1, 1]);
  if (options.probes) {
    g.output('sparse', sparse);
    g.output('dense', add(g, dense, g.constant(new Float32Array(grid * grid), [1, 1, grid, grid])));
  }
  const image = add(g, add(g, features, shaped(g, `${TRACKER}.no_memory_embedding`, [1, d, 1, 1])), dense);
  const learned = [
    shaped(g, `${DECODER}.obj_score_token.weight`, [1, 1, d]),
    shaped(g, `${DECODER}.iou_token.weight`, [1, 1, d]),
    shaped(g, `${DECODER}.mask_tokens.weight`, [1, MASK_TOKENS, d]),
  ];
  const tokens = concatFree(g, [...learned, sparse], 1, 'T');
  const { queries, keys } = twoWay(g, config, tokens, toTokens(g, image), imageCode, options);
  const pixels = upscaled(g, toMap(g, keys, grid, grid), s0, s1);
  heads(g, config, queries, pixels);
}

/** Label embeddings plus point codes; the padding token has only its embedding. -> [1,n,d]. */
function sparseTokens(g: GraphBuilder, { d }: Sam3Config): Value {
  const table = g.weight({
    kind: 'reshape',
    of: {
      kind: 'concat-rows',
      of: [tensor(`${PROMPT}.not_a_point_embed.weight`), tensor(`${PROMPT}.point_embed.weight`)],
    },
    dims: [1, 5, d],
  });
  const labels = g.input('label_onehot', [1, 'n', 5]);
  return add(g, g.input('pe', [1, 'n', d]), matmul(g, labels, table));
}

/** mask_input [1,1,4g,4g] -> [1,d,g,g]. */
function maskPrompt(g: GraphBuilder, config: Sam3Config): Value {
  const side = 4 * gridOf(config);
  const at = `${PROMPT}.mask_embed`;
  const half = { stride: 2, pads: [0, 0, 0, 0] as const };
  let x = g.input('mask_input', [1, 1, side, side]);
  x = gelu(g, layerNorm2d(g, conv2dAt(g, x, `${at}.conv1`, half), `${at}.layer_norm1`));
  x = gelu(g, layerNorm2d(g, conv2dAt(g, x, `${at}.conv2`, half), `${at}.layer_norm2`));
  return conv2dAt(g, x, `${at}.conv3`);
}

/** Two-way transformer (spec/sam3.md 4.3); tokens [1,T,d], image [1,g²,d]. */
function twoWay(
  g: GraphBuilder,
  config: Sam3Config,
  tokens: Value,
  image: Value,
  imageCode: Value,
  emission: Sam3Emission,
): { queries: Value; keys: Value } {
  const options = { attention: emission.attention, heads: config.heads };
  let q = tokens;
  let k = image;
  for (let i = 0; i < LAYERS; i++) {
    const prefix = `${DECODER}.transformer.layers.${i}`;
    const norm = (x: Value, index: number) => layerNorm(g, x, `${prefix}.layer_norm${index}`);
    const placed = i === 0 ? q : add(g, q, tokens);
    const mixed = mha(g, `${prefix}.self_attn`, placed, placed, q, options);
    q = norm(i === 0 ? mixed : add(g, q, mixed), 1);
    const looked = mha(
      g,
      `${prefix}.cross_attn_token_to_image`,
      add(g, q, tokens),
      add(g, k, imageCode),
      k,
      options,
    );
    q = norm(add(g, q, looked), 2);
    q = norm(add(g, q, mlp(g, q, [`${prefix}.mlp.proj_in`, `${prefix}.mlp.proj_out`])), 3);
    const told = mha(
      g,
      `${prefix}.cross_attn_image_to_token`,
      add(g, k, imageCode),
      add(g, q, tokens),
      q,
      options,
    );
    k = norm(add(g, k, told), 4);
  }
  const at = `${DECODER}.transformer`;
  const last = mha(g, `${at}.final_attn_token_to_image`, add(g, q, tokens), add(g, k, imageCode), k, options);
  return { queries: layerNorm(g, add(g, q, last), `${at}.layer_norm_final_attn`), keys: k };
}

/** [1,d,g,g] -> [1,d/8,4g,4g] with the fine features added on the way. */
function upscaled(g: GraphBuilder, map: Value, s0: Value, s1: Value): Value {
  const middle = add(g, convTranspose2x(g, map, `${DECODER}.upscale_conv1`), s1);
  const normed = gelu(g, layerNorm2d(g, middle, `${DECODER}.upscale_layer_norm`));
  return gelu(g, add(g, convTranspose2x(g, normed, `${DECODER}.upscale_conv2`), s0));
}

function heads(g: GraphBuilder, config: Sam3Config, queries: Value, pixels: Value): void {
  const threeLayers = (prefix: string) =>
    ['proj_in', 'layers.0', 'proj_out'].map((name) => `${prefix}.${name}`);
  const token = (index: number) => slice(g, queries, 1, index, index + 1);
  const weights = Array.from({ length: MASK_TOKENS }, (_, j) =>
    mlp(g, token(2 + j), threeLayers(`${DECODER}.output_hypernetworks_mlps.${j}`)),
  );
  const [, channels, height, width] = pixels.dims as [number, number, number, number];
  const flat = reshape(g, pixels, [1, channels, height * width]);
  const masks = reshape(g, matmul(g, concat(g, weights, 1), flat), [1, MASK_TOKENS, height, width]);
  g.output('all_masks', cast(g, masks, 'f32'));
  const iou = mlp(g, token(1), threeLayers(`${DECODER}.iou_prediction_head`));
  const bounded = config.tracker?.iouSigmoid === false ? iou : sigmoid(g, iou);
  g.output('all_iou', cast(g, reshape(g, bounded, [1, MASK_TOKENS]), 'f32'));
  const score = mlp(g, token(0), threeLayers(`${DECODER}.pred_obj_score_head`));
  g.output('object_score', cast(g, reshape(g, score, [1, 1]), 'f32'));
}
