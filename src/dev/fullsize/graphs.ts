import { clipTextGraph, type ClipTextOutput } from '#models/clip/text.ts';
import { clipVisionGraph } from '#models/clip/vision.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { readIpAdapterConfig } from '#models/ip-adapter/config.ts';
import { imageProjectionGraph } from '#models/ip-adapter/image-projection.ts';
import { imageAttention } from '#models/ip-adapter/layers.ts';
import { DETECTOR_GRAPHS, sam3Graph, TRACKER_GRAPHS } from '#models/sam3/graphs.ts';
import { unetConditioningGraph, unetStepGraph } from '#models/sdxl/unet.ts';
import { readUnetConfig } from '#models/sdxl/unet-config.ts';
import { vaeConfig, vaeDecoderGraph, vaeEncoderGraph } from '#models/sdxl/vae.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { vaeWeights } from '#inference/codec-models.ts';
import { ipAdapterWeights, unetWeights } from '#inference/denoiser-weights.ts';
import { findTextTowers, type TextTower } from '#inference/prompts-towers.ts';
import type { EmissionOptions } from '#inference/runtime.ts';
import { sam3Model } from '#inference/segmenter-model.ts';
import { findVisionTower } from '#inference/vision.ts';
import { mergedWeights, type WeightSource } from '#inference/weights.ts';

/** One network of the product over a full-size file. */
export interface FullsizeNetwork {
  readonly graph: EmittedGraph;
  readonly weights: WeightSource;
}

/** The files of one image model, opened. */
export interface ImageModelFiles {
  readonly checkpoint: SafetensorsFile;
  readonly ipAdapter: SafetensorsFile;
  readonly clipVision: SafetensorsFile;
}

/** What is resident together: phases follow each other, each released before the next (spec/onnxruntime-web.md §9). */
export type ImagePhase = 'text encoders' | 'image anchor' | 'conditioning' | 'UNet step' | 'VAE';

export const IMAGE_PHASES: readonly ImagePhase[] = [
  'text encoders',
  'image anchor',
  'conditioning',
  'UNet step',
  'VAE',
];

/** One prompt chunk. */
const TOKENS = 77;
/** Sides of a VAE tile. */
const TILE = { pixels: 512, latents: 64 };

/** The networks of a phase. `latents` is the side of the UNet's square latent. */
export function imageNetworks(
  phase: ImagePhase,
  files: ImageModelFiles,
  emission: EmissionOptions,
  latents: number,
): FullsizeNetwork[] {
  switch (phase) {
    case 'text encoders':
      return textNetworks(files, emission);
    case 'image anchor':
      return anchorNetworks(files, emission);
    case 'conditioning':
      return [unetNetworks(files, emission, latents).conditioning];
    case 'UNet step':
      return [unetNetworks(files, emission, latents).step];
    case 'VAE':
      return vaeNetworks(files);
  }
}

function textNetworks({ checkpoint }: ImageModelFiles, emission: EmissionOptions): FullsizeNetwork[] {
  const { l, g } = findTextTowers([checkpoint]);
  const network = ({ weights, config }: TextTower, outputs: readonly ClipTextOutput[]): FullsizeNetwork => ({
    graph: clipTextGraph(weights.shapes, config, { ...emission, outputs }),
    weights,
  });
  return [network(l, ['penultimate']), network(g, ['penultimate', 'pooled'])];
}

function anchorNetworks({ clipVision, ipAdapter }: ImageModelFiles, emission: EmissionOptions) {
  const vision = findVisionTower(clipVision);
  const weights = ipAdapterWeights(ipAdapter);
  const config = readIpAdapterConfig(weights.shapes);
  return [
    {
      graph: clipVisionGraph(vision.weights.shapes, vision.config, { ...emission, outputs: ['penultimate'] }),
      weights: vision.weights,
    },
    {
      graph: imageProjectionGraph(weights.shapes, config, {
        ...emission,
        visionTokens: vision.config.tokens,
      }),
      weights,
    },
  ];
}

function unetNetworks(
  { checkpoint, ipAdapter }: ImageModelFiles,
  emission: EmissionOptions,
  latents: number,
): { readonly conditioning: FullsizeNetwork; readonly step: FullsizeNetwork } {
  const adapter = ipAdapterWeights(ipAdapter);
  const weights = mergedWeights([unetWeights(checkpoint), adapter]);
  const config = readUnetConfig(weights.shapes);
  const image = imageAttention(config, readIpAdapterConfig(adapter.shapes).tokens);
  const options = { ...emission, tokens: TOKENS, image };
  const size = { height: latents, width: latents };
  return {
    conditioning: { graph: unetConditioningGraph(weights.shapes, config, options), weights },
    step: { graph: unetStepGraph(weights.shapes, config, { ...size, ...options }), weights },
  };
}

/** In 32 bit, which SDXL's VAE needs (spec/sdxl.md B.2). */
function vaeNetworks({ checkpoint }: ImageModelFiles): FullsizeNetwork[] {
  const weights = vaeWeights(checkpoint);
  if (!weights) throw new Error('the full-size checkpoint has no VAE');
  const config = vaeConfig(weights.shapes);
  const sides = (side: number) => ({ height: side, width: side });
  return [
    {
      graph: vaeEncoderGraph(weights.shapes, config, { ...sides(TILE.pixels), outputs: ['mean'] }),
      weights,
    },
    { graph: vaeDecoderGraph(weights.shapes, config, sides(TILE.latents)), weights },
  ];
}

/** Every SAM 3 graph, detector and interactive. */
export function sam3Networks(
  file: SafetensorsFile,
  { attention, dtype }: EmissionOptions,
): FullsizeNetwork[] {
  const { weights, config } = sam3Model(file);
  return [...DETECTOR_GRAPHS, ...TRACKER_GRAPHS].map((name) => ({
    graph: sam3Graph(name, weights.shapes, config, { attention, dtype }),
    weights,
  }));
}
