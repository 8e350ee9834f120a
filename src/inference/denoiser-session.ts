import { imageConditioning } from '#models/ip-adapter/layers.ts';
import { unetConditioningGraph, unetStepGraph, type ImageAttention } from '#models/sdxl/unet.ts';
import type { UnetConfig } from '#models/sdxl/unet-config.ts';
import { sinusoidalEmbedding } from '#models/sdxl/unet-embedding.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { takeFloat, type NetTensor, type Network, type NetworkRuntime } from './runtime.ts';
import { mergedWeights, type WeightSource } from './weights.ts';

/** What the UNet's two graphs are made from. Weights are under canonical names (denoiser-weights.ts). */
export interface UnetModel {
  readonly config: UnetConfig;
  readonly weights: WeightSource;
  /** Image attention and its matrices; null for text-only models. */
  readonly adapter: { readonly weights: WeightSource; readonly attention: ImageAttention } | null;
}

/** The static axes of a session; the batch stays free. */
export interface UnetShape {
  readonly height: number;
  readonly width: number;
  readonly tokens: number;
}

/** Cross-attention keys and values of one batch, where the conditioning graph left them. */
export class UnetConditioning {
  readonly feeds: Readonly<Record<string, NetTensor>>;

  constructor(feeds: Readonly<Record<string, NetTensor>>) {
    this.feeds = feeds;
  }

  dispose(): void {
    for (const tensor of Object.values(this.feeds)) tensor.dispose();
  }
}

/** Conditioning graph and step graph for one shape, sharing a device so that keys and values never leave it. */
export class UnetSession {
  readonly #model: UnetModel;
  readonly #conditioning: Network;
  readonly #step: Network;
  /** Names of all key and value ports. */
  readonly #ports: readonly string[];

  private constructor(model: UnetModel, conditioning: Network, step: Network, ports: readonly string[]) {
    this.#model = model;
    this.#conditioning = conditioning;
    this.#step = step;
    this.#ports = ports;
  }

  static async load(runtime: NetworkRuntime, model: UnetModel, shape: UnetShape): Promise<UnetSession> {
    const { config, adapter } = model;
    const weights = adapter ? mergedWeights([model.weights, adapter.weights]) : model.weights;
    const emission = { ...runtime.emission, tokens: shape.tokens };
    const image = adapter?.attention;
    // One family per shape: the runtime frees a device only when the last session on it is released.
    const family = `denoiser ${shape.width}x${shape.height}+${shape.tokens}`;
    const conditioning = unetConditioningGraph(weights.shapes, config, {
      ...emission,
      ...(image && { image: imageConditioning(config, image) }),
    });
    const step = unetStepGraph(weights.shapes, config, { ...shape, ...emission, ...(image && { image }) });
    const first = await runtime.load(family, conditioning, weights);
    try {
      const ports = conditioning.outputs.map(({ name }) => name);
      return new UnetSession(model, first, await runtime.load(family, step, weights), ports);
    } catch (error) {
      await first.release();
      throw error;
    }
  }

  /** context [B,tokens,C] and, when the model has an adapter, imageTokens [B,T_ip,C] -> keys and values. */
  async condition(context: FloatTensor, imageTokens: FloatTensor | null): Promise<UnetConditioning> {
    const feeds = { context, ...(imageTokens && { image_tokens: imageTokens }) };
    return new UnetConditioning(await this.#conditioning.run(feeds, this.#ports));
  }

  /**
   * One model call: x [B,C,h,w] (scaled by c_in), timesteps and y per item, and the factor of the image attention
   * per item (ignored without adapter) -> eps or v [B,C,h,w].
   */
  async predict(
    x: FloatTensor,
    timesteps: ArrayLike<number>,
    y: FloatTensor,
    conditioning: UnetConditioning,
    imageScales: Float32Array,
  ): Promise<FloatTensor> {
    const { modelChannels } = this.#model.config;
    const batch = timesteps.length;
    const outputs = await this.#step.run({
      x,
      t_emb: floatTensor([batch, modelChannels], sinusoidalEmbedding(timesteps, modelChannels)),
      y,
      ...conditioning.feeds,
      ...(this.#model.adapter && { ip_scale: floatTensor([batch, 1, 1], imageScales) }),
    });
    return takeFloat(outputs, 'eps');
  }

  async release(): Promise<void> {
    await this.#step.release();
    await this.#conditioning.release();
  }
}
