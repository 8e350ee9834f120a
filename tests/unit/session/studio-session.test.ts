import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { messages } from '#app/messages.ts';
import { Studio } from '#app/studio.ts';
import { candidate, layer, mulberry } from '../domain/document/arbitrary-documents.ts';
import { FakeClient, failed, flush, ok } from '../fake-client.ts';
import { FakeBrowser } from './fake-documents.ts';

vi.mock('#app/download.ts', () => ({ download: () => undefined }));

const info = vi.fn<Studio['notifier']['info']>();
const error = vi.fn<Studio['notifier']['error']>();
const canvas = {} as HTMLCanvasElement;
const LAYER = layer(mulberry(2));
const opened = (name: string) =>
  ok({ name, size: { width: 100, height: 80 }, sha256: name, recipe: null, parameters: null });

let browser: FakeBrowser;
let tab: ReturnType<FakeBrowser['tab']>;
let client: FakeClient;
let studio: Studio;

/** A page in a tab; `worker` says whether its networks are there already. */
async function visit(worker = true): Promise<void> {
  studio = new Studio({ info, error }, DEFAULTS, (onCrash) => (client = new FakeClient(onCrash)), tab);
  if (worker) await studio.start(canvas);
}

async function open(name: string): Promise<void> {
  void studio.open(new Blob([name]), name);
  await flush();
  await client.last('openImage').answer(opened(name));
}

/** The tab is reloaded, and finds what it had. */
async function reload(): Promise<void> {
  await vi.advanceTimersByTimeAsync(1000);
  tab.close();
  info.mockClear();
  await visit();
  void studio.resume();
  await flush();
}

async function reloaded(name: string): Promise<void> {
  await reload();
  await client.last('openImage').answer(opened(name));
}

beforeEach(async () => {
  vi.useFakeTimers();
  info.mockClear();
  error.mockClear();
  browser = new FakeBrowser();
  tab = browser.tab();
  await visit();
  await open('first.png');
  studio.document.addConcept('face');
  const found = candidate('concept-1', mulberry(1));
  studio.document.dispatch({ type: 'set-candidates', candidates: [found], presence: {} });
  studio.document.dispatch({ type: 'set-layers', layers: [LAYER] });
  studio.document.history.takeSnapshot('painted');
});
afterEach(() => {
  vi.useRealTimers();
});

describe('a reloaded page', () => {
  it('has the picture, the document, its history and its snapshots', async () => {
    const { present, snapshots } = studio.document.history;
    await studio.document.history.undo();
    const undone = studio.document.history.present;
    await reloaded('first.png');
    const { document } = studio;
    expect(document.image).toMatchObject({ name: 'first.png' });
    expect(await document.image?.file.text()).toBe('first.png');
    expect(document.history.present).toEqual(undone);
    expect(document.history.snapshots).toEqual(snapshots);
    await studio.redo();
    expect(document.history.present).toEqual(present);
    for (let i = 0; i < 3; i++) await studio.undo();
    expect(document.hasPhrase).toBe(false);
    expect(error).not.toHaveBeenCalled();
    expect(info).toHaveBeenCalledExactlyOnceWith(messages.session.restored('first.png'), expect.anything());
  });

  it('goes on storing what it does', async () => {
    await reloaded('first.png');
    studio.document.addConcept('hand');
    await reloaded('first.png');
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toEqual(['face', 'hand']);
    await studio.undo();
    await reloaded('first.png');
    expect(studio.document.history.canRedo).toBe(true);
    await studio.redo();
    expect(studio.document.concepts).toHaveLength(2);
  });

  it('never frees the pixels it waits to show', async () => {
    await reload();
    studio.document.beginWith(['of the settings']);
    await vi.advanceTimersByTimeAsync(6000);
    for (const { args } of client.of('keepPixels')) expect(args[0]).toContain(LAYER.pixels.id);
    await client.last('openImage').answer(opened('first.png'));
    const { present } = studio.document.history;
    studio.document.begin({ ...present, layers: [] });
    await vi.advanceTimersByTimeAsync(6000);
    expect(client.last('keepPixels').args).toEqual([[]]);
  });

  it('waits for its networks, also for those of the next worker', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    tab.close();
    await visit(false);
    await studio.resume();
    expect(studio.document.opening).toBe('first.png');
    expect(client.of('openImage')).toHaveLength(0);
    await studio.start(canvas);
    await flush();
    client.terminate();
    await flush();
    expect(studio.document.image).toBeNull();
    await studio.start(canvas);
    await flush();
    await client.last('openImage').answer(opened('first.png'));
    expect(studio.document.layers).toEqual([LAYER]);
    expect(studio.document.opening).toBeNull();
  });

  it('starts fresh when the picture does not open any more, and says why', async () => {
    await reload();
    await client.last('openImage').answer(failed('bad-file', 'It is cut short.'));
    expect(studio.document.image).toBeNull();
    expect(error).toHaveBeenCalledExactlyOnceWith(
      messages.session.pictureLost('first.png', 'It is cut short.'),
    );
    expect(await browser.store.heads()).toHaveLength(1);
    await open('second.png');
    await vi.advanceTimersByTimeAsync(1000);
    expect(await browser.store.heads()).toHaveLength(1);
    await reloaded('second.png');
    expect(studio.document.image?.name).toBe('second.png');
  });

  it('starts fresh when the record is broken, and leaves it alone', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    for (const key of browser.store.records.keys())
      if (key.includes('/part/')) browser.store.records.delete(key);
    await reload();
    expect(client.of('openImage')).toHaveLength(0);
    expect(error).toHaveBeenCalledExactlyOnceWith(messages.session.unreadable('first.png', false));
    expect(await browser.store.heads()).toHaveLength(1);
  });

  it('leaves the old document to the user who is quicker with another picture', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    tab.close();
    await visit();
    void studio.open(new Blob(['x']), 'second.png');
    await studio.resume();
    await flush();
    expect(client.of('openImage').map(({ args }) => args[1])).toEqual(['second.png']);
    await client.last('openImage').answer(opened('second.png'));
    expect(studio.document.image?.name).toBe('second.png');
    expect(studio.document.layers).toEqual([]);
  });

  it('comes back when the quicker picture is none', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    tab.close();
    await visit();
    void studio.open(new Blob(['x']), 'broken.png');
    await studio.resume();
    await flush();
    await client.last('openImage').answer(failed('bad-file'));
    await client.last('openImage').answer(opened('first.png'));
    expect(studio.document.layers).toEqual([LAYER]);
  });
});

