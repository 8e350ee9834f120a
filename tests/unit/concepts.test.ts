import { describe, expect, it } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import type { Raster8 } from '#domain/raster.ts';
import { ImageFeatures } from '#pipelines/image-features.ts';
import type { DetectOptions, PickQuestion } from '#domain/sam3/contract.ts';
import type { EncodedImage, Services } from '#pipelines/services.ts';
import type { Backend } from '#worker/backend.ts';
import type { LookRequest } from '#worker/api-concepts.ts';
import { StudioConcepts } from '#worker/concepts.ts';
import { Jobs } from '#worker/jobs.ts';
import { Newest } from '#worker/newest.ts';
import { fakeServices, testPicture } from './pipelines-fakes.ts';

const ignore = () => undefined;

/** A promise and what settles it. */
function gate() {
  let open = ignore as () => void;
  let fail = ignore as (error: unknown) => void;
  const promise = new Promise<void>((resolve, reject) => {
    open = resolve;
    fail = reject;
  });
  return { promise, open, fail };
}

/** A studio with one picture open and a detector that finds a square; tests hold up its answers. */
class FakeStudio {
  picture: Raster8<'image'> = testPicture(32, 32);
  readonly jobs = new Jobs();
  readonly features = new ImageFeatures();
  readonly asked: { phrase: string; options?: DetectOptions | undefined }[] = [];
  readonly picked: PickQuestion[] = [];
  /** Each answer waits for the next of these, if there is one. */
  readonly gates: Promise<void>[] = [];
  active = 0;
  mostActive = 0;
  encoded = 0;
  readonly concepts: StudioConcepts;

