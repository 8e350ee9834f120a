import { beforeEach, describe, expect, it, vi } from 'vitest';
import { messages } from '#app/messages.ts';
import type { JobEvent } from '#domain/job/events.ts';
import { failed, flush } from '../fake-client.ts';
import {
  LAYER,
  browser,
  client,
  error,
  info,
  offered,
  open,
  opened,
  reloaded,
  stored,
  studio,
  withVisits,
} from './studio-visits.ts';

vi.mock('#app/download.ts', () => ({ download: () => undefined }));

withVisits();

describe('pixels of a snapshot that was removed', () => {
  /** What the worker was last told to keep, after a step that has forgotten others. */
  async function kept(): Promise<unknown> {
    studio.document.addConcept('hand');
    await studio.undo();
    studio.document.addConcept('ring');
    await vi.advanceTimersByTimeAsync(6000);
    return client.last('keepPixels').args[0];
  }

  it('are kept while it can be brought back, also by other tabs, and no longer', async () => {
    const { history } = studio.document;
    while (history.canUndo) await studio.undo();
    const back = history.removeSnapshot(history.snapshots[0]!.id);
    expect(await kept()).toContain(LAYER.pixels.id);
    const pixels = [...browser.store.records].find(([key]) => key.includes('/pixels/'));
    expect(pixels?.[1]).toContain(LAYER.pixels.id);
    back.run();
    await vi.advanceTimersByTimeAsync(70_000);
    expect(await kept()).toContain(LAYER.pixels.id);
    history.removeSnapshot(history.snapshots[0]!.id);
    await vi.advanceTimersByTimeAsync(70_000);
    expect(client.last('keepPixels').args[0]).toEqual([]);
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
    const [id] = [...browser.store.heads_.keys()] as [string];
    await open('second.png');
    const { run } = offered();
    await vi.advanceTimersByTimeAsync(1000);
    run();
    await flush();
    const back = client.last('openImage');
    await open('third.png');
    await vi.advanceTimersByTimeAsync(1000);
    expect(stored()).toContain('first.png');
    // No other tab may have it.
    expect(await browser.tab().owners.take(id)).toBeNull();
    await back.answer(opened('first.png'));
    expect(studio.document.image?.name).toBe('first.png');
    studio.document.addConcept('hand');
    await reloaded('first.png');
    expect(error).not.toHaveBeenCalled();
    expect(studio.document.layers).toEqual([LAYER]);
    expect(studio.document.concepts).toHaveLength(2);
  });

  it('to go back stays where it can be looked for after its message is gone', async () => {
    expect(studio.wayBack).toBeNull();
    await open('second.png');
    await vi.advanceTimersByTimeAsync(60_000);
    expect(studio.wayBack?.name).toBe('first.png');
    studio.wayBack?.go();
    await flush();
    await client.last('openImage').answer(opened('first.png'));
    expect(studio.document.layers).toEqual([LAYER]);
    expect(studio.wayBack).toBeNull();
  });

  it('to go back that comes to nothing leaves the document to others', async () => {
    await vi.advanceTimersByTimeAsync(1000);
    const { id } = studio.session.source!;
    const { owners } = browser.tab();
    expect(await owners.take(id)).toBeNull();
    await open('second.png');
    offered().run();
    await flush();
    const back = client.last('openImage');
    await open('third.png');
    await back.answer(failed('bad-file'));
    await open('fourth.png');
    await vi.advanceTimersByTimeAsync(1000);
    expect(stored().sort()).toEqual(['first.png', 'fourth.png']);
    expect(await owners.take(id)).not.toBeNull();
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
