import { join } from 'node:path';
import { sam3Overrides } from '#models/sam3/overrides.ts';
import { phraseTokens } from '#domain/sam3/phrase.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { NetTensor } from '#inference/runtime.ts';
import { sam3Model, type Sam3Model } from '#inference/segmenter-model.ts';
import { disposeAll, joinRows, pickRows, Sam3Networks, type Outputs } from '#inference/segmenter-networks.ts';
import { validRows } from '#inference/segmenter.ts';
import type { ExemplarBox } from '#domain/sam3/exemplar.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { checkExact, compare } from './compare.ts';
import { exists, openTensors, readJson } from './files.ts';
import { checkPredictor } from './sam3-points.ts';
import { absent, compareSampled } from './sam3-samples.ts';
import { ruleImage, ruleModel } from './sam3-weights.ts';
import { GoldenError, type GoldenContext, type GoldenHandler } from './types.ts';

/** Absolute tolerances of the README: 1e-4, mask logits (range ±12) 1e-3. */
const TOLERANCE = 1e-4;
const MASK_TOLERANCE = 1e-3;
const MASK_LOGITS = /(^|\.)(pred_masks|semantic_seg|raw_low_res|masks)$/;

const NAMINGS = [
  ['transformers', 'weights.safetensors'],
  ['original', 'weights_original_naming.safetensors'],
] as const;

/** What the checks of one weight file share. */
export interface Sam3Checks {
  readonly networks: Sam3Networks;
  readonly inputs: SafetensorsFile;
  readonly config: Readonly<Record<string, unknown>>;
  has(name: string): boolean;
  /** Compares with the recorded tensor of that name. */
  check(name: string, actual: FloatTensor): Promise<void>;
  /** Compares with a reference made from recorded ones. */
  checkAgainst(name: string, actual: FloatTensor, expected: FloatTensor): void;
  expected(name: string): Promise<FloatTensor>;
}

/** Tiny SAM 3 against the official code (spec/sam3.md 7): both namings, or weights made by rule where there are none. */
export const run: GoldenHandler = async (context) => {
  const inputs = await openTensors(context.dir, 'inputs.safetensors');
  const outputs = await openTensors(context.dir, 'outputs.safetensors');
  for (const [naming, model] of await models(context)) {
    const networks = new Sam3Networks(context.runtime, model, true);
    try {
      await checkModel(checksOf(context, naming, networks, inputs, outputs));
    } finally {
      await networks.release();
    }
  }
  await checkTokenizer(context);
};

async function models(context: GoldenContext): Promise<(readonly [string, Sam3Model])[]> {
  const found: (readonly [string, Sam3Model])[] = [];
  for (const [naming, file] of NAMINGS)
    if (await exists(join(context.dir, file))) {
      const opened = await openTensors(context.dir, file);
      found.push([naming, sam3Model(opened, sam3Overrides(context.config))]);
    }
  return found.length > 0 ? found : [['by-rule', ruleModel(context.config)]];
}

function checksOf(
  { config, report }: GoldenContext,
  naming: string,
  networks: Sam3Networks,
  inputs: SafetensorsFile,
  outputs: SafetensorsFile,
): Sam3Checks {
  const stated = (config['tolerance'] as { fp32?: unknown } | undefined)?.fp32;
  const strict = typeof stated === 'number' ? Math.min(stated, TOLERANCE) : TOLERANCE;
  return {
    networks,
    inputs,
    config,
    has: (name) => outputs.has(name),
    expected: (name) => outputs.float(name),
    check: async (name, actual) => {
      const label = `${naming}.${name}`;
      if (!outputs.has(name)) return report(absent(label, name));
      const tolerance = MASK_LOGITS.test(name) ? MASK_TOLERANCE : strict;
      report(compareSampled(label, actual, await outputs.float(name), tolerance));
    },
    checkAgainst: (name, actual, expected) => {
      report(compare(`${naming}.${name}`, actual, expected, strict));
    },
  };
}

async function checkModel(checks: Sam3Checks): Promise<void> {
  const { networks, inputs } = checks;
  const pixels = inputs.has('pixel_values')
    ? await inputs.float('pixel_values')
    : ruleImage(networks.config.imageSize);
  const cases = inputs.names.filter((name) => name.endsWith('.input_ids')).map((name) => name.slice(0, -10));
  if (cases.length === 0) throw new GoldenError('inputs.safetensors holds no case: no "<case>.input_ids".');
  const tracker = networks.config.tracker !== null;
  const features = await networks.encode(pixels, tracker ? 'vision+tracker' : 'vision');
  for (const name of ['fpn0', 'fpn1', 'fpn2', ...(tracker ? ['trk_s0', 'trk_s1'] : [])])
    await checks.check(name, await valueOf(features, name));
  for (const name of cases) await checkDetector(checks, name, features);
  if (tracker) await checkPredictor(checks, features);
  disposeAll(features);
}