  constructor() {
    const backend = {
      canPick: true,
      during: async <T>(job: () => Promise<T>): Promise<T> => {
        this.mostActive = Math.max(this.mostActive, ++this.active);
        try {
          return await job();
        } finally {
          this.active--;
        }
      },
      detecting: (): Promise<Services> => Promise.resolve({ ...fakeServices(), segmenter: this.#segmenter }),
    };
    Object.defineProperty(backend, 'busy', { get: () => this.active > 0 });
    this.concepts = new StudioConcepts({
      jobs: this.jobs,
      features: this.features,
      picture: () => this.picture,
      backend: () => backend as unknown as Backend,
    });
  }

  readonly #segmenter = {
    encodeImage: (): Promise<EncodedImage> => {
      this.encoded++;
      return Promise.resolve({
        bytes: 1,
        detect: async (phrase, _threshold, options) => {
          this.asked.push({ phrase, options });
          await this.gates.shift();
          return { presence: 0.7, detections: [{ ...SQUARE, presence: 0.7, score: 0.6 }], readAs: null };
        },
        pick: async (question) => {
          this.picked.push(question);
          await this.gates.shift();
          return { object: 0.9, answers: [{ logits: SQUARE.logits, score: 0.8 }] };
        },
        dispose: ignore,
      });
    },
  };

  look(job: string, own: Partial<LookRequest> = {}) {
    const request = { conceptId: 'c', phrase: 'cat', examples: [], floor: 0.1, tilePx: null, ...own };
    return this.concepts.look(job, request, ignore);
  }
}

const SQUARE = {
  box: { x: 0.25, y: 0.25, width: 0.5, height: 0.5 },
  logits: {
    width: 8,
    height: 8,
    data: Float32Array.from({ length: 64 }, (_, i) => (i % 8 > 1 && i % 8 < 6 && i > 15 && i < 48 ? 5 : -5)),
  },
};
const stopped = { ok: false, error: expect.objectContaining({ code: 'aborted' }) as unknown };
const turn = () => new Promise((resolve) => setTimeout(resolve));

describe('looking', () => {
  it('answers with what was found, and encodes a picture once', async () => {
    const studio = new FakeStudio();
    const result = await studio.look('1');
    expect(result).toMatchObject({ ok: true, value: { presence: 0.7, readAs: null } });
    expect(result.ok && result.value.found.map(({ score, conceptId }) => [score, conceptId])).toEqual([
      [0.6, 'c'],
    ]);
    await studio.look('2', { phrase: 'dog' });
    expect([studio.encoded, studio.asked.map(({ phrase }) => phrase)]).toEqual([1, ['cat', 'dog']]);
  });

  it('drops an older wish of the same concept for a newer one, and no other concept’s', async () => {
    const studio = new FakeStudio();
    const [first, other] = [gate(), gate()];
    studio.gates.push(first.promise, other.promise);
    const old = studio.look('1', { phrase: 'ca' });
    const elsewhere = studio.look('2', { conceptId: 'd', phrase: 'dog' });
    await turn();
    const newer = studio.look('3', { phrase: 'cat' });
    expect(await newer).toMatchObject({ ok: true });
    first.open();
    other.open();
    expect(await old).toEqual(stopped);
    expect(await elsewhere).toMatchObject({ ok: true });
    expect(studio.encoded).toBe(1);
  });

  it('can be stopped by its job’s name', async () => {
    const studio = new FakeStudio();
    const held = gate();
    studio.gates.push(held.promise);
    const looking = studio.look('1');
    await turn();
    studio.jobs.cancel('1');
    held.open();
    expect(await looking).toEqual(stopped);
  });

  it('says nothing about a picture that is no longer open', async () => {
    const studio = new FakeStudio();
    const held = gate();
    studio.gates.push(held.promise);
    const looking = studio.look('1');
    await turn();
    studio.picture = testPicture(32, 32);
    held.open();
    expect(await looking).toEqual(stopped);
  });

  it('tries again when what it waited for was stopped by another job', async () => {
    const studio = new FakeStudio();
    const held = gate();
    studio.gates.push(held.promise);
    const looking = studio.look('1');
    await turn();
    held.fail(new AppError('aborted', 'Stopped.'));
    expect(await looking).toMatchObject({ ok: true });
    expect(studio.asked).toHaveLength(2);
  });

  it('counts as a job while it runs', async () => {
    const studio = new FakeStudio();
    await studio.look('1');
    await studio.concepts.pick({ points: [{ x: 0.5, y: 0.5, positive: true }], box: null, mask: null });
    expect([studio.mostActive, studio.active]).toEqual([1, 0]);
  });

  it('says as data what is wrong with the wish', async () => {
    expect(await new FakeStudio().look('1', { phrase: '' })).toMatchObject({
      ok: false,
      error: { code: 'bad-request' },
    });
  });
});

describe('clicking', () => {
  it('hands on the question and answers with a mask of the picture', async () => {
    const studio = new FakeStudio();
    const question = {
      points: [{ x: 0.2, y: 0.3, positive: false }],
      box: SQUARE.box,
      mask: null,
    } as PickQuestion;
    const result = await studio.concepts.pick(question);
    expect(studio.picked).toEqual([question]);
    expect(result).toMatchObject({ ok: true, value: { score: 0.8, object: 0.9, alternatives: [] } });
    expect(result.ok && result.value.mask.width).toBe(32);
  });

  it('is possible where the model can', async () => {
    expect(await new FakeStudio().concepts.canPick()).toBe(true);
  });
});

describe('a preview under the pointer', () => {
  it('answers the newest call only, and never runs more than one', async () => {
    const studio = new FakeStudio();
    const held = gate();
    studio.gates.push(held.promise);
    const hovers = [0.1, 0.2, 0.3, 0.4].map(async (x, i) => {
      if (i > 0) await turn();
      return studio.concepts.hover(x, 0.5);
    });
    await turn();
    await turn();
    expect(studio.picked).toHaveLength(1);
    held.open();
    const results = await Promise.all(hovers);
    expect(results.map((result) => result.ok && result.value !== null)).toEqual([false, false, false, true]);
    expect(studio.picked.map(({ points }) => points[0]?.x)).toEqual([0.1, 0.4]);
    expect(studio.mostActive).toBe(1);
  });

  it('is left out while a job runs', async () => {
    const studio = new FakeStudio();
    const held = gate();
    studio.gates.push(held.promise);
    const looking = studio.look('1');
    await turn();
    expect(await studio.concepts.hover(0.5, 0.5)).toEqual({ ok: true, value: null });
    held.open();
    await looking;
    expect(await studio.concepts.hover(0.5, 0.5)).toMatchObject({ ok: true, value: { width: 32 } });
  });
});

describe('the newest of many calls', () => {
  it('runs after one that failed', async () => {
    const newest = new Newest();
    const broken = newest.run(() => Promise.reject(new Error('broken')));
    await expect(broken).rejects.toThrow('broken');
    expect(await newest.run(() => Promise.resolve(1))).toBe(1);
  });
});
