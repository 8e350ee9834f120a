import type { GraphBuilder, Value } from '../graph/builder.ts';
import {
  add,
  concat,
  layerNorm,
  matmul,
  mul,
  relu,
  reshape,
  sigmoid,
  slice,
  split,
  sub,
  transpose,
} from '../graph/ops.ts';
import { tensor, type WeightRecipe } from '../graph/weight-recipe.ts';
import { gridOf, type Sam3Config } from './config.ts';
import { cast, DETECTOR, layered, mha, mlp, shaped, withZeroRow, type Sam3Emission } from './layers.ts';
import { sineFrequencies } from './tables.ts';

const DECODER = `${DETECTOR}.detr_decoder`;

/** What the detector's decoder says of its Q queries. */
export interface DecoderResult {
  /** Normed queries of the last layer [1,Q,d]. */
  readonly queries: Value;
  /** Refined boxes [1,Q,4] as cx, cy, w, h in 0…1, fp32. */
  readonly boxes: Value;
  /** Presence logit [1,1], fp32. */
  readonly presence: Value;
}

/** DETR decoder (spec/sam3.md 2.6) over memory [1,g²,d], keys = memory + POS and the prompt [1,L,d]. */
export function detrDecoder(
  g: GraphBuilder,
  config: Sam3Config,
  { memory, keys, prompt }: { memory: Value; keys: Value; prompt: Value },
  emission: Sam3Emission,
): DecoderResult {
  const { queries: count, d } = config;
  const learned = shaped(g, `${DECODER}.query_embed.weight`, [1, count, d]);
  let state = concat(g, [shaped(g, `${DECODER}.presence_token.weight`, [1, 1, d]), learned], 1);
  let boxes = sigmoid(g, shaped(g, `${DECODER}.reference_points.weight`, [1, count, 4], 'f32'));
  let normed = state;
  for (let i = 0; i < config.decoderLayers; i++) {
    const place = withZeroRow(g, queryPositions(g, config, boxes));
    const bias = cast(g, boxBias(g, config, boxes), g.dtype);
    state = layer(
      g,
      config,
      `${DECODER}.layers.${i}`,
      { state, place, bias, memory, keys, prompt },
      emission,
    );
    normed = layerNorm(g, slice(g, state, 1, 1, count + 1), `${DECODER}.output_layer_norm`);
    boxes = refined(g, boxes, mlp(g, normed, layered(`${DECODER}.box_head`, 3)));
  }
  const token = layerNorm(g, slice(g, state, 1, 0, 1), `${DECODER}.presence_layer_norm`);
  const presence = mlp(g, token, layered(`${DECODER}.presence_head`, 3));
  return { queries: normed, boxes, presence: cast(g, reshape(g, presence, [1, 1]), 'f32') };
}

interface LayerInputs {
  readonly state: Value;
  readonly place: Value;
  readonly bias: Value;
  readonly memory: Value;
  readonly keys: Value;
  readonly prompt: Value;
}

/** Post-norm layer; state [1,1+Q,d] with the presence token first. */
function layer(
  g: GraphBuilder,
  config: Sam3Config,
  prefix: string,
  { state, place, bias, memory, keys, prompt }: LayerInputs,
  emission: Sam3Emission,
): Value {
  const options = { ...emission, heads: config.heads };
  const placed = add(g, state, place);
  const step = (x: Value, update: Value, name: string) =>
    layerNorm(g, add(g, x, update), `${prefix}.${name}_layer_norm`);
  let h = step(state, mha(g, `${prefix}.self_attn`, placed, placed, state, options), 'self_attn');
  const text = mha(g, `${prefix}.text_cross_attn`, add(g, h, place), prompt, prompt, options);
  h = step(h, text, 'text_cross_attn');
  const look = mha(g, `${prefix}.vision_cross_attn`, add(g, h, place), keys, memory, { ...options, bias });
  h = step(h, look, 'vision_cross_attn');
  return step(h, mlp(g, h, [`${prefix}.mlp.fc1`, `${prefix}.mlp.fc2`]), 'mlp');
}

/** Position code of the boxes through `ref_point_head`; boxes [1,Q,4] -> [1,Q,d]. */
function queryPositions(g: GraphBuilder, config: Sam3Config, boxes: Value): Value {
  const { queries: count, d } = config;
  const [cx, cy, w, h] = split(g, boxes, 2, 4) as [Value, Value, Value, Value];
  const ordered = reshape(g, concat(g, [cy, cx, w, h], 2), [1, count, 4, 1]);
  const code = reshape(g, sineCode(g, ordered, d / 2), [1, count, 2 * d]);
  return mlp(g, cast(g, code, g.dtype), layered(`${DECODER}.ref_point_head`, 2));
}

