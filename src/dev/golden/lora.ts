import { basename, dirname, join } from 'node:path';
import type { LoraTarget } from '#models/lora/names.ts';
import { unetWeights } from '#inference/denoiser-weights.ts';
import type { UnetModel } from '#inference/denoiser-session.ts';
import { mergeLoras, type LoraStackItem } from '#inference/lora.ts';
import type { WeightSource } from '#inference/weights.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { encodeText } from './clip-text.ts';
import { compare } from './compare.ts';
import { openTensors, readInts, readJson } from './files.ts';
import { towerWeights } from './towers.ts';
import { GoldenError, type CaseResult, type GoldenContext } from './types.ts';
import { predictCase, readUnetCase, readUnetModel } from './unet-runs.ts';

/** Max abs error of an fp32 graph, and of an fp16 one with its relative RMS error: README of lora. */
const TOLERANCE = 1e-4;
const HALF_TOLERANCE = { maxAbs: 2e-2, relRms: 5e-3 };

/** The run whose LoRA is for the text towers, and its file. */
const TEXT_RUN = 'text_encoders';
const TEXT_FILE = 'kohya_text_encoders.safetensors';

/** Results of another definition of DoRA (norm of the weight before merging), which the studio does not follow. */
const OTHER_DEFINITION = /_variant\./;

/** Golden lora: eps under each family's LoRA, hidden states of both text towers, and some merged weights. */
export async function run(context: GoldenContext): Promise<void> {
  const outputs = await openTensors(context.dir, 'outputs.safetensors');
  const strengths = strengthsOf(context);
  checkComplete(context, strengths, outputs);
  const names = outputs.names.filter((name) => !OTHER_DEFINITION.test(name));
  const skipped = outputs.names.length - names.length;
  if (skipped > 0)
    process.stderr.write(
      `${basename(context.dir)}: ${skipped} reference of another definition of DoRA is not compared.\n`,
    );
  const unet = await readUnet(context);
  for (const name of names.filter((candidate) => candidate.endsWith('.eps'))) {
    const stack = await stackOf(context, strengths, name.slice(0, -'.eps'.length));
    await unetRun(context, unet, stack, name, await outputs.float(name));
  }
  const textNames = names.filter((name) => name.startsWith(`${TEXT_RUN}.`));
  for (const folder of textFolders(context)) await textRuns(context, folder, strengths, textNames, outputs);
  await mergedSamples(context, unet.weights, strengths);
}

/** `runs` of config.json also holds figures about the reference, which are not runs. */
function strengthsOf({ dir, config }: GoldenContext): ReadonlyMap<string, number> {
  const runs = Object.entries((config['runs'] ?? {}) as Readonly<Record<string, unknown>>);
  const strengths = runs.flatMap(([name, value]): [string, number][] => {
    const strength = (value as { readonly strength?: unknown } | null)?.strength;
    return typeof strength === 'number' ? [[name, strength]] : [];
  });
  if (strengths.length === 0)
    throw new GoldenError(`config.json of "${basename(dir)}" has no "runs" with a "strength".`);
  return new Map(strengths);
}

/** A run without its result would be a shorter list of cases instead of an error. */
function checkComplete(
  { dir }: GoldenContext,
  strengths: ReadonlyMap<string, number>,
  outputs: SafetensorsFile,
): void {
  for (const run of strengths.keys())
    if (!outputs.names.some((name) => name.startsWith(`${run}.`)))
      throw new GoldenError(`the outputs of "${basename(dir)}" hold nothing of the run "${run}".`);
}

async function stackOf(
  { dir }: GoldenContext,
  strengths: ReadonlyMap<string, number>,
  run: string,
): Promise<readonly LoraStackItem[]> {
  const strength = strengths.get(run);
  if (strength === undefined)
    throw new GoldenError(`config.json of "${basename(dir)}" names no strength for "${run}".`);
  const file = await openTensors(dir, run === TEXT_RUN ? TEXT_FILE : `${run}.safetensors`);
  return [{ file, strength }];
}

/** A path of config.json, e.g. `base_unet`. */
function pathOf({ dir, config }: GoldenContext, key: string): string {
  const value = config[key];
  if (typeof value !== 'string')
    throw new GoldenError(`config.json of "${basename(dir)}" has no text "${key}".`);
  return value;
}

async function readUnet(context: GoldenContext): Promise<UnetModel> {
  const path = pathOf(context, 'base_unet');
  const model = await readUnetModel(join(context.dir, dirname(path)));
  return { ...model, weights: unetWeights(await openTensors(context.dir, path)) };
}

async function unetRun(
  context: GoldenContext,
  unet: UnetModel,
  stack: readonly LoraStackItem[],
  name: string,
  expected: FloatTensor,
): Promise<void> {
  const [path = '', pattern = ''] = pathOf(context, 'inputs').split(' ');
  const inputs = await openTensors(context.dir, path);
  const model = { ...unet, weights: mergeLoras(unet.weights, 'unet', stack) };
  const eps = await predictCase(context.runtime, model, await readUnetCase(inputs, pattern.replace('*', '')));
  context.report(judged(context, name, eps, expected));
}

