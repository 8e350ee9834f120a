import {
  SDXL_LATENT_SCALE,
  vaeConfig,
  vaeDecoderGraph,
  vaeEncoderGraph,
  type VaeConfig,
  type VaeEncoderOutput,
} from '#models/sdxl/vae.ts';
import { vaeView } from '#models/sdxl/vae-naming.ts';
import { fileWeights, mergedWeights, type WeightSource, type WeightView } from '#inference/weights.ts';
import { takeFloat } from '#inference/runtime.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { recipeKeys } from '#models/graph/weight-recipe.ts';
import { compare } from './compare.ts';
import { openTensors, optionalNumber } from './files.ts';
import { sizeOf } from './taesd.ts';
import { GoldenError, type GoldenContext } from './types.ts';

/** Max abs error of an fp32 graph, README of vae. */
const TOLERANCE = 1e-4;

/** The reference clamps the log-variance to this range (spec/sdxl.md B.1). */
const LOG_VARIANCE = [-30, 20] as const;

/** Golden vae: moments, latents and pictures, and the epsilon probe with its own weights laid over the file's. */
export async function run(context: GoldenContext): Promise<void> {
  const { dir } = context;
  const file = await openTensors(dir, 'weights.safetensors');
  const view = vaeView(file.shapes);
  if (!view) throw new GoldenError(`"${file.source.name}" holds no VAE.`);
  const weights = fileWeights(file, view);
  await check(context, '', weights, await openTensors(dir, 'outputs.safetensors'));
  const override = await openTensors(dir, 'eps_probe_weights.safetensors');
  const probed = mergedWeights([fileWeights(override, restricted(view, override)), weights]);
  await check(context, 'eps_probe.', probed, await openTensors(dir, 'eps_probe_outputs.safetensors'));
}

/** The part of a view that another file of the same naming can serve. */
function restricted(view: WeightView, file: SafetensorsFile): WeightView {
  const part = [...view].filter(([, recipe]) => recipeKeys(recipe).every((key) => file.has(key)));
  if (part.length !== file.names.length)
    throw new GoldenError(`"${file.source.name}" overrides tensors that the VAE does not have.`);
  return new Map(part);
}

async function check(
  context: GoldenContext,
  prefix: string,
  weights: WeightSource,
  expected: SafetensorsFile,
): Promise<void> {
  const config = vaeConfig(weights.shapes, groupsOf(context));
  const encoded = await encodeAll(context, weights, config);
  const decoded = await decodeAll(context, weights, config);
  const actual = new Map([...encoded, ...decoded]);
  for (const name of expected.names) {
    const value = actual.get(name);
    if (!value) throw new GoldenError(`outputs hold "${name}", which the VAE does not compute.`);
    context.report(compare(`${prefix}${name}`, value, await expected.float(name), TOLERANCE));
  }
}

function groupsOf(context: GoldenContext): { readonly groups?: number } {
  const groups = optionalNumber(context, 'group_norm_groups');
  return groups === undefined ? {} : { groups };
}

async function encodeAll(
  context: GoldenContext,
  weights: WeightSource,
  config: VaeConfig,
): Promise<ReadonlyMap<string, FloatTensor>> {
  const inputs = await openTensors(context.dir, 'inputs.safetensors');
  const pixels = await inputs.float('encode.pixels');
  const outputs: VaeEncoderOutput[] = ['moments', 'mean'];
  const options = { ...context.runtime.emission, ...sizeOf(pixels), outputs };
  const network = await context.runtime.load(
    'vae',
    vaeEncoderGraph(weights.shapes, config, options),
    weights,
  );
  try {
    const results = await network.run({ pixels });
    const moments = await takeFloat(results, 'moments');
    const mean = await takeFloat(results, 'mean');
    const scale = optionalNumber(context, 'scale_factor') ?? SDXL_LATENT_SCALE;
    return new Map([
      ['encode.moments', moments],
      ['encode.mean', mean],
      ['encode.logvar_clamped', logVariance(moments)],
      ['encode.latent', mapped(mean, (value) => value * scale)],
    ]);
  } finally {
    await network.release();
  }
}

/** Second half of the moments' channels, clamped. */
function logVariance({ dims, data }: FloatTensor): FloatTensor {
  const [n, channels, h, w] = dims as [number, number, number, number];
  const item = channels * h * w;
  const result = floatTensor([n, channels / 2, h, w]);
  for (let i = 0; i < n; i++)
    result.data.set(data.subarray(i * item + item / 2, (i + 1) * item), (i * item) / 2);
  return mapped(result, (value) => Math.min(Math.max(value, LOG_VARIANCE[0]), LOG_VARIANCE[1]));
}

async function decodeAll(
  context: GoldenContext,
  weights: WeightSource,
  config: VaeConfig,
): Promise<ReadonlyMap<string, FloatTensor>> {
  const inputs = await openTensors(context.dir, 'inputs.safetensors');
  const given = await inputs.float('decode.latent');
  const scale = optionalNumber(context, 'scale_factor') ?? SDXL_LATENT_SCALE;
  const options = { ...context.runtime.emission, ...sizeOf(given) };
  const network = await context.runtime.load(
    'vae',
    vaeDecoderGraph(weights.shapes, config, options),
    weights,
  );
  try {
    const latents = mapped(given, (value) => value / scale);
    const pixels = await takeFloat(await network.run({ latents }), 'pixels');
    const image = mapped(pixels, (value) => Math.min(Math.max((value + 1) / 2, 0), 1));
    return new Map([
      ['decode.pixels', pixels],
      ['decode.image01', image],
    ]);
  } finally {
    await network.release();
  }
}

/** A tensor with a function applied to every value. */
export function mapped({ dims, data }: FloatTensor, f: (value: number) => number): FloatTensor {
  return floatTensor(dims, data.map(f));
}
