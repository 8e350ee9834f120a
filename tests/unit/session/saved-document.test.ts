import { serialize } from 'node:v8';
import { describe, expect, it } from 'vitest';
import { BrokenRecord } from '#app/part-reader.ts';
import { readDocument } from '#app/saved-document-reader.ts';
import { SavedDocument } from '#app/saved-document.ts';
import { DocumentHistory, type Snapshot } from '#domain/document/history.ts';
import {
  anyCommand,
  anyMask,
  candidate,
  mulberry,
  startDocument,
} from '../domain/document/arbitrary-documents.ts';
import { FakeDocumentStore } from './fake-documents.ts';

const ID = 'document';
const picture = () => ({ id: ID, file: new Blob(['pixels']), name: 'photo.png' });

/** Everything that is to come back. */
function seen({ present, steps, cursor, snapshots, nextId }: DocumentHistory): unknown {
  const told = steps.map(({ diff: _diff, ...step }) => step);
  return structuredClone({ present, steps: told, cursor, snapshots, nextId });
}

/** Without what depends on which copies of a thing are shared. */
function meant(history: DocumentHistory): unknown {
  const steps = history.steps.map(({ id, name, subject }) => ({ id, name, subject }));
  return { ...(seen(history) as object), steps };
}

async function readBack(store: FakeDocumentStore) {
  return readDocument(store, (await store.heads())[0]);
}

/** Goes somewhere in a history, reading steps that are not in memory. */
async function goTo(history: DocumentHistory, saved: SavedDocument, cursor: number): Promise<void> {
  for (let id = history.missing(cursor); id !== null; id = history.missing(cursor))
    history.supply(id, await saved.read(id));
  history.goTo(cursor);
}

/** One thing a user could do, the same for every history that is at the same point. */
type Deed = (history: DocumentHistory, saved: SavedDocument) => Promise<void>;

/** Snapshots that were removed and can be brought back, by the history deeds are made up for. */
const removed = new WeakMap<DocumentHistory, Snapshot[]>();

function anyDeed(history: DocumentHistory, random: () => number): Deed {
  const dice = random();
  const gone = removed.get(history)?.pop();
  if (gone && random() < 0.5) return async (target) => target.returnSnapshot(gone);
  if (dice < 0.65) {
    const command = anyCommand(history.present, random);
    const joinKey = random() < 0.3 ? command.type : undefined;
    return async (target) => void target.dispatch([command], joinKey === undefined ? {} : { joinKey });
  }
  if (dice < 0.85) {
    const to = Math.floor(random() * (history.steps.length + 1));
    return (target, saved) => goTo(target, saved, to);
  }
  if (dice < 0.92) return async (target) => target.takeSnapshot(`at ${dice}`);
  const some = history.snapshots[Math.floor(random() * history.snapshots.length)];
  if (!some) return () => Promise.resolve();
  if (dice < 0.95) {
    removed.set(history, [...(removed.get(history) ?? []), some]);
    return async (target) => target.removeSnapshot(some.id);
  }
  if (dice < 0.97) return async (target) => target.renameSnapshot(some.id, `renamed ${dice}`);
  return async (target) => {
    const state = target.snapshots.find(({ id }) => id === some.id)!.state;
    target.dispatch([{ type: 'replace-document', state }]);
  };
}

/** Records of a storage nothing else was ever written to. */
async function leastRecords(history: DocumentHistory, saved: SavedDocument): Promise<number> {
  const fresh = new FakeDocumentStore();
  for (const { id, diff } of history.steps) if (!diff) history.supply(id, await saved.read(id));
  await new SavedDocument(fresh, picture()).save(history, false);
  return fresh.records.size;
}

