import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { messages } from '#app/messages.ts';
import { changeWords, offerNotes } from '#app/settings-words.ts';
import { Studio } from '#app/studio.ts';
import { withCanvasSide } from '#domain/geometry/canvas-size.ts';
import type { Recipe } from '#domain/job/request.ts';
import { settingsInText } from '#domain/settings/read.ts';
import type { CarriedSettings } from '#domain/settings/found-settings.ts';
import { candidate, concept, mulberry } from './domain/document/arbitrary-documents.ts';
import { FakeClient, failed, flush, ok } from './fake-client.ts';

const INFOTEXT = 'a pier\nSteps: 9, Sampler: Heun, CFG scale: 5, Seed: 5, Model: other';
const CARRIED = settingsInText(INFOTEXT) as CarriedSettings;
const MASK = { width: 2, height: 1, runs: [0, 1, 1] };
const RECIPE: Recipe = {
  app: 'Luna Studio',
  version: '1',
  request: {
    version: 1,
    ...DEFAULTS.parameters,
    concepts: [{ ...concept('r-1', 'ring'), denoise: 0.6 }],
    detections: [
      {
        ...{ id: 'd', conceptId: 'r-1', mask: MASK, box: { x: 0, y: 0, width: 0.5, height: 1 } },
        ...{ score: 1, presence: 1, enabled: true, edited: false },
      },
    ],
    scaffold: { ...DEFAULTS.parameters.scaffold, seed: 44 },
  },
  source: { sha256: '', size: { width: 64, height: 48 } },
  models: [{ role: 'checkpoint', name: 'folder/X.safetensors', bytes: 1 }],
  runtime: '',
  complete: true,
};
const OWN: CarriedSettings = { recipe: RECIPE, found: null, text: null };
const opened = (name: string, carried: CarriedSettings | null = null) =>
  ok({ name, size: { width: 100, height: 80 }, sha256: name, carried });
const png = (name: string) => new File([name], name, { type: 'image/png' });
const json = (value: unknown) => new File([JSON.stringify(value)], 'some.json', { type: 'application/json' });

let client: FakeClient;
let studio: Studio;
const info = vi.fn<Studio['notifier']['info']>();
const error = vi.fn<Studio['notifier']['error']>();

async function open(name: string): Promise<void> {
  void studio.open(new Blob([name]), name);
  await flush();
  await client.last('openImage').answer(opened(name));
}

/** Drops a picture while another is open; its file carries this. */
async function drop(carried: CarriedSettings | null): Promise<void> {
  void studio.takeFile(png('second.png'));
  await flush();
  await client.last('settingsIn').answer(ok(carried));
}

const steps = () => studio.document.history.steps.length;
const seed = () => studio.document.parameters.scaffold.seed;
const openings = () => client.of('openImage').length;

