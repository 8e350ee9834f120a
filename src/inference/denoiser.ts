import { isInpaintUnet } from '#models/sdxl/unet-config.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { preconditioning, type Prediction, type Preconditioning } from '#domain/sampling/scaling.ts';
import { SDXL_TABLE, timestepOfSigma, type SigmaTable } from '#domain/sampling/sigmas.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { LeaseCache, type Lease } from './denoiser-cache.ts';
import { UnetConditioner } from './denoiser-conditioning.ts';
import { contextGroups, paddedRows, repeatedContexts } from './denoiser-contexts.ts';
import {
  AnchorScales,
  conditioningRows,
  denoised,
  imageTokens,
  labelTensor,
  modelInput,
  type ConditioningRow,
  type SdxlDenoiserItem,
} from './denoiser-rows.ts';
import {
  sessionKey,
  UnetSession,
  type StepConditioning,
  type UnetModel,
  type UnetShape,
} from './denoiser-session.ts';
import { WideningRuntime } from './overflow.ts';
import type { NetworkRuntime } from './runtime.ts';
import { weightBytes } from './weights.ts';

export type { SdxlDenoiserItem } from './denoiser-rows.ts';

/** What of a checkpoint its tensors do not say, and how its steps are run. */
export interface SdxlDenoiserOptions {
  /** What the weights predict. Default eps. */
  readonly prediction?: Prediction;
  /** Default: SDXL's table; zero-terminal-SNR checkpoints have their own. */
  readonly table?: SigmaTable;
  /** Record the step once per shape and replay it, smaller batches padded up to its rows. Default false. */
  readonly capture?: boolean;
  /** Leave the conditioning graph loaded between batches. Default: when its weights are small (residency.ts). */
  readonly keepConditioning?: boolean;
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
  readonly #runtime: WideningRuntime;
  readonly #model: UnetModel;
  readonly #options: SdxlDenoiserOptions;
  /** The noise levels the weights were trained on; zero-terminal-SNR checkpoints are sampled on their own. */
  readonly sigmas: SigmaTable;
  /** Whether the weights are an inpainting model's: every item then needs its mask and masked picture. */
  readonly inpaints: boolean;
  readonly #conditioner: UnetConditioner;
  readonly #sessions: LeaseCache<UnetSession>;
  /** Rows of the last recording of each shape. */
  readonly #recordedRows = new Map<string, number>();

  /** @throws AppError `model-corrupt` when the UNet reads something that the studio cannot give it. */
  constructor(runtime: NetworkRuntime, model: UnetModel, options: SdxlDenoiserOptions = {}) {
    const { inChannels, outChannels } = model.config;
    this.inpaints = isInpaintUnet(model.config);
    if (inChannels !== outChannels && !this.inpaints)
      throw new AppError(
        'model-corrupt',
        sentence`"${model.weights.name}" takes ${inChannels} channels and gives ${outChannels}; the studio needs a text-to-image or inpainting model.`,
      );
    this.#runtime = new WideningRuntime(runtime);
    this.#model = model;
    this.#options = options;
    this.sigmas = options.table ?? SDXL_TABLE;
    this.#conditioner = new UnetConditioner(this.#runtime, model, options.keepConditioning);
    this.#sessions = new LeaseCache(cachedSessions(model));
  }

  get latentChannels(): number {
    return this.#model.config.outChannels;
  }

  get supportsAnchor(): boolean {
    return this.#model.adapter !== null;
  }

  /** Rough peak of the activations of one item's model call, to size batches with. */
  bytesPerItem({ width, height }: Size<'latent'>): number {
    return ACTIVATION_PLANES * this.#model.config.modelChannels * width * height * 4;
  }

