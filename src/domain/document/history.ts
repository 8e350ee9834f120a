import { applyCommand, type DocumentCommand } from './commands.ts';
import { applyDiff, diffDocuments, isEmptyDiff, joinDiffs, type DocumentDiff } from './diff.ts';
import { pixelsOfDiff, pixelsOfLayers } from './named-pixels.ts';
import { cancelsOut } from './same-value.ts';
import type { DocumentState } from './state.ts';
import { diffBytes } from './weight.ts';

/** What a step is called in the history panel: the page has the words. */
export type StepName =
  | DocumentCommand['type']
  | 'stroke'
  | 'detect'
  | 'refine'
  | 'tick'
  | 'recipe'
  | MaskStep
  | ConceptStep
  | LayerStep;

/** What is done to masks by hand besides strokes. */
type MaskStep = 'region' | 'shape' | 'mask' | 'frame' | 'pick' | 'import-masks';

/** What is done to concepts besides settings. */
type ConceptStep = 'example' | 'preset' | 'import-concepts' | 'split' | 'join' | 'own';

type LayerStep =
  | ('opacity' | 'strength' | 'edge' | 'visibility' | 'solo' | 'lock' | 'rename')
  | ('merge-layers' | 'duplicate-layers')
  | ('repaint' | 'reroll' | 'variations' | 'variation' | 'drop-variation');

/** One undoable step. Its difference is null while it lies in storage. */
export interface HistoryStep {
  readonly id: number;
  readonly name: StepName;
  /** What it was done to: a phrase, a layer's name. */
  readonly subject: string;
  readonly bytes: number;
  /** Ids of the residuals its difference names, known also while that lies in storage. */
  readonly pixels: readonly string[];
  readonly diff: DocumentDiff | null;
}

/** A state somebody gave a name to, to come back to. */
export interface Snapshot {
  readonly id: number;
  readonly name: string;
  readonly state: DocumentState;
}

/** A whole history as it is stored. */
export interface HistoryRecord {
  readonly present: DocumentState;
  readonly steps: readonly HistoryStep[];
  readonly cursor: number;
  readonly snapshots: readonly Snapshot[];
  /** Above the ids of all steps and snapshots. */
  readonly nextId: number;
}

export interface StepOptions {
  readonly name?: StepName;
  readonly subject?: string;
  /** Consecutive steps with the same key become one, e.g. while a slider is dragged. */
  readonly joinKey?: string;
}

/** Older ones are forgotten: five times what the user is promised at least (issue 4 §4: 200). */
const MAX_STEPS = 1000;

/**
 * Undo and redo of a whole document: states are never copied, every step is the difference it made. `present` is a
 * value; a history is a value's past and future. Old differences can be handed to a storage and brought back.
 */
export class DocumentHistory {
  #present: DocumentState;
  #steps: HistoryStep[] = [];
  /** Steps that are done; those from here on are undone. */
  #cursor = 0;
  #snapshots: readonly Snapshot[] = [];
  /** Removed ones that can still be brought back. */
  #removed: readonly Snapshot[] = [];
  #nextId = 1;
  #joinKey: string | null = null;

  constructor(initial: DocumentState) {
    this.#present = initial;
  }

  /** Goes on where a stored history was. */
  static restored({ present, steps, cursor, snapshots, nextId }: HistoryRecord): DocumentHistory {
    const history = new DocumentHistory(present);
    history.#steps = [...steps];
    history.#cursor = cursor;
    history.#snapshots = snapshots;
    history.#nextId = nextId;
    return history;
  }

  get nextId(): number {
    return this.#nextId;
  }

  get present(): DocumentState {
    return this.#present;
  }

  get steps(): readonly HistoryStep[] {
    return this.#steps;
  }

  get cursor(): number {
    return this.#cursor;
  }

  get snapshots(): readonly Snapshot[] {
    return this.#snapshots;
  }

  get canUndo(): boolean {
    return this.#cursor > 0;
  }

  get canRedo(): boolean {
    return this.#cursor < this.#steps.length;
  }