beforeEach(async () => {
  vi.useFakeTimers();
  info.mockClear();
  error.mockClear();
  studio = new Studio({ info, error }, DEFAULTS, (onCrash) => (client = new FakeClient(onCrash)));
  await studio.start({} as HTMLCanvasElement);
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a picture with settings', () => {
  it('is opened where none is open, and the settings wait', async () => {
    void studio.takeFile(png('first.png'));
    await flush();
    await client.last('openImage').answer(opened('first.png', CARRIED));
    expect(client.of('settingsIn')).toHaveLength(0);
    expect(studio.offers.current).toMatchObject({ name: 'first.png', opened: true, waiting: null });
    expect([steps(), seed()]).toEqual([0, 1]);
    await studio.offers.choose('picture');
    expect([studio.offers.current, steps()]).toEqual([null, 0]);
    studio.offers.offerOpened();
    await studio.offers.choose('both');
    expect([steps(), seed(), openings()]).toEqual([1, 5, 1]);
  });

  it('waits beside the open one until something is chosen', async () => {
    await open('first.png');
    await drop(CARRIED);
    expect(studio.offers.current).toMatchObject({ opened: false, name: 'second.png' });
    expect([openings(), steps(), seed()]).toEqual([1, 0, 1]);
    studio.offers.dismiss();
    expect([openings(), steps()]).toEqual([1, 0]);
  });

  it('gives its settings alone as one step, which can be undone', async () => {
    await open('first.png');
    await drop(CARRIED);
    await studio.offers.choose('settings');
    expect([openings(), steps(), seed()]).toEqual([1, 1, 5]);
    expect(studio.document.image?.name).toBe('first.png');
    await studio.undo();
    expect(studio.document.parameters).toEqual(DEFAULTS.parameters);
    await studio.redo();
    info.mock.lastCall?.[1]?.run();
    await flush();
    expect(seed()).toBe(1);
  });

  it.each([
    ['picture', 1],
    ['both', 5],
  ] as const)('can give %s', async (choice, after) => {
    await open('first.png');
    await drop(CARRIED);
    void studio.offers.choose(choice);
    await flush();
    await client.last('openImage').answer(opened('second.png', CARRIED));
    expect([studio.document.image?.name, seed(), steps()]).toEqual([
      'second.png',
      after,
      after === 5 ? 1 : 0,
    ]);
    expect(studio.offers.current).toBeNull();
  });

  it('that turns out to be damaged changes nothing', async () => {
    await open('first.png');
    await drop(CARRIED);
    void studio.offers.choose('both');
    await flush();
    await client.last('openImage').answer(failed('bad-file', 'damaged'));
    expect([studio.document.image?.name, seed(), steps()]).toEqual(['first.png', 1, 0]);
    expect(error).toHaveBeenCalledExactlyOnceWith('damaged');
  });

  it('and one without are told apart before anything is opened', async () => {
    await open('first.png');
    await drop(null);
    expect(openings()).toBe(2);
    await client.last('openImage').answer(opened('second.png'));
    expect(studio.offers.current).toBeNull();
  });

  it('is not asked about any more once another picture is open', async () => {
    await open('first.png');
    await drop(CARRIED);
    await open('third.png');
    expect(studio.offers.current).toBeNull();
  });
});

describe('our own settings', () => {
  const found = () => studio.document.candidates.map(({ id }) => id);

  beforeEach(async () => {
    await open('first.png');
    studio.document.addConcept('Ring');
    const own = { ...candidate('concept-1', mulberry(1)), id: 'mine' };
    studio.document.dispatch({ type: 'add-candidates', candidates: [own] });
  });

  it('alone leave the detections of the open picture where they are', async () => {
    await drop(OWN);
    expect(studio.offers.notes).toEqual([messages.recipe.withMasks(1)]);
    await studio.offers.choose('settings');
    expect([seed(), found()]).toEqual([44, ['mine']]);
    expect(studio.document.concepts).toMatchObject([{ id: 'concept-1', phrase: 'ring', denoise: 0.6 }]);
  });

  it('with their picture bring its masks', async () => {
    await drop(OWN);
    void studio.offers.choose('both');
    await flush();
    await client.last('openImage').answer(opened('second.png', OWN));
    expect([seed(), found()]).toEqual([44, ['d']]);
    expect(studio.document.history.steps.map(({ name }) => name)).toEqual(['recipe']);
  });
});

