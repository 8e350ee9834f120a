import { readFile, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { openSafetensors } from '#node/file-source.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import type { FloatTensor, HostTensor } from '#domain/tensor.ts';
import { reencoded, type WeightType } from './reencode.ts';
import { GoldenError, type GoldenContext } from './types.ts';

export async function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}

let weightType: WeightType | null = null;

/** From now on weights are opened as if they had been saved in this type (`--weights=`); null: as they are. */
export function openWeightsAs(type: WeightType | null): void {
  weightType = type;
}

/** What is fed and what is expected stays as it was recorded; every other file holds weights. */
const RECORDED = /(inputs|outputs|taps|samples|odd_size|schedules|scaling|sigmas|distilled)\.safetensors$/;

/** Opens a .safetensors of a golden folder (`weights.safetensors`, `../clip_l/weights.safetensors`). */
export async function openTensors(dir: string, file: string): Promise<SafetensorsFile> {
  const path = join(dir, file);
  if (!(await exists(path)))
    throw new GoldenError(`"${basename(dir)}" has no file ${file}, which its cases need.`);
  const opened = await openSafetensors(path);
  return weightType && !RECORDED.test(file) ? reencoded(opened, weightType) : opened;
}

/** Parses a JSON file of a golden folder. */
export async function readJson(dir: string, file: string): Promise<unknown> {
  const path = join(dir, file);
  if (!(await exists(path)))
    throw new GoldenError(`"${basename(dir)}" has no file ${file}, which its cases need.`);
  try {
    return JSON.parse(await readFile(path, 'utf8'));
  } catch (cause) {
    throw new GoldenError(`${join(basename(dir), file)} is not valid JSON.`, { cause });
  }
}

/** A reference tensor as float32. */
export function readFloat(file: SafetensorsFile, name: string): Promise<FloatTensor> {
  return file.float(name);
}

/** A reference tensor of integers (ids, timesteps). */
export async function readInts(file: SafetensorsFile, name: string): Promise<HostTensor<Int32Array>> {
  const { dims, data } = await file.float(name);
  return { dims, data: Int32Array.from(data) };
}

/** A number of config.json, e.g. `number(config, 'ip_scale')`. */
export function configNumber(context: GoldenContext, key: string): number {
  const value = context.config[key];
  if (typeof value !== 'number')
    throw new GoldenError(`config.json of "${basename(context.dir)}" has no number "${key}".`);
  return value;
}

/** A number of config.json, or undefined where it says nothing. */
export function optionalNumber(context: GoldenContext, key: string): number | undefined {
  const value = context.config[key];
  return typeof value === 'number' ? value : undefined;
}