/** A session output as host floats, left alive. */
export async function valueOf(outputs: Outputs, name: string): Promise<FloatTensor> {
  const output = outputs[name];
  if (!output) throw new GoldenError(`the network has no output "${name}"`);
  const { dims, data } = await output.read();
  return floatTensor(dims, data as Float32Array);
}

/** One text and box prompt through text, geometry, grounding and mask head. */
async function checkDetector(checks: Sam3Checks, name: string, features: Outputs): Promise<void> {
  const { networks } = checks;
  const { fpn0, fpn1, fpn2 } = features;
  if (!fpn0 || !fpn1 || !fpn2) throw new GoldenError('the vision graph has no feature maps');
  const prompt = await promptOf(checks, name, fpn2);
  const outputs = await networks.ground({ fpn0, fpn1, fpn2 }, prompt);
  const { queries } = networks.config;
  for (const [reference, output] of [
    ['encoder_memory', 'encoder_memory'],
    ['pred_logits', 'logits'],
    ['pred_boxes', 'boxes'],
    ['presence_logit_dec', 'presence'],
    ['pixel_embed', 'pixel_embed'],
    ['semantic_seg', 'semantic'],
  ] as const)
    if (reference !== 'pixel_embed' || checks.has(`${name}.${reference}`))
      await checks.check(`${name}.${reference}`, await valueOf(outputs, output));
  const side = Math.sqrt((await valueOf(outputs, 'semantic')).data.length);
  const [q, qb] = [await valueOf(outputs, 'mask_queries'), await valueOf(outputs, 'mask_query_bias')];
  const masks = await networks.masks(q, qb, outputs['pixel_embed'] as NetTensor);
  const all = floatTensor([1, queries, side, side]);
  masks.forEach((mask, i) => all.data.set(mask, i * side * side));
  await checks.check(`${name}.pred_masks`, all);
  disposeAll(outputs);
}

/**
 * The prompt rows of a case. `language_features` is compared at the full, padded context; the prompt is made at the
 * phrase's true length, as the studio does, and compared with the reference's unpadded rows.
 */
async function promptOf(checks: Sam3Checks, name: string, fpn2: NetTensor): Promise<FloatTensor> {
  const { networks, inputs } = checks;
  const padded = [...(await inputs.float(`${name}.input_ids`)).data];
  await checks.check(`${name}.language_features`, await networks.text(padded));
  const ids = padded.slice(0, padded.findLastIndex((id) => id !== 0) + 1);
  const text = validRows(await networks.text(ids), ids);
  const prompt = joinRows(text, await networks.geometry(fpn2, await exemplars(inputs, name)));
  const { dims, data } = await checks.expected(`${name}.prompt`);
  const padding = (await checks.expected(`${name}.prompt_padding`)).data;
  const rows = [...padding].flatMap((pad, i) => (pad === 0 ? [i] : []));
  checks.checkAgainst(`${name}.prompt`, prompt, pickRows({ dims, data }, rows));
  return prompt;
}

async function exemplars(inputs: SafetensorsFile, name: string): Promise<ExemplarBox[]> {
  if (!inputs.has(`${name}.boxes_cxcywh`)) return [];
  const { dims, data } = await inputs.float(`${name}.boxes_cxcywh`);
  const labels = (await inputs.float(`${name}.box_labels`)).data;
  return Array.from({ length: dims[0] as number }, (_, i) => {
    const [cx, cy, w, h] = data.subarray(4 * i, 4 * i + 4) as unknown as [number, number, number, number];
    return { cx, cy, w, h, positive: labels[i] === 1 };
  });
}

/** The official tokenizer's ids of recorded prompts, padded with 0 to the context. */
async function checkTokenizer(context: GoldenContext): Promise<void> {
  if (!(await exists(join(context.dir, 'tokenizer.json')))) return;
  const prompts = (await readJson(context.dir, 'tokenizer.json')) as { text: string; ids: number[] }[];
  const wrong = prompts.filter(({ text, ids }) => {
    const used = phraseTokens(text, ids.length).ids;
    return ids.some((id, i) => id !== (used[i] ?? 0));
  });
  const note = `other ids for ${wrong.map(({ text }) => JSON.stringify(text)).join(', ')}`;
  context.report(checkExact('tokenizer', wrong.length, note));
}
