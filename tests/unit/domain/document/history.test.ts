import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { applyCommand, type DocumentCommand } from '#domain/document/commands.ts';
import type { DocumentDiff } from '#domain/document/diff.ts';
import { DocumentHistory, MIN_STEPS } from '#domain/document/history.ts';
import type { Layer } from '#domain/document/layer.ts';
import type { DocumentState } from '#domain/document/state.ts';
import { anyCommand, layer, mulberry, startDocument } from './arbitrary-documents.ts';

/** The plain way: a deep copy of every state there ever was. */
class NaiveHistory {
  states: DocumentState[];
  cursor = 0;

  constructor(initial: DocumentState) {
    this.states = [structuredClone(initial)];
  }

  get present(): DocumentState {
    return this.states[this.cursor]!;
  }

  dispatch(command: DocumentCommand): void {
    const next = structuredClone(applyCommand(structuredClone(this.present), structuredClone(command)));
    this.states = [...this.states.slice(0, this.cursor + 1), next];
    this.cursor++;
  }
}

describe('the history of a document', () => {
  it('is the same as keeping full copies, over 10,000 random operations with old steps in storage', () => {
    const random = mulberry(4);
    const initial = startDocument();
    const history = new DocumentHistory(initial);
    const naive = new NaiveHistory(initial);
    const stored = new Map<number, DocumentDiff>();
    let [spilled, undone] = [0, 0];
    for (let i = 0; i < 10_000; i++) {
      const dice = random();
      if (dice < 0.7) {
        const command = anyCommand(history.present, random);
        const newest = history.steps.at(-1)?.id;
        history.dispatch([command]);
        // A command that changes nothing is no step; the copy must agree that nothing changed.
        if (history.steps.at(-1)?.id === newest)
          expect(applyCommand(naive.present, command)).toEqual(naive.present);
        else naive.dispatch(command);
        if (naive.states.length > 1001) {
          naive.states.shift();
          naive.cursor--;
        }
      } else {
        const span = dice < 0.999 ? 3 : 400;
        const step = (random() < 0.42 ? -1 : 1) * Math.ceil(random() * span);
        const to = Math.max(0, Math.min(history.steps.length, history.cursor + step));
        for (let id = history.missing(to); id !== null; id = history.missing(to))
          history.supply(id, structuredClone(stored.get(id)!));
        history.goTo(to);
        naive.cursor = to;
        undone++;
      }
      for (const { id, diff } of history.spill(60_000)) {
        stored.set(id, structuredClone(diff!));
        spilled++;
      }
      expect(history.heldBytes).toBeLessThanOrEqual(60_000);
      expect(history.cursor).toBe(naive.cursor);
      if (i % 10 === 0 || dice >= 0.99) expect(history.present).toEqual(naive.present);
    }
    expect(spilled).toBeGreaterThan(1000);
    expect(undone).toBeGreaterThan(1000);
    expect(history.steps.length).toBeGreaterThan(MIN_STEPS);
  });

  it('keeps at least 200 steps', () => {
    const history = new DocumentHistory(startDocument());
    const random = mulberry(9);
    for (let i = 0; i < 3000; i++) history.dispatch([anyCommand(history.present, random)]);
    const last = history.present;
    expect(history.cursor).toBeGreaterThanOrEqual(MIN_STEPS);
    history.goTo(history.cursor - MIN_STEPS);
    history.goTo(history.steps.length);
    expect(history.present).toEqual(last);
  });

  it('makes one step of a drag, and two of two drags', () => {
    const history = new DocumentHistory(startDocument());
    const drag = (denoise: number) =>
      history.dispatch([{ type: 'update-concept', id: 'concept-1', patch: { denoise } }], {
        joinKey: 'denoise',
      });
    const before = history.present;
    [0.1, 0.2, 0.3].forEach(drag);
    expect(history.steps).toHaveLength(1);
    history.seal();
    drag(0.4);
    expect(history.steps).toHaveLength(2);
    history.goTo(1);
    expect(history.present.concepts[0]!.denoise).toBe(0.3);
    history.goTo(0);
    expect(history.present).toEqual(before);
  });

  it('takes saying again what is so already for no step', () => {
    const history = new DocumentHistory(startDocument());
    history.dispatch([{ type: 'update-concept', id: 'concept-1', patch: { phrase: 'face' } }]);
    expect(history.steps).toEqual([]);
    history.dispatch([{ type: 'update-concept', id: 'concept-1', patch: { phrase: 'faces' } }]);
    expect(history.steps).toHaveLength(1);
  });

  it('forgets what was undone when something new is done, and says which steps', () => {
    const history = new DocumentHistory(startDocument());
    const rename = (phrase: string) =>
      history.dispatch([{ type: 'update-concept', id: 'concept-1', patch: { phrase } }]);
    rename('a');
    rename('b');
    const ids = history.steps.map(({ id }) => id);
    history.goTo(0);
    expect(rename('c')).toEqual(ids);
    expect(history.canRedo).toBe(false);
  });

  it('comes back to a snapshot as a step of its own', () => {
    const history = new DocumentHistory(startDocument());
    history.dispatch([{ type: 'update-concept', id: 'concept-1', patch: { phrase: 'kept' } }]);
    history.takeSnapshot('before');
    history.dispatch([{ type: 'remove-concept', id: 'concept-1' }]);
    const removed = history.present;
    history.dispatch([{ type: 'replace-document', state: history.snapshots[0]!.state }]);
    expect(history.present.concepts[0]!.phrase).toBe('kept');
    history.goTo(history.cursor - 1);
    expect(history.present).toEqual(removed);
  });

  it('goes nowhere over a difference it does not have', () => {
    const history = new DocumentHistory(startDocument());
    history.dispatch([{ type: 'update-concept', id: 'concept-1', patch: { phrase: 'x' } }]);
    const [step] = history.spill(0);
    expect(() => history.goTo(0)).toThrow(RangeError);
    history.supply(step!.id, step!.diff!);
    expect(history.goTo(0).concepts[0]!.phrase).toBe('face');
  });

  it('names the pixels of every state one can still come to, also of steps in storage, and no others', () => {
    const random = mulberry(11);
    const history = new DocumentHistory(startDocument());
    const [first, second, third] = [layer(random), layer(random), layer(random)];
    const put = (...layers: readonly Layer[]) => history.dispatch([{ type: 'set-layers', layers }]);
    put(first);
    put(second);
    const spilled = history.spill(0);
    expect(history.namedPixels()).toEqual(new Set([first.pixels.id, second.pixels.id]));
    for (const { id, diff } of spilled) history.supply(id, diff!);
    history.takeSnapshot('with the second');
    history.goTo(1);
    put(first, third);
    expect(history.namedPixels()).toEqual(new Set([first.pixels.id, second.pixels.id, third.pixels.id]));
    history.removeSnapshot(history.snapshots[0]!.id);
    expect(history.namedPixels()).toEqual(new Set([first.pixels.id, third.pixels.id]));
  });

  it('undoes any command exactly, and shares what it does not touch', () => {
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 30 }), (seed, count) => {
        const random = mulberry(seed);
        const history = new DocumentHistory(startDocument());
        for (let i = 0; i < count; i++) {
          const before = history.present;
          const cursor = history.cursor;
          const command = anyCommand(before, random);
          history.dispatch([command]);
          const after = history.present;
          if (history.cursor === cursor) continue;
          expect(history.goTo(cursor)).toEqual(before);
          expect(history.goTo(cursor + 1)).toEqual(after);
          if (command.type === 'update-concept') expect(after.candidates).toBe(before.candidates);
        }
      }),
      { numRuns: 60 },
    );
  });
});
