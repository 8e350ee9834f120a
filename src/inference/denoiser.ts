import { elementCount } from '#models/graph/dtype.ts';
import { labelVector } from '#models/sdxl/unet-embedding.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import { preconditioning, type Prediction, type Preconditioning } from '#domain/sampling/scaling.ts';
import { SDXL_TABLE, timestepOfSigma, type SigmaTable } from '#domain/sampling/sigmas.ts';
import { floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';
import { LeaseCache, type Lease } from './denoiser-cache.ts';
import { UnetSession, type UnetConditioning, type UnetModel, type UnetShape } from './denoiser-session.ts';
import type { NetworkRuntime } from './runtime.ts';

/** One item of a batch; the same as `DenoiserItem` of the pipelines, which this layer may not import. */
export interface SdxlDenoiserItem {
  readonly positive: TextInput;
  readonly negative: TextInput;
  /** IP-Adapter tokens [1,tokens,C]; null: no anchor for this item. */
  readonly anchor: FloatTensor | null;
  /** The tokens of the guidance's negative side; without them that side has no image attention. */
  readonly anchorNegative: FloatTensor | null;
  readonly anchorScale: number;
  readonly sizeIds: readonly number[];
}

interface TextInput {
  /** [1,T,C] and [1,P]. */
  readonly context: FloatTensor;
  readonly pooled: FloatTensor;
}

export interface SdxlDenoiserOptions {
  /** What the weights predict. Default eps. */
  readonly prediction?: Prediction;
  /** Default: SDXL's table; zero-terminal-SNR checkpoints have their own. */
  readonly table?: SigmaTable;
}

/** Sessions kept for other latent sizes and prompt lengths, as long as their weights fit here. */
const CACHE_BYTES = 2 * 2 ** 30;
const MAX_CACHED_SESSIONS = 4;

/**
 * Full-resolution feature maps alive at the peak of a step. The real UNet keeps about 700 MiB of 32-bit activations at
 * 128×128 latents with 320 channels (spec/onnxruntime-web.md §2.4, twice the 16-bit figure), i.e. some 35 of them.
 */
const ACTIVATION_PLANES = 35;

/** SDXL's UNet with optional IP-Adapter as a denoiser: x, sigma -> denoised, with guidance (spec/sdxl.md F.2). */
export class SdxlDenoiser {
  readonly #runtime: NetworkRuntime;
  readonly #model: UnetModel;
  readonly #prediction: Prediction;
  readonly #table: SigmaTable;
  readonly #sessions: LeaseCache<UnetSession>;

  constructor(runtime: NetworkRuntime, model: UnetModel, options: SdxlDenoiserOptions = {}) {
    const { inChannels, outChannels } = model.config;
    if (inChannels !== outChannels)
      throw new AppError(
        'model-corrupt',
        `"${model.weights.name}" takes ${inChannels} channels and gives ${outChannels}; the studio needs a plain text-to-image model.`,
      );
    this.#runtime = runtime;
    this.#model = model;
    this.#prediction = options.prediction ?? 'eps';
    this.#table = options.table ?? SDXL_TABLE;
    this.#sessions = new LeaseCache(cachedSessions(model));
  }

  get latentChannels(): number {
    return this.#model.config.inChannels;
  }

  get supportsAnchor(): boolean {
    return this.#model.adapter !== null;
  }

  /** Rough peak of the activations of one item's model call, to size batches with. */
  bytesPerItem({ width, height }: Size<'latent'>): number {
    return ACTIVATION_PLANES * this.#model.config.modelChannels * width * height * 4;
  }

  /** Computes the batch's keys and values. The result must be disposed. */
  async prepare(
    items: readonly SdxlDenoiserItem[],
    latent: Size<'latent'>,
    guidanceScale: number,
  ): Promise<PreparedSdxl> {
    const guided = guidanceScale !== 1;
    const rows = conditioningRows(items, guided);
    const context = equalContexts(rows.map(({ text }) => text.context));
    const shape: UnetShape = {
      height: latent.height,
      width: latent.width,
      tokens: context.dims[1] as number,
    };
    const key = `${shape.width}x${shape.height}+${shape.tokens}`;
    const lease = await this.#sessions.acquire(key, () =>
      UnetSession.load(this.#runtime, this.#model, shape),
    );
    try {
      const image = this.#model.adapter && imageInputs(rows, this.#imageDims());
      return new PreparedSdxl(lease, {
        conditioning: await lease.value.condition(context, image?.tokens ?? null),
        y: stack(rows.map(({ text, sizeIds }) => labelTensor(text.pooled, sizeIds))),
        imageScales: image?.scales ?? new Float32Array(rows.length),
        guidanceScale,
        prediction: this.#prediction,
        table: this.#table,
        inputDims: [items.length, this.latentChannels, latent.height, latent.width],
      });
    } catch (error) {
      lease.done();
      throw error;
    }
  }

  /** Frees the sessions that no prepared batch is using. */
  async release(): Promise<void> {
    await this.#sessions.clear();
  }

  #imageDims(): readonly [number, number] {
    return [this.#model.adapter?.attention.tokens ?? 0, this.#model.config.contextDim];
  }
}

interface PreparedState {
  readonly conditioning: UnetConditioning;
  /** [B,adm]; B = items, or twice that with guidance: all positives, then all negatives. */
  readonly y: FloatTensor;
  readonly imageScales: Float32Array;
  readonly guidanceScale: number;
  readonly prediction: Prediction;
  readonly table: SigmaTable;
  /** [N,C,h,w]. */
  readonly inputDims: readonly number[];
}

/** A batch whose conditioning is computed. */
export class PreparedSdxl {
  readonly #lease: Lease<UnetSession>;
  readonly #state: PreparedState;
  #disposed = false;

  constructor(lease: Lease<UnetSession>, state: PreparedState) {
    this.#lease = lease;
    this.#state = state;
  }

  /** denoised of x [N,C,h,w] at each item's sigma; items with sigma 0 come back as they are. */
  async denoise(x: FloatTensor, sigmas: Float32Array): Promise<FloatTensor> {
    if (this.#disposed) throw new Error('denoise() after dispose()');
    const { inputDims, y, conditioning, imageScales, prediction, table } = this.#state;
    const [count = 0] = inputDims;
    if (x.dims.join() !== inputDims.join() || sigmas.length !== count)
      throw new RangeError(
        `denoise got x [${x.dims.join(', ')}] and ${sigmas.length} sigmas, prepared for [${inputDims.join(', ')}]`,
      );
    if (sigmas.every((sigma) => sigma === 0)) return floatTensor(x.dims, x.data.slice());
    const steps = Array.from(sigmas, (sigma) => timestepOfSigma(sigma, table));
    const scaling = Array.from(sigmas, (sigma, i) => preconditioning(prediction, sigma, steps[i]));
    const passes = (y.dims[0] as number) / count;
    const timesteps = Array.from({ length: count * passes }, (_, row) => steps[row % count] as number);
    const input = modelInput(x, scaling, passes);
    const output = await this.#lease.value.predict(input, timesteps, y, conditioning, imageScales);
    return denoised(x, output, sigmas, scaling, this.#state.guidanceScale);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#state.conditioning.dispose();
    this.#lease.done();
  }
}

/** One row of the model's batch: a positive or a negative of an item. */
interface ConditioningRow {
  readonly text: TextInput;
  readonly tokens: FloatTensor | null;
  readonly scale: number;
  readonly sizeIds: readonly number[];
}

/** [positives, then negatives], in the order the guidance expects them. */
function conditioningRows(items: readonly SdxlDenoiserItem[], guided: boolean): ConditioningRow[] {
  const row = (item: SdxlDenoiserItem, text: TextInput, tokens: FloatTensor | null): ConditioningRow => ({
    text,
    tokens,
    scale: item.anchor && tokens ? item.anchorScale : 0,
    sizeIds: item.sizeIds,
  });
  const positives = items.map((item) => row(item, item.positive, item.anchor));
  if (!guided) return positives;
  return [...positives, ...items.map((item) => row(item, item.negative, item.anchorNegative))];
}

/**
 * Contexts of different length as one tensor: each repeated up to the least common multiple. Repeating all tokens
 * equally does not change softmax attention (spec/sdxl.md A.8).
 */
function equalContexts(contexts: readonly FloatTensor[]): FloatTensor {
  const lengths = contexts.map((context) => context.dims[1] as number);
  const tokens = lengths.reduce(leastCommonMultiple);
  const width = contexts[0]?.dims[2] ?? 0;
  const result = floatTensor([contexts.length, tokens, width]);
  contexts.forEach(({ data }, i) => {
    for (let at = 0; at < tokens * width; at += data.length) result.data.set(data, i * tokens * width + at);
  });
  return result;
}

function leastCommonMultiple(a: number, b: number): number {
  let [x, y] = [a, b];
  while (y > 0) [x, y] = [y, x % y];
  return (a / x) * b;
}

function labelTensor(pooled: FloatTensor, sizeIds: readonly number[]): FloatTensor {
  const y = labelVector(pooled.data, sizeIds);
  return floatTensor([y.length], y);
}

/** Rows without an anchor get zero tokens and scale 0, which equals a UNet without adapter exactly. */
function imageInputs(rows: readonly ConditioningRow[], [tokens, width]: readonly [number, number]) {
  const empty = floatTensor([tokens, width]);
  return {
    tokens: stack(rows.map((row) => (row.tokens ? floatTensor([tokens, width], row.tokens.data) : empty))),
    scales: Float32Array.from(rows, (row) => row.scale),
  };
}

/** c_in·x, once per pass. */
function modelInput(x: FloatTensor, scaling: readonly Preconditioning[], passes: number): FloatTensor {
  const [count = 1, ...rest] = x.dims;
  const stride = x.data.length / count;
  const result = floatTensor([count * passes, ...rest]);
  for (let i = 0; i < x.data.length; i++) {
    const value = (x.data[i] as number) * (scaling[Math.floor(i / stride)] as Preconditioning).input;
    for (let pass = 0; pass < passes; pass++) result.data[pass * x.data.length + i] = value;
  }
  return result;
}

/** skip·x + out·(u + g·(c − u)): the guidance is linear, so it may act on the model's output. */
function denoised(
  x: FloatTensor,
  output: FloatTensor,
  sigmas: Float32Array,
  scaling: readonly Preconditioning[],
  guidanceScale: number,
): FloatTensor {
  const total = x.data.length;
  const stride = total / sigmas.length;
  const guided = output.data.length > total;
  const result = floatTensor(x.dims, x.data.slice());
  for (let i = 0; i < total; i++) {
    const item = Math.floor(i / stride);
    if (sigmas[item] === 0) continue;
    const positive = output.data[i] as number;
    const negative = guided ? (output.data[total + i] as number) : positive;
    const { skip, out } = scaling[item] as Preconditioning;
    result.data[i] = skip * (x.data[i] as number) + out * (negative + guidanceScale * (positive - negative));
  }
  return result;
}

function cachedSessions({ weights }: UnetModel): number {
  let bytes = 0;
  for (const dims of weights.shapes.values()) bytes += elementCount(dims) * 4;
  return Math.max(1, Math.min(MAX_CACHED_SESSIONS, Math.floor(CACHE_BYTES / bytes)));
}
