import { MissingWeightError, type ShapeTable } from '../graph/weight-recipe.ts';

/** Of the MLPs: OpenAI's weights use quick_gelu (x·sigmoid(1.702x)), OpenCLIP's gelu. */
export type ClipActivation = 'gelu' | 'quick_gelu';

/** What the encoder layers of both modalities share. */
export interface ClipEncoderConfig {
  readonly width: number;
  readonly layers: number;
  readonly heads: number;
  readonly activation: ClipActivation;
}

/** A text tower, read from shapes. */
export interface ClipTextConfig extends ClipEncoderConfig {
  /** Positions of one chunk, 77 in every released model. */
  readonly context: number;
  readonly vocabulary: number;
  /** Width of the projected pooled vector; null when the file has no projection. */
  readonly projection: number | null;
}

/** A vision tower, read from shapes; `projection` is null where the file has none. */
export interface ClipVisionConfig extends ClipEncoderConfig {
  readonly patch: number;
  /** Side of the square input picture in pixels. */
  readonly image: number;
  /** Patches plus the class token. */
  readonly tokens: number;
  readonly projection: number | null;
}

/** What key names and shapes cannot say. */
export type ClipOverrides = Partial<Pick<ClipEncoderConfig, 'heads' | 'activation'>>;

/**
 * Config of a text tower from the shapes of its canonical tensors.
 * @param kind `l` (OpenAI: quick_gelu) or `g` (OpenCLIP: exact gelu); spec/sdxl.md C.1, C.2.
 */
export function clipTextConfig(
  shapes: ShapeTable,
  kind: 'l' | 'g',
  overrides: ClipOverrides = {},
): ClipTextConfig {
  const embeddings = 'text_model.embeddings';
  const [vocabulary, width] = dimsOf(shapes, `${embeddings}.token_embedding.weight`) as [number, number];
  const [context] = dimsOf(shapes, `${embeddings}.position_embedding.weight`) as [number];
  return {
    vocabulary,
    width,
    context,
    layers: countLayers(shapes, 'text_model'),
    heads: overrides.heads ?? headsByWidth(width),
    activation: overrides.activation ?? (kind === 'l' ? 'quick_gelu' : 'gelu'),
    projection: shapes.get('text_projection.weight')?.[0] ?? null,
  };
}

/** Vision towers whose heads are not 64 wide: ViT-H (80) and bigG (104), spec/sdxl.md D. */
const VISION_HEADS: Readonly<Record<number, number>> = { 1280: 16, 1664: 16 };

/** OpenAI's own towers (ViT-L/14: 24 layers of width 1024) use quick_gelu, OpenCLIP's the exact form. */
function visionActivation(width: number, layers: number): ClipActivation {
  return width === 1024 && layers === 24 ? 'quick_gelu' : 'gelu';
}

/** Config of a vision tower from the shapes of its canonical tensors (spec/sdxl.md D). */
export function clipVisionConfig(shapes: ShapeTable, overrides: ClipOverrides = {}): ClipVisionConfig {
  const embeddings = 'vision_model.embeddings';
  const [width, , patch] = dimsOf(shapes, `${embeddings}.patch_embedding.weight`) as [number, number, number];
  const [tokens] = dimsOf(shapes, `${embeddings}.position_embedding.weight`) as [number];
  const layers = countLayers(shapes, 'vision_model');
  return {
    width,
    layers,
    patch,
    tokens,
    image: Math.round(Math.sqrt(tokens - 1)) * patch,
    heads: overrides.heads ?? VISION_HEADS[width] ?? headsByWidth(width),
    activation: overrides.activation ?? visionActivation(width, layers),
    projection: shapes.get('visual_projection.weight')?.[0] ?? null,
  };
}

/** Text towers and most others have heads of 64 channels. */
function headsByWidth(width: number): number {
  return Math.max(1, Math.round(width / 64));
}

function countLayers(shapes: ShapeTable, model: string): number {
  let layers = 0;
  while (shapes.has(`${model}.encoder.layers.${layers}.layer_norm1.weight`)) layers++;
  if (layers === 0) throw new MissingWeightError(`${model}.encoder.layers.0.layer_norm1.weight`, 'CLIP');
  return layers;
}

function dimsOf(shapes: ShapeTable, key: string): readonly number[] {
  const dims = shapes.get(key);
  if (!dims) throw new MissingWeightError(key, 'CLIP');
  return dims;
}
