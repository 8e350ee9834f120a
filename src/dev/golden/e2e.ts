import { labelVector } from '#models/sdxl/unet-embedding.ts';
import { vaeConfig, vaeDecoderGraph, SDXL_LATENT_SCALE } from '#models/sdxl/vae.ts';
import type { SdxlDenoiserItem } from '#inference/denoiser.ts';
import type { EncodedPrompt } from '#inference/prompts.ts';
import { takeFloat } from '#inference/runtime.ts';
import { loadVision } from '#inference/vision.ts';
import { clipPreprocess } from '#domain/image/clip-preprocess.ts';
import { isSamplerName, sample, type AnySamplerName } from '#domain/sampling/sample.ts';
import { startFactor } from '#domain/sampling/scaling.ts';
import { truncatedSigmas, type AnySchedulerName } from '#domain/sampling/schedules.ts';
import { SDXL_TABLE, timestepOfSigma } from '#domain/sampling/sigmas.ts';
import { batchItem, floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { checkExact, compare } from './compare.ts';
import { openPipeline, releasePipeline, type Pipeline } from './e2e-parts.ts';
import { configNumber, openTensors, readInts } from './files.ts';
import { once, sizeOf } from './taesd.ts';
import { GoldenError, type GoldenContext } from './types.ts';
import { mapped } from './vae.ts';

/** Max abs error in fp32 over the whole pipeline, README of e2e. */
const TOLERANCE = 2e-3;

/** Golden e2e: img2img with guidance and image anchors, every intermediate state checked. */
export async function run(context: GoldenContext): Promise<void> {
  const pipeline = await openPipeline(context);
  try {
    await new EndToEnd(context, pipeline, await openFiles(context)).check();
  } finally {
    await releasePipeline(pipeline);
  }
}

interface Files {
  readonly inputs: SafetensorsFile;
  readonly outputs: SafetensorsFile;
}

async function openFiles({ dir }: GoldenContext): Promise<Files> {
  return {
    inputs: await openTensors(dir, 'inputs.safetensors'),
    outputs: await openTensors(dir, 'outputs.safetensors'),
  };
}

interface Conditioning {
  readonly positive: EncodedPrompt;
  readonly negative: EncodedPrompt;
  /** [N,tokens,C], one anchor per item. */
  readonly anchors: FloatTensor;
  readonly anchorNegative: FloatTensor;
}

class EndToEnd {
  readonly #context: GoldenContext;
  readonly #pipeline: Pipeline;
  readonly #files: Files;

  constructor(context: GoldenContext, pipeline: Pipeline, files: Files) {
    this.#context = context;
    this.#pipeline = pipeline;
    this.#files = files;
  }

  async check(): Promise<void> {
    const images = mapped(await this.#files.inputs.float('image_u8'), (value) => value / 255);
    const latent = await this.#pipeline.codec.encode(images);
    await this.#report('latent', latent);
    const levels = await this.#levels();
    const conditioning = await this.#condition(images);
    const start = await this.#start(latent, levels);
    const final = await this.#sampleAll(start, levels, conditioning);
    await this.#report('final_latent', final);
    await this.#checkImage(final);
  }

  async #report(name: string, actual: FloatTensor): Promise<void> {
    this.#context.report(compare(name, actual, await this.#files.outputs.float(name), TOLERANCE));
  }

  /** The schedule cut to the strength, and the timesteps the network is told. */
  async #levels(): Promise<Float64Array> {
    const { inputs } = this.#files;
    const scheduler = this.#context.config['scheduler'] as AnySchedulerName;
    const steps = configNumber(this.#context, 'steps');
    const levels = truncatedSigmas(scheduler, steps, configNumber(this.#context, 'denoise'));
    const ours = floatTensor([levels.length], Float32Array.from(levels));
    this.#context.report(compare('sigmas', ours, await inputs.float('sigmas'), 1e-4));
    const expected = (await readInts(inputs, 'timesteps')).data;
    const timesteps = [...levels.slice(0, -1)].map((sigma) => timestepOfSigma(sigma));
    const wrong = timesteps.filter((timestep, i) => timestep !== expected[i]).length;
    const missing = Math.abs(timesteps.length - expected.length);
    this.#context.report(checkExact('timesteps', wrong + missing));
    return levels;
  }

  async #condition(images: FloatTensor): Promise<Conditioning> {
    const { anchors } = this.#pipeline;
    await this.#checkVision(images);
    const count = images.dims[0] as number;
    const tokens: FloatTensor[] = [];
    for (let i = 0; i < count; i++) tokens.push(batchItem(await anchors.encode(batchItem(images, i)), 0));
    const all = stack(tokens);
    await this.#report('ip_tokens', all);
    const anchorNegative = await anchors.unconditional();
    await this.#report('ip_tokens_uncond', anchorNegative);
    return {
      positive: await this.#prompt('pos'),
      negative: await this.#prompt('neg'),
      anchors: all,
      anchorNegative,
    };
  }

  /** The vision path in pieces: preprocessing and hidden states of as many pictures as the reference has. */
  async #checkVision(images: FloatTensor): Promise<void> {
    const { outputs } = this.#files;
    const { vision } = this.#pipeline;
    const expected = outputs.header.tensors.get('clip_pixel_values');
    if (!expected) return;
    const pixels = stack(
      Array.from({ length: expected.dims[0] as number }, (_, i) =>
        clipPreprocess(batchItem(images, i), vision.config.image, true),
      ),
    );
    await this.#report('clip_pixel_values', pixels);
    const network = await loadVision(this.#context.runtime, 'golden', vision, 'penultimate');
    try {
      await this.#report(
        'clip_hidden',
        await takeFloat(await network.run({ pixel_values: pixels }), 'penultimate'),
      );
    } finally {
      await network.release();
    }
  }

  async #prompt(side: 'pos' | 'neg'): Promise<EncodedPrompt> {
    const { inputs } = this.#files;
    const { prompts, emptyPrompt } = this.#pipeline;
    const l = await inputs.float(`${side}_ids_l`);
    const g = await inputs.float(`${side}_ids_g`);
    const length = l.dims[1] as number;
    const chunks = Array.from({ length: l.dims[0] as number }, (_, i) => ({
      l: [...l.data.subarray(i * length, (i + 1) * length)],
      g: [...g.data.subarray(i * length, (i + 1) * length)],
      weights: Array<number>(length).fill(1),
    }));
    const encoded = await prompts.encodeChunks(chunks, emptyPrompt, 'comfy');
    await this.#report(`context_${side}`, encoded.context);
    const y = labelVector(encoded.pooled.data, (await inputs.float('size_ids')).data);
    await this.#report(`y_${side}`, floatTensor([1, y.length], y));
    return encoded;
  }

  /** x0 = latent + sigma0·noise. */
  async #start(latent: FloatTensor, levels: Float64Array): Promise<FloatTensor> {
    const noise = await this.#files.inputs.float('noise');
    const { sigmas } = SDXL_TABLE;
    const factor = startFactor(levels[0] as number, sigmas[sigmas.length - 1] as number);
    const start = floatTensor(
      latent.dims,
      latent.data.map((value, i) => value + factor * (noise.data[i] as number)),
    );
    await this.#report('x_init', start);
    return start;
  }

  /** Every sampler of the reference (`<sampler>.x`); returns the result of the one whose steps are all given. */
  async #sampleAll(
    start: FloatTensor,
    levels: Float64Array,
    conditioning: Conditioning,
  ): Promise<FloatTensor> {
    const { names } = this.#files.outputs;
    const samplers = names.flatMap((name) => (name.endsWith('.x') ? [name.slice(0, -2)] : []));
    const main = samplers.find((sampler) => names.includes(`${sampler}.denoised`)) ?? samplers[0];
    let final: FloatTensor | null = null;
    for (const sampler of samplers) {
      if (!isSamplerName(sampler))
        throw new GoldenError(`outputs hold steps of an unknown sampler "${sampler}".`);
      const result = await this.#sample(sampler, start, levels, conditioning);
      if (sampler === main) final = result;
    }
    if (!final) throw new GoldenError('outputs hold no sampler states ("euler.x").');
    return final;
  }

  async #sample(
    sampler: AnySamplerName,
    start: FloatTensor,
    levels: Float64Array,
    conditioning: Conditioning,
  ): Promise<FloatTensor> {
    const [count, , height, width] = start.dims as [number, number, number, number];
    const items = await this.#items(conditioning, count);
    const guidance = configNumber(this.#context, 'cfg');
    const prepared = await this.#pipeline.denoiser.prepare(items, { width, height }, guidance);
    const calls: FloatTensor[] = [];
    const states = Array.from(levels, () => floatTensor(start.dims));
    try {
      const denoise = async (x: FloatTensor, sigmas: Float32Array): Promise<FloatTensor> => {
        const denoised = await prepared.denoise(x, sigmas);
        calls.push(floatTensor(denoised.dims, denoised.data.slice()));
        return denoised;
      };
      const result = await sample(sampler, denoise, start, Array<Float64Array>(count).fill(levels), {
        onItemState: (item, step, x) => batchItem(states[step] as FloatTensor, item).data.set(x),
      });
      await this.#report(`${sampler}.x`, stack(states));
      if (this.#files.outputs.has(`${sampler}.denoised`))
        await this.#report(`${sampler}.denoised`, stack(calls));
      return result;
    } finally {
      prepared.dispose();
    }
  }

  async #items(conditioning: Conditioning, count: number): Promise<SdxlDenoiserItem[]> {
    const { positive, negative, anchors, anchorNegative } = conditioning;
    const sizeIds = [...(await this.#files.inputs.float('size_ids')).data];
    const anchorScale = configNumber(this.#context, 'ip_scale');
    return Array.from({ length: count }, (_, i) => ({
      positive,
      negative,
      anchor: stack([batchItem(anchors, i)]),
      anchorNegative,
      anchorScale,
      anchorPreset: 'all' as const,
      anchorRange: { start: 0, end: 1 },
      sizeIds,
      inpaint: null,
    }));
  }

  /** The decoded picture before clamping, as the reference has it, and after, as the studio's codec gives it. */
  async #checkImage(latent: FloatTensor): Promise<void> {
    const { vae, codec } = this.#pipeline;
    const options = { ...this.#context.runtime.emission, ...sizeOf(latent) };
    const graph = vaeDecoderGraph(vae.shapes, vaeConfig(vae.shapes), options);
    const latents = mapped(latent, (value) => value / SDXL_LATENT_SCALE);
    await this.#report('image', await once(this.#context, graph, vae, { latents }, 'pixels'));
    const expected = await this.#files.outputs.float('image');
    const image01 = mapped(expected, (value) => Math.min(Math.max((value + 1) / 2, 0), 1));
    this.#context.report(compare('image01', await codec.decode(latent), image01, TOLERANCE));
  }
}
