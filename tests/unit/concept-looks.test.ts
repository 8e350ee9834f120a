import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LOOK_DELAY_MS } from '#app/concept-looks.svelte.ts';
import { DEFAULTS } from '#app/defaults.ts';
import { Studio } from '#app/studio.ts';
import { WorkerClient, type LookRequest, type LookResult, type Result } from '#app/worker-client.ts';
import { answersAnother } from '#domain/detection/answers-another.ts';
import { rect } from '#domain/geometry/rect.ts';
import type { FoundObject, MaskRle } from '#domain/job/request.ts';

vi.mock('idb-keyval', () => ({
  createStore: () => () => new Promise(() => undefined),
  get: () => Promise.resolve(undefined),
  set: () => Promise.resolve(),
}));

interface Asked {
  readonly job: string;
  readonly request: LookRequest;
  readonly answer: (value: Result<LookResult>) => Promise<void>;
}

/** A worker that answers looks when the test says so, and writes down what is stopped. */
class LookingClient extends WorkerClient {
  readonly asked: Asked[] = [];
  readonly detects: unknown[] = [];
  readonly stopped: string[] = [];
  /** As much of phrases as a run for everything reads, by concept. */
  cut: Readonly<Record<string, string>> = {};

  constructor() {
    super(() => undefined);
  }

  override call<T>(request: (api: never, viewer: never) => Promise<Result<T>>): Promise<Result<T>> {
    const look = (job: string, wish: LookRequest) =>
      new Promise<Result<LookResult>>((resolve) => {
        const answer = async (value: Result<LookResult>) => {
          resolve(value);
          await vi.advanceTimersByTimeAsync(0);
        };
        this.asked.push({ job, request: wish, answer });
      });
    const detect = (_job: string, wish: unknown) => {
      this.detects.push(wish);
      return Promise.resolve({ ok: true, value: { found: [], presence: {}, readAs: this.cut } });
    };
    const api = { concepts: { look }, detect };
    return request(api as never, undefined as never);
  }

  override async send(request: (api: never, viewer: never) => Promise<unknown>): Promise<void> {
    const api = { cancel: (job: string) => Promise.resolve(this.stopped.push(job)) };
    await request(api as never, undefined as never);
  }
}

const left: MaskRle = { width: 4, height: 1, runs: [0, 2, 2] };
const right: MaskRle = { width: 4, height: 1, runs: [2, 2] };
const object = (mask: MaskRle, score = 0.9, conceptId = 'concept-1'): FoundObject => ({
  conceptId,
  box: rect(0, 0, 0.5, 1),
  mask,
  score,
  presence: 0.8,
});
const found = (...objects: FoundObject[]): Result<LookResult> => ({
  ok: true,
  value: { found: objects, presence: 0.8, readAs: null, encodeMs: 0, decodeMs: 100 },
});

let client: LookingClient;
let studio: Studio;

beforeEach(() => {
  vi.useFakeTimers();
  vi.stubGlobal('URL', { ...URL, revokeObjectURL: () => undefined });
  client = new LookingClient();
  studio = new Studio({ info: () => undefined, error: () => undefined }, DEFAULTS, () => client);
  open('a.png');
  const runtime = { networks: 'CPU', kernels: 'CPU', accelerated: false, models: [] };
  studio.document.runtime = runtime;
});
afterEach(() => {
  vi.useRealTimers();
  vi.unstubAllGlobals();
});

function open(name: string): void {
  const size = { width: 40, height: 10 } as never;
  const picture = { name, size, sha256: name, carried: null };
  studio.document.takeImage({ ...picture, file: new Blob(), url: `blob:${name}` });
}
const type = (phrase: string, id = 'concept-1') => studio.detections.looks.typed(id, phrase);
const pause = (ms = LOOK_DELAY_MS) => vi.advanceTimersByTimeAsync(ms);
const last = () => client.asked.at(-1)!;
const look = () => studio.detections.looks.of(studio.document.concepts[0]!);

