import { expect } from 'vitest';
import { ipAdapterLayers, imageAttention } from '#models/ip-adapter/layers.ts';
import { size } from '#domain/geometry/rect.ts';
import { stack, type FloatTensor } from '#domain/tensor.ts';
import { SdxlDenoiser, type SdxlDenoiserOptions } from '#inference/denoiser.ts';
import type { Feed, LoadOptions, NetworkRuntime } from '#inference/runtime.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import type { Denoiser, DenoiserItem } from '#pipelines/services.ts';
import { randomTensor, randomWeights, tinyUnet } from './unet-keymaps.ts';

export const { config, weights } = tinyUnet();
const TOKENS = 4;
export const LATENT = size<'latent'>(8, 8);
export const runtime = new OrtNodeRuntime({ threads: 1 });

const adapterWeights = randomWeights(
  new Map(
    ipAdapterLayers(config).flatMap(({ prefix, channels }) =>
      ['to_k_ip', 'to_v_ip'].map(
        (name) => [`${prefix}.${name}.weight`, [channels, config.contextDim]] as const,
      ),
    ),
  ),
);
export const adapter = { weights: adapterWeights, attention: imageAttention(config, TOKENS) };

export const denoiser = (withAdapter = true, options?: SdxlDenoiserOptions): SdxlDenoiser =>
  new SdxlDenoiser(runtime, { config, weights, adapter: withAdapter ? adapter : null }, options);
export const shared = denoiser();

export const text = (seed: string, chunks = 1) => ({
  context: randomTensor([1, 77 * chunks, config.contextDim], seed),
  pooled: randomTensor([1, config.admDim - 1536], `${seed} pooled`),
});
export const tokens = (seed: string) => randomTensor([1, TOKENS, config.contextDim], seed);

export const item = (seed: string, extra: Partial<DenoiserItem> = {}): DenoiserItem => ({
  positive: text(seed),
  negative: text('negative'),
  anchor: tokens(`${seed} anchor`),
  anchorNegative: tokens('blank'),
  anchorScale: 0.7,
  anchorPreset: 'all',
  anchorRange: { start: 0, end: 1 },
  sizeIds: [64, 64, 0, 0, 64, 64],
  inpaint: null,
  ...extra,
});

export const noise = (seed: string) => randomTensor([config.inChannels, LATENT.height, LATENT.width], seed);

export async function denoise(
  items: readonly DenoiserItem[],
  sigmas: readonly number[],
  guidance: number,
  model: Denoiser = shared,
  x: FloatTensor = stack(items.map((_, i) => noise(`x${i}`))),
): Promise<FloatTensor> {
  const prepared = await model.prepare(items, LATENT, guidance);
  try {
    return await prepared.denoise(x, Float32Array.from(sigmas));
  } finally {
    prepared.dispose();
  }
}

/** The runtime with a log of what comes and goes, and of what every run is fed. */
export function watchedRuntime() {
  const log: string[] = [];
  const feeds: Readonly<Record<string, Feed>>[] = [];
  const watched: NetworkRuntime = {
    description: '',
    emission: runtime.emission,
    load: async (family, graph, source, options: LoadOptions = {}) => {
      log.push(`load ${family}${options.capture ? ' captured' : ''}`);
      const network = await runtime.load(family, graph, source, options);
      return {
        name: network.name,
        run: (one, kept) => {
          feeds.push(one);
          return network.run(one, kept);
        },
        release: () => {
          log.push(`release ${family}`);
          return network.release();
        },
      };
    },
  };
  return { log, feeds, watched };
}

export function maxDifference(a: FloatTensor, b: FloatTensor): number {
  expect(a.dims).toEqual(b.dims);
  return a.data.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (b.data[i] as number))), 0);
}
