import { describe, expect, it } from 'vitest';
import { ipAdapterLayers, imageAttention } from '#models/ip-adapter/layers.ts';
import { size } from '#domain/geometry/rect.ts';
import { SDXL_TABLE, ZSNR_TABLE } from '#domain/sampling/sigmas.ts';
import { batchItem, floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';
import { contextGroups } from '#inference/denoiser-contexts.ts';
import { LeaseCache } from '#inference/denoiser-cache.ts';
import { SdxlDenoiser, type SdxlDenoiserOptions } from '#inference/denoiser.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import type { Denoiser, DenoiserItem } from '#pipelines/services.ts';
import { randomTensor, randomWeights, tinyUnet } from './unet-keymaps.ts';

const { config, weights } = tinyUnet();
const TOKENS = 4;
const LATENT = size<'latent'>(8, 8);
const runtime = new OrtNodeRuntime({ threads: 1 });

const adapterWeights = randomWeights(
  new Map(
    ipAdapterLayers(config).flatMap(({ prefix, channels }) =>
      ['to_k_ip', 'to_v_ip'].map(
        (name) => [`${prefix}.${name}.weight`, [channels, config.contextDim]] as const,
      ),
    ),
  ),
);
const adapter = { weights: adapterWeights, attention: imageAttention(config, TOKENS) };

const denoiser = (withAdapter = true, options?: SdxlDenoiserOptions): Denoiser =>
  new SdxlDenoiser(runtime, { config, weights, adapter: withAdapter ? adapter : null }, options);
const shared = denoiser();

const text = (seed: string, chunks = 1) => ({
  context: randomTensor([1, 77 * chunks, config.contextDim], seed),
  pooled: randomTensor([1, config.admDim - 1536], `${seed} pooled`),
});
const tokens = (seed: string) => randomTensor([1, TOKENS, config.contextDim], seed);

const item = (seed: string, extra: Partial<DenoiserItem> = {}): DenoiserItem => ({
  positive: text(seed),
  negative: text('negative'),
  anchor: tokens(`${seed} anchor`),
  anchorNegative: tokens('blank'),
  anchorScale: 0.7,
  sizeIds: [64, 64, 0, 0, 64, 64],
  ...extra,
});

const noise = (seed: string) => randomTensor([config.inChannels, LATENT.height, LATENT.width], seed);

async function denoise(
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

function maxDifference(a: FloatTensor, b: FloatTensor): number {
  expect(a.dims).toEqual(b.dims);
  return a.data.reduce((worst, value, i) => Math.max(worst, Math.abs(value - (b.data[i] as number))), 0);
}

describe('SdxlDenoiser', () => {
  it('treats each item of a batch as if it were alone', async () => {
    const items = [item('a'), item('b', { anchorScale: 0.2 }), item('c', { anchor: null })];
    const together = await denoise(items, [3, 0.5, 1], 4);
    for (const [i, sigma] of [3, 0.5, 1].entries()) {
      const alone = await denoise([items[i]!], [sigma], 4, shared, stack([noise(`x${i}`)]));
      expect(maxDifference(batchItem(together, i), batchItem(alone, 0))).toBeLessThan(1e-4);
    }
  });

  it('returns items with sigma 0 as they are', async () => {
    const x = stack([noise('x0'), noise('x1')]);
    const result = await denoise([item('a'), item('b')], [0, 1], 4, shared, x);
    expect(batchItem(result, 0).data).toEqual(batchItem(x, 0).data);
    expect(maxDifference(batchItem(result, 1), batchItem(x, 1))).toBeGreaterThan(0.01);
  });

  it('mixes positive and negative linearly and skips the negative at guidance 1', async () => {
    const both = item('a', { anchor: null });
    const positive = await denoise([both], [2], 1);
    const negative = await denoise([{ ...both, positive: both.negative }], [2], 1);
    const guided = await denoise([both], [2], 5);
    const expected = floatTensor(
      positive.dims,
      negative.data.map((value, i) => value + 5 * ((positive.data[i] as number) - value)),
    );
    expect(maxDifference(guided, expected)).toBeLessThan(1e-3);
    const otherNegative = await denoise([{ ...both, negative: text('another') }], [2], 1);
    expect(otherNegative.data).toEqual(positive.data);
  });

  it('equals a model without adapter when the anchor is null or its scale is 0', async () => {
    const plain = await denoise([item('a')], [1], 3, denoiser(false));
    for (const off of [{ anchor: null }, { anchorScale: 0 }])
      expect(maxDifference(await denoise([item('a', off)], [1], 3), plain)).toBeLessThan(1e-5);
    expect(maxDifference(await denoise([item('a')], [1], 3), plain)).toBeGreaterThan(1e-3);
  });

  it('uses the unconditional image tokens on the negative side', async () => {
    const one = await denoise([item('a')], [1], 3);
    const other = await denoise([item('a', { anchorNegative: tokens('other blank') })], [1], 3);
    expect(maxDifference(one, other)).toBeGreaterThan(1e-3);
  });

  it('does not let a longer prompt in the batch change the others', async () => {
    const short = item('a', { negative: text('negative') });
    const long = item('b', { positive: text('b', 2), negative: text('negative', 3) });
    const together = await denoise([short, long], [1, 2], 4);
    const alone = await denoise([short], [1], 4, shared, stack([noise('x0')]));
    expect(maxDifference(batchItem(together, 0), batchItem(alone, 0))).toBeLessThan(1e-4);
  });

  it.each([
    ['that share a session', [1, 2, 3], 1],
    ['too different to share one', [1, 5, 7], 7],
  ])('treats prompts of lengths %s as if each were alone', async (_, chunks, negative) => {
    const items = chunks.map((n) =>
      item(`p${n}`, { positive: text(`p${n}`, n), negative: text('no', negative) }),
    );
    const sigmas = [1, 2, 0.5];
    const together = await denoise(items, sigmas, 4);
    for (const [i, one] of items.entries()) {
      const alone = await denoise([one], [sigmas[i]!], 4, shared, stack([noise(`x${i}`)]));
      expect(maxDifference(batchItem(together, i), batchItem(alone, 0))).toBeLessThan(1e-4);
    }
  });

  it('never repeats contexts beyond eight chunks to make lengths equal', async () => {
    const families = new Set<string>();
    const recording: NetworkRuntime = {
      description: '',
      emission: runtime.emission,
      load: (family, ...rest) => {
        families.add(family);
        return runtime.load(family, ...rest);
      },
    };
    const model = new SdxlDenoiser(recording, { config, weights, adapter: null });
    const items = [item('a', { positive: text('a', 5), negative: text('no', 7) }), item('b')];
    (await model.prepare(items, LATENT, 4)).dispose();
    expect([...families]).toEqual([`denoiser 8x8+${7 * 77}`, `denoiser 8x8+${5 * 77}`]);
    await model.release();
  });

  it('samples on the table it was given', () => {
    expect(denoiser().sigmas).toBe(SDXL_TABLE);
    expect(denoiser(true, { table: ZSNR_TABLE }).sigmas).toBe(ZSNR_TABLE);
  });

  it('scales v predictions differently from eps', async () => {
    const sigma = 2;
    const x = stack([noise('x0')]);
    const eps = await denoise([item('a')], [sigma], 1, shared, x);
    const v = await denoise([item('a')], [sigma], 1, denoiser(true, { prediction: 'v' }), x);
    const scale = sigma * sigma + 1;
    const expected = x.data.map((value, i) => {
      const output = (value - (eps.data[i] as number)) / sigma;
      return value / scale - (output * sigma) / Math.sqrt(scale);
    });
    expect(maxDifference(v, floatTensor(x.dims, expected))).toBeLessThan(1e-4);
  });

  it('says so when it is used wrongly', async () => {
    const prepared = await shared.prepare([item('a')], LATENT, 1);
    await expect(prepared.denoise(stack([noise('x'), noise('y')]), Float32Array.of(1))).rejects.toThrow(
      'prepared for [1, 4, 8, 8]',
    );
    prepared.dispose();
    await expect(prepared.denoise(stack([noise('x')]), Float32Array.of(1))).rejects.toThrow('after dispose');
  });

  it('refuses models whose input is not a latent alone', () => {
    const inpaint = { config: { ...config, inChannels: 9 }, weights, adapter: null };
    expect(() => new SdxlDenoiser(runtime, inpaint)).toThrow('takes 9 channels and gives 4');
  });
});

describe('contextGroups', () => {
  it.each([
    [[1, 2, 3, 1], [{ rows: [0, 1, 2, 3], chunks: 6 }]],
    [[1, 1], [{ rows: [0, 1], chunks: 1 }]],
    [
      [5, 7, 1, 8],
      [
        { rows: [2, 3], chunks: 8 },
        { rows: [1], chunks: 7 },
        { rows: [0], chunks: 5 },
      ],
    ],
    [[12, 3], [{ rows: [0, 1], chunks: 12 }]],
  ])('puts %j chunks into %j', (chunks, expected) => {
    const groups = contextGroups(chunks.map((n) => 77 * n));
    expect(groups.map(({ rows, tokens }) => ({ rows, chunks: tokens / 77 }))).toEqual(expected);
  });
});

describe('LeaseCache', () => {
  const tracked = () => {
    const released: string[] = [];
    const load = (name: string) => () =>
      Promise.resolve({ release: () => Promise.resolve(void released.push(name)) });
    return { released, load, cache: new LeaseCache(1) };
  };

  it('releases the oldest idle entry before loading another, never one in use', async () => {
    const { released, load, cache } = tracked();
    const first = await cache.acquire('a', load('a'));
    const second = await cache.acquire('b', load('b'));
    expect(released).toEqual([]);
    first.done();
    second.done();
    await cache.acquire('c', load('c'));
    expect(released).toEqual(['a', 'b']);
  });

  it('loads once for equal keys and forgets failures', async () => {
    const { load, cache, released } = tracked();
    await expect(cache.acquire('a', () => Promise.reject(new Error('no room')))).rejects.toThrow('no room');
    const one = await cache.acquire('a', load('a'));
    const two = await cache.acquire('a', load('never'));
    expect(two.value).toBe(one.value);
    one.done();
    one.done();
    await cache.clear();
    expect(released).toEqual([]);
    two.done();
    await cache.clear();
    expect(released).toEqual(['a']);
  });
});