describe('looking while typing', () => {
  it('asks once, after a pause, for what was typed last', async () => {
    for (const phrase of ['f', 'fa', 'fac', 'face ']) {
      type(phrase);
      await pause(LOOK_DELAY_MS - 1);
    }
    expect(client.asked).toHaveLength(0);
    await pause(1);
    expect(client.asked.map(({ request }) => request.phrase)).toEqual(['face']);
    expect(look()?.kind).toBe('looking');
    await last().answer(found(object(left), object(right, 0.3)));
    expect(studio.document.candidates).toHaveLength(2);
    expect(studio.document.detections).toHaveLength(1);
    expect(look()).toMatchObject({ kind: 'found', phrase: 'face', presence: 0.8, decodeMs: 100 });
    expect(studio.document.presence).toEqual({ 'concept-1': 0.8 });
  });

  it('stops an answer that is on its way when the phrase changes; it changes nothing', async () => {
    type('face');
    await pause();
    const old = last();
    type('hand');
    expect(client.stopped).toEqual([old.job]);
    await old.answer(found(object(left)));
    expect(studio.document.candidates).toEqual([]);
    await pause();
    expect(last().request.phrase).toBe('hand');
    await last().answer(found(object(right)));
    expect(studio.document.candidates.map(({ mask }) => mask)).toEqual([right]);
  });

  it('keeps tick and edits of what is found again, and forgets what is not', async () => {
    type('face');
    await pause();
    await last().answer(found(object(left), object(right)));
    const [first] = studio.document.detections;
    studio.document.tick(first!.id, false);
    type('a face');
    await pause();
    await last().answer(found(object(left, 0.7)));
    expect(studio.document.detections.map(({ id, enabled, score }) => [id, enabled, score])).toEqual([
      [first!.id, false, 0.7],
    ]);
  });

  it('looks for one concept after the other', async () => {
    type('face');
    const other = studio.document.addConcept();
    type('hand', other);
    await pause();
    expect(client.asked).toHaveLength(1);
    await last().answer(found(object(left)));
    expect(client.asked.map(({ request }) => request.conceptId)).toEqual(['concept-1', other]);
  });

  it('asks nothing without a picture, while a job runs or while it is switched off', async () => {
    const { looks } = studio.detections;
    studio.job.begin('refine');
    type('face');
    await pause();
    expect(client.asked).toHaveLength(0);
    studio.job.finish('');
    looks.resume();
    expect(client.asked).toHaveLength(1);
    await last().answer(found());
    looks.whileTyping = false;
    type('hand');
    await pause();
    expect(client.asked).toHaveLength(1);
    looks.whileTyping = true;
    studio.document.image = null;
    type('foot');
    await pause();
    expect(client.asked).toHaveLength(1);
  });

  it('gives way to a job that begins and asks again after it', async () => {
    const { looks } = studio.detections;
    type('face');
    await pause();
    const job = studio.job.begin('refine');
    looks.pause();
    expect(client.stopped).toEqual([client.asked[0]!.job]);
    expect(look()?.kind).toBe('waiting');
    expect(studio.job.isCurrent(job)).toBe(true);
    studio.job.finish('');
    looks.resume();
    expect(client.asked.map(({ request }) => request.phrase)).toEqual(['face', 'face']);
  });

  it('drops an answer about a picture, or a phrase, that is gone', async () => {
    type('face');
    await pause();
    open('b.png');
    await last().answer(found(object(left)));
    expect(studio.document.candidates).toEqual([]);
    type('face!');
    await pause();
    await studio.undo();
    await last().answer(found(object(left)));
    expect(studio.document.candidates).toEqual([]);
  });

  it('says what went wrong beside the concept, and nothing of what was stopped', async () => {
    type('face');
    await pause();
    await last().answer({ ok: false, error: { code: 'model-missing', message: 'No SAM 3.' } });
    expect(look()).toEqual({ kind: 'failed', message: 'No SAM 3.' });
    type('hand');
    await pause();
    await last().answer({ ok: false, error: { code: 'aborted', message: 'Stopped.' } });
    expect(look()).toBeNull();
  });

  it('is void once everything is detected', async () => {
    type('face');
    await studio.detect();
    await pause();
    expect([client.asked.length, client.detects.length]).toEqual([0, 1]);
  });
});

