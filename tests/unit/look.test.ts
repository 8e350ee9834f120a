import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { intersect } from '#domain/geometry/rect.ts';
import type { JobEvent } from '#domain/job/events.ts';
import { NetworkPool } from '#inference/network-pool.ts';
import { ImageFeatures } from '#pipelines/image-features.ts';
import { look, type LookWish } from '#pipelines/look.ts';
import { pick } from '#pipelines/pick.ts';
import { testPicture } from './pipelines-fakes.ts';
import { CountingRuntime, tinySegmenter } from './sam3-tiny.ts';

const PICTURE = testPicture(60, 40);
const LEFT = { box: { x: 0.1, y: 0.2, width: 0.3, height: 0.5 }, positive: true };
const RIGHT = { box: { x: 0.6, y: 0.1, width: 0.3, height: 0.3 }, positive: false };

function wish(own: Partial<LookWish> = {}): LookWish {
  return { conceptId: 'c', phrase: 'cat', examples: [], floor: 0, tilePx: null, ...own };
}

describe('looking for one concept', () => {
  const runtime = new CountingRuntime();
  const segmenter = tinySegmenter(runtime);
  const features = new ImageFeatures();
  const context = { signal: new AbortController().signal, onEvent: () => undefined };
  const run = (own: Partial<LookWish>, picture = PICTURE) =>
    look(picture, wish(own), { segmenter }, features, context);

  beforeEach(() => {
    features.clear();
    runtime.take();
  });
  afterAll(() => segmenter.release());

  it('costs a further phrase a decoder run and no encoding; other pixels are encoded', async () => {
    const first = await run({});
    expect(runtime.take()).toEqual({ 'vision+tracker': 1, text: 1, geometry: 1, grounding: 1, maskhead: 1 });
    const second = await run({ phrase: 'dog' });
    expect(runtime.take()).toEqual({ text: 1, grounding: 1, maskhead: 1 });
    await run({ phrase: 'cat' });
    expect(runtime.take()).toEqual({ grounding: 1, maskhead: 1 });
    expect([first.encodeMs > 0, second.encodeMs, second.decodeMs > 0]).toEqual([true, 0, true]);
    expect(second.found.map(({ score }) => score)).not.toEqual(first.found.map(({ score }) => score));
    await run({}, testPicture(60, 40));
    expect(runtime.take()['vision+tracker']).toBe(1);
  });

  it('shares its features with clicks, whoever comes first', async () => {
    const question = { points: [{ x: 0.5, y: 0.5, positive: true }], box: null, mask: null };
    await pick(PICTURE, question, segmenter, features);
    expect(runtime.take()).toEqual({ 'vision+tracker': 1, pvs: 1 });
    expect((await run({})).encodeMs).toBe(0);
    await pick(PICTURE, question, segmenter, features);
    expect(runtime.take()).toEqual({ geometry: 1, grounding: 1, maskhead: 1, pvs: 1 });
  });

  it('answers by falling score with no rule applied, down to the floor', async () => {
    const { found, presence } = await run({});
    const scores = found.map(({ score }) => score);
    expect(scores).toEqual([...scores].sort((a, b) => b - a));
    expect(found.length).toBeGreaterThan(3);
    const floor = scores[2]!;
    const better = await run({ floor });
    expect(better.found.map(({ score }) => score)).toEqual(scores.slice(0, 2));
    for (const item of found)
      expect([item.conceptId, item.mask.width, item.mask.height, item.presence]).toEqual([
        'c',
        60,
        40,
        presence,
      ]);
  });

  it('never answers with the very object a counter-example shows', async () => {
    const { found } = await run({});
    const { box } = found[0]!;
    const iou = (other: typeof box) => {
      const shared = intersect(box, other);
      const both = shared.width * shared.height;
      return both / (box.width * box.height + other.width * other.height - both);
    };
    const without = await run({ examples: [{ box, positive: false }] });
    expect(without.found.length).toBeGreaterThan(0);
    expect(without.found.filter((item) => iou(item.box) > 0.5)).toEqual([]);
  });

  it('hears examples and counter-examples, with a phrase and alone', async () => {
    const best = async (own: Partial<LookWish>) =>
      (await run(own)).found.map(({ score }) => score.toFixed(6)).join();
    const answers = [
      await best({}),
      await best({ examples: [LEFT] }),
      await best({ examples: [{ ...LEFT, positive: false }] }),
      await best({ examples: [LEFT, RIGHT] }),
      await best({ phrase: '', examples: [LEFT] }),
    ];
    expect(new Set(answers).size).toBe(answers.length);
    expect(await best({ phrase: 'visual', examples: [LEFT] })).toBe(answers.at(-1));
    expect(await best({ phrase: '  ', examples: [LEFT] })).toBe(answers.at(-1));
  });

  it('needs no encoding after SAM 3 has left the device and come back', async () => {
    const pool = new NetworkPool(runtime);
    const pooled = tinySegmenter(pool);
    const ask = () => look(PICTURE, wish(), { segmenter: pooled }, features, context);
    const before = await ask();
    await pool.evict(() => true);
    expect(pool.resident()).toEqual([]);
    runtime.take();
    const after = await ask();
    expect(runtime.take()).toEqual({ grounding: 1, maskhead: 1 });
    expect(after.encodeMs).toBe(0);
    expect(after.found).toEqual(before.found);
    await pool.close();
  });

  it('asks for a phrase or an example of what is wanted', async () => {
    for (const own of [{ phrase: ' ' }, { phrase: '', examples: [RIGHT] }])
      await expect(run(own)).rejects.toMatchObject({
        code: 'bad-request',
        message: expect.stringContaining('Name what to look for') as string,
      });
    await expect(run({ tilePx: 0 })).rejects.toMatchObject({ code: 'bad-request' });
    expect(runtime.take()).toEqual({});
  });

  it('says what was left of a phrase that is too long', async () => {
    const phrase = 'a very long description of something';
    expect((await run({ phrase })).readAs).toBe(phrase.slice(0, 30));
    expect((await run({})).readAs).toBeNull();
  });
});

