import { describe, expect, it } from 'vitest';
import { imageAttention } from '#models/ip-adapter/layers.ts';
import { readUnetConfig } from '#models/sdxl/unet-config.ts';
import { unetConditioningGraph } from '#models/sdxl/unet.ts';
import { size } from '#domain/geometry/rect.ts';
import { SDXL_TABLE, sigmaOfTimestep, ZSNR_TABLE } from '#domain/sampling/sigmas.ts';
import { batchItem, floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';
import { contextGroups } from '#inference/denoiser-contexts.ts';
import { UnetConditioner } from '#inference/denoiser-conditioning.ts';
import { LeaseCache } from '#inference/denoiser-cache.ts';
import { SdxlDenoiser, type SdxlDenoiserOptions } from '#inference/denoiser.ts';
import { graphWeightBytes } from '#inference/network-pool.ts';
import { staysResident } from '#inference/residency.ts';
import type { Feed } from '#inference/runtime.ts';
import type { AnchorPreset } from '#domain/job/request.ts';
import type { DenoiserItem } from '#pipelines/services.ts';
import {
  adapter,
  config,
  denoise,
  denoiser,
  item,
  LATENT,
  maxDifference,
  noise,
  runtime,
  shared,
  text,
  tokens,
  watchedRuntime,
  weights,
} from './denoiser-fixtures.ts';
import { keyShapes, randomTensor, realUnet } from './unet-keymaps.ts';

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
    const { log, watched } = watchedRuntime();
    const model = new SdxlDenoiser(watched, { config, weights, adapter: null });
    const items = [item('a', { positive: text('a', 5), negative: text('no', 7) }), item('b')];
    (await model.prepare(items, LATENT, 4)).dispose();
    expect(log.filter((entry) => entry.startsWith('load'))).toEqual([
      `load conditioning ${7 * 77}`,
      `load conditioning ${5 * 77}`,
      `load denoiser 8x8+${7 * 77}`,
      `load denoiser 8x8+${5 * 77}`,
    ]);
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

  it('refuses models that read what the studio cannot give', () => {
    const edit = { config: { ...config, inChannels: 8 }, weights, adapter: null };
    expect(() => new SdxlDenoiser(runtime, edit)).toThrow('takes 8 channels and gives 4');
  });
});

describe('phases of a batch', () => {
  const prepared = async (options: SdxlDenoiserOptions, count: number) => {
    const { log, feeds, watched } = watchedRuntime();
    const model = new SdxlDenoiser(watched, { config, weights, adapter }, options);
    const items = Array.from({ length: count }, (_, i) => item(`p${i}`));
    return { log, feeds, model, batch: await model.prepare(items, LATENT, 4) };
  };

  it('releases the conditioning graph before the step graph is loaded, unless it may stay', async () => {
    const { log, batch, model } = await prepared({ keepConditioning: false }, 1);
    expect(log).toEqual(['load conditioning 77', 'release conditioning 77', 'load denoiser 8x8+77']);
    batch.dispose();
    (await model.prepare([item('q')], LATENT, 4)).dispose();
    expect(log.slice(3)).toEqual(['load conditioning 77', 'release conditioning 77']);
    const small = await prepared({}, 1);
    (await small.model.prepare([item('q')], LATENT, 4)).dispose();
    expect(small.log).toEqual(['load conditioning 77', 'load denoiser 8x8+77']);
    small.batch.dispose();
    await small.model.release();
    expect(small.log.slice(2).sort()).toEqual(['release conditioning 77', 'release denoiser 8x8+77']);
  });

  it('knows the conditioning graph of a full-size model as one that has to go', () => {
    const shapes = new Map([...realUnet(), ...keyShapes('ip_adapter_plus_sdxl_vit_h_keys.json')]);
    const unet = readUnetConfig(shapes);
    const graph = unetConditioningGraph(shapes, unet, {
      tokens: 77,
      dtype: 'f16',
      image: imageAttention(unet, 16),
    });
    const bytes = graphWeightBytes(graph);
    expect(bytes / 1e9).toBeCloseTo(1.36, 1);
    expect([staysResident(bytes, undefined), staysResident(bytes, true)]).toEqual([false, true]);
  });

  it('feeds the same objects to every step, so that keys and values are uploaded once', async () => {
    const { feeds, batch, model } = await prepared({}, 2);
    const x = stack([noise('x0'), noise('x1')]);
    for (const sigma of [2, 1, 0.5]) await batch.denoise(x, Float32Array.of(sigma, sigma));
    batch.dispose();
    const steps = feeds.filter((one) => 'x' in one);
    expect(steps).toHaveLength(3);
    const [first, , last] = steps as [Record<string, Feed>, unknown, Record<string, Feed>];
    const same = Object.keys(first).filter((name) => last[name] === first[name]);
    expect(same.sort()).toEqual(
      Object.keys(first)
        .filter((name) => /^(kv\.|ip\.|y$)/.test(name))
        .sort(),
    );
    expect(same.length).toBeGreaterThan(20);
    await model.release();
  });
});

