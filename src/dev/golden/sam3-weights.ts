import { sam3KeyShapes } from '#models/sam3/key-table.ts';
import type { Sam3Config } from '#models/sam3/config.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { Sam3Model } from '#inference/segmenter-model.ts';
import { rowsOfWhole } from '#inference/weights.ts';
import { GoldenError } from './types.ts';

/** Values in [−1,1) that any language reproduces bit for bit: a hash of the key and the flat index (spec/sam3.md 7.3). */
function* uniform(key: string, count: number): Generator<number> {
  let hash = 0x811c9dc5;
  for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
  for (let i = 0; i < count; i++) {
    let z = Math.imul(i, 0x9e3779b1) ^ hash;
    z = Math.imul(z ^ (z >>> 16), 0x85ebca6b);
    z = Math.imul(z ^ (z >>> 13), 0xc2b2ae35);
    z ^= z >>> 16;
    yield (z >>> 8) / 2 ** 23 - 1;
  }
}

const EMBEDDINGS = [
  'position_embeddings',
  'position_embedding.',
  'token_embedding.',
  'label_embed.',
  'cls_embed.',
  'query_embed.',
  'reference_points.',
  'presence_token.',
  'point_embed.',
  'no_mask_embed.',
  'iou_token.',
  'mask_tokens.',
  'obj_score_token.',
  'no_memory_',
  'no_object_pointer',
  'occlusion_',
  'memory_temporal_',
];

/** Base and amplitude of a key's values; the tests apply in this order. */
function spread(key: string, dims: readonly number[]): { base: number; amplitude: number } {
  if (key.endsWith('positional_embedding')) return { base: 0, amplitude: 1.75 };
  if (EMBEDDINGS.some((part) => key.includes(part))) return { base: 0, amplitude: 1 };
  if (key.endsWith('.scale')) return { base: 0.3, amplitude: 0.15 };
  if (dims.length === 1)
    return key.endsWith('.weight') ? { base: 1, amplitude: 0.25 } : { base: 0, amplitude: 0.1 };
  const transposed = key.includes('scale_layers') || key.includes('upscale_conv');
  const fan = transposed ? (dims[0] as number) : dims.slice(1).reduce((product, dim) => product * dim, 1);
  return { base: 0, amplitude: Math.sqrt(3 / fan) * (key.includes('box_head.layer3') ? 0.5 : 1) };
}

/** One weight of the golden models, by its transformers name. */
export function ruleTensor(key: string, dims: readonly number[]): FloatTensor {
  const { base, amplitude } = spread(key, dims);
  const result = floatTensor(dims);
  let i = 0;
  for (const u of uniform(key, result.data.length)) result.data[i++] = base + amplitude * u;
  return result;
}

/** The golden input picture, in the network's range. */
export function ruleImage(sizePx: number): FloatTensor {
  const result = floatTensor([1, 3, sizePx, sizePx]);
  let i = 0;
  for (const u of uniform('pixel_values', result.data.length)) result.data[i++] = u;
  return result;
}

/** A golden folder's model made from its config.json alone. */
export function ruleModel(settings: Readonly<Record<string, unknown>>): Sam3Model {
  const config = configOf(settings);
  const shapes = sam3KeyShapes(config);
  const float = (key: string) => Promise.resolve(ruleTensor(key, shapes.get(key) ?? []));
  const weights = { name: 'weights by rule', shapes, float, rows: rowsOfWhole({ float }) };
  return { config, weights: { ...weights, stored: () => Promise.resolve(null) } };
}

/** Sizes that the reference code fixes, whatever the configuration (spec/sam3.md 7.1). */
const TRACKER = { mlp: 2048, iouHidden: 256, iouSigmoid: true };

function configOf(settings: Readonly<Record<string, unknown>>): Sam3Config {
  const size = (key: string): number => {
    const value = settings[key];
    if (typeof value !== 'number') throw new GoldenError(`config.json has no number "${key}".`);
    return value;
  };
  const blocks = settings['glob'];
  if (!Array.isArray(blocks)) throw new GoldenError('config.json has no list "glob".');
  return {
    imageSize: size('img'),
    patch: size('patch'),
    window: size('win'),
    vitWidth: size('width'),
    vitDepth: size('depth'),
    vitHeads: size('heads'),
    vitMlp: Math.trunc(size('width') * size('mlp_ratio')),
    globalBlocks: blocks.map(Number),
    d: size('d'),
    heads: size('nh'),
    ffn: size('ff'),
    encoderLayers: size('enc'),
    decoderLayers: size('dec'),
    queries: size('nq'),
    geometryLayers: size('geo'),
    roi: size('roi'),
    textWidth: size('tw'),
    textMlp: 4 * size('tw'),
    textLayers: size('tl'),
    textHeads: size('th'),
    context: size('ctx'),
    vocabulary: size('vocab'),
    tracker: TRACKER,
  };
}
