import type { GraphBuilder, Value } from '../graph/builder.ts';
import { attention } from '../graph/attention.ts';
import {
  add,
  concat,
  conv2d,
  conv2dAt,
  convTranspose2x,
  gelu,
  layerNorm,
  linear,
  linearAt,
  mul,
  reshape,
  split,
  sub,
  transpose,
} from '../graph/ops.ts';
import { tensor, type WeightRecipe } from '../graph/weight-recipe.ts';
import { gridOf, type Sam3Config } from './config.ts';
import { chunkOf, DETECTOR, TRACKER, type Sam3Emission } from './layers.ts';
import { evenThenOdd, ropeTable } from './tables.ts';

/** Which features the vision graph emits. */
export interface VisionOptions extends Sam3Emission {
  /** Also emit the interactive predictor's features trk_fpn2, trk_s0, trk_s1 (spec/sam3.md 4.1). */
  readonly tracker?: boolean;
  /** Which part of the detector's neck to emit; the predictor alone needs none of it. */
  readonly detector?: boolean;
}

const TRUNK = `${DETECTOR}.vision_encoder.backbone`;

/**
 * Image encoder (spec/sam3.md 2.1, 2.2, 6.4): pixel_values [1,3,S,S] in [−1,1] -> fpn0 [1,d,4g,4g],
 * fpn1 [1,d,2g,2g], fpn2 [1,d,g,g], and with `tracker` trk_s0 [1,d/8,4g,4g], trk_s1 [1,d/4,2g,2g], trk_fpn2 [1,d,g,g].
 */
export function emitVision(g: GraphBuilder, config: Sam3Config, options: VisionOptions): void {
  const pixels = g.input('pixel_values', [1, 3, config.imageSize, config.imageSize]);
  const map = trunk(g, config, pixels, options);
  if (options.detector !== false)
    neck(g, map, `${DETECTOR}.vision_encoder.neck`).forEach((level, i) => {
      g.output(`fpn${i}`, level);
    });
  if (!options.tracker) return;
  const [fine, middle, coarse] = neck(g, map, 'tracker_neck') as [Value, Value, Value];
  g.output('trk_s0', conv2dAt(g, fine, `${TRACKER}.mask_decoder.conv_s0`));
  g.output('trk_s1', conv2dAt(g, middle, `${TRACKER}.mask_decoder.conv_s1`));
  g.output('trk_fpn2', coarse);
}

/** Plain ViT on window-major tokens; pixels -> map [1,width,g,g]. No norm after the last block. */
function trunk(g: GraphBuilder, config: Sam3Config, pixels: Value, emission: Sam3Emission): Value {
  const { patch, window, vitWidth, vitDepth } = config;
  const windows = gridOf(config) / window;
  const patches = conv2d(g, pixels, `${TRUNK}.embeddings.patch_embeddings.projection.weight`, undefined, {
    stride: patch,
    pads: [0, 0, 0, 0],
  });
  const regrouped = transpose(
    g,
    reshape(g, patches, [vitWidth, windows, window, windows, window]),
    [1, 3, 2, 4, 0],
  );
  const tokens = reshape(g, regrouped, [windows ** 2, window ** 2, vitWidth]);
  const placed = add(g, tokens, g.weight(`${TRUNK}.embeddings.position_embeddings`));
  const rope = ropeConstants(g, config);
  let x = layerNorm(g, placed, `${TRUNK}.layer_norm`);
  for (let i = 0; i < vitDepth; i++) x = block(g, config, x, i, rope, emission);
  const grouped = reshape(g, x, [windows, windows, window, window, vitWidth]);
  return reshape(g, transpose(g, grouped, [4, 0, 2, 1, 3]), [1, vitWidth, gridOf(config), gridOf(config)]);
}

interface Rotation {
  /** [tokens,1,headDim/2]. */
  readonly cos: Value;
  readonly sin: Value;
}

