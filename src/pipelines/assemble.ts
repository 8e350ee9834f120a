import { checkIpAdapterFits, imageAttention } from '#models/ip-adapter/layers.ts';
import type { SdxlFile } from '#models/model-file.ts';
import { recogniseModel } from '#models/recognise.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { PAD_G, tokenizePrompt, withPadding } from '#domain/prompt/chunks.ts';
import { SDXL_TABLE, ZSNR_TABLE } from '#domain/sampling/sigmas.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { anchorProjection, IpAnchorEncoder, type AnchorProjection } from '#inference/anchors.ts';
import { createTaesdCodec, createVaeCodec, taesdWeights, vaeWeights } from '#inference/codec-models.ts';
import { SdxlDenoiser } from '#inference/denoiser.ts';
import type { UnetModel } from '#inference/denoiser-session.ts';
import { ipAdapterWeights, unetWeights } from '#inference/denoiser-weights.ts';
import { chosenTextTowers, type TextTowers } from '#inference/prompts-towers.ts';
import { SdxlPromptEncoder, type Tokenize } from '#inference/prompts.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import { Sam3Segmenter } from '#inference/segmenter.ts';
import { sam3Model } from '#inference/segmenter-model.ts';
import { findVisionTower } from '#inference/vision.ts';
import { taesdConfig } from '#models/sdxl/taesd.ts';
import { vaeConfig } from '#models/sdxl/vae.ts';
import type { ExecutionPlan } from '#domain/plan/types.ts';
import { mergeLoras, unmatchedLoraKeys, type LoraStackItem } from '#inference/lora.ts';
import { withPrecision } from '#inference/with-precision.ts';
import type { NetworkFacts } from './costs.ts';
import type { Services } from './services.ts';

/** Opened weight files by the part they play. Optional ones may be missing; the job then says what it does without. */
export interface ModelFiles {
  readonly checkpoint: SafetensorsFile;
  /** Override the checkpoint's own parts; null: those it holds. */
  readonly textL: SafetensorsFile | null;
  readonly textG: SafetensorsFile | null;
  readonly autoencoder: SafetensorsFile | null;
  readonly vision: SafetensorsFile | null;
  readonly ipAdapter: SafetensorsFile | null;
  readonly sam3: SafetensorsFile | null;
  /** Merged into UNet and text encoders, in this order. */
  readonly loras: readonly LoraStackItem[];
  /** What the UNet predicts; `auto` follows its file's marker keys. */
  readonly prediction: 'auto' | 'eps' | 'v';
}

/** A checkpoint that brings everything it needs, and nothing beside it. */
export const NOTHING_ELSE: Omit<ModelFiles, 'checkpoint'> = {
  textL: null,
  textG: null,
  autoencoder: null,
  vision: null,
  ipAdapter: null,
  sam3: null,
  loras: [],
  prediction: 'auto',
};

const tokenize: Tokenize = (prompt, syntax) =>
  tokenizePrompt(prompt, syntax).map(({ ids, weights }) => ({ l: ids, g: withPadding(ids, PAD_G), weights }));

/** What a file is, from its header alone. */
export function recogniseFile(file: SafetensorsFile) {
  const shapes = file.shapes;
  return recogniseModel(shapes, file.header.metadata);
}

/** What assembling needs to know of a set of files; the memory plan is made from the same. */
export interface AssembledFacts extends NetworkFacts {
  readonly sdxl: SdxlFile;
  readonly prediction: 'eps' | 'v';
  readonly latentScale: number | null;
}

/**
 * Reads what a set of files is made of; nothing but headers.
 * @throws AppError naming the file that is damaged, missing, or does not belong to the others.
 */
export function networkFacts(files: ModelFiles): AssembledFacts {
  const sdxl = sdxlFile(files.checkpoint);
  const anchor = anchorFacts(files);
  const codec = codecFacts(files);
  const channels = latentChannels(codec);
  if (channels !== sdxl.unet.outChannels)
    throw new AppError(
      'bad-request',
      sentence`The autoencoder has ${channels} latent channels and "${files.checkpoint.source.name}" has ${sdxl.unet.outChannels}: they do not belong together.`,
    );
  return {
    sdxl,
    prediction: files.prediction === 'auto' ? sdxl.prediction : files.prediction,
    latentScale: sdxl.latentScale,
    unet: unetModel(files, sdxl, anchor?.projection ?? null),
    text: textTowers(files),
    codec,
    anchor,
    sam3: files.sam3 && sam3Model(files.sam3),
  };
}

