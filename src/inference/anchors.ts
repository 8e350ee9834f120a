import { readIpAdapterConfig, type IpAdapterConfig } from '#models/ip-adapter/config.ts';
import { imageProjectionGraph } from '#models/ip-adapter/image-projection.ts';
import { clipPreprocess } from '#domain/image/clip-preprocess.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';
import { Mutex } from './mutex.ts';
import { staysResident } from './residency.ts';
import { takeFloat, type NetTensor, type Network, type NetworkRuntime } from './runtime.ts';
import { loadVision, type VisionTower } from './vision.ts';
import { weightBytes, type WeightSource } from './weights.ts';

/** The image side of an IP-Adapter: projection of vision features to tokens. */
export interface AnchorProjection {
  readonly weights: WeightSource;
  readonly config: IpAdapterConfig;
}

/** Reads the projection's config. @throws AppError when the weights are no IP-Adapter. */
export function anchorProjection(weights: WeightSource, resamplerHeadDim?: number): AnchorProjection {
  return { weights, config: readIpAdapterConfig(weights.shapes, resamplerHeadDim) };
}

/** Vision tower and projection share a device, so that the features never leave it. */
const FAMILY = 'anchor';

interface AnchorNetworks {
  readonly vision: Network;
  readonly projection: Network;
}

/** Which vision output a projection reads, and how the projection's input is called. */
const FEATURES = {
  plus: { output: 'penultimate', input: 'hidden' },
  base: { output: 'image_embeds', input: 'image_embeds' },
} as const;

/** Image anchors: picture -> CLIP vision -> IP-Adapter tokens [1,tokens,C] (spec/sdxl.md D, E). */
export class IpAnchorEncoder {
  readonly #runtime: NetworkRuntime;
  readonly #vision: VisionTower;
  readonly #projection: AnchorProjection;
  readonly #keep: boolean | undefined;
  readonly #mutex = new Mutex();
  #networks: AnchorNetworks | null = null;
  #unconditional: Promise<FloatTensor> | null = null;

  /**
   * @param keep stay loaded when told to rest; absent: when the weights are small.
   * @throws AppError `bad-request` when the adapter was made for another vision tower.
   */
  constructor(runtime: NetworkRuntime, vision: VisionTower, projection: AnchorProjection, keep?: boolean) {
    checkFit(vision, projection);
    this.#runtime = runtime;
    this.#vision = vision;
    this.#projection = projection;
    this.#keep = keep;
  }

  /** Tokens [1,tokens,C] of a picture [3,H,W] in [0,1]; of pictures that are not square only the centre is seen. */
  encode(image: FloatTensor): Promise<FloatTensor> {
    const pixels = clipPreprocess(image, this.#vision.config.image, true);
    return this.encodePixels(stack([pixels]));
  }

  /** Tokens [N,tokens,C] of normalised pictures [N,3,S,S]. */
  encodePixels(pixels: FloatTensor): Promise<FloatTensor> {
    return this.#mutex.run(async () => {
      const { output, input } = FEATURES[this.#projection.config.kind];
      const { vision, projection } = (this.#networks ??= await this.#load());
      const features = (await vision.run({ pixel_values: pixels }, [output]))[output] as NetTensor;
      try {
        return await takeFloat(await projection.run({ [input]: features }), 'tokens');
      } finally {
        features.dispose();
      }
    });
  }

  /**
   * What the tower sees in a picture [3,H,W] in [0,1] (of one that is not square only the centre), as one vector to
   * compare by cosine. It is the output the adapter reads, so that no second tower is loaded: `image_embeds` for base
   * adapters; for plus adapters, whose ViT-H ends in its penultimate layer, the mean of that layer's tokens.
   */
  embed(image: FloatTensor): Promise<Float32Array> {
    const pixels = stack([clipPreprocess(image, this.#vision.config.image, true)]);
    return this.#mutex.run(async () => {
      const { output } = FEATURES[this.#projection.config.kind];
      const { vision } = (this.#networks ??= await this.#load());
      return meanToken(await takeFloat(await vision.run({ pixel_values: pixels }, [output]), output));
    });
  }

  /**
   * What the adapter makes of nothing, for the negative side of guidance: the Resampler over the vision features of
   * zeros *after* normalisation; a base adapter over a zero embedding (Tencent's and diffusers' rule, E.6).
   */
  unconditional(): Promise<FloatTensor> {
    const result = (this.#unconditional ??= this.#encodeNothing());
    result.catch(() => (this.#unconditional = null));
    return result;
  }

  /** Unloads the networks if they are large (spec/onnxruntime-web.md §9). The blank image's tokens stay cached. */
  async rest(): Promise<void> {
    const bytes = [this.#vision, this.#projection].map(({ weights }) =>
      weightBytes(weights, this.#runtime.emission.dtype),
    );
    if (!staysResident(Math.max(...bytes), this.#keep)) await this.release();
  }

  async release(): Promise<void> {
    await this.#mutex.run(async () => {
      const networks = this.#networks;
      this.#networks = null;
      await networks?.projection.release();
      await networks?.vision.release();
    });
  }

  #encodeNothing(): Promise<FloatTensor> {
    const { config } = this.#projection;
    const { image } = this.#vision.config;
    if (config.kind === 'plus') return this.encodePixels(floatTensor([1, 3, image, image]));
    return this.#mutex.run(async () => {
      const { projection } = (this.#networks ??= await this.#load());
      return takeFloat(await projection.run({ image_embeds: floatTensor([1, config.imageDim]) }), 'tokens');
    });
  }

  async #load(): Promise<AnchorNetworks> {
    const { weights, config } = this.#projection;
    const options = { ...this.#runtime.emission, visionTokens: this.#vision.config.tokens };
    const { output } = FEATURES[config.kind];
    const vision = await loadVision(this.#runtime, FAMILY, this.#vision, output);
    try {
      const graph = imageProjectionGraph(weights.shapes, config, options);
      return { vision, projection: await this.#runtime.load(FAMILY, graph, weights) };
    } catch (error) {
      await vision.release();
      throw error;
    }
  }
}

function checkFit({ weights, config }: VisionTower, projection: AnchorProjection): void {
  const { kind, imageDim } = projection.config;
  const given = kind === 'plus' ? config.width : config.projection;
  if (given === imageDim) return;
  throw new AppError(
    'bad-request',
    sentence`The IP-Adapter "${projection.weights.name}" reads ${imageDim} vision features, but "${weights.name}" gives ${given ?? sentence`none`}. Please choose the vision encoder the adapter was made for.`,
  );
}

/** Mean over all axes but the last of one item's features: [1,C] is its own mean. */
function meanToken({ dims, data }: FloatTensor): Float32Array {
  const width = dims.at(-1) ?? 1;
  const tokens = data.length / width;
  const mean = new Float32Array(width);
  data.forEach((value, i) => (mean[i % width] = (mean[i % width] as number) + value / tokens));
  return mean;
}
