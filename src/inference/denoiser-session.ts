import { sentence } from '#domain/job/sentence.ts';
import { unetStepGraph, type ImageAttention } from '#models/sdxl/unet.ts';
import type { UnetConfig } from '#models/sdxl/unet-config.ts';
import { sinusoidalEmbedding } from '#models/sdxl/unet-embedding.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { checkFinite } from './overflow.ts';
import { takeFloat, type Network, type NetworkRuntime } from './runtime.ts';
import { mergedWeights, type WeightSource } from './weights.ts';

/** What the UNet's two graphs are made from. Weights are under canonical names (denoiser-weights.ts). */
export interface UnetModel {
  readonly config: UnetConfig;
  readonly weights: WeightSource;
  /** Image attention and its matrices; null for text-only models. */
  readonly adapter: { readonly weights: WeightSource; readonly attention: ImageAttention } | null;
}

/** The weights both graphs read from: the UNet's and the adapter's. */
export function unetNetworkWeights({ weights, adapter }: UnetModel): WeightSource {
  return adapter ? mergedWeights([weights, adapter.weights]) : weights;
}

/** The static axes of a session; the batch stays free, except in a recording. */
export interface UnetShape {
  readonly height: number;
  readonly width: number;
  readonly tokens: number;
  /** Rows of every call when the step is recorded and replayed (LoadOptions.capture); null: any number, no recording. */
  readonly capturedRows: number | null;
}

/** What tells one session from another, as text. */
export function sessionKey({ width, height, tokens, capturedRows }: UnetShape): string {
  return `${width}x${height}+${tokens}${capturedRows === null ? '' : `*${capturedRows}`}`;
}

/**
 * Cross-attention keys and values of one batch by the step graph's port names, on the host. The runtime does not
 * upload an object again that it was fed in the run before, so the same ones go into every step.
 */
export type KeysValues = Readonly<Record<string, FloatTensor>>;

/** What stays the same over the steps of one batch. Always the same objects, so that they are uploaded once. */
export interface StepConditioning {
  /** [B,adm]. */
  readonly y: FloatTensor;
  readonly keysValues: KeysValues;
}

/** The step graph for one shape: one call of the UNet. */
export class UnetSession {
  readonly #model: UnetModel;
  readonly #step: Network;

  private constructor(model: UnetModel, step: Network) {
    this.#model = model;
    this.#step = step;
  }

  static async load(runtime: NetworkRuntime, model: UnetModel, shape: UnetShape): Promise<UnetSession> {
    const image = model.adapter?.attention;
    const weights = unetNetworkWeights(model);
    const graph = unetStepGraph(weights.shapes, model.config, {
      ...runtime.emission,
      ...shape,
      ...(image && { image }),
    });
    // One family per session: the runtime frees a device only when the last session on it is released.
    const family = `denoiser ${sessionKey(shape)}`;
    const capture = shape.capturedRows !== null;
    return new UnetSession(model, await runtime.load(family, graph, weights, { capture }));
  }

  /**
   * One model call: x [B,C_in,h,w] (latents scaled by c_in), timesteps per item, and with an adapter the factor of the
   * image attention [B,blocks,1] -> eps or v [B,C,h,w].
   * @throws OverflowError where that is not finite.
   */
  async predict(
    x: FloatTensor,
    timesteps: ArrayLike<number>,
    { y, keysValues }: StepConditioning,
    imageScales: FloatTensor | null,
  ): Promise<FloatTensor> {
    const { modelChannels } = this.#model.config;
    const outputs = await this.#step.run({
      x,
      t_emb: floatTensor([timesteps.length, modelChannels], sinusoidalEmbedding(timesteps, modelChannels)),
      y,
      ...keysValues,
      ...(imageScales && { ip_scale: imageScales }),
    });
    const eps = await takeFloat(outputs, 'eps');
    checkFinite(eps, sentence`The UNet of "${this.#model.weights.name}"`);
    return eps;
  }

  release(): Promise<void> {
    return this.#step.release();
  }
}
