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

  it('does not go back to what was left, though that stays', async () => {
    const { tab, session, history } = await opened('first.png');
    type(history, 'typed');
    session.changed(history);
    session.leave();
    session.stayEmpty();
    await vi.advanceTimersByTimeAsync(1000);
    tab.close();
    expect(await found(visit(browser.tab()))).toBeNull();
    expect(await names()).toEqual(['first.png']);
    await opened('second.png');
    expect(await names()).toEqual(['first.png', 'second.png']);
    expect(onRemoved).toHaveBeenCalled();
  });

  it('stays fresh after a fresh start, whatever else is stored', async () => {
    (await opened('first.png')).tab.close();
    const { tab, session } = await opened('second.png');
    session.leave();
    session.stayEmpty();
    tab.close();
    expect(await found(visit(browser.tab(tab.tab.read())))).toBeNull();
    expect(await found(visit(browser.tab()))).toBe('first.png');
  });

  describe('finds what cannot be read', () => {
    async function next(spoil: (id: string) => void) {
      const { tab, session } = await opened('first.png');
      tab.close();
      spoil(session.source!.id);
      const after = visit(browser.tab(session.source!.id));
      const claim = await after.claim();
      after.begin(file, 'second.png', new DocumentHistory(startDocument()));
      await vi.advanceTimersByTimeAsync(1000);
      return claim;
    }
    const unreadable = (why: string) => ({ kind: 'unreadable', name: 'first.png', why });

    it('of a newer version, and never removes it', async () => {
      const claim = await next((id) => {
        (browser.store.heads_.get(id) as unknown as Record<string, unknown>)['version'] = 2;
      });
      expect(claim).toEqual(unreadable('newer'));
      for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) (await opened(name)).tab.close();
      await vi.advanceTimersByTimeAsync(30 * 24 * 3600e3);
      await opened('last.png');
      expect(await names()).toEqual(['first.png', expect.anything(), 'last.png']);
    });

    it('because it is broken, and removes it once another is stored', async () => {
      expect(await next((id) => browser.store.records.delete(`${id}/picture/0`))).toEqual(
        unreadable('broken'),
      );
      expect(await names()).toEqual(['second.png']);
    });

    it('because storage would not give it, and has it the next time', async () => {
      const { store } = browser;
      const read = store.read.bind(store);
      store.read = () => Promise.reject(new DOMException('gone', 'AbortError'));
      expect(await next(() => undefined)).toEqual(unreadable('unread'));
      store.read = read;
      expect(await names()).toEqual(['first.png', 'second.png']);
      expect(await found(visit(browser.tab()))).toBe('first.png');
    });

    it('and takes another one that nobody has', async () => {
      (await opened('older.png')).tab.close();
      await vi.advanceTimersByTimeAsync(10);
      const { tab, session } = await opened('newer.png');
      tab.close();
      browser.store.records.delete(`${session.source!.id}/picture/0`);
      expect(await found(visit(browser.tab()))).toBe('older.png');
    });
  });

  it('has its own document also when another tab has taken it up and left it', async () => {
    const { tab, session, history } = await opened('first.png');
    type(history, 'typed');
    session.changed(history);
    await vi.advanceTimersByTimeAsync(1000);
    tab.close();
    const other = browser.tab();
    const another = visit(other);
    const claim = await another.claim();
    if (claim?.kind === 'found') another.resume(claim.owned);
    for (const name of ['second.png', 'third.png']) {
      const left = another.leave();
      another.begin(file, name, new DocumentHistory(startDocument()));
      await vi.advanceTimersByTimeAsync(1000);
      left?.release();
      await vi.advanceTimersByTimeAsync(1000);
    }
    expect(await names()).toContain('first.png');
    expect(await found(visit(browser.tab(tab.tab.read())))).toBe('first.png');
  });

  it('has the document before while the new one cannot be stored', async () => {
    const { tab, session } = await opened('first.png');
    const left = session.leave();
    browser.store.failFrom = 0;
    session.begin(file, 'second.png', new DocumentHistory(startDocument()));
    left?.release();
    await vi.advanceTimersByTimeAsync(30_000);
    session.flush();
    // Nobody else takes it meanwhile.
    expect(await found(visit(browser.tab()))).toBeNull();
    tab.close();
    browser.store.failFrom = Infinity;
    expect(await found(visit(browser.tab(tab.tab.read())))).toBe('first.png');
  });

  it('has the new document also when the page ends before it heard that it is stored', async () => {
    const { tab, session } = await opened('first.png');
    session.leave();
    session.begin(file, 'second.png', new DocumentHistory(startDocument()));
    await Promise.resolve();
    expect(session.unstored).toBe(true);
    session.flush();
    const remembered = tab.tab.read();
    await vi.advanceTimersByTimeAsync(0);
    expect(session.unstored).toBe(false);
    tab.close();
    expect(await found(visit(browser.tab(remembered)))).toBe('second.png');
  });
});

describe('documents nobody has open', () => {
  it('are kept while they are few and not old, and never taken from a living tab', async () => {
    for (const name of ['a', 'b', 'c', 'd', 'e', 'f']) {
      (await opened(name)).tab.close();
      await vi.advanceTimersByTimeAsync(10);
    }
    const living = await opened('living');
    await opened('newest');
    expect((await names()).sort()).toEqual(['b', 'c', 'd', 'e', 'f', 'living', 'newest']);
    await vi.advanceTimersByTimeAsync(15 * 24 * 3600e3);
    await opened('later');
    expect((await names()).sort()).toEqual(['later', 'living', 'newest']);
    expect(living.session.source).not.toBeNull();
  });

  it('go when they were left as they were opened', async () => {
    const { session } = await opened('first.png');
    session.leave()?.release();
    session.begin(file, 'second.png', new DocumentHistory(startDocument()));
    await vi.advanceTimersByTimeAsync(1000);
    await opened('third.png');
    expect(await names()).toEqual(['second.png', 'third.png']);
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
