import { labelVector } from '#models/sdxl/unet-embedding.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import { preconditioning, type Prediction, type Preconditioning } from '#domain/sampling/scaling.ts';
import { SDXL_TABLE, timestepOfSigma, type SigmaTable } from '#domain/sampling/sigmas.ts';
import { floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';
import { LeaseCache, type Lease } from './denoiser-cache.ts';
import { contextGroups, repeatedContexts, type ContextGroup } from './denoiser-contexts.ts';
import { UnetSession, type UnetConditioning, type UnetModel, type UnetShape } from './denoiser-session.ts';
import type { NetworkRuntime } from './runtime.ts';
import { weightBytes } from './weights.ts';

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
  /** The noise levels the weights were trained on; zero-terminal-SNR checkpoints are sampled on their own. */
  readonly sigmas: SigmaTable;
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
    this.sigmas = options.table ?? SDXL_TABLE;
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
    const rows = conditioningRows(items, guidanceScale !== 1);
    const groups: PreparedGroup[] = [];
    try {
      for (const group of contextGroups(rows.map(({ text }) => text.context.dims[1] as number)))
        groups.push(await this.#prepareGroup(group, rows, latent));
    } catch (error) {
      groups.forEach(disposeGroup);
      throw error;
    }
    return new PreparedSdxl(groups, {
      rows: rows.length,
      guidanceScale,
      prediction: this.#prediction,
      table: this.sigmas,
      inputDims: [items.length, this.latentChannels, latent.height, latent.width],
    });
  }

  async #prepareGroup(
    group: ContextGroup,
    all: readonly ConditioningRow[],
    { height, width }: Size<'latent'>,
  ): Promise<PreparedGroup> {
    const rows = group.rows.map((row) => all[row] as ConditioningRow);
    const shape: UnetShape = { height, width, tokens: group.tokens };
    const lease = await this.#sessions.acquire(`${width}x${height}+${group.tokens}`, () =>
      UnetSession.load(this.#runtime, this.#model, shape),
    );
    try {
      const contexts = rows.map(({ text }) => text.context);
      const image = this.#model.adapter && imageInputs(rows, this.#imageDims());
      return {
        rows: group.rows,
        lease,
        conditioning: await lease.value.condition(
          repeatedContexts(contexts, group.tokens),
          image?.tokens ?? null,
        ),
        y: stack(rows.map(({ text, sizeIds }) => labelTensor(text.pooled, sizeIds))),
        imageScales: image?.scales ?? new Float32Array(rows.length),
      };
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

/** Rows of one context length: what one model call takes. */
interface PreparedGroup {
  /** Their places in the batch: all positives, then (with guidance) all negatives. */
  readonly rows: readonly number[];
  readonly lease: Lease<UnetSession>;
  readonly conditioning: UnetConditioning;
  /** [rows,adm]. */
  readonly y: FloatTensor;
  readonly imageScales: Float32Array;
}

function disposeGroup({ conditioning, lease }: PreparedGroup): void {
  conditioning.dispose();
  lease.done();
}

interface PreparedState {
  /** Items, or twice that with guidance. */
  readonly rows: number;
  readonly guidanceScale: number;
  readonly prediction: Prediction;
  readonly table: SigmaTable;
  /** [N,C,h,w]. */
  readonly inputDims: readonly number[];
}

/** A batch whose conditioning is computed. */
export class PreparedSdxl {
  readonly #groups: readonly PreparedGroup[];
  readonly #state: PreparedState;
  #disposed = false;

  constructor(groups: readonly PreparedGroup[], state: PreparedState) {
    this.#groups = groups;
    this.#state = state;
  }

  /** denoised of x [N,C,h,w] at each item's sigma; items with sigma 0 come back as they are. */
  async denoise(x: FloatTensor, sigmas: Float32Array): Promise<FloatTensor> {
    if (this.#disposed) throw new Error('denoise() after dispose()');
    const { inputDims, rows, prediction, table } = this.#state;
    const [count = 0] = inputDims;
    if (x.dims.join() !== inputDims.join() || sigmas.length !== count)
      throw new RangeError(
        `denoise got x [${x.dims.join(', ')}] and ${sigmas.length} sigmas, prepared for [${inputDims.join(', ')}]`,
      );
    if (sigmas.every((sigma) => sigma === 0)) return floatTensor(x.dims, x.data.slice());
    const steps = Array.from(sigmas, (sigma) => timestepOfSigma(sigma, table));
    const scaling = Array.from(sigmas, (sigma, i) => preconditioning(prediction, sigma, steps[i]));
    const output = floatTensor([rows, ...x.dims.slice(1)]);
    const stride = x.data.length / count;
    for (const group of this.#groups) {
      const { lease, conditioning, y, imageScales } = group;
      const input = modelInput(x, scaling, group.rows);
      const timesteps = group.rows.map((row) => steps[row % count] as number);
      const { data } = await lease.value.predict(input, timesteps, y, conditioning, imageScales);
      group.rows.forEach((row, i) =>
        output.data.set(data.subarray(i * stride, (i + 1) * stride), row * stride),
      );
    }
    return denoised(x, output, sigmas, scaling, this.#state.guidanceScale);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    this.#groups.forEach(disposeGroup);
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

/** c_in·x of the item each row belongs to. */
function modelInput(
  x: FloatTensor,
  scaling: readonly Preconditioning[],
  rows: readonly number[],
): FloatTensor {
  const [count = 1, ...rest] = x.dims;
  const stride = x.data.length / count;
  const result = floatTensor([rows.length, ...rest]);
  rows.forEach((row, i) => {
    const item = row % count;
    const { input } = scaling[item] as Preconditioning;
    for (let k = 0; k < stride; k++)
      result.data[i * stride + k] = (x.data[item * stride + k] as number) * input;
  });
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
  return Math.max(1, Math.min(MAX_CACHED_SESSIONS, Math.floor(CACHE_BYTES / weightBytes(weights, 'f32'))));
}