describe('answers to another phrase', () => {
  const ticked = () => studio.document.detections.map(({ enabled }) => enabled);
  const outdated = () => answersAnother(studio.document.concepts[0]!);
  beforeEach(async () => {
    type('face');
    await pause();
    await last().answer(found(object(left), object(right)));
    studio.detections.looks.whileTyping = false;
  });

  it("stay listed, said to be another phrase's and not ticked by themselves, until it is looked for", async () => {
    expect([ticked(), outdated()]).toEqual([[true, true], false]);
    studio.document.tick(studio.document.detections[0]!.id, true);
    type('castle');
    expect([ticked(), outdated()]).toEqual([[true, false], true]);
    expect(look()).toBeNull();
    studio.detections.looks.now('concept-1');
    await last().answer(found(object(right)));
    expect([ticked(), outdated()]).toEqual([[true], false]);
  });

  it('are so where the phrase is cleared too, and no longer once it is back', async () => {
    type('');
    expect([ticked(), outdated()]).toEqual([[false, false], true]);
    await studio.undo();
    expect([ticked(), outdated()]).toEqual([[true, true], false]);
    type(' face ');
    expect([ticked(), outdated()]).toEqual([[true, true], false]);
  });
});

describe('a phrase that is too long', () => {
  it('is said to be beside its concept after a run for everything, however many were', async () => {
    type('face');
    const other = studio.document.addConcept('hand');
    client.cut = { 'concept-1': 'fac', [other]: 'han' };
    await studio.detect();
    expect(look()).toMatchObject({ kind: 'found', phrase: 'face', readAs: 'fac', decodeMs: null });
    const [, second] = studio.document.concepts;
    expect(studio.detections.looks.of(second!)).toMatchObject({ readAs: 'han' });
    expect(studio.detections.looks.of({ ...second!, phrase: 'foot' })).toBeNull();
  });
});

describe('examples and tiles', () => {
  const examples = [{ box: rect<'unit'>(0, 0, 0.5, 1), positive: true }];

  it('are part of the question, with or without a phrase', async () => {
    studio.document.updateConcept('concept-1', { examples, tilePx: 512 });
    studio.detections.looks.now('concept-1');
    expect(last().request).toMatchObject({ phrase: '', examples, tilePx: 512 });
    await last().answer(found(object(left)));
    expect(studio.document.candidates.map(({ origin }) => origin)).toEqual(['example']);
  });

  it('leave nothing behind when they are taken away', async () => {
    studio.document.updateConcept('concept-1', { phrase: 'face', examples });
    studio.detections.looks.now('concept-1');
    await last().answer(found(object(left), object(right)));
    studio.document.updateConcept('concept-1', { examples: [] });
    studio.detections.looks.now('concept-1');
    await last().answer(found(object(right)));
    expect(studio.document.candidates.map(({ mask, origin }) => [mask, origin])).toEqual([[right, 'phrase']]);
  });

  it('are looked for by a run for everything, beside what only has a phrase', async () => {
    studio.document.updateConcept('concept-1', { phrase: 'face' });
    const other = studio.document.addConcept('bird', { tilePx: 512 });
    const running = studio.detect();
    await pause(0);
    expect(client.detects).toHaveLength(1);
    expect(last().request).toMatchObject({ conceptId: other, tilePx: 512 });
    await last().answer(found(object(right, 0.9, other)));
    await running;
    expect(studio.document.candidates.map(({ conceptId }) => conceptId)).toEqual([other]);
  });

  it('belong to the picture they were drawn on', () => {
    studio.document.updateConcept('concept-1', { examples });
    open('b.png');
    expect(studio.document.concepts[0]?.examples).toBeUndefined();
  });
});
