import { join } from 'node:path';
import { readIpAdapterConfig, type IpAdapterConfig } from '#models/ip-adapter/config.ts';
import { imageProjectionGraph } from '#models/ip-adapter/image-projection.ts';
import { checkIpAdapterFits, imageAttention, ipAdapterLayers } from '#models/ip-adapter/layers.ts';
import { spatialTransformers } from '#models/sdxl/unet-config.ts';
import { ipAdapterWeights } from '#inference/denoiser-weights.ts';
import type { UnetModel } from '#inference/denoiser-session.ts';
import { takeFloat } from '#inference/runtime.ts';
import type { WeightSource } from '#inference/weights.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { checkExact, compare } from './compare.ts';
import { configNumber, openTensors } from './files.ts';
import { GoldenError, type GoldenContext } from './types.ts';
import { openIfPromised, predictCase, readUnetCase, readUnetModel, type UnetCase } from './unet-runs.ts';

/** Max abs error of an fp32 graph, README of ip_adapter and ip_adapter_base. */
const TOLERANCE = 1e-4;
/** The Resampler's epsilon probe: these tensors times 2^-8. */
const PROBED = ['image_proj.proj_in.weight', 'image_proj.proj_in.bias', 'image_proj.latents'];
const PROBE_FACTOR = 2 ** -8;

/** Goldens ip_adapter and ip_adapter_base: image tokens, and the UNet of the neighbour folder seeing them. */
export async function run(context: GoldenContext): Promise<void> {
  const adapter = ipAdapterWeights(await openTensors(context.dir, 'weights.safetensors'));
  const config = readIpAdapterConfig(adapter.shapes, resamplerHeadDim(context));
  const outputs = await openTensors(context.dir, 'outputs.safetensors');
  const tokens = await imageTokens(context, adapter, config, outputs);
  await unetCases(context, adapter, config, outputs, tokens);
}

function resamplerHeadDim({ config }: GoldenContext): number | undefined {
  const headDim = (config['resampler'] as { readonly dim_head?: unknown } | undefined)?.dim_head;
  return typeof headDim === 'number' ? headDim : undefined;
}

/** Checks the image projection; returns the tokens that the UNet cases use. */
async function imageTokens(
  context: GoldenContext,
  adapter: WeightSource,
  config: IpAdapterConfig,
  outputs: SafetensorsFile,
): Promise<FloatTensor> {
  const inputs = await openTensors(context.dir, 'inputs.safetensors');
  if (config.kind === 'base') return baseTokens(context, adapter, config, inputs, outputs);
  const hidden = await inputs.float('resampler.hidden_states');
  const tokens = await project(context, adapter, config, hidden);
  context.report(compare('resampler.tokens', tokens, await outputs.float('resampler.tokens'), TOLERANCE));
  const probe = await openIfPromised(context.dir, 'eps_probe_outputs.safetensors');
  if (probe) {
    const probed = await project(context, scaled(adapter), config, hidden);
    const expected = await probe.float('resampler.tokens');
    context.report(compare('eps_probe.resampler.tokens', probed, expected, TOLERANCE));
  }
  return inputs.float('unet.tokens');
}

async function baseTokens(
  context: GoldenContext,
  adapter: WeightSource,
  config: IpAdapterConfig,
  inputs: SafetensorsFile,
  outputs: SafetensorsFile,
): Promise<FloatTensor> {
  const embeds = await inputs.float('image_embeds');
  const tokens = await project(context, adapter, config, embeds);
  context.report(compare('tokens', tokens, await outputs.float('tokens'), TOLERANCE));
  const blank = outputs.names.find((name) => name.startsWith('tokens_uncond'));
  if (blank) {
    const zeros = floatTensor([1, config.imageDim]);
    const uncond = await project(context, adapter, config, zeros);
    context.report(compare('tokens_uncond', uncond, await outputs.float(blank), TOLERANCE));
  }
  return outputs.float('tokens');
}

async function project(
  { runtime }: GoldenContext,
  adapter: WeightSource,
  config: IpAdapterConfig,
  input: FloatTensor,
): Promise<FloatTensor> {
  const options = { ...runtime.emission, visionTokens: input.dims[1] ?? 0 };
  const graph = imageProjectionGraph(adapter.shapes, config, options);
  const network = await runtime.load('ip-adapter', graph, adapter);
  try {
    return await takeFloat(await network.run({ [graph.inputs[0]?.name ?? '']: input }), 'tokens');
  } finally {
    await network.release();
  }
}

