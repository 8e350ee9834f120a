import { taesdDecoderGraph, taesdEncoderGraph, taesdView } from '#models/sdxl/taesd.ts';
import { fileWeights, type WeightSource } from '#inference/weights.ts';
import { takeFloat } from '#inference/runtime.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import { compare } from './compare.ts';
import { openTensors } from './files.ts';
import { GoldenError, type GoldenContext } from './types.ts';

/** Max abs error of an fp32 graph, README of taesd. */
const TOLERANCE = 1e-4;

/** Golden taesd: both directions of the tiny autoencoder. */
export async function run(context: GoldenContext): Promise<void> {
  const { dir, runtime, report } = context;
  const inputs = await openTensors(dir, 'inputs.safetensors');
  const expected = await openTensors(dir, 'outputs.safetensors');
  const encoder = await taesdWeights(dir, 'taesdxl_encoder.safetensors');
  const pixels = await inputs.float('encode.image01');
  const encoderGraph = taesdEncoderGraph(encoder.shapes, { ...runtime.emission, ...sizeOf(pixels) });
  const latents = await once(context, encoderGraph, encoder, { pixels }, 'latents');
  report(compare('encode.latent', latents, await expected.float('encode.latent'), TOLERANCE));

  const decoder = await taesdWeights(dir, 'taesdxl_decoder.safetensors');
  const given = await inputs.float('decode.latent');
  const decoderGraph = taesdDecoderGraph(decoder.shapes, { ...runtime.emission, ...sizeOf(given) });
  const image = await once(context, decoderGraph, decoder, { latents: given }, 'pixels');
  const name = 'decode.image01_unclamped';
  report(compare(name, image, await expected.float(name), TOLERANCE));
}

async function taesdWeights(dir: string, name: string): Promise<WeightSource> {
  const file = await openTensors(dir, name);
  const view = taesdView(file.shapes);
  if (!view) throw new GoldenError(`${name} does not hold a TAESD.`);
  return fileWeights(file, view);
}

/** Height and width of [N,C,H,W]. */
export function sizeOf({ dims }: FloatTensor): { readonly height: number; readonly width: number } {
  return { height: dims[2] as number, width: dims[3] as number };
}

/** Loads a graph, runs it once and reads one output. */
export async function once(
  { runtime }: GoldenContext,
  graph: EmittedGraph,
  weights: WeightSource,
  feeds: Readonly<Record<string, FloatTensor>>,
  output: string,
): Promise<FloatTensor> {
  const network = await runtime.load('golden', graph, weights);
  try {
    return await takeFloat(await network.run(feeds), output);
  } finally {
    await network.release();
  }
}