describe('a stored document', () => {
  it('is after any number of reloads the history that was never reloaded', async () => {
    const random = mulberry(21);
    const store = new FakeDocumentStore();
    const reference = new DocumentHistory(startDocument());
    let history = new DocumentHistory(reference.present);
    let saved = new SavedDocument(store, picture());
    let [reloads, spilled] = [0, 0];
    const never = new SavedDocument(new FakeDocumentStore(), picture());
    for (let i = 0; i < 700; i++) {
      const deed = anyDeed(reference, random);
      await deed(reference, never);
      await deed(history, saved);
      expect(meant(history)).toEqual(meant(reference));
      if (random() < 0.5) await saved.save(history, false);
      if (random() < 0.2) {
        const { heldBytes } = history;
        spilled += history.spill(heldBytes / 2, (diff) => saved.has(diff));
      }
      if (random() >= 0.05) continue;
      await saved.save(history, false);
      ({ history, saved } = await readBack(store));
      reference.seal();
      reloads++;
      expect(meant(history)).toEqual(meant(reference));
    }
    expect(reloads).toBeGreaterThan(20);
    expect(spilled).toBeGreaterThan(20);
    for (let cursor = history.steps.length; cursor >= 0; cursor--) {
      await goTo(history, saved, cursor);
      reference.goTo(cursor);
      expect(history.present).toEqual(reference.present);
    }
  });

  it('holds nothing that nobody can come to', async () => {
    const random = mulberry(5);
    const store = new FakeDocumentStore();
    const history = new DocumentHistory(startDocument());
    const saved = new SavedDocument(store, picture());
    for (let i = 0; i < 300; i++) {
      await anyDeed(history, random)(history, saved);
      await saved.save(history, false);
    }
    await saved.save(history, false);
    const kept = store.records.size;
    const fresh = new FakeDocumentStore();
    await new SavedDocument(fresh, picture()).save(history, false);
    expect(kept).toBe(fresh.records.size);
  });

  it.each(['before', 'after'])('is a state the history was in, killed %s any write', async (moment) => {
    for (let killed = 0, clean = false; !clean; killed++) {
      const random = mulberry(8);
      const store = new FakeDocumentStore();
      store.failFrom = moment === 'before' ? killed : Infinity;
      const history = new DocumentHistory(startDocument());
      const saved = new SavedDocument(store, picture());
      const passed = [seen(history)];
      const running: Promise<unknown>[] = [];
      for (let i = 0; i < 60; i++) {
        await anyDeed(history, random)(history, saved);
        passed.push(seen(history));
        // As when the page is hidden, the next save does not wait for the last.
        running.push(saved.save(history, false).catch(() => undefined));
        if (random() < 0.6) await Promise.all(running);
        if (moment === 'after' && store.commits > killed) break;
      }
      await Promise.all(running);
      clean = store.commits <= killed;
      if (store.heads_.size === 0) continue;
      const back = await readBack(store);
      expect(passed).toContainEqual(seen(back.history));
      for (let cursor = back.history.steps.length; cursor >= 0; cursor--)
        await goTo(back.history, back.saved, cursor);
    }
  });

  it.each([1, 2, 3, 4, 5, 6])(
    'is whole however saves overlap and whichever of them fail (%i)',
    async (seed) => {
      const random = mulberry(seed);
      const store = new FakeDocumentStore();
      const history = new DocumentHistory(startDocument());
      const saved = new SavedDocument(store, picture());
      for (let round = 0; round < 60; round++) {
        store.slow = [];
        const running: Promise<unknown>[] = [];
        const passed: unknown[] = [];
        for (let i = 0; i < 4; i++) {
          await anyDeed(history, random)(history, saved);
          history.spill(history.heldBytes * random(), (diff) => saved.has(diff));
          passed.push(seen(history));
          running.push(saved.save(history, false).catch(() => undefined));
          if (random() < 0.6) continue;
          // Some arrive while others are still to be asked for.
          store.failFrom = random() < 0.3 ? 0 : Infinity;
          store.slow.shift()?.();
          await new Promise((next) => setImmediate(next));
        }
        for (const go of store.slow) {
          store.failFrom = random() < 0.3 ? 0 : Infinity;
          go();
          await new Promise((next) => setImmediate(next));
        }
        await Promise.all(running);
        store.slow = null;
        store.failFrom = Infinity;
        if (round % 3 === 0) await saved.save(history, false);
        if (store.heads_.size === 0) continue;
        const back = await readBack(store);
        expect(back.damaged).toBe(false);
        if (round % 3 === 0) expect(seen(back.history)).toEqual(seen(history));
        for (let cursor = back.history.steps.length; cursor >= 0; cursor--)
          await goTo(back.history, back.saved, cursor);
      }
      await saved.save(history, false);
      expect(store.records.size).toBeLessThanOrEqual(await leastRecords(history, saved));
    },
  );

  it('has a snapshot that was brought back while its removal was on its way', async () => {
    const store = new FakeDocumentStore();
    const history = new DocumentHistory(startDocument());
    const saved = new SavedDocument(store, picture());
    history.takeSnapshot('a');
    const snapshot = history.snapshots[0]!;
    await saved.save(history, false);
    store.slow = [];
    history.removeSnapshot(snapshot.id);
    const removal = saved.save(history, false);
    history.returnSnapshot(snapshot);
    const coming = saved.save(history, false);
    for (const go of store.slow.splice(0)) go();
    await Promise.all([removal, coming]);
    expect((await readBack(store)).history.snapshots).toEqual([snapshot]);
  });

  it('is whole again once the disk has room, whatever failed before', async () => {
    for (let failFrom = 0; failFrom < 12; failFrom++) {
      const random = mulberry(failFrom);
      const store = new FakeDocumentStore();
      const history = new DocumentHistory(startDocument());
      const saved = new SavedDocument(store, picture());
      for (let i = 0; i < 20; i++) {
        await anyDeed(history, random)(history, saved);
        store.failFrom = i >= failFrom && i < failFrom + 5 ? 0 : Infinity;
        await saved.save(history, false).catch(() => undefined);
      }
      const back = await readBack(store);
      expect(seen(back.history)).toEqual(seen(history));
      await goTo(back.history, back.saved, 0);
    }
  });

  it('writes of 1,000 detections and 200 steps what a stroke has changed', async () => {
    const random = mulberry(3);
    const store = new FakeDocumentStore();
    const history = new DocumentHistory(startDocument());
    const candidates = Array.from({ length: 1000 }, () => ({
      ...candidate('concept-1', random),
      mask: anyMask(random, 40),
    }));
    history.dispatch([{ type: 'set-candidates', candidates, presence: {} }]);
    const saved = new SavedDocument(store, picture());
    const stroke = (i: number) =>
      history.dispatch([
        {
          type: 'update-candidates',
          ids: [candidates[(i * 7) % 1000]!.id],
          patch: { edits: { added: anyMask(random, 40), removed: null } },
        },
      ]);
    for (let i = 0; i < 200; i++) stroke(i);
    await saved.save(history, false);
    const whole = written(store);
    let strokes = 0;
    for (let i = 200; i < 220; i++) {
      stroke(i);
      await saved.save(history, false);
      strokes += written(store) / 20;
    }
    history.goTo(history.cursor - 1);
    await saved.save(history, false);
    const undo = written(store);
    console.info(`a stroke writes ${strokes / whole} of the document, an undo ${undo / whole}`);
    expect(strokes / whole).toBeLessThan(0.02);
    expect(undo).toBeLessThan(strokes);
    const ids = candidates.map(({ id }) => id);
    history.dispatch([{ type: 'update-candidates', ids, patch: { tick: true } }]);
    await saved.save(history, false);
    // Every one of them is another one now, but its mask is not.
    expect(written(store) / whole).toBeLessThan(0.25);
  });
});

