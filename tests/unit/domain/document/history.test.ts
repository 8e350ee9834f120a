import { isDeepStrictEqual } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { applyCommand, type DocumentCommand } from '#domain/document/commands.ts';
import type { DocumentDiff } from '#domain/document/diff.ts';
import { DocumentHistory } from '#domain/document/history.ts';
import type { Layer } from '#domain/document/layer.ts';
import { sameValue } from '#domain/document/same-value.ts';
import type { DocumentState } from '#domain/document/state.ts';
import { anyCommand, layer, mulberry, startDocument } from './arbitrary-documents.ts';

/** Steps that can be undone at least. */
const MIN_STEPS = 200;

/** The plain way: a deep copy of every state there ever was. */
class NaiveHistory {
  states: DocumentState[];
  cursor = 0;
  /** Of the gesture that the next step may still belong to. */
  joinKey: string | undefined;

  constructor(initial: DocumentState) {
    this.states = [structuredClone(initial)];
  }

  get present(): DocumentState {
    return this.states[this.cursor]!;
  }

  dispatch(command: DocumentCommand, joinKey?: string): void {
    const next = structuredClone(applyCommand(structuredClone(this.present), structuredClone(command)));
    const joins = joinKey !== undefined && joinKey === this.joinKey;
    this.states = [...this.states.slice(0, this.cursor + (joins ? 0 : 1)), next];
    this.joinKey = joinKey;
    const nothing = joins && isDeepStrictEqual(next, this.states.at(-2));
    if (nothing) {
      this.states.pop();
      this.joinKey = undefined;
    }
    this.cursor = this.states.length - 1;
    if (this.states.length > 1001) {
      this.states.shift();
      this.cursor--;
    }
  }

  goTo(cursor: number): void {
    this.cursor = cursor;
    this.joinKey = undefined;
  }
}

/** One movement of a slider over few values, so that drags often end where they began. */
function anyDrag({ concepts, layers }: DocumentState, random: () => number): DocumentCommand {
  const value = Math.ceil(random() * 3) / 4;
  const layer = layers[0];
  if (layer && random() < 0.3) return { type: 'move-layer', id: layer.id, to: Math.floor(random() * 3) };
  if (layer && random() < 0.5) return { type: 'update-layers', ids: [layer.id], patch: { opacity: value } };
  const rules = { ...DEFAULTS.concept.rules, minArea: value };
  return { type: 'update-concept', id: concepts[0]?.id ?? 'nobody', patch: { rules } };
}

describe('values', () => {
  it('are the same field by field, and a field that is undefined is one', () => {
    expect(sameValue({ a: [1, { b: null }], c: 2 }, { c: 2, a: [1, { b: null }] })).toBe(true);
    expect(sameValue({ a: [1, 2] }, { a: [2, 1] })).toBe(false);
    expect(sameValue({ a: undefined }, { b: 1 })).toBe(false);
    expect(sameValue([1], [1, 2])).toBe(false);
    expect(sameValue(null, {})).toBe(false);
  });
});

/** Spills after a copy of every difference that is still in memory. */
function spill(history: DocumentHistory, maxBytes: number, stored: Map<number, DocumentDiff>): number {
  return history.spill(maxBytes, (diff) => {
    const { id } = history.steps.find((step) => step.diff === diff)!;
    stored.set(id, structuredClone(diff));
    return true;
  });
}

