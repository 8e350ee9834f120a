import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { emptyDocument } from '#app/documents.ts';
import { EditHistory, type StepSource } from '#app/edit-history.svelte.ts';
import type { DocumentDiff } from '#domain/document/diff.ts';

/** A storage in memory that can be slow, or full. */
class FakeStore implements StepSource {
  readonly kept = new Map<number, DocumentDiff>();
  full = false;
  /** Readers that wait until the test lets them go on. */
  readonly waiting: (() => void)[] = [];
  slow = false;

  /** Stores every step as soon as it is made. */
  follow(history: EditHistory): void {
    history.storeIn(this);
    history.onChanged = ({ steps }) => {
      if (!this.full) for (const { id, diff } of steps) if (diff) this.kept.set(id, diff);
      history.spill();
    };
  }

  has(diff: DocumentDiff): boolean {
    return [...this.kept.values()].includes(diff);
  }

  async read(id: number): Promise<DocumentDiff | null> {
    if (this.slow) await new Promise<void>((go) => this.waiting.push(go));
    return this.kept.get(id) ?? null;
  }
}

const settle = () => new Promise((done) => setTimeout(done, 0));

/** Lets every reader go on, also those that only come then. */
async function answer(store: FakeStore): Promise<void> {
  await settle();
  store.slow = false;
  for (const go of store.waiting.splice(0)) go();
  await settle();
}

/** A history of five steps, none of which stays in memory. */
async function stored(): Promise<{ history: EditHistory; store: FakeStore }> {
  const store = new FakeStore();
  const history = new EditHistory(emptyDocument(DEFAULTS), 0);
  store.follow(history);
  for (let i = 1; i <= 5; i++) type(history, `phrase ${i}`);
  await settle();
  expect(history.whole.heldBytes).toBe(0);
  return { history, store };
}

function type(history: EditHistory, phrase: string): void {
  const { id } = history.present.concepts[0]!;
  history.dispatch([{ type: 'update-concept', id, patch: { phrase } }]);
}

const phraseOf = (history: EditHistory) => history.present.concepts[0]!.phrase;

describe('a way back over steps in storage', () => {
  it('goes as far as the key was pressed, also while the first step is still being read', async () => {
    const { history, store } = await stored();
    store.slow = true;
    const both = [history.undo(), history.undo()];
    await answer(store);
    expect(await Promise.all(both)).toEqual([true, true]);
    expect(phraseOf(history)).toBe('phrase 3');
    await history.redo();
    expect(phraseOf(history)).toBe('phrase 4');
  });

  it('leaves alone what was done while it was read', async () => {
    const { history, store } = await stored();
    store.slow = true;
    const undone = history.undo();
    await settle();
    type(history, 'typed meanwhile');
    await answer(store);
    expect(await undone).toBe(true);
    expect(phraseOf(history)).toBe('typed meanwhile');
    expect(history.cursor).toBe(6);
  });

  it('does not fall over a step that a change has taken away', async () => {
    const { history, store } = await stored();
    await history.goTo(2);
    store.slow = true;
    const redone = history.goTo(5);
    await settle();
    type(history, 'another way');
    await answer(store);
    expect(await redone).toBe(true);
    expect(phraseOf(history)).toBe('another way');
    expect(history.steps).toHaveLength(3);
  });

  it('stays open on a full disk: what cannot be written stays in memory', async () => {
    const store = new FakeStore();
    store.full = true;
    const history = new EditHistory(emptyDocument(DEFAULTS), 0);
    store.follow(history);
    for (const phrase of ['one', 'two', 'three']) type(history, phrase);
    await settle();
    expect(await history.goTo(0)).toBe(true);
    expect(phraseOf(history)).toBe('');
  });

  it('is said to be closed where a step cannot be read', async () => {
    const { history, store } = await stored();
    store.kept.clear();
    expect(await history.goTo(0)).toBe(false);
    expect(phraseOf(history)).toBe('phrase 5');
    type(history, 'and on');
    expect(await history.undo()).toBe(true);
  });
});

describe('a checkpoint', () => {
  const begun = () => new EditHistory(emptyDocument(DEFAULTS));

  it('comes back to where it was set', () => {
    const history = begun();
    type(history, 'kept');
    const back = history.checkpoint();
    type(history, 'not kept');
    back.run();
    expect(phraseOf(history)).toBe('kept');
  });

  it('does nothing to the document of another picture', () => {
    const history = begun();
    const back = history.checkpoint();
    type(history, 'of the first picture');
    history.reset(emptyDocument(DEFAULTS));
    type(history, 'of the second picture');
    back.run();
    expect(phraseOf(history)).toBe('of the second picture');
  });

  it('never goes forward, nor to a state that something else has replaced', async () => {
    const history = begun();
    type(history, 'one');
    type(history, 'two');
    const back = history.checkpoint();
    type(history, 'three');
    await history.goTo(0);
    back.run();
    expect(phraseOf(history)).toBe('');
    for (const phrase of ['four', 'five', 'six']) type(history, phrase);
    back.run();
    expect(phraseOf(history)).toBe('six');
  });

  it('begins a step of its own, so that what comes next can be taken back by itself', () => {
    const history = begun();
    const { id } = history.present.concepts[0]!;
    const drag = (denoise: number) =>
      history.dispatch([{ type: 'update-concept', id, patch: { denoise } }], { joinKey: 'drag' });
    drag(0.5);
    const back = history.checkpoint();
    drag(0.7);
    back.run();
    expect(history.present.concepts[0]!.denoise).toBe(0.5);
  });
});