describe('a save', () => {
  /** Milliseconds of saves of one changed number, after so many steps that each changed every detection. */
  async function saveMs(steps: readonly number[]): Promise<number[]> {
    const random = mulberry(3);
    const store = new FakeDocumentStore();
    store.commit = () => Promise.resolve();
    const history = new DocumentHistory(startDocument());
    const candidates = Array.from({ length: 400 }, () => ({
      ...candidate('concept-1', random),
      mask: anyMask(random, 20),
    }));
    history.dispatch([{ type: 'set-candidates', candidates, presence: {} }]);
    const saved = new SavedDocument(store, picture());
    const ids = candidates.map(({ id }) => id);
    const times: number[] = [];
    for (let i = 0; i <= Math.max(...steps); i++) {
      if (steps.includes(i)) {
        let best = Infinity;
        for (let batchLimit = 0; batchLimit < 5; batchLimit++) {
          history.dispatch([{ type: 'set-parameters', patch: { batchLimit } }]);
          const begin = performance.now();
          await saved.save(history, false);
          best = Math.min(best, performance.now() - begin);
        }
        times.push(best);
      }
      history.dispatch([{ type: 'update-candidates', ids, patch: { tick: i % 2 === 0 } }]);
      await saved.save(history, false);
    }
    return times;
  }

  it('takes no longer for the steps before it', async () => {
    const [few, many] = (await saveMs([5, 120])) as [number, number];
    console.info(`after 120 steps a save takes ${many / few} times one after 5`);
    expect(many / few).toBeLessThan(6);
  }, 60_000);
});