describe('looking at tiles', () => {
  const runtime = new CountingRuntime();
  const segmenter = tinySegmenter(runtime, false);
  const picture = testPicture(600, 300);
  const events: JobEvent[] = [];
  const run = (features: ImageFeatures, own: Partial<LookWish>, controller = new AbortController()) =>
    look(picture, wish({ floor: 0.3, tilePx: 300, ...own }), { segmenter }, features, {
      signal: controller.signal,
      onEvent: (event) => void events.push(event),
    });

  beforeEach(() => {
    events.length = 0;
    runtime.take();
  });
  afterAll(() => segmenter.release());

  it('encodes each once while the picture stays, and again in another size', async () => {
    const features = new ImageFeatures();
    await run(features, {});
    expect(runtime.take()).toMatchObject({ vision: 4, grounding: 4 });
    const again = await run(features, { phrase: 'dog' });
    expect(again.encodeMs).toBe(0);
    expect(runtime.take()).toMatchObject({ text: 1, grounding: 4 });
    await run(features, { tilePx: 400 });
    expect(runtime.take()).toMatchObject({ vision: 2, grounding: 3 });
    await run(features, { tilePx: null });
    expect(runtime.take()).toMatchObject({ grounding: 1 });
    features.clear();
  });

  it('tells how far it is', async () => {
    const features = new ImageFeatures();
    await run(features, {});
    const progress = events.flatMap((event) => (event.kind === 'progress' ? [event] : []));
    expect([...new Set(progress.map(({ detail }) => String(detail)))]).toEqual([
      'the whole picture',
      'tile 1/3',
      'tile 2/3',
      'tile 3/3',
    ]);
    const fractions = progress.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    features.clear();
  });

  it('stops between tiles, and goes on with what is encoded', async () => {
    const features = new ImageFeatures();
    const controller = new AbortController();
    const stop = (event: JobEvent) => {
      events.push(event);
      if (event.kind === 'progress' && String(event.detail) === 'tile 2/3') controller.abort();
    };
    const stopped = look(picture, wish({ floor: 0.3, tilePx: 300 }), { segmenter }, features, {
      signal: controller.signal,
      onEvent: stop,
    });
    await expect(stopped).rejects.toMatchObject({ name: 'AbortError' });
    const before = runtime.take()['vision']!;
    expect(before).toBeLessThan(4);
    await run(features, {});
    expect(runtime.take()['vision']).toBe(4 - before);
    features.clear();
  });

  it('asks a tile only with the examples it shows, and alone only where it shows one', async () => {
    const features = new ImageFeatures();
    await run(features, {
      phrase: '',
      examples: [{ box: { x: 0.02, y: 0.2, width: 0.1, height: 0.3 }, positive: true }],
    });
    expect(runtime.take()).toMatchObject({ vision: 2, 'geometry+boxes': 2, grounding: 2 });
    features.clear();
  });
});
