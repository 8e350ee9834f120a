import { describe, expect, it, vi } from 'vitest';
import { messages } from '#app/messages.ts';
import { failed, flush, ok } from '../fake-client.ts';
import {
  LAYER,
  browser,
  canvas,
  client,
  crash,
  error,
  info,
  open,
  opened,
  reload,
  reloaded,
  stored,
  studio,
  tab,
  visit,
  withVisits,
} from './studio-visits.ts';

vi.mock('#app/download.ts', () => ({ download: () => undefined }));

withVisits();

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
    expect(await browser.store.heads()).toHaveLength(2);
    await reloaded('second.png');
    expect(studio.document.image?.name).toBe('second.png');
  });

  it('starts fresh when the record is broken, and leaves it alone', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    for (const key of browser.store.records.keys())
      if (key.includes('/part/')) browser.store.records.delete(key);
    await reload();
    expect(client.of('openImage')).toHaveLength(0);
    expect(error).toHaveBeenCalledExactlyOnceWith(messages.session.unreadable('first.png', 'broken'));
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

  it('asks while the first save of a document that was changed runs, and no longer', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    browser.store.slow = [];
    await open('second.png');
    expect(studio.wouldLose).toBe(false);
    studio.document.addConcept('hand');
    await vi.advanceTimersByTimeAsync(5000);
    expect(studio.wouldLose).toBe(true);
    const slow = browser.store.slow;
    browser.store.slow = null;
    for (const go of slow) go();
    await vi.advanceTimersByTimeAsync(0);
    expect(studio.wouldLose).toBe(false);
  });

  it('says what of a document is gone, and brings back the rest', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    const key = [...browser.store.records.keys()].find((one) => one.includes('/step/'))!;
    browser.store.records.delete(key);
    await reloaded('first.png');
    expect(studio.document.layers).toEqual([LAYER]);
    expect(error).toHaveBeenCalledExactlyOnceWith(messages.session.damaged('first.png'));
  });

  it('brings back the document before where the next one cannot be stored', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    browser.store.failFrom = 0;
    await open('second.png');
    await reloaded('first.png');
    expect(studio.document.layers).toEqual([LAYER]);
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