function scaled(adapter: WeightSource): WeightSource {
  return {
    ...adapter,
    float: async (key) => {
      const { dims, data } = await adapter.float(key);
      return PROBED.includes(key)
        ? { dims, data: data.map((value) => value * PROBE_FACTOR) }
        : { dims, data };
    },
    stored: async (key) => (PROBED.includes(key) ? null : adapter.stored(key)),
  };
}

async function unetCases(
  context: GoldenContext,
  adapter: WeightSource,
  config: IpAdapterConfig,
  outputs: SafetensorsFile,
  tokens: FloatTensor,
): Promise<void> {
  const names = outputs.names.filter((name) => name.startsWith('unet.'));
  if (names.length === 0) return;
  const { dir, prefix } = unetFolder(context);
  const unet = await readUnetModel(dir);
  checkIpAdapterFits(unet.config, adapter.shapes, adapter.name);
  reportOrder(context, unet);
  const reference = await readUnetCase(await openTensors(dir, 'inputs.safetensors'), prefix);
  const attention = imageAttention(unet.config, config.tokens);
  const model = { ...unet, adapter: { weights: adapter, attention } };
  for (const name of names) {
    const inputs = name.endsWith('_same_latent') ? repeatedFirst(reference) : reference;
    const scales = blockScales(unet, await itemScales(context, name, inputs.x.dims[0] ?? 0), name);
    const eps = await predictCase(context.runtime, model, inputs, { tokens, scales });
    context.report(compare(name, eps, await outputs.float(name), TOLERANCE));
  }
}

/** The adapter's layer numbers, where config.json lists them. */
function reportOrder(context: GoldenContext, unet: UnetModel): void {
  const order = context.config['order'];
  if (!Array.isArray(order)) return;
  const expected = (order as { index: number; ldm: string }[]).map(({ index, ldm }) => `${index} ${ldm}`);
  const actual = ipAdapterLayers(unet.config).map(({ index, name }) => `${index} ${name}`);
  const wrong = expected.filter((line, i) => line !== actual[i]).length;
  context.report(checkExact('layer_order', wrong + Math.abs(expected.length - actual.length)));
}

/** config.json says which UNet: "unet_inputs": "../unet/inputs.safetensors case0.*" or "unet": "../unet case0". */
function unetFolder({ dir, config }: GoldenContext): { dir: string; prefix: string } {
  const text = [config['unet_inputs'], config['unet']].find((value) => typeof value === 'string') as
    string | undefined;
  const match = /^(\S+?)(?:\/inputs\.safetensors)?\s+(\w+)(?:\.\*)?$/.exec(text ?? '../unet case0');
  if (!match) throw new GoldenError(`config.json names the UNet in an unknown way: "${text ?? ''}".`);
  return { dir: join(dir, match[1] as string), prefix: `${match[2] as string}.` };
}

async function itemScales(context: GoldenContext, name: string, count: number): Promise<Float32Array> {
  if (name.includes('per_item_scale')) {
    const inputs = await openTensors(context.dir, 'inputs.safetensors');
    return (await inputs.float('unet.per_item_scale')).data;
  }
  const stated = /_scale(\d+(?:\.\d+)?)/.exec(name)?.[1];
  const scale = stated === undefined ? configNumber(context, 'scale') : Number(stated);
  return new Float32Array(count).fill(scale);
}

/** [N,blocks,1]; the cases `_no_mid` leave the middle block without image attention, as one popular node does (E.4). */
function blockScales({ config }: UnetModel, itemScales: Float32Array, name: string): FloatTensor {
  const blocks = spatialTransformers(config);
  const factors = blocks.map(({ part }) => (part === 'middle' && name.endsWith('_no_mid') ? 0 : 1));
  const scales = [...itemScales].flatMap((scale) => factors.map((factor) => factor * scale));
  return floatTensor([itemScales.length, blocks.length, 1], Float32Array.from(scales));
}

/** The first item's inputs for every item: only the image differs. */
function repeatedFirst(inputs: UnetCase): UnetCase {
  const repeat = ({ dims, data }: FloatTensor): FloatTensor => {
    const stride = data.length / (dims[0] ?? 1);
    return floatTensor(
      dims,
      Float32Array.from(data, (_, i) => data[i % stride] as number),
    );
  };
  return {
    x: repeat(inputs.x),
    timesteps: repeat(inputs.timesteps),
    context: repeat(inputs.context),
    y: repeat(inputs.y),
  };
}
