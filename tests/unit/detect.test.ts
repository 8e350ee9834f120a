import { describe, expect, it } from 'vitest';
import type { JobEvent } from '#domain/job/events.ts';
import type { ConceptSpec } from '#domain/job/request.ts';
import { decodeRle } from '#domain/mask/rle.ts';
import type { Raster8 } from '#domain/raster.ts';
import { detect, ImageFeatures } from '#pipelines/detect.ts';
import type { EncodedImage, RawDetection, Segmenter } from '#pipelines/services.ts';
import { concept, testPicture } from './pipelines-fakes.ts';

const PICTURE = testPicture(64, 64);
const GRID = 16;

/** A square answer; x, y and side in cells of the mask grid. */
function answer(x: number, y: number, side: number, score: number): RawDetection {
  const data = new Float32Array(GRID * GRID).fill(-9);
  for (let v = y; v < y + side; v++) data.fill(9, v * GRID + x, v * GRID + x + side);
  const unit = (cells: number) => cells / GRID;
  return {
    box: { x: unit(x), y: unit(y), width: unit(side), height: unit(side) },
    score,
    presence: 0.8,
    logits: { width: GRID, height: GRID, data },
  };
}

interface Fake extends Segmenter {
  encoded: number;
  disposed: number;
  asked: [string, number][];
}

function segmenter(answers: Readonly<Record<string, readonly RawDetection[]>>, truncated = false): Fake {
  const fake: Fake = {
    encoded: 0,
    disposed: 0,
    asked: [],
    encodeImage: () => {
      fake.encoded++;
      const image: EncodedImage = {
        detect: (phrase, threshold) => {
          fake.asked.push([phrase, threshold]);
          return Promise.resolve({ presence: 0.8, detections: answers[phrase] ?? [], truncated });
        },
        dispose: () => void fake.disposed++,
      };
      return Promise.resolve(image);
    },
  };
  return fake;
}

interface Run {
  readonly concepts: readonly ConceptSpec[];
  readonly with: Segmenter | null;
  readonly image?: Raster8<'image'>;
  readonly features?: ImageFeatures;
  readonly runId?: string;
  readonly events?: JobEvent[];
}

function run({
  concepts,
  with: model,
  image = PICTURE,
  features = new ImageFeatures(),
  runId = 'r',
  events,
}: Run) {
  const context = {
    signal: new AbortController().signal,
    onEvent: (event: JobEvent) => void events?.push(event),
  };
  return detect(image, { concepts }, model, features, runId, context);
}

const SMALL_CENTER = answer(6, 6, 4, 0.7);
const LARGE_LEFT = answer(0, 0, 6, 0.6);
const BEST_RIGHT = answer(13, 13, 3, 0.9);
const THREE = { face: [SMALL_CENTER, LARGE_LEFT, BEST_RIGHT] };

describe('detection', () => {
  it('asks for a concept when none is named', async () => {
    const model = segmenter(THREE);
    for (const concepts of [[], [concept({ phrase: '  ' })]])
      await expect(run({ concepts, with: model })).rejects.toMatchObject({
        code: 'bad-request',
        message: 'Name at least one concept to look for, for example "face".',
      });
    expect(model.encoded).toBe(0);
  });

  it('says which model is missing', async () => {
    await expect(run({ concepts: [concept()], with: null })).rejects.toMatchObject({
      code: 'model-missing',
      message: expect.stringContaining('No SAM 3 model is loaded') as string,
    });
  });

  it('answers in concept order, best score first, with masks of the picture’s size', async () => {
    const model = segmenter({ ...THREE, eye: [SMALL_CENTER] });
    const concepts = [concept({ id: 'e', phrase: 'eye', threshold: 0.3 }), concept({ id: 'f' })];
    const { detections, presence } = await run({ concepts, with: model });
    expect(detections.map(({ conceptId, score }) => [conceptId, score])).toEqual([
      ['e', 0.7],
      ['f', 0.9],
      ['f', 0.7],
      ['f', 0.6],
    ]);
    expect(presence).toEqual({ e: 0.8, f: 0.8 });
    expect(model.asked).toEqual([
      ['eye', 0.3],
      ['face', 0.5],
    ]);
    const mask = decodeRle(detections[0]!.mask);
    expect([mask.width, mask.height, mask.data[32 * 64 + 32], mask.data[0]]).toEqual([64, 64, 255, 0]);
  });

  it.each([
    ['largest', [0.6]],
    ['center', [0.7]],
    ['first', [0.9]],
    ['all', [0.9, 0.7, 0.6]],
  ] as const)('ticks what “%s” picks', async (selection, scores) => {
    const { detections } = await run({ concepts: [concept({ selection })], with: segmenter(THREE) });
    expect(detections.filter(({ enabled }) => enabled).map(({ score }) => score)).toEqual(scores);
    expect(detections).toHaveLength(3);
  });

  it('keeps the best of answers that are one object, and no more than asked for', async () => {
    const twins = { face: [answer(0, 0, 8, 0.6), answer(0, 0, 8, 0.8), answer(9, 9, 4, 0.5)] };
    const { detections } = await run({ concepts: [concept()], with: segmenter(twins) });
    expect(detections.map(({ score }) => score)).toEqual([0.8, 0.5]);
    const one = await run({ concepts: [concept({ maxObjects: 1 })], with: segmenter(THREE) });
    expect(one.detections.map(({ score }) => score)).toEqual([0.9]);
  });

  it('drops answers with an empty mask', async () => {
    const { detections } = await run({
      concepts: [concept()],
      with: segmenter({ face: [answer(0, 0, 0, 0.99), SMALL_CENTER] }),
    });
    expect(detections.map(({ score }) => score)).toEqual([0.7]);
  });

  it('says when a phrase was cut', async () => {
    const events: JobEvent[] = [];
    await run({ concepts: [concept()], with: segmenter({}, true), events });
    expect(events.filter(({ kind }) => kind === 'notice')).toEqual([
      { kind: 'notice', message: expect.stringContaining('longer than the detector can read') as string },
    ]);
  });

  it('gives every detection an id of its own, across runs too', async () => {
    const features = new ImageFeatures();
    const ids: string[] = [];
    for (const runId of ['1', '2']) {
      const concepts = [concept(), concept({ id: 'd' })];
      const { detections } = await run({ concepts, with: segmenter(THREE), features, runId });
      ids.push(...detections.map(({ id }) => id));
    }
    expect(new Set(ids).size).toBe(12);
  });

  it('encodes a picture once and lets its features go with it', async () => {
    const model = segmenter(THREE);
    const features = new ImageFeatures();
    await run({ concepts: [concept()], with: model, features });
    await run({ concepts: [concept()], with: model, features });
    expect([model.encoded, model.disposed]).toEqual([1, 0]);
    await run({ concepts: [concept()], with: model, features, image: testPicture(32, 32) });
    expect([model.encoded, model.disposed]).toEqual([2, 1]);
  });
});