  /** Computes the batch's keys and values, then loads the step graph. The result must be disposed. */
  async prepare(
    items: readonly SdxlDenoiserItem[],
    latent: Size<'latent'>,
    guidanceScale: number,
  ): Promise<PreparedSdxl> {
    const rows = conditioningRows(items, guidanceScale !== 1);
    const extras = this.#inpaintInputs(items, latent);
    const prepare = () => this.#groups(rows, latent);
    const letGo = () => this.release();
    return new PreparedSdxl(await this.#runtime.widened(prepare, letGo), {
      rows: rows.length,
      guidanceScale,
      prediction: this.#options.prediction ?? 'eps',
      table: this.sigmas,
      inputDims: [items.length, this.latentChannels, latent.height, latent.width],
      extras,
      runtime: this.#runtime,
      prepare,
      letGo,
    });
  }

  async #groups(rows: readonly ConditioningRow[], latent: Size<'latent'>): Promise<PreparedGroup[]> {
    const conditioned = await this.#condition(rows, latent);
    const groups: PreparedGroup[] = [];
    try {
      for (const group of conditioned) groups.push({ ...group, lease: await this.#session(group.shape) });
    } catch (error) {
      for (const { lease } of groups) lease.done();
      throw error;
    }
    return groups;
  }

  /** All groups before any step session is loaded: the conditioning graph and the step graph need not fit together. */
  async #condition(all: readonly ConditioningRow[], latent: Size<'latent'>): Promise<ConditionedGroup[]> {
    const { config, adapter } = this.#model;
    const results: ConditionedGroup[] = [];
    for (const { rows: own, tokens } of contextGroups(
      all.map(({ text }) => text.context.dims[1] as number),
    )) {
      const shape = this.#shape(own.length, tokens, latent);
      const indices = paddedRows(own, shape.capturedRows ?? own.length);
      const rows = indices.map((row) => all[row] as ConditioningRow);
      const contexts = rows.map(({ text }) => text.context);
      const keysValues = await this.#conditioner.keysValues(
        repeatedContexts(contexts, tokens),
        adapter && imageTokens(rows, adapter.attention.tokens, config.contextDim),
      );
      const scales = adapter && new AnchorScales(rows, config, this.sigmas);
      results.push({ rows: indices, shape, conditioning: { y: labelTensor(rows), keysValues }, scales });
    }
    return results;
  }

  /** With recording: the shape that is loaded already, if it has rows enough, since loading costs more than padding. */
  #shape(rows: number, tokens: number, { width, height }: Size<'latent'>): UnetShape {
    const free: UnetShape = { height, width, tokens, capturedRows: null };
    if (!this.#options.capture) return free;
    const recorded: UnetShape = { ...free, capturedRows: this.#recordedRows.get(sessionKey(free)) ?? 0 };
    if (rows <= (recorded.capturedRows ?? 0) && this.#sessions.has(sessionKey(recorded))) return recorded;
    this.#recordedRows.set(sessionKey(free), rows);
    return { ...free, capturedRows: rows };
  }

  #session(shape: UnetShape): Promise<Lease<UnetSession>> {
    return this.#sessions.acquire(sessionKey(shape), () =>
      UnetSession.load(this.#runtime, this.#model, shape),
    );
  }

  /** What goes behind each item's latents: nothing, or mask and masked picture. */
  #inpaintInputs(items: readonly SdxlDenoiserItem[], { width, height }: Size<'latent'>): FloatTensor[][] {
    if (!this.inpaints) return items.map(() => []);
    return items.map(({ inpaint }) => {
      const dims = [inpaint?.mask.dims, inpaint?.masked.dims].join(' ');
      if (!inpaint || dims !== `1,${height},${width} ${this.latentChannels},${height},${width}`)
        throw new RangeError(`an inpainting model got mask and picture of "${dims}" for ${width}×${height}`);
      return [inpaint.mask, inpaint.masked];
    });
  }

  /** Frees the sessions that no prepared batch is using. */
  async release(): Promise<void> {
    await this.#sessions.clear();
    await this.#conditioner.release();
  }
}

/** Rows of one context length: what one model call takes. */
interface ConditionedGroup {
  /** Indices into the batch's rows (all positives, then with guidance negatives); the last one again as padding. */
  readonly rows: readonly number[];
  readonly shape: UnetShape;
  readonly conditioning: StepConditioning;
  readonly scales: AnchorScales | null;
}

interface PreparedGroup extends ConditionedGroup {
  readonly lease: Lease<UnetSession>;
}

interface PreparedState {
  /** Items, or twice that with guidance. */
  readonly rows: number;
  readonly guidanceScale: number;
  readonly prediction: Prediction;
  readonly table: SigmaTable;
  /** [N,C,h,w]. */
  readonly inputDims: readonly number[];
  /** Per item, what an inpainting model reads behind the latents. */
  readonly extras: readonly (readonly FloatTensor[])[];
  readonly runtime: WideningRuntime;
  /** Conditions and loads everything anew. */
  prepare(): Promise<readonly PreparedGroup[]>;
  /** Releases what no batch uses. */
  letGo(): Promise<void>;
}

/** A batch whose conditioning is computed. */
export class PreparedSdxl {
  #groups: readonly PreparedGroup[];
  readonly #state: PreparedState;
  #disposed = false;

  constructor(groups: readonly PreparedGroup[], state: PreparedState) {
    this.#groups = groups;
    this.#state = state;
  }

  /**
   * denoised of x [N,C,h,w] at each item's sigma; items with sigma 0 come back as they are.
   * @throws AppError `model-corrupt` when the model's output is not finite, in 32 bits too.
   */
  async denoise(x: FloatTensor, sigmas: Float32Array): Promise<FloatTensor> {
    if (this.#disposed) throw new Error('denoise() after dispose()');
    const { inputDims, rows, prediction, table, guidanceScale } = this.#state;
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
    const run = async () => {
      if (this.#groups.length === 0) this.#groups = await this.#state.prepare();
      for (const group of this.#groups) {
        const { data } = await this.#predict(group, x, sigmas, steps, scaling);
        group.rows.forEach((row, i) =>
          output.data.set(data.subarray(i * stride, (i + 1) * stride), row * stride),
        );
      }
    };
    await this.#state.runtime.widened(run, () => this.#letGo());
    return denoised(x, output, sigmas, scaling, guidanceScale);
  }

  /** In 16 bits values overflowed: in the step, or in the keys and values before it. */
  async #letGo(): Promise<void> {
    for (const { lease } of this.#groups) lease.done();
    this.#groups = [];
    await this.#state.letGo();
  }

  /** The model's output for one group's rows. */
  #predict(
    { rows, lease, conditioning, scales }: PreparedGroup,
    x: FloatTensor,
    sigmas: Float32Array,
    steps: readonly number[],
    scaling: readonly Preconditioning[],
  ): Promise<FloatTensor> {
    const items = rows.map((row) => row % sigmas.length);
    const input = modelInput(x, scaling, items, this.#state.extras);
    const timesteps = items.map((item) => steps[item] as number);
    const imageScales = scales && scales.at(items.map((item) => sigmas[item] as number));
    return lease.value.predict(input, timesteps, conditioning, imageScales);
  }

  dispose(): void {
    if (this.#disposed) return;
    this.#disposed = true;
    for (const { lease } of this.#groups) lease.done();
  }
}

function cachedSessions({ weights }: UnetModel): number {
  return Math.max(1, Math.min(MAX_CACHED_SESSIONS, Math.floor(CACHE_BYTES / weightBytes(weights, 'f32'))));
}
