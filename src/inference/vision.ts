import { clipVisionConfig, type ClipOverrides, type ClipVisionConfig } from '#models/clip/config.ts';
import { clipView, findClipTowers } from '#models/clip/naming.ts';
import { clipVisionGraph, type ClipVisionOutput } from '#models/clip/vision.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { lunaConfig, lunaNumber } from './luna-config.ts';
import type { Network, NetworkRuntime } from './runtime.ts';
import { fileWeights, type WeightSource } from './weights.ts';

/** A CLIP vision tower ready to be emitted: weights under canonical names and what they mean. */
export interface VisionTower {
  readonly weights: WeightSource;
  readonly config: ClipVisionConfig;
}

/**
 * The vision tower of a file in Hugging Face or OpenCLIP naming.
 * @throws AppError `model-corrupt` when the file has none.
 */
export function findVisionTower(file: SafetensorsFile): VisionTower {
  const shapes = file.shapes;
  const tower = findClipTowers(shapes).find(({ modality }) => modality === 'vision');
  if (!tower)
    throw new AppError(
      'model-corrupt',
      sentence`"${file.source.name}" holds no CLIP vision encoder. Image anchors need one, such as CLIP ViT-H/14.`,
    );
  const heads = lunaNumber(lunaConfig(file), 'heads');
  return visionTower(fileWeights(file, clipView(shapes, tower)), heads === undefined ? {} : { heads });
}

/** A tower over weights that already carry canonical names. */
export function visionTower(weights: WeightSource, overrides: ClipOverrides = {}): VisionTower {
  return { weights, config: clipVisionConfig(weights.shapes, overrides) };
}

/** Loads the tower with one output; input `pixel_values` [N,3,S,S]. */
export function loadVision(
  runtime: NetworkRuntime,
  family: string,
  { weights, config }: VisionTower,
  output: ClipVisionOutput,
): Promise<Network> {
  const graph = clipVisionGraph(weights.shapes, config, { ...runtime.emission, outputs: [output] });
  return runtime.load(family, graph, weights);
}
