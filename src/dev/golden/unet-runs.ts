import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { readUnetConfig } from '#models/sdxl/unet-config.ts';
import { unetWeights } from '#inference/denoiser-weights.ts';
import { UnetConditioner } from '#inference/denoiser-conditioning.ts';
import { UnetSession, type UnetModel } from '#inference/denoiser-session.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import { mergedWeights } from '#inference/weights.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import { exists, openTensors, readJson } from './files.ts';
import { GoldenError } from './types.ts';

/** The inputs of one reference call of a UNet. */
export interface UnetCase {
  readonly x: FloatTensor;
  readonly timesteps: FloatTensor;
  readonly context: FloatTensor;
  readonly y: FloatTensor;
}

/** Reads `<prefix>x`, `<prefix>timesteps`, ... (`prefix` is "case0." or empty). */
export async function readUnetCase(file: SafetensorsFile, prefix: string): Promise<UnetCase> {
  const [x, timesteps, context, y] = await Promise.all(
    ['x', 'timesteps', 'context', 'y'].map((name) => file.float(`${prefix}${name}`)),
  );
  return { x, timesteps, context, y } as UnetCase;
}

/** The UNet of a golden folder, optionally with some of its tensors replaced. */
export async function readUnetModel(dir: string, overrides?: SafetensorsFile): Promise<UnetModel> {
  const plain = unetWeights(await openTensors(dir, 'weights.safetensors'));
  const weights = overrides ? mergedWeights([unetWeights(overrides), plain]) : plain;
  return { config: readUnetConfig(weights.shapes, await headDim(dir)), weights, adapter: null };
}

/** The only hyper-parameter that the weights do not tell. */
async function headDim(dir: string): Promise<number> {
  const config = (await readJson(dir, 'config.json')) as { readonly head_dim?: unknown };
  if (typeof config.head_dim !== 'number')
    throw new GoldenError(`config.json of "${basename(dir)}" has no number "head_dim".`);
  return config.head_dim;
}

/** Image tokens [N,T,C] and one factor per item and spatial transformer, [N,blocks,1]. */
export interface ImageInput {
  readonly tokens: FloatTensor;
  readonly scales: FloatTensor;
}

/** eps of one case. */
export async function predictCase(
  runtime: NetworkRuntime,
  model: UnetModel,
  { x, timesteps, context, y }: UnetCase,
  image: ImageInput | null = null,
): Promise<FloatTensor> {
  const [, , height = 1, width = 1] = x.dims;
  const keysValues = await new UnetConditioner(runtime, model, false).keysValues(
    context,
    image?.tokens ?? null,
  );
  const shape = { height, width, tokens: context.dims[1] ?? 0, capturedRows: null };
  const session = await UnetSession.load(runtime, model, shape);
  try {
    return await session.predict(x, timesteps.data, { y, keysValues }, image?.scales ?? null);
  } finally {
    await session.release();
  }
}

/**
 * A file that not every folder has. Null only when the folder's README does not speak of it either: one that was
 * promised and is gone is an error, not a shorter list of cases.
 */
export async function openIfPromised(dir: string, file: string): Promise<SafetensorsFile | null> {
  if (await exists(join(dir, file))) return openTensors(dir, file);
  const readme = await readFile(join(dir, 'README.md'), 'utf8').catch(() => '');
  return readme.includes(file) ? openTensors(dir, file) : null;
}
