import { describe, expect, it } from 'vitest';
import { say } from '#domain/job/sentence.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { ConceptSpec } from '#domain/job/request.ts';
import { decodeRle } from '#domain/mask/rle.ts';
import type { Raster8 } from '#domain/raster.ts';
import { detect } from '#pipelines/detect.ts';
import { ImageFeatures } from '#pipelines/image-features.ts';
import type { RawDetection } from '#domain/sam3/contract.ts';
import type { EncodedImage, Segmenter } from '#pipelines/services.ts';
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
  asked: [string, number, number | undefined][];
}

function segmenter(
  answers: Readonly<Record<string, readonly RawDetection[]>>,
  readAs: string | null = null,
): Fake {
  const fake: Fake = {
    encoded: 0,
    disposed: 0,
    asked: [],
    encodeImage: () => {
      fake.encoded++;
      const image: EncodedImage = {
        bytes: 0,
        pick: () => Promise.reject(new Error('nobody clicks here')),
        detect: (phrase, threshold, options) => {
          fake.asked.push([phrase, threshold, options?.limit]);
          return Promise.resolve({ presence: 0.8, detections: answers[phrase] ?? [], readAs });
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
  readonly events?: JobEvent[];
}

function run({ concepts, with: model, image = PICTURE, features = new ImageFeatures(), events }: Run) {
  const context = {
    signal: new AbortController().signal,
    onEvent: (event: JobEvent) => void events?.push(event),
  };
  return detect(image, { concepts }, model, features, context);
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
    const concepts = [concept({ id: 'e', phrase: 'eye', threshold: 0.05 }), concept({ id: 'f' })];
    const { found, presence } = await run({ concepts, with: model });
    expect(found.map(({ conceptId, score }) => [conceptId, score])).toEqual([
      ['e', 0.7],
      ['f', 0.9],
      ['f', 0.7],
      ['f', 0.6],
    ]);
    expect(presence).toEqual({ e: 0.8, f: 0.8 });
    const mask = decodeRle(found[0]!.mask);
    expect([mask.width, mask.height, mask.data[32 * 64 + 32], mask.data[0]]).toEqual([64, 64, 255, 0]);
  });

  it('asks for candidates far below a threshold, but for no more than sixty', async () => {
    const model = segmenter(THREE);
    const concepts = [concept({ threshold: 0.05 }), concept({ threshold: 0.7 })];
    await run({ concepts, with: model });
    expect(model.asked).toEqual([
      ['face', 0.05, 60],
      ['face', 0.1, 60],
    ]);
  });

  it('applies no rule: repeated answers and more than wanted come back', async () => {
    const twins = { face: [answer(0, 0, 8, 0.6), answer(0, 0, 8, 0.8), answer(9, 9, 4, 0.2)] };
    const concepts = [concept({ maxObjects: 1, threshold: 0.5, selection: 'first' })];
    const { found } = await run({ concepts, with: segmenter(twins) });
    expect(found.map(({ score }) => score)).toEqual([0.8, 0.6, 0.2]);
  });

  it('drops answers with an empty mask', async () => {
    const { found } = await run({
      concepts: [concept()],
      with: segmenter({ face: [answer(0, 0, 0, 0.99), SMALL_CENTER] }),
    });
    expect(found.map(({ score }) => score)).toEqual([0.7]);
  });

  it('says when a phrase was cut', async () => {
    const events: JobEvent[] = [];
    const { readAs } = await run({ concepts: [concept()], with: segmenter({}, 'fac'), events });
    expect(readAs).toEqual({ [concept().id]: 'fac' });
    expect(events.flatMap((event) => (event.kind === 'notice' ? [say(event.message)] : []))).toEqual([
      '“face…” is longer than the detector can read. It looked for “fac”.',
    ]);
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