  /** Does commands as one step. Answers the ids of steps that were dropped, for a storage to forget. */
  dispatch(commands: readonly DocumentCommand[], options: StepOptions = {}): readonly number[] {
    const next = commands.reduce(applyCommand, this.#present);
    const diff = diffDocuments(this.#present, next);
    this.#present = next;
    if (isEmptyDiff(diff)) return [];
    const undone = this.#steps.splice(this.#cursor).map(({ id }) => id);
    const joined = this.#joined(diff, options.joinKey);
    if (joined && cancelsOut(joined)) return this.#takeBack(joined);
    if (joined) this.#steps.push({ ...(this.#steps.pop() as HistoryStep), ...weighed(joined) });
    else this.#push(diff, commands, options);
    this.#joinKey = options.joinKey ?? null;
    return [...undone, ...this.#forgetOldest()];
  }

  /** Ends a series of joined steps: the next one stands for itself. */
  seal(): void {
    this.#joinKey = null;
  }

  /** The step whose difference must be {@link supply}'d before going to `cursor`; null when nothing is missing. */
  missing(cursor: number): number | null {
    const [from, to] = cursor < this.#cursor ? [cursor, this.#cursor] : [this.#cursor, cursor];
    return this.#steps.slice(from, to).find(({ diff }) => diff === null)?.id ?? null;
  }

  /** Goes to the state after `cursor` steps. @throws RangeError outside the history or over a missing difference. */
  goTo(cursor: number): DocumentState {
    if (cursor < 0 || cursor > this.#steps.length || this.missing(cursor) !== null)
      throw new RangeError(`there is no way to step ${cursor} of ${this.#steps.length}`);
    while (this.#cursor > cursor)
      this.#present = applyDiff(this.#present, this.#diff(--this.#cursor), 'before');
    while (this.#cursor < cursor)
      this.#present = applyDiff(this.#present, this.#diff(this.#cursor++), 'after');
    this.seal();
    return this.#present;
  }

  /** Keeps the present state under a name. */
  takeSnapshot(name: string): void {
    this.#snapshots = [...this.#snapshots, { id: this.#nextId++, name, state: this.#present }];
  }

  renameSnapshot(id: number, name: string): void {
    this.#snapshots = this.#snapshots.map((snapshot) =>
      snapshot.id === id ? { ...snapshot, name } : snapshot,
    );
  }

  /** Brings one back that was removed. */
  returnSnapshot(snapshot: Snapshot): void {
    const others = this.#snapshots.filter(({ id }) => id !== snapshot.id);
    this.#snapshots = [...others, snapshot].sort((a, b) => a.id - b.id);
    this.#nextId = Math.max(this.#nextId, snapshot.id + 1);
    this.forgetRemoved(snapshot.id);
  }

  /** Removes one; its residuals go on being named until it is forgotten or the history is stored and read back. */
  removeSnapshot(id: number): void {
    this.#removed = [...this.#removed, ...this.#snapshots.filter((snapshot) => snapshot.id === id)];
    this.#snapshots = this.#snapshots.filter((snapshot) => snapshot.id !== id);
  }

  /** A removed snapshot will not be brought back. */
  forgetRemoved(id: number): void {
    this.#removed = this.#removed.filter((snapshot) => snapshot.id !== id);
  }

  /**
   * Takes differences out of memory, furthest from the cursor first, until the rest weighs at most `maxBytes`; only
   * such as are `stored`, from where {@link supply} brings them back. Answers how many went.
   */
  spill(maxBytes: number, stored: (diff: DocumentDiff) => boolean): number {
    let held = this.heldBytes;
    if (held <= maxBytes) return 0;
    let spilled = 0;
    const byDistance = this.#steps.map((_, i) => i).sort((a, b) => this.#distance(b) - this.#distance(a));
    for (const i of byDistance) {
      const step = this.#steps[i] as HistoryStep;
      if (held <= maxBytes) break;
      if (step.diff === null || !stored(step.diff)) continue;
      held -= step.bytes;
      spilled++;
      this.#steps[i] = { ...step, diff: null };
    }
    return spilled;
  }

  /** The step nearest to the cursor whose difference is not in memory but would have room there; null without one. */
  nearestSpilled(maxBytes: number): number | null {
    const room = maxBytes - this.heldBytes;
    let nearest: number | null = null;
    for (const [i, { diff }] of this.#steps.entries())
      if (!diff && (nearest === null || this.#distance(i) < this.#distance(nearest))) nearest = i;
    const step = nearest === null ? undefined : this.#steps[nearest];
    return step && step.bytes <= room ? step.id : null;
  }

  /** Brings a difference back into memory; one that is no longer known is ignored. */
  supply(id: number, diff: DocumentDiff): void {
    this.#steps = this.#steps.map((step) => (step.id === id ? { ...step, diff } : step));
  }

  /**
   * Ids of all residuals somebody can still come to: those of the present state, of any step and any snapshot, removed
   * ones included as long as they can be brought back.
   */
  namedPixels(): ReadonlySet<string> {
    const states = [this.#present, ...[...this.#snapshots, ...this.#removed].map(({ state }) => state)];
    return new Set([
      ...states.flatMap(({ layers }) => pixelsOfLayers(layers)),
      ...this.#steps.flatMap(({ pixels }) => pixels),
    ]);
  }

  /** Estimated bytes of the differences in memory. */
  get heldBytes(): number {
    return this.#steps.reduce((sum, { diff, bytes }) => sum + (diff ? bytes : 0), 0);
  }

  #distance(index: number): number {
    return Math.abs(index + 0.5 - this.#cursor);
  }

  #diff(index: number): DocumentDiff {
    return this.#steps[index]?.diff as DocumentDiff;
  }

  #push(diff: DocumentDiff, commands: readonly DocumentCommand[], { name, subject = '' }: StepOptions): void {
    const type = name ?? (commands[0] as DocumentCommand).type;
    this.#steps.push({ id: this.#nextId++, name: type, subject, ...weighed(diff) });
    this.#cursor = this.#steps.length;
  }

  /** The last step and this one as one, if both belong to the same gesture. */
  #joined(diff: DocumentDiff, joinKey: string | undefined): DocumentDiff | null {
    const last = this.#steps.at(-1);
    return joinKey && joinKey === this.#joinKey && last?.diff ? joinDiffs(last.diff, diff) : null;
  }

  /** A gesture that came back to where it began is no step; what follows is none of the step before it. */
  #takeBack(joined: DocumentDiff): readonly number[] {
    this.#present = applyDiff(this.#present, joined, 'before');
    this.#cursor--;
    this.seal();
    return [(this.#steps.pop() as HistoryStep).id];
  }

  #forgetOldest(): readonly number[] {
    const dropped = this.#steps.splice(0, Math.max(0, this.#steps.length - MAX_STEPS));
    this.#cursor -= dropped.length;
    return dropped.map(({ id }) => id);
  }
}

function weighed(diff: DocumentDiff): Pick<HistoryStep, 'diff' | 'bytes' | 'pixels'> {
  return { diff, bytes: diffBytes(diff), pixels: pixelsOfDiff(diff) };
}
