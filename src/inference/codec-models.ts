import { taesdConfig, taesdDecoderGraph, taesdEncoderGraph, taesdView } from '#models/sdxl/taesd.ts';
import {
  SDXL_LATENT_SCALE,
  vaeConfig,
  vaeDecoderGraph,
  vaeDownscale,
  vaeEncoderGraph,
} from '#models/sdxl/vae.ts';
import { vaeView } from '#models/sdxl/vae-naming.ts';
import { LATENT_PX } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { NetworkCodec } from './codec.ts';
import type { Affine } from './codec-tiles.ts';
import type { NetworkRuntime } from './runtime.ts';
import { fileWeights, mergedWeights, type WeightSource } from './weights.ts';

const UNCHANGED: Affine = { factor: 1, offset: 0 };

/** Tiles of the KL-VAE: 512 px keeps its largest tensor at 268 MB; 16 latents of overlap hide tile statistics (B.2). */
const VAE_TILING = { tilePx: 512, overlapPx: 128 };

/** How the autoencoder is run; what is left out is SDXL's. */
export interface VaeCodecOptions {
  /** `f16` only for a VAE its owner calls fp16-safe: stock SDXL weights overflow (spec/sdxl.md B.2). */
  readonly dtype?: 'f32' | 'f16';
  readonly latentScale?: number;
  /** Sides must be multiples of 8. Tests use small ones. */
  readonly tiling?: { readonly tilePx: number; readonly overlapPx: number };
}

/** The KL-VAE of a checkpoint or VAE file under canonical names; null when there is none. */
export function vaeWeights(file: SafetensorsFile): WeightSource | null {
  const view = vaeView(file.shapes);
  return view && fileWeights(file, view);
}

/**
 * A KL-VAE as codec, encoding to the mean (spec/sdxl.md B.1).
 * @throws AppError `model-corrupt` when its latents are not on the 8 px grid.
 */
export function createVaeCodec(
  runtime: NetworkRuntime,
  weights: WeightSource,
  options: VaeCodecOptions = {},
): NetworkCodec {
  const { shapes } = weights;
  const config = vaeConfig(shapes);
  if (vaeDownscale(config) !== LATENT_PX)
    throw new AppError(
      'model-corrupt',
      sentence`The VAE of "${weights.name}" makes one latent of ${vaeDownscale(config)} px; the studio needs one of ${LATENT_PX} px.`,
    );
  const scale = options.latentScale ?? SDXL_LATENT_SCALE;
  return new NetworkCodec(runtime, {
    weights,
    latentChannels: config.latentChannels,
    dtype: options.dtype ?? 'f32',
    tiling: options.tiling ?? VAE_TILING,
    mostTilesPerRun: 1,
    widestChannels: shapes.get('decoder.up.1.upsample.conv.weight')?.[0] ?? 0,
    encode: {
      name: 'encode',
      input: 'pixels',
      output: 'mean',
      outputChannels: config.latentChannels,
      before: { factor: 2, offset: -1 },
      after: { factor: scale, offset: 0 },
      graph: (size) => vaeEncoderGraph(shapes, config, { ...size, outputs: ['mean'] }),
    },
    decode: {
      name: 'decode',
      input: 'latents',
      output: 'pixels',
      outputChannels: 3,
      before: { factor: 1 / scale, offset: 0 },
      after: { factor: 0.5, offset: 0.5 },
      graph: (size) => vaeDecoderGraph(shapes, config, size),
    },
  });
}

/** A TAESD from one file (diffusers' AutoencoderTiny) or two (original encoder and decoder); null when incomplete. */
export function taesdWeights(files: readonly SafetensorsFile[]): WeightSource | null {
  const sources = files.flatMap((file) => {
    const view = taesdView(file.shapes);
    return view ? [fileWeights(file, view)] : [];
  });
  const both = mergedWeights(sources);
  return both.shapes.has('encoder.0.weight') && both.shapes.has('decoder.1.weight') ? both : null;
}

/**
 * A TAESD as codec: pictures in one piece, since it has no normalisation and few channels (spec/sdxl.md B.3).
 * @param options.latentScale multiplies its latents; TAESD(XL) already works in the sampler's scale.
 */
export function createTaesdCodec(
  runtime: NetworkRuntime,
  weights: WeightSource,
  options: { readonly latentScale?: number } = {},
): NetworkCodec {
  const { shapes } = weights;
  const { width, latentChannels } = taesdConfig(shapes);
  const scale = options.latentScale ?? 1;
  return new NetworkCodec(runtime, {
    weights,
    latentChannels,
    dtype: runtime.emission.dtype,
    tiling: null,
    widestChannels: width,
    encode: {
      name: 'encode',
      input: 'pixels',
      output: 'latents',
      outputChannels: latentChannels,
      before: UNCHANGED,
      after: { factor: scale, offset: 0 },
      graph: (size) => taesdEncoderGraph(shapes, size),
    },
    decode: {
      name: 'decode',
      input: 'latents',
      output: 'pixels',
      outputChannels: 3,
      before: { factor: 1 / scale, offset: 0 },
      after: UNCHANGED,
      graph: (size) => taesdDecoderGraph(shapes, size),
    },
  });
}
