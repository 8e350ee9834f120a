import type { EmittedGraph } from '#models/graph/builder.ts';
import { LATENT_PX } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import {
  addTiles,
  codecTiles,
  cutTiles,
  type Affine,
  type CellSizes,
  type CodecTile,
  type Tiling,
} from './codec-tiles.ts';
import { LeaseCache } from './denoiser-cache.ts';
import { Mutex } from './mutex.ts';
import { OverflowError } from './overflow.ts';
import { takeFloat, type Network, type NetworkRuntime } from './runtime.ts';
import type { WeightSource } from './weights.ts';

type Float = 'f32' | 'f16';

/** One direction of an autoencoder: graphs by input size, their ports, and the value ranges around them. */
export interface CodecDirection {
  readonly name: 'encode' | 'decode';
  readonly input: string;
  readonly output: string;
  readonly outputChannels: number;
  /** From our range to the network's, and back. */
  readonly before: Affine;
  readonly after: Affine;
  graph(size: { readonly height: number; readonly width: number; readonly dtype: Float }): EmittedGraph;
}

/** What distinguishes a KL-VAE from a TAESD once their graphs exist. */
export interface CodecModel {
  readonly weights: WeightSource;
  readonly latentChannels: number;
  readonly dtype: Float;
  readonly tiling: Tiling;
  /** Where the memory plan sizes tiles by what one run may take; absent: as many as fit a fixed budget. */
  readonly mostTilesPerRun?: number;
  /** Widest tensor at picture resolution, in channels: what a run's memory grows with. */
  readonly widestChannels: number;
  readonly encode: CodecDirection;
  readonly decode: CodecDirection;
}

/** Device memory for the activations of one run, and how many tensors of the widest kind are alive then. */
const ACTIVATION_BYTES = 2 ** 30;
const LIVE_TENSORS = 4;

/** Sizes whose networks stay loaded, per codec: both directions of two sizes. */
const CACHED_NETWORKS = 4;

const GRID: Readonly<Record<CodecDirection['name'], CellSizes>> = {
  encode: { inputPx: 1, outputPx: LATENT_PX },
  decode: { inputPx: LATENT_PX, outputPx: 1 },
};

/**
 * An autoencoder over any picture size that is a multiple of 8 px. Pictures are [N,3,H,W] in [0,1], latents
 * [N,C,H/8,W/8] in the sampler's scale. Large pictures go through in feathered tiles, batches in groups that fit in
 * memory. Results that are not finite are recomputed in 32 bit (spec/sdxl.md B.2), then reported.
 */
export class NetworkCodec {
  readonly channels: number;
  readonly #runtime: NetworkRuntime;
  readonly #model: CodecModel;
  readonly #networks = new LeaseCache<Network>(CACHED_NETWORKS);
  readonly #mutex = new Mutex();
  #dtype: Float;

  constructor(runtime: NetworkRuntime, model: CodecModel) {
    this.channels = model.latentChannels;
    this.#runtime = runtime;
    this.#model = model;
    this.#dtype = model.dtype;
  }

  /** [N,3,H,W] in [0,1] -> [N,C,H/8,W/8]. */
  async encode(pixels: FloatTensor): Promise<FloatTensor> {
    checkInput(pixels, 3, LATENT_PX, 'picture');
    return this.#mutex.run(() => this.#transform(pixels, this.#model.encode));
  }

  /** [N,C,h,w] -> [N,3,8h,8w], clamped to [0,1]. */
  async decode(latents: FloatTensor): Promise<FloatTensor> {
    checkInput(latents, this.channels, 1, 'latent');
    const pixels = await this.#mutex.run(() => this.#transform(latents, this.#model.decode));
    pixels.data.forEach((value, i) => (pixels.data[i] = Math.min(Math.max(value, 0), 1)));
    return pixels;
  }

  async release(): Promise<void> {
    await this.#mutex.run(() => this.#networks.clear());
  }

  async #transform(batch: FloatTensor, direction: CodecDirection): Promise<FloatTensor> {
    const result = await this.#attempt(batch, direction);
    if (result) return result;
    if (this.#dtype === 'f16') {
      this.#dtype = 'f32';
      await this.#networks.clear();
      const second = await this.#attempt(batch, direction);
      if (second) return second;
    }
    throw new AppError(
      'model-corrupt',
      sentence`The autoencoder "${this.#model.weights.name}" gave values that are not numbers (${direction.name}), even in 32-bit arithmetic. Its file may be damaged; please choose another VAE.`,
    );
  }

  /** Null when a result is not finite, or a weight is too large for 16 bits. */
  async #attempt(batch: FloatTensor, direction: CodecDirection): Promise<FloatTensor | null> {
    try {
      return await this.#compute(batch, direction);
    } catch (error) {
      if (error instanceof OverflowError) return null;
      throw error;
    }
  }

  async #compute(batch: FloatTensor, direction: CodecDirection): Promise<FloatTensor | null> {
    const cells = GRID[direction.name];
    const tiles = codecTiles(batch, cells, this.#model.tiling);
    const result = floatTensor(outputDims(batch, direction, cells));
    const first = tiles[0];
    if (!first) return result;
    const size = { height: first.rows.input.length, width: first.columns.input.length };
    const lease = await this.#networks.acquire(`${direction.name} ${size.width}x${size.height}`, () =>
      this.#load(direction, size),
    );
    try {
      for (const group of groups(tiles, this.#groupSize(first, cells))) {
        const feed = cutTiles(batch, group, direction.before);
        const values = await takeFloat(await lease.value.run({ [direction.input]: feed }), direction.output);
        if (!values.data.every(Number.isFinite)) return null;
        addTiles(result, group, values, direction.after);
      }
      return result;
    } finally {
      lease.done();
    }
  }

  #load(
    direction: CodecDirection,
    size: { readonly height: number; readonly width: number },
  ): Promise<Network> {
    // One family per size: the runtime frees a device's memory only with the last session on it.
    const family = `codec ${direction.name} ${size.width}x${size.height}`;
    const graph = direction.graph({ ...size, dtype: this.#dtype });
    return this.#runtime.load(family, graph, this.#model.weights);
  }

  /** Tiles per run. */
  #groupSize({ rows, columns }: CodecTile, { inputPx }: CellSizes): number {
    const pixels = rows.input.length * columns.input.length * inputPx * inputPx;
    const bytes = pixels * this.#model.widestChannels * (this.#dtype === 'f16' ? 2 : 4) * LIVE_TENSORS;
    const fitting = Math.max(1, Math.floor(ACTIVATION_BYTES / bytes));
    return Math.min(fitting, this.#model.mostTilesPerRun ?? Infinity);
  }
}

function outputDims(
  { dims }: FloatTensor,
  { outputChannels }: CodecDirection,
  { inputPx, outputPx }: CellSizes,
): readonly number[] {
  const [items, , height, width] = dims as [number, number, number, number];
  return [items, outputChannels, (height * inputPx) / outputPx, (width * inputPx) / outputPx];
}

function checkInput({ dims }: FloatTensor, channels: number, multiple: number, what: string): void {
  const [, given, height = 0, width = 0] = dims;
  if (dims.length === 4 && given === channels && height % multiple === 0 && width % multiple === 0) return;
  throw new RangeError(
    `a ${what} batch is [N,${channels},H,W] with sides divisible by ${multiple}, not [${dims.join(', ')}]`,
  );
}

function groups<T>(items: readonly T[], size: number): T[][] {
  return Array.from({ length: Math.ceil(items.length / size) }, (_, i) =>
    items.slice(i * size, (i + 1) * size),
  );
}
