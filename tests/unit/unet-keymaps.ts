import { readFileSync } from 'node:fs';
import { unetFileShapes } from '#models/recognise-unet.ts';
import { readUnetConfig, type UnetConfig } from '#models/sdxl/unet-config.ts';
import { unetShapes } from '#models/sdxl/unet-shapes.ts';
import type { ShapeTable } from '#models/graph/weight-recipe.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { rowsOfWhole, type WeightSource } from '#inference/weights.ts';

const FOLDER = new URL('../golden/data/keymaps/', import.meta.url);

/** One of the real-size key lists. */
export function keymap<T = Record<string, readonly number[]>>(name: string): T {
  return JSON.parse(readFileSync(new URL(name, FOLDER), 'utf8')) as T;
}

export function keyShapes(name: string): Map<string, readonly number[]> {
  return new Map(Object.entries(keymap(name)));
}

/** Canonical UNet shapes of the real SDXL checkpoint. */
export const realUnet = (): ShapeTable => unetFileShapes(keyShapes('sdxl_checkpoint_keys.json'));

/**
 * A UNet like SDXL's with 32 channels: no attention at the first levels, two blocks at the last and in the middle. An
 * inpainting one has more input channels than latent ones.
 */
export function tinyUnet(
  latentChannels = 4,
  inChannels = latentChannels,
): { config: UnetConfig; weights: WeightSource } {
  const width = 32;
  const real = readUnetConfig(realUnet());
  const thin = <M extends { kind: string; path: string }>(modules: readonly M[], deep: boolean) =>
    modules
      .filter(({ kind }) => kind !== 'transformer' || deep)
      .map((module) => ({ ...module, channels: width, ...(module.kind === 'transformer' && { depth: 1 }) }))
      .map((module, i) => ({ ...module, path: module.path.replace(/(blocks\.\d+)\.\d+$/, `$1.${i}`) }));
  const draft: UnetConfig = {
    ...real,
    inChannels,
    outChannels: latentChannels,
    modelChannels: width,
    embedDim: width * 2,
    contextDim: 24,
    admDim: 16 + 1536,
    headDim: 16,
    input: real.input.map((block, i) => thin(block, i >= 7)),
    middle: thin(real.middle, true),
    output: real.output.map((block, i) => thin(block, i < 3)),
  };
  const shapes = unetShapes(draft);
  return { config: readUnetConfig(shapes, 16), weights: randomWeights(shapes) };
}

/** Small reproducible weights; normalisation gains near 1. */
export function randomWeights(shapes: ShapeTable): WeightSource {
  const float = async (key: string): Promise<FloatTensor> => {
    const dims = shapes.get(key) ?? [];
    const next = generator(key);
    const fanIn = dims.slice(1).reduce((product, dim) => product * dim, 1);
    const isGain = dims.length === 1 && key.endsWith('.weight');
    const tensor = floatTensor(dims);
    for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = isGain ? 1 : next() / Math.sqrt(fanIn);
    return Promise.resolve(tensor);
  };
  return { name: 'random', shapes, float, rows: rowsOfWhole({ float }), stored: () => Promise.resolve(null) };
}

/** Uniform numbers in [-1.7, 1.7], a function of the seed text. */
export function generator(seed: string): () => number {
  let state = [...seed].reduce((hash, char) => Math.imul(hash ^ char.charCodeAt(0), 16777619), 2166136261);
  return () => {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + 0x9e3779b9;
    state ^= state >>> 12;
    return ((state >>> 0) / 2 ** 32 - 0.5) * 3.4;
  };
}

export function randomTensor(dims: readonly number[], seed: string): FloatTensor {
  const next = generator(seed);
  const tensor = floatTensor(dims);
  tensor.data.forEach((_, i) => (tensor.data[i] = next()));
  return tensor;
}
