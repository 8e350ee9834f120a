import { beforeEach, describe, expect, it, vi } from 'vitest';
import { settingsKind } from '#app/concept-settings-text.ts';
import { DEFAULTS } from '#app/defaults.ts';
import { Studio } from '#app/studio.ts';
import { exportPreset } from '#domain/concepts/preset-file.ts';
import { PRESETS } from '#domain/concepts/presets.ts';
import { rect } from '#domain/geometry/rect.ts';
import type { FoundObject, MaskRle } from '#domain/job/request.ts';
import { SilentClient } from './silent-client.ts';

const stored = new Map<string, unknown>();
vi.mock('idb-keyval', () => ({
  createStore: () => () => new Promise(() => undefined),
  get: (key: string) => Promise.resolve(stored.get(key)),
  set: (key: string, value: unknown) => {
    stored.set(key, structuredClone(value));
    return Promise.resolve();
  },
}));

const info = vi.fn<Studio['notifier']['info']>();
const error = vi.fn<Studio['notifier']['error']>();
let studio: Studio;

function openStudio(): Studio {
  const opened = new Studio({ info, error }, DEFAULTS, () => new SilentClient());
  const size = { width: 1024, height: 512 } as never;
  const picture = { name: 'a.png', size, sha256: '', carried: null };
  opened.document.takeImage({ ...picture, file: new Blob(), url: 'blob:a' });
  return opened;
}

beforeEach(() => {
  stored.clear();
  info.mockClear();
  error.mockClear();
  studio = openStudio();
});

const phrases = () => studio.document.concepts.map(({ phrase }) => phrase);
const presets = () => studio.detections.presets;
const ADETAILER = `a portrait
Steps: 20, Sampler: Euler, ADetailer model: face_yolov8n.pt, ADetailer confidence: 0.42, ADetailer prompt: "first face [SEP] second face", ADetailer mask blur: 4, ADetailer version: 24.5.1`;