/** Builds the network side of {@link Services} as the plan says; nothing is loaded before its first use. */
export function assembleNetworks(
  runtime: NetworkRuntime,
  facts: AssembledFacts,
  plan: ExecutionPlan,
): Omit<Services, 'pixels' | 'batchBudgetBytes'> {
  const { anchor, sam3, text } = facts;
  const others = withPrecision(runtime, plan.others);
  const keep = plan.residency === 'all';
  return {
    codec: assembleCodec(runtime, facts, plan),
    denoiser: new SdxlDenoiser(withPrecision(runtime, plan.unet), facts.unet, {
      prediction: facts.prediction,
      table: facts.sdxl.zeroTerminalSnr ? ZSNR_TABLE : SDXL_TABLE,
      capture: plan.capture,
      keepConditioning: keep,
    }),
    prompts: new SdxlPromptEncoder(others, text, tokenize, keep),
    anchors: anchor && new IpAnchorEncoder(others, anchor.vision, anchor.projection, keep),
    segmenter: sam3 && new Sam3Segmenter(others, sam3),
  };
}

/** The recognised checkpoint. @throws AppError naming what the file is instead. */
export function sdxlFile(file: SafetensorsFile): SdxlFile {
  const known = recogniseFile(file);
  if (known.kind !== 'sdxl')
    throw new AppError(
      'model-corrupt',
      sentence`"${file.source.name}" is not an SDXL checkpoint. ${known.sentence}`,
    );
  return known;
}

function anchorFacts({ ipAdapter, vision }: ModelFiles): AssembledFacts['anchor'] {
  if (!ipAdapter || !vision) return null;
  return { vision: findVisionTower(vision), projection: anchorProjection(ipAdapterWeights(ipAdapter)) };
}

function unetModel(
  { checkpoint, ipAdapter, loras }: ModelFiles,
  { unet }: SdxlFile,
  projection: AnchorProjection | null,
): UnetModel {
  if (projection && ipAdapter) checkIpAdapterFits(unet, projection.weights.shapes, ipAdapter.source.name);
  return {
    config: unet,
    weights: mergeLoras(unetWeights(checkpoint), 'unet', loras),
    adapter: projection && {
      weights: projection.weights,
      attention: imageAttention(unet, projection.config.tokens),
    },
  };
}

function textTowers({ checkpoint, textL, textG, loras }: ModelFiles): TextTowers {
  const { l, g } = chosenTextTowers(checkpoint, { l: textL, g: textG });
  return {
    l: { ...l, weights: mergeLoras(l.weights, 'clip-l', loras) },
    g: { ...g, weights: mergeLoras(g.weights, 'clip-g', loras) },
  };
}

function codecFacts({ autoencoder, checkpoint }: ModelFiles): NetworkFacts['codec'] {
  const file = autoencoder ?? checkpoint;
  const taesd = taesdWeights([file]);
  if (taesd) return { kind: 'taesd', weights: taesd };
  const vae = vaeWeights(file);
  if (vae) return { kind: 'vae', weights: vae };
  throw new AppError(
    'model-missing',
    sentence`"${file.source.name}" holds no autoencoder. Add a VAE file, or a checkpoint that contains one.`,
  );
}

function latentChannels({ kind, weights: { shapes } }: NetworkFacts['codec']): number {
  return kind === 'vae' ? vaeConfig(shapes).latentChannels : taesdConfig(shapes).latentChannels;
}

/** Overlap of autoencoder tiles: 16 latents hide that each sees only its own statistics (spec/sdxl.md B.2). */
const CODEC_OVERLAP_PX = 128;

function assembleCodec(runtime: NetworkRuntime, { codec, latentScale }: AssembledFacts, plan: ExecutionPlan) {
  if (codec.kind === 'taesd') return createTaesdCodec(withPrecision(runtime, plan.others), codec.weights);
  return createVaeCodec(runtime, codec.weights, {
    ...(latentScale !== null && { latentScale }),
    tiling: { tilePx: plan.codecTilePx, overlapPx: CODEC_OVERLAP_PX },
  });
}

/** LoRA modules that fit nothing in these models, by the names they have in the file. */
export function unmatchedLora({ file }: LoraStackItem, { unet, text }: NetworkFacts): readonly string[] {
  return unmatchedLoraKeys(file, {
    unet: unet.weights.shapes,
    clipL: text.l.weights.shapes,
    clipG: text.g.weights.shapes,
  });
}
