import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DocumentSession, type DocumentStorage } from '#app/document-session.svelte.ts';
import { DocumentHistory } from '#domain/document/history.ts';
import { layer, mulberry, startDocument } from '../domain/document/arbitrary-documents.ts';
import { FakeBrowser } from './fake-documents.ts';

let browser: FakeBrowser;
const file = new Blob(['pixels']);
const onTrouble = vi.fn<() => void>();
const onRemoved = vi.fn<() => void>();

beforeEach(() => {
  vi.useFakeTimers();
  onTrouble.mockClear();
  onRemoved.mockClear();
  browser = new FakeBrowser();
});
afterEach(() => {
  vi.useRealTimers();
});

const visit = (storage: DocumentStorage) =>
  new DocumentSession(storage, { onSaved: () => undefined, onTrouble, onRemoved });

/** A tab that has a document open, stored. */
async function opened(name: string, tab = browser.tab()) {
  const session = visit(tab);
  const history = new DocumentHistory(startDocument());
  session.begin(file, name, history);
  await vi.advanceTimersByTimeAsync(1000);
  return { tab, session, history };
}

const type = (history: DocumentHistory, phrase: string) =>
  history.dispatch([{ type: 'update-concept', id: 'concept-1', patch: { phrase } }]);
const names = async () =>
  (await browser.store.heads()).map((head) => (head as unknown as { name: string }).name);
const found = async (session: DocumentSession) => {
  const claim = await session.claim();
  return claim?.kind === 'found' ? claim.owned.saver.saved.name : (claim?.kind ?? null);
};

describe('a tab that starts', () => {
  it('takes over what it had, and not what a living tab has', async () => {
    const first = await opened('first.png');
    const second = await opened('second.png');
    expect(await found(visit(browser.tab()))).toBeNull();
    first.tab.close();
    second.tab.close();
    expect(await found(visit(browser.tab(first.tab.tab.read())))).toBe('first.png');
  });

  it('takes over the newest that no tab has, when it had none itself', async () => {
    (await opened('first.png')).tab.close();
    await vi.advanceTimersByTimeAsync(10);
    (await opened('second.png')).tab.close();
    const tab = browser.tab();
    expect(await found(visit(tab))).toBe('second.png');
    expect(await found(visit(browser.tab()))).toBe('first.png');
  });

  it('starts fresh as the duplicate of a living tab', async () => {
    const { tab } = await opened('first.png');
    expect(await found(visit(browser.tab(tab.tab.read())))).toBeNull();
  });

  it('does not go back to what was left, though that stays until something newer is stored', async () => {
    const { tab, session } = await opened('first.png');
    session.leave();
    await vi.advanceTimersByTimeAsync(1000);
    tab.close();
    expect(await found(visit(browser.tab()))).toBeNull();
    expect(await names()).toEqual(['first.png']);
    await opened('second.png');
    expect(await names()).toEqual(['second.png']);
    expect(onRemoved).toHaveBeenCalled();
  });

  it('stays fresh after a fresh start, whatever else is stored', async () => {
    (await opened('first.png')).tab.close();
    const { tab, session } = await opened('second.png');
    session.leave();
    tab.close();
    expect(await found(visit(browser.tab(tab.tab.read())))).toBeNull();
    expect(await found(visit(browser.tab()))).toBe('first.png');
  });

  it('says which document cannot be read, and leaves it until another is stored', async () => {
    const { tab, session } = await opened('first.png');
    tab.close();
    const head = browser.store.heads_.get(session.source!.id) as unknown as Record<string, unknown>;
    head['version'] = 2;
    const next = visit(browser.tab());
    expect(await next.claim()).toEqual({ kind: 'unreadable', name: 'first.png', newer: true });
    expect(await names()).toEqual(['first.png']);
    next.begin(file, 'second.png', new DocumentHistory(startDocument()));
    await vi.advanceTimersByTimeAsync(1000);
    expect(await names()).toEqual(['second.png']);
  });
});