describe('presets', () => {
  it('add their concepts in one step, in place of an unused slot, and refer to each other', async () => {
    presets().addBuiltIn('portrait');
    expect(phrases()).toEqual(PRESETS.portrait.map(({ phrase }) => phrase));
    const [face, hair, eyes] = studio.document.concepts;
    expect(hair?.rules.exclude).toEqual([face?.id]);
    expect(eyes?.rules.partOf).toBe(face?.id);
    await studio.undo();
    expect(phrases()).toEqual(['']);
  });

  it('do not touch what is there', () => {
    studio.document.updateConcept('concept-1', { phrase: 'castle' });
    presets().addBuiltIn('hands');
    expect(phrases()[0]).toBe('castle');
    expect(new Set(studio.document.concepts.map(({ id }) => id)).size).toBe(1 + PRESETS.hands.length);
  });

  it('join concepts of the same phrase, say how many, and refer to them', async () => {
    presets().addBuiltIn('portrait');
    const before = studio.document.concepts;
    const examples = [{ box: rect<'unit'>(0, 0, 1, 1), positive: true }];
    studio.document.updateConcept(before[0]!.id, { phrase: ' Face', prompt: 'mine', examples });
    studio.document.removeConcept(before[1]!.id);
    presets().addBuiltIn('portrait');
    expect(phrases().toSorted()).toEqual(
      [' Face', ...before.slice(1).map(({ phrase }) => phrase)].toSorted(),
    );
    const of = (phrase: string) =>
      studio.document.concepts.find((one) => one.phrase.trim().toLowerCase() === phrase)!;
    expect(of('face')).toMatchObject({ id: before[0]!.id, prompt: before[0]!.prompt, examples });
    expect(of('hair').rules.exclude).toEqual([before[0]!.id]);
    expect(info.mock.lastCall?.[0]).toMatch(/^Added 1 concept of Portrait\. \d concepts .*same phrase/);
    await studio.undo();
    expect(of('face').prompt).toBe('mine');
    presets().takeText(ADETAILER);
    expect(phrases()).toHaveLength(before.length - 1);
    expect(info.mock.lastCall?.[0]).toMatch(/^1 concept .*same phrase/);
  });

  it('keep two concepts of one phrase apart where they have two', () => {
    const twice = `${ADETAILER}, ADetailer model 2nd: face_yolov8s.pt`;
    presets().takeText(twice);
    expect(phrases()).toEqual(['face', 'face']);
    presets().takeText(twice);
    expect(phrases()).toEqual(['face', 'face']);
  });

  it('are kept under a name, without what belongs to one picture, and come back', async () => {
    const examples = [{ box: rect<'unit'>(0, 0, 1, 1), positive: true }];
    studio.document.updateConcept('concept-1', { phrase: 'ring', examples });
    await presets().save(' Rings ');
    studio = openStudio();
    await presets().load();
    expect(presets().own.map(({ name }) => name)).toEqual(['Rings']);
    presets().add(presets().own[0]!);
    expect(phrases()).toEqual(['ring']);
    expect(studio.document.concepts[0]?.examples).toBeUndefined();
    await presets().remove(presets().own[0]!);
    expect(stored.get('luna-concept-presets')).toEqual([]);
  });

  it('that were stored broken are left out', async () => {
    stored.set('luna-concept-presets', ['{"app":', 7, exportPreset({ name: 'ok', concepts: PRESETS.hands })]);
    await presets().load();
    expect(presets().own.map(({ name }) => name)).toEqual(['ok']);
  });

  it('from the future or broken change nothing and get a sentence', async () => {
    const before = studio.document.history.cursor;
    const future = exportPreset({ name: 'x', concepts: PRESETS.hands }).replace(
      '"version": 1',
      '"version": 2',
    );
    expect(await presets().offer(new File([future], 'x.json'))).toBe(true);
    expect(error.mock.lastCall?.[0]).toMatch(/newer Luna Studio/);
    expect(presets().takeText(future.slice(0, 300).replace('"version": 2', '"version": 1'))).toBe(true);
    expect(error).toHaveBeenCalledTimes(2);
    expect(phrases()).toEqual(['']);
    expect(studio.document.history.cursor).toBe(before);
  });

  it('that would not fit are refused', () => {
    const many = Array.from({ length: 100 }, (_, i) => ({ ...PRESETS.hands[0]!, id: `c${i}` }));
    studio.document.updateConcept('concept-1', { phrase: 'ring' });
    presets().add({ name: 'many', concepts: many });
    expect(phrases()).toEqual(['ring']);
  });
});

describe("other tools' settings", () => {
  it('are told from files of masks and from any other text', async () => {
    expect(settingsKind(ADETAILER)).toBe('adetailer');
    expect(settingsKind('{"nodes":[{"type":"FaceDetailer"}]}')).toBe('impact');
    expect(settingsKind(exportPreset({ name: 'x', concepts: PRESETS.hands }))).toBe('preset');
    expect(settingsKind('{"images":[],"annotations":[{"segmentation":{}}]}')).toBeNull();
    expect(settingsKind('a portrait\nSteps: 20')).toBeNull();
    const masks = new File(['{"annotations":[]}'], 'masks.json');
    expect(await presets().offer(masks)).toBe(false);
    expect(await presets().offer(new File([ADETAILER], 'picture.png'))).toBe(false);
  });

  it('become concepts and settings in one step, with the feather in canvas pixels', async () => {
    const { featherPx } = studio.document.parameters.detail;
    expect(presets().takeText(ADETAILER)).toBe(true);
    expect(phrases()).toEqual(['face']);
    expect(studio.document.concepts[0]?.threshold).toBeCloseTo(0.42);
    // The blur's σ of 4 px is a ramp of 4/√0.05 = 17.9 px, on a canvas four times as large 72 px.
    expect(studio.document.parameters.detail.featherPx).toBe(72);
    await studio.undo();
    expect(phrases()).toEqual(['']);
    expect(studio.document.parameters.detail.featherPx).toBe(featherPx);
  });

  it('give each detection its own text once there are some', () => {
    presets().takeText(ADETAILER);
    const concept = studio.document.concepts[0]!;
    const mask = (...runs: number[]): MaskRle => ({ width: 4, height: 1, runs });
    const found = [mask(0, 1, 3), mask(2, 2)].map((one, i): FoundObject => ({
      conceptId: concept.id,
      box: rect(0, 0, 1, 1),
      mask: one,
      score: 0.9 - i / 10,
      presence: 1,
    }));
    const { answers } = studio.detections;
    answers.take({ concepts: [concept], found: [], presence: {} });
    answers.take({ concepts: [concept], found, presence: {} });
    expect(studio.document.detections.map(({ own }) => own?.prompt)).toEqual(['first face', 'second face']);
  });
});

