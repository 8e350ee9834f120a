import { basename, join } from 'node:path';
import { checkIpAdapterFits, imageAttention } from '#models/ip-adapter/layers.ts';
import { anchorProjection, IpAnchorEncoder, type AnchorProjection } from '#inference/anchors.ts';
import { createVaeCodec, vaeWeights } from '#inference/codec-models.ts';
import type { NetworkCodec } from '#inference/codec.ts';
import { SdxlDenoiser } from '#inference/denoiser.ts';
import { ipAdapterWeights } from '#inference/denoiser-weights.ts';
import { SdxlPromptEncoder, type PromptIds } from '#inference/prompts.ts';
import { visionTower, type VisionTower } from '#inference/vision.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import type { WeightSource } from '#inference/weights.ts';
import { openTensors, readJson } from './files.ts';
import { openTextTowers } from './text-towers.ts';
import { towerOverrides, towerWeights } from './towers.ts';
import { GoldenError, type GoldenContext } from './types.ts';
import { readUnetModel } from './unet-runs.ts';

/** The studio's own adapters over the tiny networks of the neighbour folders. */
export interface Pipeline {
  readonly codec: NetworkCodec;
  readonly vae: WeightSource;
  readonly prompts: SdxlPromptEncoder;
  readonly emptyPrompt: PromptIds;
  readonly vision: VisionTower;
  readonly anchors: IpAnchorEncoder;
  readonly denoiser: SdxlDenoiser;
}

/** Opens every part that config.json lists (`"parts": ["../unet", …]`). */
export async function openPipeline(context: GoldenContext): Promise<Pipeline> {
  const { runtime } = context;
  const part = (name: string) => partFolder(context, name);
  const vae = vaeWeights(await openTensors(part('vae'), 'weights.safetensors'));
  if (!vae) throw new GoldenError('the e2e folder names a VAE folder without a VAE.');
  const { towers, empty } = await openTextTowers(
    context.dir,
    join(partPath(context, 'clip_l'), 'weights.safetensors'),
    join(partPath(context, 'clip_g'), 'weights.safetensors'),
  );
  const vision = await openVision(part('clip_vision'));
  const projection = await openProjection(part('ip_adapter'));
  return {
    codec: createVaeCodec(runtime, vae),
    vae,
    prompts: new SdxlPromptEncoder(runtime, towers, () => []),
    emptyPrompt: empty,
    vision,
    anchors: new IpAnchorEncoder(runtime, vision, projection),
    denoiser: await openDenoiser(runtime, part('unet'), projection),
  };
}

async function openVision(dir: string): Promise<VisionTower> {
  const config = (await readJson(dir, 'config.json')) as Readonly<Record<string, unknown>>;
  const weights = towerWeights(await openTensors(dir, 'weights.safetensors'), 'vision');
  return visionTower(weights, towerOverrides(config));
}

async function openProjection(dir: string): Promise<AnchorProjection> {
  const config = (await readJson(dir, 'config.json')) as {
    readonly resampler?: { readonly dim_head?: number };
  };
  const weights = ipAdapterWeights(await openTensors(dir, 'weights.safetensors'));
  return anchorProjection(weights, config.resampler?.dim_head);
}

async function openDenoiser(
  runtime: NetworkRuntime,
  dir: string,
  { weights, config }: AnchorProjection,
): Promise<SdxlDenoiser> {
  const unet = await readUnetModel(dir);
  checkIpAdapterFits(unet.config, weights.shapes, weights.name);
  const attention = imageAttention(unet.config, config.tokens);
  return new SdxlDenoiser(runtime, { ...unet, adapter: { weights, attention } });
}

/** Path of a part relative to the e2e folder. */
function partPath({ config, dir }: GoldenContext, name: string): string {
  const parts = config['parts'];
  const found = Array.isArray(parts)
    ? parts.find((path): path is string => typeof path === 'string' && basename(path) === name)
    : undefined;
  if (!found) throw new GoldenError(`config.json of "${basename(dir)}" lists no part "${name}".`);
  return found;
}

function partFolder(context: GoldenContext, name: string): string {
  return join(context.dir, partPath(context, name));
}

/** Frees every network. */
export async function releasePipeline({ codec, prompts, anchors, denoiser }: Pipeline): Promise<void> {
  for (const part of [codec, prompts, anchors, denoiser]) await part.release();
}
