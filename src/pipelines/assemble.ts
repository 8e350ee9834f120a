import { checkIpAdapterFits, imageAttention } from '#models/ip-adapter/layers.ts';
import type { SdxlFile } from '#models/model-file.ts';
import { recogniseModel } from '#models/recognise.ts';
import { AppError } from '#domain/job/app-error.ts';
import { PAD_G, tokenizePrompt, withPadding } from '#domain/prompt/chunks.ts';
import { SDXL_TABLE, ZSNR_TABLE } from '#domain/sampling/sigmas.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { anchorProjection, IpAnchorEncoder, type AnchorProjection } from '#inference/anchors.ts';
import { createTaesdCodec, createVaeCodec, taesdWeights, vaeWeights } from '#inference/codec-models.ts';
import { SdxlDenoiser } from '#inference/denoiser.ts';
import type { UnetModel } from '#inference/denoiser-session.ts';
import { ipAdapterWeights, unetWeights } from '#inference/denoiser-weights.ts';
import { findTextTowers } from '#inference/prompts-towers.ts';
import { SdxlPromptEncoder, type Tokenize } from '#inference/prompts.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import { Sam3Segmenter } from '#inference/segmenter.ts';
import { sam3Model } from '#inference/segmenter-model.ts';
import { findVisionTower } from '#inference/vision.ts';
import type { Services } from './services.ts';

/** Opened weight files by the part they play. Optional ones may be missing; the job then says what it does without. */
export interface ModelFiles {
  readonly checkpoint: SafetensorsFile;
  /** Overrides the checkpoint's own autoencoder. */
  readonly autoencoder: SafetensorsFile | null;
  readonly vision: SafetensorsFile | null;
  readonly ipAdapter: SafetensorsFile | null;
  readonly sam3: SafetensorsFile | null;
}

const tokenize: Tokenize = (prompt, syntax) =>
  tokenizePrompt(prompt, syntax).map(({ ids, weights }) => ({ l: ids, g: withPadding(ids, PAD_G), weights }));

/** What a file is, from its header alone. */
export function recogniseFile(file: SafetensorsFile) {
  const shapes = new Map([...file.header.tensors].map(([name, { dims }]) => [name, dims]));
  return recogniseModel(shapes, file.header.metadata);
}

/** Builds the network side of {@link Services}; nothing is loaded before its first use. */
export function assembleNetworks(
  runtime: NetworkRuntime,
  files: ModelFiles,
): Omit<Services, 'pixels' | 'batchBudgetBytes'> {
  const checkpoint = sdxlFile(files.checkpoint);
  const anchor = anchorModel(files);
  const denoiser = assembleDenoiser(runtime, files, checkpoint, anchor);
  const codec = assembleCodec(runtime, files, checkpoint);
  if (codec.channels !== denoiser.latentChannels)
    throw new AppError(
      'bad-request',
      `The autoencoder has ${codec.channels} latent channels and "${files.checkpoint.source.name}" has ${denoiser.latentChannels}: they do not belong together.`,
    );
  return {
    codec,
    denoiser,
    prompts: new SdxlPromptEncoder(runtime, findTextTowers([files.checkpoint]), tokenize),
    anchors:
      anchor && files.vision ? new IpAnchorEncoder(runtime, findVisionTower(files.vision), anchor) : null,
    segmenter: files.sam3 && new Sam3Segmenter(runtime, sam3Model(files.sam3)),
  };
}

/** The recognised checkpoint. @throws AppError naming what the file is instead. */
export function sdxlFile(file: SafetensorsFile): SdxlFile {
  const known = recogniseFile(file);
  if (known.kind !== 'sdxl')
    throw new AppError('model-corrupt', `"${file.source.name}" is not an SDXL checkpoint. ${known.sentence}`);
  return known;
}

function anchorModel({ ipAdapter, vision }: ModelFiles): AnchorProjection | null {
  return ipAdapter && vision ? anchorProjection(ipAdapterWeights(ipAdapter)) : null;
}

function assembleDenoiser(
  runtime: NetworkRuntime,
  { checkpoint, ipAdapter }: ModelFiles,
  { unet, prediction, zeroTerminalSnr }: SdxlFile,
  anchor: AnchorProjection | null,
): SdxlDenoiser {
  if (anchor && ipAdapter) checkIpAdapterFits(unet, anchor.weights.shapes, ipAdapter.source.name);
  const model: UnetModel = {
    config: unet,
    weights: unetWeights(checkpoint),
    adapter: anchor && { weights: anchor.weights, attention: imageAttention(unet, anchor.config.tokens) },
  };
  return new SdxlDenoiser(runtime, model, { prediction, table: zeroTerminalSnr ? ZSNR_TABLE : SDXL_TABLE });
}

function assembleCodec(runtime: NetworkRuntime, files: ModelFiles, checkpoint: SdxlFile) {
  const sources = files.autoencoder ? [files.autoencoder] : [files.checkpoint];
  const latentScale = checkpoint.latentScale ?? undefined;
  const taesd = taesdWeights(sources);
  if (taesd) return createTaesdCodec(runtime, taesd);
  const vae = sources.map(vaeWeights).find((weights) => weights !== null);
  if (vae) return createVaeCodec(runtime, vae, latentScale === undefined ? {} : { latentScale });
  throw new AppError(
    'model-missing',
    `"${sources[0]?.source.name}" holds no autoencoder. Add a VAE file, or a checkpoint that contains one.`,
  );
}