describe('the history of a document', () => {
  it('is the same as keeping full copies, over 10,000 random operations with old steps in storage', () => {
    const random = mulberry(4);
    const initial = startDocument();
    const history = new DocumentHistory(initial);
    const naive = new NaiveHistory(initial);
    const stored = new Map<number, DocumentDiff>();
    let [spilled, undone, drags, takenBack] = [0, 0, 0, 0];
    for (let i = 0; i < 10_000; i++) {
      const dice = random();
      // Drags come in series; a step that is too heavy for memory is joined no more.
      const dragging = naive.joinKey !== undefined && dice < 0.6;
      if (dragging || dice < 0.7) {
        const joinKey = dragging || dice < 0.1 ? 'drag' : undefined;
        const command = joinKey ? anyDrag(history.present, random) : anyCommand(history.present, random);
        if (history.steps.at(-1)?.diff === null) naive.joinKey = undefined;
        const { length } = history.steps;
        const newest = history.steps.at(-1);
        history.dispatch([command], joinKey ? { joinKey } : {});
        // A command that changes nothing is no step; the copy must agree that nothing changed.
        if (history.steps.length === length && history.steps.at(-1) === newest)
          expect(applyCommand(naive.present, command)).toEqual(naive.present);
        else naive.dispatch(command, joinKey);
        if (joinKey) drags++;
        if (joinKey && history.steps.length === length - 1) takenBack++;
      } else {
        const span = dice < 0.999 ? 3 : 400;
        const step = (random() < 0.42 ? -1 : 1) * Math.ceil(random() * span);
        const to = Math.max(0, Math.min(history.steps.length, history.cursor + step));
        for (let id = history.missing(to); id !== null; id = history.missing(to))
          history.supply(id, structuredClone(stored.get(id)!));
        history.goTo(to);
        naive.goTo(to);
        undone++;
      }
      spilled += spill(history, 60_000, stored);
      expect(history.heldBytes).toBeLessThanOrEqual(60_000);
      expect(history.cursor).toBe(naive.cursor);
      expect(history.steps).toHaveLength(naive.states.length - 1);
      if (i % 10 === 0 || dice >= 0.99) expect(history.present).toEqual(naive.present);
    }
    expect(spilled).toBeGreaterThan(1000);
    expect(undone).toBeGreaterThan(1000);
    expect(drags).toBeGreaterThan(1000);
    expect(takenBack).toBeGreaterThan(100);
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

  it('takes a drag that ends where it began for no step, and what follows for none of the step before', () => {
    const history = new DocumentHistory(startDocument());
    const drag = (minArea: number) => {
      const rules = { ...DEFAULTS.concept.rules, minArea };
      return history.dispatch([{ type: 'update-concept', id: 'concept-1', patch: { rules } }], {
        joinKey: 'size',
      });
    };
    drag(1);
    history.seal();
    const before = history.present;
    const [first] = history.steps;
    drag(7);
    const { id } = history.steps[1]!;
    expect(drag(1)).toEqual([id]);
    expect(history.steps).toEqual([first]);
    expect(history.present.concepts[0]).toBe(before.concepts[0]);
    expect(history.canRedo).toBe(false);
    drag(3);
    expect(history.steps).toHaveLength(2);
    expect(history.goTo(1).concepts[0]!.rules.minArea).toBe(1);
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
    const [step] = history.steps;
    expect(history.spill(0, () => false)).toBe(0);
    expect(history.steps).toEqual([step]);
    expect(history.spill(0, () => true)).toBe(1);
    expect(() => history.goTo(0)).toThrow(RangeError);
    history.supply(step!.id, step!.diff!);
    expect(history.goTo(0).concepts[0]!.phrase).toBe('face');
  });

  it('gives no id twice after a snapshot of a later one came back', () => {
    const history = new DocumentHistory(startDocument());
    history.returnSnapshot({ id: 7, name: 'seven', state: history.present });
    history.takeSnapshot('next');
    expect(history.snapshots.map(({ id }) => id)).toEqual([7, 8]);
  });

  it('names the pixels of every state one can still come to, also of steps in storage, and no others', () => {
    const random = mulberry(11);
    const history = new DocumentHistory(startDocument());
    const [first, second, third] = [layer(random), layer(random), layer(random)];
    const put = (...layers: readonly Layer[]) => history.dispatch([{ type: 'set-layers', layers }]);
    put(first);
    put(second);
    const spilled = [...history.steps];
    history.spill(0, () => true);
    expect(history.namedPixels()).toEqual(new Set([first.pixels.id, second.pixels.id]));
    for (const { id, diff } of spilled) history.supply(id, diff!);
    history.takeSnapshot('with the second');
    history.goTo(1);
    put(first, third);
    expect(history.namedPixels()).toEqual(new Set([first.pixels.id, second.pixels.id, third.pixels.id]));
    const [removed] = history.snapshots;
    history.removeSnapshot(removed!.id);
    expect(history.namedPixels()).toEqual(new Set([first.pixels.id, second.pixels.id, third.pixels.id]));
    history.forgetRemoved(removed!.id);
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