/** Bytes of the last commit as the browser would write them, the head included. */
function written(store: FakeDocumentStore): number {
  const writes = store.last.map(({ value, ...write }) => ({
    ...write,
    value: value instanceof Blob ? null : value,
  }));
  return serialize(writes).length + serialize([...store.heads_.values()]).length;
}

describe('a record that is not what was written', () => {
  async function stored() {
    const random = mulberry(2);
    const store = new FakeDocumentStore();
    const history = new DocumentHistory(startDocument());
    for (let i = 0; i < 40; i++) history.dispatch([anyCommand(history.present, random)]);
    history.takeSnapshot('kept');
    await new SavedDocument(store, picture()).save(history, false);
    return { store, history };
  }

  it('has what is whole, whichever record is gone, and never half believes any', async () => {
    const { store, history } = await stored();
    let [refused, damaged] = [0, 0];
    for (const [key, value] of [...store.records]) {
      store.records.delete(key);
      const back = await readBack(store).catch((error: unknown) => error);
      if (back instanceof BrokenRecord) {
        refused++;
        expect(key).toMatch(/picture|part/);
      } else if (back instanceof Error) throw back;
      else {
        const read = back as Awaited<ReturnType<typeof readBack>>;
        expect(read.history.present).toEqual(history.present);
        if (read.damaged) damaged++;
        else expect(seen(read.history)).toEqual(seen(history));
        // What is missing may be part of a difference alone: there the way ends, with a clear word.
        const way = await goTo(read.history, read.saved, 0).catch((error: unknown) => error);
        if (way) expect(way, key).toBeInstanceOf(BrokenRecord);
        if (key.includes('diff')) expect(way, key).toBeInstanceOf(BrokenRecord);
      }
      store.records.set(key, value);
    }
    expect(refused).toBeGreaterThan(3);
    expect(damaged).toBeGreaterThan(history.steps.length);
  });

  it('has the steps around its cursor up to broken ones, and is stored like that', async () => {
    const { store, history } = await stored();
    const original = new SavedDocument(store, picture());
    history.goTo(20);
    await original.save(history, false);
    const ids = history.steps.map(({ id }) => id);
    store.records.delete(`${ID}/step/${ids[5]}`);
    store.records.set(`${ID}/step/${ids[30]}`, { id: 'x' });
    store.records.delete(`${ID}/snapshot/${history.snapshots[0]!.id}`);
    const { saved, history: read, damaged } = await readBack(store);
    expect(damaged).toBe(true);
    expect(read.steps.map(({ id }) => id)).toEqual(ids.slice(6, 30));
    expect(read.cursor).toBe(14);
    expect(read.snapshots).toEqual([]);
    expect(read.present).toEqual(history.present);
    await saved.save(read, false);
    const again = await readBack(store);
    expect(again.damaged).toBe(false);
    await goTo(again.history, again.saved, 0);
    history.goTo(6);
    expect(again.history.present).toEqual(history.present);
    expect(store.records.size).toBeLessThanOrEqual(await leastRecords(again.history, again.saved));
  });

  it.each<[string, (head: Record<string, unknown>) => void]>([
    ['of a later version', (head) => (head['version'] = 2)],
    ['without a present', (head) => delete head['present']],
    ['with a cursor nowhere', (head) => (head['cursor'] = 999)],
  ])('is refused: a head %s', async (_, spoil) => {
    const { store } = await stored();
    spoil(store.heads_.get(ID) as unknown as Record<string, unknown>);
    await expect(readBack(store)).rejects.toBeInstanceOf(BrokenRecord);
  });

  it('is refused with a value of another kind in any field of any part', async () => {
    const random = mulberry(6);
    const store = new FakeDocumentStore();
    const long = new DocumentHistory(startDocument());
    for (let i = 0; i < 60; i++) long.dispatch([anyCommand(long.present, random)]);
    await new SavedDocument(store, picture()).save(new DocumentHistory(long.present), false);
    const parts = [...store.records].filter(([key]) => key.includes('/part/'));
    expect(parts.length).toBeGreaterThan(8);
    for (const [key, value] of parts) {
      for (const [field, known] of Object.entries(value as object)) {
        const wrong = typeof known === 'string' ? 7 : 'wrong';
        store.records.set(key, { ...(value as object), [field]: wrong });
        await expect(readBack(store), `${key} ${field}`).rejects.toBeInstanceOf(BrokenRecord);
      }
      store.records.set(key, value);
    }
    expect(meant((await readBack(store)).history)).toMatchObject({ present: long.present });
  });
});