describe('starting afresh', () => {
  async function afresh(): Promise<void> {
    await reloaded('first.png');
    info.mock.lastCall?.[1]?.run();
    await flush();
  }

  it('closes the picture, also for the next reload', async () => {
    await afresh();
    expect(studio.document.image).toBeNull();
    expect(studio.document.layers).toEqual([]);
    expect(studio.document.history.canUndo).toBe(false);
    await reload();
    expect(client.of('openImage')).toHaveLength(0);
    expect(studio.document.opening).toBeNull();
  });

  it('offers the way back, with the history, and what comes back is stored again', async () => {
    await afresh();
    expect(info).toHaveBeenLastCalledWith(messages.app.left('first.png'), expect.anything());
    info.mock.lastCall?.[1]?.run();
    await flush();
    await client.last('openImage').answer(opened('first.png'));
    expect(studio.document.layers).toEqual([LAYER]);
    await studio.undo();
    expect(studio.document.layers).toEqual([]);
    await reloaded('first.png');
    expect(studio.document.history.canRedo).toBe(true);
  });
});

describe('a picture opened over another', () => {
  it('is what a reload brings back; the way back keeps the history', async () => {
    await open('second.png');
    await reloaded('second.png');
    expect(studio.document.image?.name).toBe('second.png');
  });

  it('leaves the history of the one before to the way back', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    await open('second.png');
    info.mock.lastCall?.[1]?.run();
    await flush();
    await client.last('openImage').answer(opened('first.png'));
    await studio.undo();
    expect(studio.document.layers).toEqual([]);
    await studio.redo();
    await reloaded('first.png');
    expect(studio.document.layers).toEqual([LAYER]);
    expect(studio.document.history.steps).toHaveLength(3);
  });
});

describe('leaving the page', () => {
  it('loses nothing while everything is stored, and asks when it is not', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    expect(studio.wouldLose).toBe(false);
    browser.store.failFrom = 0;
    studio.document.addConcept('hand');
    await vi.advanceTimersByTimeAsync(1000);
    expect(error).toHaveBeenCalledExactlyOnceWith(messages.session.notStored);
    expect(studio.wouldLose).toBe(true);
    void studio.exportPng();
    await flush();
    expect(studio.wouldLose).toBe(true);
  });

  it('asks while layers are in memory alone, until they are exported', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    studio.session.pixelsInMemoryBytes = 1;
    expect(studio.wouldLose).toBe(true);
    void studio.exportPng();
    await flush();
    const size = { width: 1, height: 1 };
    await client.last('exportPng').answer(ok({ blob: new Blob(), fileName: 'x.png', size }));
    expect(studio.wouldLose).toBe(false);
    studio.document.addConcept('hand');
    expect(studio.wouldLose).toBe(true);
  });
});
