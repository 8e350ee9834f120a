import fc from 'fast-check';
import { afterAll, describe, expect, it } from 'vitest';
import type { Field } from '#domain/raster.ts';
import { maskAreaPx, rleCovers, rleIou } from '#domain/mask/rle-algebra.ts';
import { rectToRle } from '#domain/mask/shapes.ts';
import { logitsToRle } from '#domain/mask/logits-rle.ts';
import { fillLogitHoles } from '#domain/sam3/holes.ts';
import { maskPrompt } from '#domain/sam3/mask-prompt.ts';
import { sam3Input } from '#domain/sam3/preprocess.ts';
import { Sam3Networks } from '#inference/segmenter-networks.ts';
import { Sam3Predictor } from '#inference/segmenter-points.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { ImageFeatures } from '#pipelines/image-features.ts';
import { pick } from '#pipelines/pick.ts';
import type { PickQuestion } from '#domain/sam3/contract.ts';
import type { EncodedImage, Segmenter } from '#pipelines/services.ts';
import { ruleModel } from '../../src/dev/golden/sam3-weights.ts';
import { bitsOn, rleOf } from './domain/mask/arbitrary-masks.ts';
import { testPicture } from './pipelines-fakes.ts';
import { config, CountingRuntime, tinySegmenter } from './sam3-tiny.ts';

describe('a mask as a prompt', () => {
  const masks = fc
    .record({ width: fc.integer({ min: 1, max: 17 }), height: fc.integer({ min: 1, max: 17 }) })
    .chain(({ width, height }) => bitsOn(width, height));

  it('is the share of every cell inside, as a logit from −10 to 10', () => {
    fc.assert(
      fc.property(masks, fc.integer({ min: 1, max: 24 }), (mask, side) => {
        const { dims, data } = maskPrompt(rleOf(mask), side);
        expect(dims).toEqual([1, 1, side, side]);
        /** Length that cell i of `side` and pixel j of `count` have in common, in cells. */
        const shared = (i: number, j: number, count: number) =>
          Math.max(0, Math.min(i + 1, ((j + 1) * side) / count) - Math.max(i, (j * side) / count));
        data.forEach((logit, cell) => {
          let share = 0;
          mask.bits.forEach((bit, at) => {
            const across = shared(cell % side, at % mask.width, mask.width);
            share += bit * across * shared(Math.floor(cell / side), Math.floor(at / mask.width), mask.height);
          });
          expect(logit).toBeCloseTo(20 * share - 10, 3);
        });
      }),
      { numRuns: 60 },
    );
  });
});

describe('holes in logits', () => {
  /** Cells of the connected part of the background around one, corners included. */
  function part({ width, height, data }: Field<'image'>, start: number): Set<number> {
    const seen = new Set([start]);
    for (const at of seen)
      for (const dy of [-1, 0, 1])
        for (const dx of [-1, 0, 1]) {
          const [x, y] = [(at % width) + dx, Math.floor(at / width) + dy];
          if (x < 0 || y < 0 || x >= width || y >= height) continue;
          if (!(data[y * width + x]! > 0)) seen.add(y * width + x);
        }
    return seen;
  }

  it('are filled up to 256 of 288² cells, and nothing else changes', () => {
    const side = 36;
    const limit = 4;
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: -3, max: 8 }), { minLength: side ** 2, maxLength: side ** 2 }),
        (values) => {
          const field: Field<'image'> = { width: side, height: side, data: Float32Array.from(values) };
          const { data } = fillLogitHoles(field);
          field.data.forEach((logit, at) => {
            const hole = !(logit > 0) && part(field, at).size <= limit;
            expect(data[at]).toBe(hole ? 10 : logit);
          });
        },
      ),
      { numRuns: 40 },
    );
  });

  it('of exactly the limit go, larger ones stay', () => {
    const side = 288;
    const field = (holeSide: number): Field<'image'> => ({
      width: side,
      height: side,
      data: Float32Array.from({ length: side * side }, (_, i) =>
        i % side >= 50 && i % side < 50 + holeSide && i / side >= 50 && i / side < 50 + holeSide ? -4 : 4,
      ),
    });
    const area = (holeSide: number) =>
      maskAreaPx(logitsToRle(fillLogitHoles(field(holeSide)), { width: side, height: side }));
    expect([area(16), area(17)]).toEqual([side * side, side * side - 289]);
  });
});