describe('documents nobody has open', () => {
  it('are kept while they are few, and never taken from a living tab', async () => {
    for (const name of ['a', 'b', 'c', 'd']) {
      (await opened(name)).tab.close();
      await vi.advanceTimersByTimeAsync(10);
    }
    const living = await opened('living');
    await opened('newest');
    expect((await names()).sort()).toEqual(['c', 'd', 'living', 'newest']);
    expect(living.session.source).not.toBeNull();
  });

  it('are still there when the new one could not be stored', async () => {
    for (const name of ['a', 'b', 'c']) (await opened(name)).tab.close();
    browser.store.failFrom = 0;
    await opened('newest');
    expect(await names()).toEqual(['a', 'b', 'c']);
  });

  it('keep their pixels', async () => {
    const { tab, session, history } = await opened('first.png');
    const painted = layer(mulberry(1));
    history.dispatch([{ type: 'set-layers', layers: [painted] }]);
    session.changed(history);
    await vi.advanceTimersByTimeAsync(1000);
    tab.close();
    expect(await visit(browser.tab()).namedElsewhere()).toEqual([painted.pixels.id]);
    // They are its own business while it is open.
    expect(await session.namedElsewhere()).toEqual([]);
  });
});

describe('saving', () => {
  const stored = async () => (await browser.store.heads()).map((head) => 'savedAt' in head && head.savedAt);

  it('happens within a second, also while the hand never rests', async () => {
    const { session, history } = await opened('first.png');
    const before = browser.store.commits;
    for (let i = 0; i < 30; i++) {
      type(history, `phrase ${i}`);
      session.changed(history);
      await vi.advanceTimersByTimeAsync(100);
    }
    expect(browser.store.commits - before).toBeGreaterThanOrEqual(2);
    expect(browser.store.commits - before).toBeLessThan(10);
    await vi.advanceTimersByTimeAsync(300);
    const commits = browser.store.commits;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(browser.store.commits).toBe(commits);
  });

  it('happens at once when the page may end, also while the last save is on its way', async () => {
    const { tab, session, history } = await opened('first.png');
    browser.store.slow = [];
    type(history, 'one');
    session.changed(history);
    session.flush();
    type(history, 'two');
    session.changed(history);
    session.flush();
    // Both have been handed over before anything was waited for.
    expect(browser.store.slow).toHaveLength(2);
    for (const go of browser.store.slow) go();
    browser.store.slow = null;
    await vi.advanceTimersByTimeAsync(0);
    tab.close();
    const claim = await visit(browser.tab(tab.tab.read())).claim();
    expect(claim?.kind === 'found' && claim.history.present.concepts[0]!.phrase).toBe('two');
    expect(claim?.kind === 'found' && claim.history.cursor).toBe(2);
    expect(await stored()).toHaveLength(1);
  });

  it('that fails is said once, and tried again by itself', async () => {
    browser.store.failFrom = 0;
    const { session, history } = await opened('first.png');
    expect(onTrouble).toHaveBeenCalledOnce();
    expect(session.failing).toBe(true);
    type(history, 'typed');
    session.changed(history);
    await vi.advanceTimersByTimeAsync(1000);
    expect(onTrouble).toHaveBeenCalledOnce();
    browser.store.failFrom = Infinity;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(session.failing).toBe(false);
    expect(await names()).toEqual(['first.png']);
  });

  it('does not begin before the tab owns the document', async () => {
    const tab = browser.tab();
    const refused: DocumentStorage = {
      ...tab,
      owners: { take: () => Promise.reject(new Error('no locks')) },
    };
    const session = visit(refused);
    session.begin(file, 'first.png', new DocumentHistory(startDocument()));
    await vi.advanceTimersByTimeAsync(60_000);
    expect(browser.store.commits).toBe(0);
    expect(onTrouble).toHaveBeenCalledOnce();
    expect(session.failing).toBe(true);
  });
});