function ropeConstants(g: GraphBuilder, config: Sam3Config): { local: Rotation; global: Rotation } {
  const headDim = config.vitWidth / config.vitHeads;
  const grid = gridOf(config);
  const constants = (windows: number, scale: number): Rotation => {
    const { cos, sin } = ropeTable(windows, config.window, headDim, scale);
    const dims = [(windows * config.window) ** 2, 1, headDim / 2];
    return { cos: g.constant(cos, dims), sin: g.constant(sin, dims) };
  };
  return { local: constants(1, 1), global: constants(grid / config.window, config.window / grid) };
}

/** One ViT block; x and result [windows²,window²,width]. */
function block(
  g: GraphBuilder,
  config: Sam3Config,
  x: Value,
  index: number,
  rope: { local: Rotation; global: Rotation },
  emission: Sam3Emission,
): Value {
  const prefix = `${TRUNK}.layers.${index}`;
  const whole = config.globalBlocks.includes(index);
  const normed = layerNorm(g, x, `${prefix}.layer_norm1`);
  const input = whole ? reshape(g, normed, [1, gridOf(config) ** 2, config.vitWidth]) : normed;
  const mixed = rotaryAttention(
    g,
    config,
    input,
    `${prefix}.attention`,
    whole ? rope.global : rope.local,
    emission,
  );
  const attended = add(g, x, whole ? reshape(g, mixed, x.dims) : mixed);
  const hidden = gelu(g, linearAt(g, layerNorm(g, attended, `${prefix}.layer_norm2`), `${prefix}.mlp.fc1`));
  return add(g, attended, linearAt(g, hidden, `${prefix}.mlp.fc2`));
}

/** Self-attention with rotary positions; the q and k rows are permuted so that a rotation needs no interleaving. */
function rotaryAttention(
  g: GraphBuilder,
  config: Sam3Config,
  x: Value,
  prefix: string,
  rotation: Rotation,
  emission: Sam3Emission,
): Value {
  const heads = config.vitHeads;
  const order = evenThenOdd(heads, config.vitWidth / heads);
  const permuted = (key: string): WeightRecipe => ({ kind: 'permute-rows', of: tensor(key), order });
  const turned = (name: string) => {
    const bias = `${prefix}.${name}.bias`;
    const projected = linear(
      g,
      x,
      permuted(`${prefix}.${name}.weight`),
      g.has(bias) ? permuted(bias) : undefined,
    );
    return rotate(g, projected, heads, rotation);
  };
  const mixed = attention(g, turned('q_proj'), turned('k_proj'), linearAt(g, x, `${prefix}.v_proj`), {
    heads,
    form: emission.attention,
    ...chunkOf(config, x.dims[1] as number),
  });
  return linearAt(g, mixed, `${prefix}.o_proj`);
}

/** (a,b) -> (a·cos − b·sin, a·sin + b·cos), a and b the halves of every head; x [n,T,heads·headDim]. */
function rotate(g: GraphBuilder, x: Value, heads: number, { cos, sin }: Rotation): Value {
  const [n, tokens, width] = x.dims as [number, number, number];
  const [a, b] = split(g, reshape(g, x, [n, tokens, heads, width / heads]), 3, 2) as [Value, Value];
  const first = sub(g, mul(g, a, cos), mul(g, b, sin));
  const second = add(g, mul(g, a, sin), mul(g, b, cos));
  return reshape(g, concat(g, [first, second], 3), x.dims);
}

/** The three used levels, fine to coarse; x [1,width,g,g]. The fourth is in the files but nothing reads it. */
function neck(g: GraphBuilder, x: Value, prefix: string): Value[] {
  return [0, 1, 2].map((level) => {
    const at = `${prefix}.fpn_layers.${level}`;
    let y = x;
    if (level < 2) y = convTranspose2x(g, y, `${at}.scale_layers.0`);
    if (level < 1) y = convTranspose2x(g, gelu(g, y), `${at}.scale_layers.2`);
    return conv2dAt(g, conv2dAt(g, y, `${at}.proj1`), `${at}.proj2`);
  });
}