/**
 * v [..,1] in 0…1 -> [..,channels/2,2] = sin, cos of 2πv/10000^(2j/channels), i.e. sin on even and cos on odd
 * channels once flattened. Computed at φ−π, because WGSL promises accuracy only inside ±π (spec/sam3.md 6.2-15).
 */
function sineCode(g: GraphBuilder, v: Value, channels: number): Value {
  const turns = sineFrequencies(channels).map((frequency) => 2 * Math.PI * frequency);
  const angle = mul(g, v, g.constant(turns, [turns.length], 'f32'));
  const centred = sub(g, angle, g.scalar(Math.PI, 'f32'));
  const dims = [...angle.dims, 1];
  const negated = (type: 'Sin' | 'Cos') =>
    reshape(g, g.op('Neg', [g.op(type, [centred], centred.dims)], centred.dims), dims);
  return concat(g, [negated('Sin'), negated('Cos')], dims.length - 1);
}

/** Relative position bias of boxes [1,Q,4] against the grid: [1,heads,1+Q,g²], zero for the presence token. */
function boxBias(g: GraphBuilder, config: Sam3Config, boxes: Value): Value {
  const { queries: count, heads } = config;
  const grid = gridOf(config);
  const [cx, cy, w, h] = split(g, boxes, 2, 4) as [Value, Value, Value, Value];
  const columns = axisBias(g, config, cx, w, 'box_rpb_embed_x');
  const rows = axisBias(g, config, cy, h, 'box_rpb_embed_y');
  const sum = add(g, reshape(g, rows, [heads, count, grid, 1]), reshape(g, columns, [heads, count, 1, grid]));
  const flat = reshape(g, sum, [1, heads, count, grid * grid]);
  const presence = g.constant(new Float32Array(heads * grid * grid), [1, heads, 1, grid * grid], 'f32');
  return concat(g, [presence, flat], 2);
}

/** One axis: MLP of the log distances of every cell's left edge to the box's two edges; -> [heads,Q,g]. */
function axisBias(g: GraphBuilder, config: Sam3Config, centre: Value, extent: Value, name: string): Value {
  const { queries: count } = config;
  const grid = gridOf(config);
  const cells = g.constant(
    Array.from({ length: grid }, (_, i) => i / grid),
    [1, 1, grid],
    'f32',
  );
  const half = mul(g, extent, g.scalar(0.5, 'f32'));
  const distance = (edge: Value) => reshape(g, sub(g, cells, edge), [count, grid, 1]);
  const both = concat(g, [distance(sub(g, centre, half)), distance(add(g, centre, half))], 2);
  const hidden = relu(g, affine(g, signedLog(g, both), `${DECODER}.${name}.layer1`));
  return transpose(g, affine(g, hidden, `${DECODER}.${name}.layer2`), [2, 0, 1]);
}

/** Linear layer held in fp32 whatever the graph's type: the bias is small and its inputs are logarithms. */
function affine(g: GraphBuilder, x: Value, prefix: string): Value {
  const weight: WeightRecipe = { kind: 'transpose', of: tensor(`${prefix}.weight`), permutation: [1, 0] };
  return add(g, matmul(g, x, g.weight(weight, 'f32')), g.weight(`${prefix}.bias`, 'f32'));
}

/** sign(8δ)·log2(|8δ|+1)/3 without Sign, which is not on the WebGPU backend (spec/sam3.md 6.2-4). */
function signedLog(g: GraphBuilder, delta: Value): Value {
  const scaled = mul(g, delta, g.scalar(8, 'f32'));
  const one = g.scalar(1, 'f32');
  const log = (x: Value) => g.op('Log', [add(g, relu(g, x), one)], x.dims);
  const difference = sub(g, log(scaled), log(g.op('Neg', [scaled], scaled.dims)));
  return mul(g, difference, g.scalar(1 / (3 * Math.LN2), 'f32'));
}

/** sigmoid(update + logit(boxes)), with the logit's arguments held above 1e-3. */
function refined(g: GraphBuilder, boxes: Value, update: Value): Value {
  const one = g.scalar(1, 'f32');
  const log = (x: Value) => g.op('Log', [g.op('Clip', [x, g.scalar(1e-3, 'f32'), one], x.dims)], x.dims);
  const logit = sub(g, log(boxes), log(sub(g, one, boxes)));
  return sigmoid(g, add(g, cast(g, update, 'f32'), logit));
}
