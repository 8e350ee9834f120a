import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { messages } from '#app/messages.ts';
import { Studio } from '#app/studio.ts';
import type { JobEvent } from '#domain/job/events.ts';
import { candidate, layer, mulberry } from '../domain/document/arbitrary-documents.ts';
import { FakeClient, failed, flush, ok } from '../fake-client.ts';
import { FakeBrowser } from './fake-documents.ts';

vi.mock('#app/download.ts', () => ({ download: () => undefined }));

const info = vi.fn<Studio['notifier']['info']>();
const error = vi.fn<Studio['notifier']['error']>();
const canvas = {} as HTMLCanvasElement;
const LAYER = layer(mulberry(2));
const opened = (name: string) => ok({ name, size: { width: 100, height: 80 }, sha256: name, carried: null });

let browser: FakeBrowser;
let tab: ReturnType<FakeBrowser['tab']>;
let client: FakeClient;
let studio: Studio;
let crash: (reason: string) => void;

/** A page in a tab; `worker` says whether its networks are there already. */
async function visit(worker = true): Promise<void> {
  const connect = (onCrash: (reason: string) => void) => {
    crash = onCrash;
    return (client = new FakeClient(onCrash));
  };
  studio = new Studio({ info, error }, DEFAULTS, connect, tab);
  if (worker) await studio.start(canvas);
}

async function open(name: string): Promise<void> {
  void studio.open(new Blob([name]), name);
  await flush();
  await client.last('openImage').answer(opened(name));
}

/** The names of what is stored. */
const stored = () => [...browser.store.heads_.values()].map((head) => (head as { name?: string }).name);

/** What the last message offers. */
function offered() {
  const offer = info.mock.lastCall?.[1];
  if (!offer) throw new Error('the last message offers nothing');
  return offer;
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

  it('leaves alone the picture that was opened before the old document was found', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    tab.close();
    await visit();
    let find: () => void = () => undefined;
    const heads = browser.store.heads.bind(browser.store);
    vi.spyOn(browser.store, 'heads').mockImplementationOnce(async () => {
      await new Promise<void>((found) => (find = found));
      return heads();
    });
    void studio.resume();
    await flush();
    await open('mine.png');
    find();
    await flush();
    expect(client.of('openImage').map(({ args }) => args[1])).toEqual(['mine.png']);
    expect([studio.session.restoring, studio.document.opening]).toEqual([null, null]);
    // Nor does it come back over what was closed again.
    studio.startAfresh();
    await studio.start(canvas);
    expect(client.of('openImage')).toHaveLength(1);
    const id = [...browser.store.heads_.keys()][0] as string;
    expect(await tab.owners.take(id)).not.toBeNull();
  });

  it('gives up on a picture over which worker after worker dies, and keeps what is stored', async () => {
    await reload();
    for (const attempts of [1, 2]) {
      expect(client.of('openImage')).toHaveLength(attempts);
      expect(studio.session.restoring).toBe('first.png');
      crash('out of memory');
      await flush();
      await studio.start(canvas);
      await flush();
    }
    expect(client.of('openImage')).toHaveLength(2);
    expect(error).toHaveBeenLastCalledWith(messages.session.pictureEndsWorker('first.png'));
    expect([studio.session.restoring, studio.document.opening, studio.document.image]).toEqual([
      null,
      null,
      null,
    ]);
    expect(stored()).toEqual(['first.png']);
    await open('second.png');
    expect(studio.document.image?.name).toBe('second.png');
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

describe('an offer', () => {
  const withdraw = vi.fn<() => void>();
  beforeEach(() => void withdraw.mockClear());

  it('to start afresh is for what came back alone', async () => {
    await reloaded('first.png');
    const offer = offered();
    offer.until?.(withdraw);
    studio.document.addConcept('hand');
    expect(withdraw).not.toHaveBeenCalled();
    await open('second.png');
    expect(withdraw).toHaveBeenCalledOnce();
    offer.run();
    expect(studio.document.image?.name).toBe('second.png');
  });

  it('to go back ends when what was left is nobody’s any more', async () => {
    await open('second.png');
    studio.document.dispatch({ type: 'set-layers', layers: [LAYER] });
    const offer = offered();
    offer.until?.(withdraw);
    expect(withdraw).not.toHaveBeenCalled();
    await open('third.png');
    expect(withdraw).toHaveBeenCalledOnce();
    offer.run();
    await flush();
    expect(client.of('openImage')).toHaveLength(3);
  });

  it('to go back that is taken keeps the document, whatever is opened meanwhile', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    await open('second.png');
    const { run } = offered();
    await vi.advanceTimersByTimeAsync(1000);
    run();
    await flush();
    const back = client.last('openImage');
    await open('third.png');
    await vi.advanceTimersByTimeAsync(1000);
    expect(stored()).toContain('first.png');
    await back.answer(opened('first.png'));
    expect(studio.document.image?.name).toBe('first.png');
    studio.document.addConcept('hand');
    await reloaded('first.png');
    expect(error).not.toHaveBeenCalled();
    expect(studio.document.layers).toEqual([LAYER]);
    expect(studio.document.concepts).toHaveLength(2);
  });

  it('to go back that comes to nothing leaves the document to be cleared away', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    await open('second.png');
    offered().run();
    await flush();
    const back = client.last('openImage');
    await open('third.png');
    await back.answer(failed('bad-file'));
    await open('fourth.png');
    await vi.advanceTimersByTimeAsync(1000);
    expect(stored()).toEqual(['fourth.png']);
  });

  it('to go back outlasts the next picture where none was open', async () => {
    studio.startAfresh();
    const offer = offered();
    offer.until?.(withdraw);
    await vi.advanceTimersByTimeAsync(1000);
    await open('second.png');
    await vi.advanceTimersByTimeAsync(1000);
    expect(stored().sort()).toEqual(['first.png', 'second.png']);
    expect([withdraw.mock.calls.length, info.mock.calls.length]).toEqual([0, 1]);
    offer.run();
    await flush();
    await client.last('openImage').answer(opened('first.png'));
    expect(studio.document.layers).toEqual([LAYER]);
    await reloaded('first.png');
    expect(studio.document.layers).toEqual([LAYER]);
  });
});

describe('a picture opened over another', () => {
  it.each(['snapshots', 'undone steps'])('leaves a document whose only work is in %s', async (where) => {
    const { history } = studio.document;
    while (history.canUndo) await studio.undo();
    if (where === 'undone steps') history.removeSnapshot(history.snapshots[0]!.id);
    else studio.document.addConcept('instead');
    await vi.advanceTimersByTimeAsync(1000);
    await open('second.png');
    await vi.advanceTimersByTimeAsync(1000);
    expect(stored()).toContain('first.png');
    expect(info).toHaveBeenLastCalledWith(messages.app.left('first.png'), expect.anything());
  });

  it('shows no variations of a layer that comes back with what its run had painted', async () => {
    const found = studio.document.layers[0]!;
    void studio.painting.vary(found, 2);
    await flush();
    const follow = client.last('vary').args.at(-1) as (event: JobEvent) => void;
    const variations = [...found.variations, { ...LAYER.pixels, id: 'further' }];
    follow({ kind: 'layer', layer: { ...found, variations }, order: [] });
    await open('second.png');
    offered().run();
    await flush();
    await client.last('openImage').answer(opened('first.png'));
    expect(studio.document.layers[0]?.variations.map(({ id }) => id)).toContain('further');
    expect(studio.painting.wall.layer).toBeUndefined();
  });

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
