import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { ShapeTable } from '../graph/weight-recipe.ts';

/** Sizes of a SAM 3 model (spec/sam3.md 1.1). `d` is the detector's width, 256 in the real model. */
export interface Sam3Config {
  /** Side of the square network input in pixels. */
  readonly imageSize: number;
  readonly patch: number;
  /** Side of an attention window in tokens; also of the position table. */
  readonly window: number;
  readonly vitWidth: number;
  readonly vitDepth: number;
  readonly vitHeads: number;
  readonly vitMlp: number;
  /** Blocks with global attention, 0-based. */
  readonly globalBlocks: readonly number[];
  readonly d: number;
  /** Heads of every attention outside the ViT and the text encoder. */
  readonly heads: number;
  readonly ffn: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  readonly queries: number;
  readonly geometryLayers: number;
  /** Side of the pooled box feature. */
  readonly roi: number;
  readonly textWidth: number;
  readonly textMlp: number;
  readonly textLayers: number;
  readonly textHeads: number;
  readonly context: number;
  readonly vocabulary: number;
  /** The interactive predictor's part of the file, or null where the file has none. */
  readonly tracker: {
    readonly mlp: number;
    readonly iouHidden: number;
    readonly iouSigmoid: boolean;
  } | null;
}

/** What shapes cannot tell; without it the real model's rules apply. */
export interface Sam3Overrides {
  readonly imageSize?: number;
  readonly vitHeads?: number;
  readonly globalBlocks?: readonly number[];
  readonly heads?: number;
  readonly textHeads?: number;
}

/** Tokens per axis of the image. */
export const gridOf = ({ imageSize, patch }: Sam3Config): number => imageSize / patch;

const HEAD_DIM = 64;
const GLOBAL_BLOCKS = 4;
const DETECTOR_HEADS = 8;
const WINDOWS_PER_AXIS = 3;

/**
 * Recovers the configuration from canonical (transformers) names and shapes. Heads, global blocks and the image size
 * are not in the shapes: 64-wide heads, a global block at the end of each quarter, 3·window·patch pixels.
 * @throws AppError `model-corrupt` when a tensor that defines a size is absent or the sizes contradict each other.
 */
export function sam3Config(shapes: ShapeTable, overrides: Sam3Overrides = {}, iouSigmoid = true): Sam3Config {
  const read = new ShapeReader(shapes);
  const vit = 'detector_model.vision_encoder.backbone';
  const [vitWidth, patch] = read.pick(`${vit}.embeddings.patch_embeddings.projection.weight`, 0, 2);
  const [positions] = read.pick(`${vit}.embeddings.position_embeddings`, 1);
  const window = Math.sqrt(positions);
  const vitDepth = read.count(`${vit}.layers.#.layer_norm1.weight`);
  const [vitMlp] = read.pick(`${vit}.layers.0.mlp.fc1.weight`, 0);
  const config: Sam3Config = {
    imageSize: overrides.imageSize ?? WINDOWS_PER_AXIS * window * patch,
    patch,
    window,
    vitWidth,
    vitDepth,
    vitHeads: overrides.vitHeads ?? Math.max(1, vitWidth / HEAD_DIM),
    vitMlp,
    globalBlocks: overrides.globalBlocks ?? quarters(vitDepth),
    heads: overrides.heads ?? DETECTOR_HEADS,
    ...detectorSizes(read),
    ...textSizes(read, overrides),
    tracker: trackerSizes(read, iouSigmoid),
  };
  check(config);
  return config;
}

function detectorSizes(read: ShapeReader) {
  const [queries, d] = read.pick('detector_model.detr_decoder.query_embed.weight', 0, 1);
  const [ffn] = read.pick('detector_model.detr_encoder.layers.0.mlp.fc1.weight', 0);
  const [roi] = read.pick('detector_model.geometry_encoder.boxes_pool_project.weight', 2);
  return {
    d,
    queries,
    ffn,
    roi,
    encoderLayers: read.count('detector_model.detr_encoder.layers.#.layer_norm1.weight'),
    decoderLayers: read.count('detector_model.detr_decoder.layers.#.mlp_layer_norm.weight'),
    geometryLayers: read.count('detector_model.geometry_encoder.layers.#.layer_norm1.weight'),
  };
}