describe('operations on a detection', () => {
  const mask: MaskRle = { width: 8, height: 4, runs: [0, 3, 2, 2, 25] };
  const other: MaskRle = { width: 8, height: 4, runs: [16, 16] };
  beforeEach(() => {
    const [concept] = studio.document.concepts;
    const found = [mask, other].map((one, i): FoundObject => ({
      conceptId: concept!.id,
      box: rect(0, 0, 1, 1),
      mask: one,
      score: 0.9 - i / 10,
      presence: 1,
    }));
    studio.document.updateConcept(concept!.id, { phrase: 'ring' });
    studio.detections.answers.take({ concepts: studio.document.concepts, found, presence: {} });
  });
  const ids = () => studio.document.detections.map(({ id }) => id);
  const cells = () =>
    studio.document.detections.map((one) =>
      one.mask.runs.filter((_, i) => i % 2).reduce((sum, run) => sum + run, 0),
    );

  it('splits, joins and keeps the largest part, each undone in one step', async () => {
    const { operations } = studio.detections;
    expect(cells()).toEqual([5, 16]);
    operations.split(ids()[0]!);
    expect(cells()).toEqual([3, 16, 2]);
    await studio.undo();
    operations.keepLargest(ids()[0]!);
    expect(cells()).toEqual([3, 16]);
    operations.resetEdits(ids()[0]!);
    expect(cells()).toEqual([5, 16]);
    operations.join(ids()[0]!, ids()[1]!);
    expect(cells()).toEqual([21]);
    await studio.undo();
    expect(cells()).toEqual([5, 16]);
    info.mockClear();
    operations.split(ids()[1]!);
    expect(info).toHaveBeenCalledOnce();
  });

  it('moves a detection to another concept, where runs leave it, in one step', async () => {
    const other = studio.document.addConcept('face');
    const id = ids()[0]!;
    studio.detections.operations.moveTo(id, other);
    const of = () => studio.document.detections.find((one) => one.id === id)?.conceptId;
    expect(of()).toBe(other);
    const concepts = studio.document.concepts.filter((one) => one.id === other);
    studio.detections.answers.take({ concepts, found: [], presence: {} });
    expect(of()).toBe(other);
    await studio.undo();
    await studio.undo();
    expect(of()).toBe('concept-1');
  });

  it('keeps own settings and rules apart from the concept, and follows it again', () => {
    const { operations } = studio.detections;
    const id = ids()[0]!;
    const candidate = () => studio.document.candidates.find((one) => one.id === id);
    operations.setOwn(id, { prompt: 'gold', denoise: 0.5 });
    operations.setOwn(id, { denoise: undefined });
    expect(candidate()?.own).toEqual({ prompt: 'gold' });
    operations.setRules(id, { parts: 'largest' });
    expect(cells()).toEqual([3, 16]);
    operations.setRules(id, null);
    expect(cells()).toEqual([5, 16]);
  });
});