describe('a text', () => {
  it('with settings is offered, also where no picture is open', async () => {
    studio.offers.takePasted(INFOTEXT);
    expect(studio.offers.changes.map(changeWords)).toContainEqual({ label: 'Seed', before: '1', after: '5' });
    await studio.offers.choose('settings');
    await open('first.png');
    expect(seed()).toBe(5);
  });

  it('that is nothing of this is left alone, or told what is missing', () => {
    studio.offers.takePasted('a sentence about nothing');
    expect(info).not.toHaveBeenCalled();
    studio.offers.takePasted('Sampler: Euler');
    expect(info).toHaveBeenLastCalledWith(messages.recipe.unknownText);
    studio.offers.takePasted(' ');
    expect(info).toHaveBeenLastCalledWith(messages.errors.noPictureInClipboard);
    expect(studio.offers.current).toBeNull();
  });

  it('with detailers offers their concepts too', async () => {
    await open('first.png');
    studio.offers.takePasted(`${INFOTEXT}, ADetailer model: hand_yolov8n.pt`);
    expect(studio.offers.current).not.toBeNull();
    studio.offers.takeDetailers();
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toContain('hand');
    expect(studio.offers.current).not.toBeNull();
    studio.offers.takePasted(INFOTEXT);
    expect(studio.offers.detailers).toBeNull();
  });

  it('in a file is taken for what it is', async () => {
    await open('first.png');
    await studio.takeFile(new File([INFOTEXT], 'notes.txt', { type: 'text/plain' }));
    expect(studio.offers.current).toMatchObject({ name: 'notes.txt' });
    studio.offers.dismiss();
    void studio.takeFile(json({ annotations: [{ segmentation: {} }] }));
    await flush();
    expect(client.last('read').args[1]).toBe('some.json');
    for (const other of [{ name: 'luna', scripts: {} }, [1, 2], 'x']) {
      error.mockClear();
      await studio.takeFile(json(other));
      expect(error).toHaveBeenCalledExactlyOnceWith(messages.recipe.unknownFile('some.json'));
    }
    expect(client.of('read')).toHaveLength(1);
  });
});

describe('what is not taken', () => {
  const notes = (carried: CarriedSettings, names: readonly string[]) =>
    offerNotes(
      { name: 'x', carried, waiting: null, opened: false },
      names.map((name) => ({ role: 'checkpoint' as const, name, description: '', bytes: 1, demo: false })),
    );

  it('is the model, unless it is in use, however its name is written', () => {
    expect(notes(CARRIED, ['x.safetensors'])).toEqual([messages.recipe.madeWith('other')]);
    expect(notes(CARRIED, ['Other.safetensors'])).toEqual([]);
    expect(notes(OWN, ['x.safetensors'])).toEqual([]);
    expect(notes(OWN, [])).toEqual([messages.recipe.madeWith('folder/X.safetensors')]);
  });
});

describe('saving masks', () => {
  it('with nothing ticked says so, and offers all', async () => {
    await open('first.png');
    await studio.masks.files.exportAll('png');
    expect(info).toHaveBeenLastCalledWith(messages.tools.files.nothingFound);
    studio.document.addConcept('ring');
    const found = [1, 2].map((n) => ({
      ...candidate('concept-1', mulberry(n)),
      id: `${n}`,
      mask: MASK,
      score: 0.9,
      tick: false,
    }));
    const [first, second] = found;
    const apart = { ...second!, mask: { ...MASK, runs: [1, 1] } };
    studio.document.dispatch({ type: 'add-candidates', candidates: [first!, apart] });
    await studio.masks.files.exportAll('png');
    expect(client.of('png')).toHaveLength(0);
    expect(info).toHaveBeenLastCalledWith(messages.tools.files.nothingTicked, {
      label: messages.tools.files.saveEach(2),
      run: expect.any(Function) as () => void,
      until: expect.any(Function) as () => void,
    });
    info.mock.lastCall?.[1]?.run();
    await flush();
    expect(client.last('png').args[0]).toMatchObject({ width: 100, height: 80, runs: [0, 8000] });
  });
});

it('the export goes with the canvas until it is set apart', () => {
  const output = { canvasLongSidePx: 4096, exportLongSidePx: 4096 };
  expect(withCanvasSide(output, 1024)).toEqual({ canvasLongSidePx: 1024, exportLongSidePx: 1024 });
  expect(withCanvasSide({ ...output, exportLongSidePx: 2048 }, 1024)).toEqual({
    canvasLongSidePx: 1024,
    exportLongSidePx: 2048,
  });
});
