import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { Studio, type Offer } from '#app/studio.ts';
import { rect } from '#domain/geometry/rect.ts';
import type { FoundObject } from '#domain/job/request.ts';
import { SilentClient } from './silent-client.ts';

vi.mock('idb-keyval', () => ({
  createStore: () => () => new Promise(() => undefined),
  get: () => Promise.resolve(undefined),
  set: () => Promise.resolve(),
}));

const info = vi.fn<Studio['notifier']['info']>();
const withdraw = vi.fn<() => void>();
let studio: Studio;

/** What the last message offered, as the page keeps it: it hears when that no longer holds. */
function offered(): Offer {
  const offer = info.mock.lastCall?.[1];
  if (!offer) throw new Error('the last message offers nothing');
  offer.until?.(withdraw);
  return offer;
}

beforeEach(() => {
  vi.clearAllMocks();
  studio = new Studio({ info, error: () => undefined }, DEFAULTS, () => new SilentClient());
  const size = { width: 1024, height: 512 } as never;
  const picture = { name: 'a.png', size, sha256: '', carried: null };
  studio.document.takeImage({ ...picture, file: new Blob(), url: 'blob:a' });
});

const phrases = () => studio.document.concepts.map(({ phrase }) => phrase);
const found = (conceptId: string): FoundObject => ({
  conceptId,
  box: rect(0, 0, 1, 1),
  mask: { width: 4, height: 1, runs: [0, 2, 2] },
  score: 0.9,
  presence: 1,
});

describe('a message that offers to undo', () => {
  it('takes its own step back', () => {
    studio.document.addConcept('face');
    studio.document.addConcept('hand');
    studio.removeConcept('concept-1');
    expect(phrases()).toEqual(['hand']);
    offered().run();
    expect(phrases()).toEqual(['face', 'hand']);
  });

  it('no longer does once something else was done, and says so', () => {
    studio.document.addConcept('face');
    studio.document.addConcept('hand');
    studio.removeConcept('concept-1');
    const offer = offered();
    expect(withdraw).not.toHaveBeenCalled();
    studio.document.addConcept('ring');
    expect(withdraw).toHaveBeenCalledOnce();
    offer.run();
    expect(phrases()).toEqual(['hand', 'ring']);
  });

  it('is a step of its own, also where the same is changed right after it', async () => {
    studio.document.patchParameters({ batchLimit: 3 });
    studio.resetParameters();
    offered();
    studio.document.patchParameters({ ...DEFAULTS.parameters, batchLimit: 5 });
    expect(withdraw).toHaveBeenCalledOnce();
    await studio.undo();
    expect(studio.document.parameters).toEqual(DEFAULTS.parameters);
  });

  it('never does again what was undone another way', async () => {
    studio.document.addConcept('hand');
    studio.detections.presets.takeText('ADetailer model: face.pt, ADetailer prompt: x');
    const offer = offered();
    expect(phrases()).toEqual(['hand', 'face']);
    await studio.undo();
    await studio.undo();
    expect(phrases()).toEqual(['']);
    expect(withdraw).toHaveBeenCalledOnce();
    offer.run();
    expect(phrases()).toEqual(['']);
  });

  it('takes along what was found by itself for what was imported', () => {
    studio.detections.presets.takeText('ADetailer model: face.pt, ADetailer prompt: x');
    const offer = offered();
    const [concept] = studio.document.concepts;
    studio.detections.answers.take({ concepts: [concept!], found: [found(concept!.id)], presence: {} });
    expect(withdraw).not.toHaveBeenCalled();
    offer.run();
    expect([phrases(), studio.document.candidates]).toEqual([[''], []]);
  });

  it('is void for another document', () => {
    studio.removeConcept('concept-1');
    const offer = offered();
    studio.document.beginWith(['ring']);
    expect(withdraw).toHaveBeenCalledOnce();
    offer.run();
    expect(phrases()).toEqual(['ring']);
  });
});