function judged(
  { runtime }: GoldenContext,
  name: string,
  actual: FloatTensor,
  expected: FloatTensor,
): CaseResult {
  if (runtime.emission.dtype === 'f32') return compare(name, actual, expected, TOLERANCE);
  const result = compare(name, actual, expected, HALF_TOLERANCE.maxAbs);
  return { ...result, pass: result.pass && result.relRms <= HALF_TOLERANCE.relRms };
}

function textFolders({ dir, config }: GoldenContext): readonly string[] {
  const folders = config['text_encoders'] ?? [];
  if (Array.isArray(folders) && folders.every((folder) => typeof folder === 'string')) return folders;
  throw new GoldenError(`"text_encoders" of "${basename(dir)}" is not a list of folders.`);
}

interface TextFolder {
  /** `clip_l`: what the reference tensors are named by. */
  readonly kind: string;
  readonly target: LoraTarget;
  readonly config: Readonly<Record<string, unknown>>;
  readonly weights: WeightSource;
}

async function openTextFolder({ dir }: GoldenContext, folder: string): Promise<TextFolder> {
  const path = join(dir, folder);
  const config = (await readJson(path, 'config.json')) as Readonly<Record<string, unknown>>;
  const kind = config['kind'];
  if (kind !== 'clip_l' && kind !== 'clip_g')
    throw new GoldenError(`"${folder}", which "${basename(dir)}" names, is no text encoder.`);
  const weights = towerWeights(await openTensors(path, 'weights.safetensors'), 'text');
  return { kind, target: kind === 'clip_l' ? 'clip-l' : 'clip-g', config, weights };
}

async function textRuns(
  context: GoldenContext,
  folder: string,
  strengths: ReadonlyMap<string, number>,
  allNames: readonly string[],
  outputs: SafetensorsFile,
): Promise<void> {
  const { kind, target, config, weights } = await openTextFolder(context, folder);
  const prefix = `${TEXT_RUN}.${kind}.`;
  const names = allNames.filter((name) => name.startsWith(prefix)).map((name) => name.slice(prefix.length));
  const ids = await readInts(await openTensors(join(context.dir, folder), 'inputs.safetensors'), 'input_ids');
  const merged = mergeLoras(weights, target, await stackOf(context, strengths, TEXT_RUN));
  const actual = await encodeText({ ...context, config }, merged, ids, names);
  for (const name of names)
    context.report(judged(context, prefix + name, actual(name), await outputs.float(prefix + name)));
}

/** Merged weights as such, `family|key`: computed in float32 whatever the graph's precision. */
async function mergedSamples(
  context: GoldenContext,
  unet: WeightSource,
  strengths: ReadonlyMap<string, number>,
): Promise<void> {
  const samples = await openTensors(context.dir, 'merged_samples.safetensors');
  for (const name of samples.names) {
    const [family = '', key = ''] = name.split('|');
    const stack = await stackOf(context, strengths, family);
    const actual =
      family === TEXT_RUN
        ? await packedProjection(context, stack, key)
        : await mergeLoras(unet, 'unet', stack).float(key);
    context.report(compare(sampleName(name), actual, await samples.float(name), TOLERANCE));
  }
}

/** Without the remark in brackets, and without blanks: a line of the report has the figures after the first one. */
function sampleName(name: string): string {
  return `merged.${name.replace(/ \(.*/, '').replaceAll(' ', '_')}`;
}

/** `clip_g in_proj_weight resblocks.0 …`: the merged q, k and v of a layer, stacked as OpenCLIP keeps them. */
async function packedProjection(
  context: GoldenContext,
  stack: readonly LoraStackItem[],
  key: string,
): Promise<FloatTensor> {
  const [, kind, parameter, layer] = /^(clip_[lg]) in_proj_(weight|bias) resblocks\.(\d+)/.exec(key) ?? [];
  const folder = textFolders(context).find((candidate) => basename(candidate) === kind);
  if (!folder || !parameter || !layer)
    throw new GoldenError(`the merged sample "${key}" names no tensor of a text encoder.`);
  const { weights, target } = await openTextFolder(context, folder);
  const merged = mergeLoras(weights, target, stack);
  const parts: FloatTensor[] = [];
  for (const name of ['q', 'k', 'v'])
    parts.push(await merged.float(`text_model.encoder.layers.${layer}.self_attn.${name}_proj.${parameter}`));
  const [rows = 0, ...rest] = parts[0]?.dims ?? [];
  const result = floatTensor([3 * rows, ...rest]);
  parts.forEach(({ data }, i) => result.data.set(data, i * data.length));
  return result;
}