describe('image anchors of a batch', () => {
  const only = async (extra: Partial<DenoiserItem>, sigma = 1) => denoise([item('a', extra)], [sigma], 3);
  const preset = (anchorPreset: AnchorPreset) => ({ anchorPreset });

  it('reach only the blocks of the preset', async () => {
    const results = new Map<string, FloatTensor>();
    for (const name of ['all', 'style', 'composition', 'style+composition'] as const)
      results.set(name, await only(preset(name)));
    results.set('none', await only({ anchor: null }));
    for (const [a, one] of results)
      for (const [b, other] of results)
        if (a < b) expect([a, b, maxDifference(one, other) > 1e-4]).toEqual([a, b, true]);
  });

  it('mix presets in one batch', async () => {
    const items = [item('a', preset('style')), item('b', preset('composition'))];
    const together = await denoise(items, [1, 1], 3);
    for (const [i, one] of items.entries()) {
      const alone = await denoise([one], [1], 3, shared, stack([noise(`x${i}`)]));
      expect(maxDifference(batchItem(together, i), batchItem(alone, 0))).toBeLessThan(1e-4);
    }
  });

  it('act between their shares of the schedule, the ends included', async () => {
    const level = (share: number) => sigmaOfTimestep((1 - share) * 999);
    const active = async (start: number, end: number, sigma: number) => {
      const off = await only({ anchor: null }, sigma);
      return maxDifference(await only({ anchorRange: { start, end } }, sigma), off) > 1e-5;
    };
    const [high, low] = [level(0.25), level(0.75)];
    expect(await active(0.25, 0.75, high * 1.01)).toBe(false);
    expect(await active(0.25, 0.75, high)).toBe(true);
    expect(await active(0.25, 0.75, low)).toBe(true);
    expect(await active(0.25, 0.75, low * 0.99)).toBe(false);
    // The open ends: a first step above the table, a last one below it.
    expect(await active(0, 0.5, 20)).toBe(true);
    expect(await active(0.5, 1, 0.01)).toBe(true);
  });

  it('act per item and step', async () => {
    const early = { anchorRange: { start: 0, end: 0.5 } };
    const items = [item('a', early), item('b', early)];
    const [high, low] = [5, 0.2];
    const together = await denoise(items, [high, low], 3);
    const first = await denoise([item('a')], [high], 3, shared, stack([noise('x0')]));
    const second = await denoise([item('b', { anchor: null })], [low], 3, shared, stack([noise('x1')]));
    expect(maxDifference(batchItem(together, 0), batchItem(first, 0))).toBeLessThan(1e-4);
    expect(maxDifference(batchItem(together, 1), batchItem(second, 0))).toBeLessThan(1e-4);
  });
});

describe('runs after one another', () => {
  it('leave nothing behind: A, B, A gives A again', async () => {
    const model = denoiser();
    const wide = size<'latent'>(16, 8);
    const run = async (one: DenoiserItem, latent = LATENT, guidance = 3) => {
      const batch = await model.prepare([one], latent, guidance);
      const x = randomTensor([1, config.inChannels, latent.height, latent.width], 'x');
      const steps: number[] = [];
      for (const sigma of [3, 1]) steps.push(...(await batch.denoise(x, Float32Array.of(sigma))).data);
      batch.dispose();
      return steps;
    };
    const a = await run(item('a'));
    const others: [DenoiserItem, typeof wide?, number?][] = [
      [item('a', { anchor: null })],
      [item('a', { anchorPreset: 'style' })],
      [item('a', { anchorScale: 0.1, anchorRange: { start: 0.5, end: 0.9 } })],
      [item('a'), wide],
      [item('b', { positive: text('long', 2) })],
      [item('a'), LATENT, 1],
    ];
    for (const other of others) {
      expect(await run(...other)).not.toEqual(a);
      expect(await run(item('a'))).toEqual(a);
    }
    await model.release();
    expect(await run(item('a'))).toEqual(a);
    await model.release();
  });

  it('forget a conditioning that failed', async () => {
    const broken = { ...weights, float: () => Promise.reject(new Error('the file is gone')) };
    const failing = { fail: true };
    const sometimes = { ...weights, float: (key: string) => (failing.fail ? broken : weights).float(key) };
    const conditioner = new UnetConditioner(runtime, { config, weights: sometimes, adapter: null });
    const context = text('a').context;
    await expect(conditioner.keysValues(context, null)).rejects.toThrow('the file is gone');
    failing.fail = false;
    expect(Object.keys(await conditioner.keysValues(context, null)).length).toBeGreaterThan(0);
    await conditioner.release();
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
