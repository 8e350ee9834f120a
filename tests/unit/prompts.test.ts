import { describe, expect, it } from 'vitest';
import { SdxlPromptEncoder, type PromptIds, type Tokenize } from '#inference/prompts.ts';
import { findTextTowers, textTower, type TextTowers } from '#inference/prompts-towers.ts';
import { a1111Weighting, comfyWeighting, joinTowers } from '#inference/prompts-weighting.ts';
import { fileWeights } from '#inference/weights.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import { clipView, findClipTowers } from '#models/clip/naming.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { fileOf, goldenFile, maxDifference, rewritten, type NamedTensor } from '../golden/files.ts';
import { overflowing } from './overflow-runtime.ts';

/** One value per token, two chunks of three tokens. */
const states = () => floatTensor([2, 3, 1], Float32Array.from([1, 2, 3, 4, 5, 6]));

describe('prompt weights', () => {
  it("follows ComfyUI's rule: away from the empty prompt's state at the same place", () => {
    const chunks = states();
    const empty = floatTensor([3, 1], Float32Array.from([1, 1, 1]));
    comfyWeighting({ chunks, empty }, [
      [1, 2, 1],
      [0.5, 1, -1],
    ]);
    expect([...chunks.data]).toEqual([1, 3, 3, 2.5, 5, -4]);
  });

  it("follows A1111's rule: multiplied, then back to each chunk's mean", () => {
    const chunks = states();
    a1111Weighting({ chunks, empty: null }, [
      [1, 2, 1],
      [1, 1, 1],
    ]);
    const mean = (values: Float32Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
    expect(mean(chunks.data.subarray(0, 3))).toBeCloseTo(2);
    expect(chunks.data[1]! / chunks.data[0]!).toBeCloseTo(4);
    expect([...chunks.data.subarray(3)]).toEqual([4, 5, 6]);
  });

  it('leaves a chunk alone whose weighted mean vanishes', () => {
    const chunks = floatTensor([1, 2, 1], Float32Array.from([1, 2]));
    a1111Weighting({ chunks, empty: null }, [[0, 0]]);
    expect([...chunks.data]).toEqual([0, 0]);
  });

  it('joins the towers per token, L before G, chunk after chunk', () => {
    const l = floatTensor([2, 1, 2], Float32Array.from([1, 2, 3, 4]));
    const g = floatTensor([2, 1, 1], Float32Array.from([9, 8]));
    const joined = joinTowers(l, g);
    expect(joined.dims).toEqual([1, 2, 3]);
    expect([...joined.data]).toEqual([1, 2, 9, 3, 4, 8]);
  });
});

function towerOf(file: SafetensorsFile, kind: 'l' | 'g', heads: number) {
  const shapes = new Map([...file.header.tensors].map(([name, { dims }]) => [name, dims]));
  return textTower(fileWeights(file, clipView(shapes, findClipTowers(shapes)[0]!)), kind, { heads });
}

async function goldenTowers(): Promise<TextTowers> {
  return { l: towerOf(await goldenFile('clip_l'), 'l', 2), g: towerOf(await goldenFile('clip_g'), 'g', 3) };
}

/** A word is its length; a leading number sets the weight of everything. Ids fit the golden vocabulary of 600. */
const tokenize: Tokenize = (prompt): PromptIds[] => {
  const weight = Number.parseFloat(prompt) || 1;
  const words = prompt.split(' ').filter(Boolean);
  const row = (pad: number) =>
    Array.from({ length: 77 }, (_, i) =>
      i === 0 ? 598 : i <= words.length ? words[i - 1]!.length + 10 : i === words.length + 1 ? 599 : pad,
    );
  return [{ l: row(599), g: row(0), weights: Array.from({ length: 77 }, (_, i) => (i === 0 ? 1 : weight)) }];
};

/** Notes network runs, and releases, by name of the family. */
function counting(inner: NetworkRuntime, runs: string[], released: string[] = []): NetworkRuntime {
  return {
    description: inner.description,
    emission: inner.emission,
    load: async (family, graph, weights) => {
      const network = await inner.load(family, graph, weights);
      return {
        name: network.name,
        run: (feeds, keep) => {
          runs.push(family);
          return network.run(feeds, keep);
        },
        release: () => {
          released.push(family);
          return network.release();
        },
      };
    },
  };
}

describe('the prompt encoder', () => {
  it('encodes a prompt once and remembers it per syntax', async () => {
    const runs: string[] = [];
    const encoder = new SdxlPromptEncoder(
      counting(new OrtNodeRuntime({ threads: 1 }), runs),
      await goldenTowers(),
      tokenize,
    );
    const [first, second] = await Promise.all([
      encoder.encode('a fine face', 'comfy'),
      encoder.encode('a fine face', 'comfy'),
    ]);
    expect(second).toBe(first);
    expect(runs.sort()).toEqual(['text-g', 'text-l']);
    expect(first.context.dims).toEqual([1, 77, 80]);
    expect(first.pooled.dims).toEqual([1, 48]);
    await encoder.encode('a fine face', 'a1111');
    expect(runs).toHaveLength(4);
    await encoder.release();
  });

  it('unloads large towers when it rests and keeps small ones', async () => {
    const { l, g } = await goldenTowers();
    const shapes = new Map([...g.weights.shapes, ['unused', [2 ** 25 + 1]]]);
    const large = { ...g, weights: { ...g.weights, shapes } };
    const [runs, released]: [string[], string[]] = [[], []];
    const runtime = counting(new OrtNodeRuntime({ threads: 1 }), runs, released);
    const encoder = new SdxlPromptEncoder(runtime, { l, g: large }, tokenize);
    const first = await encoder.encode('face', 'comfy');
    await encoder.rest();
    await encoder.rest();
    expect(released).toEqual(['text-g']);
    expect(await encoder.encode('face', 'comfy')).toBe(first);
    await encoder.encode('eyes', 'comfy');
    expect(runs).toEqual(['text-l', 'text-g', 'text-l', 'text-g']);
    await encoder.release();
  });

  it('moves weighted tokens and keeps the pooled vector', async () => {
    const encoder = new SdxlPromptEncoder(new OrtNodeRuntime({ threads: 1 }), await goldenTowers(), tokenize);
    // "xxx" has the id of "3.0" (words are their length) but no weight.
    const plain = await encoder.encode('xxx faces', 'comfy');
    const comfy = await encoder.encode('3.0 faces', 'comfy');
    const a1111 = await encoder.encode('3.0 faces', 'a1111');
    expect(maxDifference(comfy.context, plain.context)).toBeGreaterThan(0.1);
    expect(maxDifference(a1111.context, comfy.context)).toBeGreaterThan(0.1);
    expect(maxDifference(comfy.pooled, plain.pooled)).toBeLessThan(1e-6);
    await encoder.release();
  });

  it('forgets a failure', async () => {
    let broken = true;
    const real = new OrtNodeRuntime({ threads: 1 });
    const runtime: NetworkRuntime = {
      description: '',
      emission: real.emission,
      load: (...args) => (broken ? Promise.reject(new Error('no memory')) : real.load(...args)),
    };
    const encoder = new SdxlPromptEncoder(runtime, await goldenTowers(), tokenize);
    await expect(encoder.encode('face', 'comfy')).rejects.toThrow('no memory');
    broken = false;
    await expect(encoder.encode('face', 'comfy')).resolves.toBeDefined();
    await encoder.release();
  });
});

describe('finding the text towers', () => {
  async function checkpoint(): Promise<SafetensorsFile> {
    const tensors: NamedTensor[] = [];
    for (const kind of ['clip_l', 'clip_g']) {
      const file = await goldenFile(kind);
      for (const name of file.names) tensors.push([name, await file.float(name)]);
    }
    return fileOf(tensors);
  }

  it('in one checkpoint', async () => {
    const { l, g } = findTextTowers([await checkpoint()]);
    expect([l.config.width, l.config.activation]).toEqual([32, 'quick_gelu']);
    expect([g.config.width, g.config.activation]).toEqual([48, 'gelu']);
  });

  it('in separate files without telling names, the wider being bigG', async () => {
    const strip = (file: SafetensorsFile) =>
      rewritten(file, (name, tensor) => [[name.replace(/^.*(?=text_model\.)/, ''), tensor]]);
    const small = await strip(await goldenFile('clip_l'));
    const wide = await rewritten(small, (name, tensor) => [[name, repeatedWide(tensor)]]);
    const { l, g } = findTextTowers([wide, small]);
    expect([l.config.width, g.config.width]).toEqual([32, 64]);
    expect(g.config.activation).toBe('gelu');
  });

  it('says what is missing', async () => {
    const only = await goldenFile('clip_l');
    expect(() => findTextTowers([only])).toThrow(/"weights\.safetensors" lacks CLIP-bigG/);
  });
});

/** The shape of a tower twice as wide; values do not matter. */
function repeatedWide({ dims }: FloatTensor): FloatTensor {
  return floatTensor(dims.map((dim) => (dim === 32 || dim === 128 ? dim * 2 : dim)));
}

describe('a text encoder that overflows in 16 bits', () => {
  it('runs in 32 bits from then on', async () => {
    const { log, device } = overflowing(/text-g/, ['f16']);
    const encoder = new SdxlPromptEncoder(device, await goldenTowers(), tokenize);
    const { pooled } = await encoder.encode('a cat', 'comfy');
    expect(pooled.data.every(Number.isFinite)).toBe(true);
    await encoder.encode('a dog', 'comfy');
    expect(log).toEqual(['text-l f16', 'text-g f16', 'text-g f32']);
    await encoder.release();
  });

  it('is named when 32 bits do not help', async () => {
    const { device } = overflowing(/text-l/, ['f16', 'f32']);
    const encoder = new SdxlPromptEncoder(device, await goldenTowers(), tokenize);
    await expect(encoder.encode('a cat', 'comfy')).rejects.toMatchObject({
      code: 'model-corrupt',
      message: expect.stringMatching(/^The text encoder in ".+" gave values/) as string,
    });
    await encoder.release();
  });
});