describe('clicks', () => {
  const PICTURE = testPicture(200, 120);
  const runtime = new CountingRuntime();
  const segmenter = tinySegmenter(runtime);
  const features = new ImageFeatures();
  const ask = (question: Partial<PickQuestion>, model: Segmenter | null = segmenter) =>
    pick(PICTURE, { points: [], box: null, mask: null, ...question }, model, features);
  const click = (x: number, y: number, positive = true) => ({ x, y, positive });
  const BOX = { x: 0.2, y: 0.25, width: 0.4, height: 0.5 };
  const MASK = rectToRle({ x: 30, y: 20, width: 80, height: 60 }, { width: 200, height: 120 });

  afterAll(() => segmenter.release());

  it('have up to three readings, best first; more clicks or a box have one', async () => {
    const one = await ask({ points: [click(0.5, 0.5)] });
    expect(one.alternatives).toHaveLength(2);
    const scores = [one.score, ...one.alternatives.map(({ score }) => score)];
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    for (const { mask } of [one, ...one.alternatives]) expect([mask.width, mask.height]).toEqual([200, 120]);
    expect(one.object).toBeGreaterThan(0);
    expect(one.object).toBeLessThan(1);
    for (const question of [
      { points: [click(0.5, 0.5), click(0.1, 0.1, false)] },
      { box: BOX },
      { points: [click(0.5, 0.5)], box: BOX },
      { points: [click(0.5, 0.5)], mask: MASK },
    ])
      expect((await ask(question)).alternatives).toEqual([]);
  });

  it('are points of the picture: what the predictor says about those pixels', async () => {
    const networks = new Sam3Networks(new OrtNodeRuntime({ threads: 1 }), ruleModel(config));
    const encoded = await networks.encode(sam3Input(PICTURE, networks.config.imageSize), 'vision+tracker');
    const maps = {
      trk_fpn2: encoded['trk_fpn2']!,
      trk_s0: encoded['trk_s0']!,
      trk_s1: encoded['trk_s1']!,
    };
    const predictor = await Sam3Predictor.create(networks);
    const points = [
      { x: 40, y: 30, label: 'top-left' as const },
      { x: 120, y: 90, label: 'bottom-right' as const },
      { x: 80, y: 54, label: 'positive' as const },
      { x: 20, y: 96, label: 'negative' as const },
    ];
    const direct = await predictor.predict(maps, PICTURE, { points, ambiguous: false });
    const picked = await ask({ box: BOX, points: [click(0.4, 0.45), click(0.1, 0.8, false)] });
    expect(picked.score).toBeCloseTo(direct.iou[0]!, 4);
    expect(picked.object).toBeCloseTo(1 / (1 + Math.exp(-direct.objectScore)), 4);
    await networks.release();
  });

  it('that are negative, and masks to start from, change the answer', async () => {
    const answers = [
      await ask({ points: [click(0.5, 0.5), click(0.3, 0.3)] }),
      await ask({ points: [click(0.5, 0.5), click(0.3, 0.3, false)] }),
      await ask({ points: [click(0.5, 0.5), click(0.3, 0.3)], mask: MASK }),
      await ask({ mask: MASK }),
    ];
    expect(new Set(answers.map(({ score }) => score.toFixed(5))).size).toBe(4);
  });

  it('mean the same in any order, together with a box', async () => {
    const points = [click(0.4, 0.45), click(0.1, 0.8, false), click(0.3, 0.5)];
    const [one, other] = [
      await ask({ box: BOX, points }),
      await ask({ box: BOX, points: points.toReversed() }),
    ];
    expect(other.score).toBeCloseTo(one.score, 5);
    expect(other.object).toBeCloseTo(one.object, 5);
    const without = await ask({ box: BOX, points: points.slice(1) });
    expect(Math.abs(without.score - one.score)).toBeGreaterThan(1e-5);
  });

  it('cost one run of the predictor each', async () => {
    features.clear();
    runtime.take();
    await ask({ points: [click(0.5, 0.5)] });
    await ask({ points: [click(0.2, 0.5)] });
    await ask({ box: BOX, mask: MASK });
    expect(runtime.take()).toEqual({ 'vision+tracker': 1, pvs: 2, 'pvs+mask': 1 });
  });

  it('need a question, a model and a predictor in it', async () => {
    await expect(ask({})).rejects.toMatchObject({ code: 'bad-request' });
    await expect(ask({ box: BOX }, null)).rejects.toMatchObject({ code: 'model-missing' });
    const detector = tinySegmenter(runtime, false);
    await expect(ask({ box: BOX }, detector)).rejects.toMatchObject({
      code: 'model-missing',
      message: expect.stringContaining('no interactive predictor') as string,
    });
    await detector.release();
  });

  it('come back as masks of the picture with small holes closed', async () => {
    const side = 36;
    const data = Float32Array.from({ length: side * side }, (_, i) => {
      const [x, y] = [i % side, Math.floor(i / side)];
      const inside = x >= 9 && x < 27 && y >= 9 && y < 27;
      return inside && !(x === 18 && y === 18) ? 8 : -8;
    });
    const encoded: EncodedImage = {
      bytes: 0,
      detect: () => Promise.reject(new Error('nobody looks here')),
      pick: () =>
        Promise.resolve({
          object: 0.9,
          answers: [{ logits: { width: side, height: side, data }, score: 1.02 }],
        }),
      dispose: () => undefined,
    };
    const { mask, score } = await ask({ box: BOX }, { encodeImage: () => Promise.resolve(encoded) });
    expect(score).toBe(1);
    expect([rleCovers(mask, 100, 60), rleCovers(mask, 103, 62), rleCovers(mask, 10, 60)]).toEqual([
      true,
      true,
      false,
    ]);
    expect(rleIou(mask, rectToRle({ x: 50, y: 30, width: 100, height: 60 }, mask))).toBeGreaterThan(0.98);
  });
});