function textSizes(read: ShapeReader, overrides: Sam3Overrides) {
  const text = 'detector_model.text_encoder.text_model';
  const [vocabulary, textWidth] = read.pick(`${text}.embeddings.token_embedding.weight`, 0, 1);
  const [context] = read.pick(`${text}.embeddings.position_embedding.weight`, 0);
  const [textMlp] = read.pick(`${text}.encoder.layers.0.mlp.fc1.weight`, 0);
  const textLayers = read.count(`${text}.encoder.layers.#.layer_norm1.weight`);
  const textHeads = overrides.textHeads ?? Math.max(1, textWidth / HEAD_DIM);
  return { vocabulary, textWidth, context, textMlp, textLayers, textHeads };
}

function trackerSizes(read: ShapeReader, iouSigmoid: boolean): Sam3Config['tracker'] {
  const head = 'tracker_model.mask_decoder.iou_prediction_head.proj_in.weight';
  if (!read.has(head) || !read.has('tracker_neck.fpn_layers.0.proj2.weight')) return null;
  const [iouHidden] = read.pick(head, 0);
  const [mlp] = read.pick('tracker_model.mask_decoder.transformer.layers.0.mlp.proj_in.weight', 0);
  return { mlp, iouHidden, iouSigmoid };
}

/** Last block of each quarter: 7, 15, 23, 31 of 32. */
function quarters(depth: number): number[] {
  const step = Math.max(1, depth / GLOBAL_BLOCKS);
  return Array.from({ length: Math.min(depth, GLOBAL_BLOCKS) }, (_, i) => Math.round((i + 1) * step) - 1);
}

function check(config: Sam3Config): void {
  const { vitWidth, vitHeads, textWidth, textHeads, d, heads, window, globalBlocks, vitDepth } = config;
  const grid = gridOf(config);
  const fail = (what: Sentence): never => {
    throw new AppError('model-corrupt', sentence`The SAM 3 model's sizes do not fit together: ${what}.`);
  };
  if (!Number.isInteger(window)) fail(sentence`its position table is not square`);
  if (!Number.isInteger(grid) || grid % window !== 0)
    fail(
      sentence`${config.imageSize} px in patches of ${config.patch} is no multiple of its ${window}-token windows`,
    );
  if (!Number.isInteger(vitWidth / vitHeads) || (vitWidth / vitHeads) % 4 !== 0)
    fail(sentence`an image width of ${vitWidth} does not divide into ${vitHeads} heads`);
  if (!Number.isInteger(textWidth / textHeads))
    fail(sentence`a text width of ${textWidth} does not divide into ${textHeads} heads`);
  if (d % 8 !== 0 || d % heads !== 0) fail(sentence`a width of ${d} does not divide into ${heads} heads`);
  if (globalBlocks.some((block) => !Number.isInteger(block) || block < 0 || block >= vitDepth))
    fail(sentence`global attention in block ${globalBlocks.join(', ')} of ${vitDepth}`);
}

class ShapeReader {
  readonly #shapes: ShapeTable;

  constructor(shapes: ShapeTable) {
    this.#shapes = shapes;
  }

  has(key: string): boolean {
    return this.#shapes.has(key);
  }

  pick(key: string, first: number): [number];
  pick(key: string, first: number, second: number): [number, number];
  pick(key: string, ...axes: number[]): number[] {
    const dims = this.#shapes.get(key);
    if (!dims)
      throw new AppError('model-corrupt', sentence`This is not a complete SAM 3 file: it has no "${key}".`);
    return axes.map((axis) => {
      const size = dims[axis];
      if (size !== undefined && size > 0) return size;
      throw new AppError(
        'model-corrupt',
        sentence`"${key}" has the shape [${dims.join(', ')}], not SAM 3's.`,
      );
    });
  }

  /** Number of consecutive layers # = 0, 1, … whose key exists. */
  count(pattern: string): number {
    let layers = 0;
    while (this.#shapes.has(pattern.replace('#', String(layers)))) layers++;
    if (layers === 0)
      throw new AppError(
        'model-corrupt',
        sentence`This is not a complete SAM 3 file: it has no "${pattern}".`,
      );
    return layers;
  }
}
