import type { DocumentDiff } from '#domain/document/diff.ts';
import {
  flattenDiff,
  flattenState,
  PartNumbers,
  type FlatDiff,
  type FlatState,
} from '#domain/document/flat.ts';
import type { DocumentHistory } from '#domain/document/history.ts';
import type { DocumentState } from '#domain/document/state.ts';
import { RECORD_VERSION, type DocumentHead, type StoredStep } from './document-record.ts';
import type { DocumentStore, DocumentWrite } from './document-store.ts';
import type { StepSource } from './edit-history.svelte.ts';
import { KnownRecords, type Touched } from './known-records.ts';
import { PartReader } from './part-reader.ts';
import { PartReferences } from './part-references.ts';

/** What is known of the records of a document. A difference lies beside its step, under the same key. */
export type Disk = Readonly<Record<(typeof KINDS)[number], KnownRecords>>;

const KINDS = ['picture', 'pixels', 'part', 'step', 'snapshot'] as const;

/** A step or snapshot, and the parts it was counted with. */
interface Counted<T> {
  readonly of: T;
  readonly parts: readonly number[];
}

/** What a save writes and removes, by kind and key, and what is then known to be there. */
class Change {
  readonly writes: DocumentWrite[] = [];
  readonly touched: Readonly<Record<keyof Disk, Map<number, unknown>>> = {
    picture: new Map(),
    pixels: new Map(),
    part: new Map(),
    step: new Map(),
    snapshot: new Map(),
  };

  /** @param known what tells this value from others under the same key. */
  write(kind: keyof Disk, key: number, value: unknown, known: unknown = true): void {
    this.writes.push({ kind, key, value });
    this.touched[kind].set(key, known);
  }

  /** Of records that may be there those that nothing names. */
  removeOthers(kind: keyof Disk, { possible }: KnownRecords, named: ReadonlySet<number>): void {
    for (const key of possible) if (!named.has(key)) this.remove(kind, key);
  }

  remove(kind: keyof Disk, key: number): void {
    this.writes.push({ kind, key });
    this.touched[kind].set(key, undefined);
  }
}

/**
 * One document in storage: picture, present state, steps and snapshots. Every save writes what is not known to be
 * there, in one transaction: storage holds a state the document was in, whenever the tab ends.
 */
export class SavedDocument implements StepSource {
  readonly id: string;
  readonly file: Blob;
  readonly name: string;
  readonly #store: DocumentStore;
  readonly #numbers: PartNumbers;
  readonly #disk: Disk;
  /** Differences that can be read back. */
  readonly #stored = new WeakSet<DocumentDiff>();
  /** Of what the last save named. */
  readonly #references: PartReferences;
  #present: Counted<DocumentState | null> & { readonly flat: FlatState | null } = {
    of: null,
    parts: [],
    flat: null,
  };
  /** By id; null for a difference that was not in memory. */
  readonly #steps = new Map<number, Counted<DocumentDiff | null>>();
  readonly #snapshots = new Map<number, Counted<DocumentState>>();

  /** @param steps what is stored already, with the parts each step names. */
  constructor(
    store: DocumentStore,
    picture: { readonly id: string; readonly file: Blob; readonly name: string },
    numbers = new PartNumbers(),
    disk: Disk = nothing(),
    steps: readonly StoredStep[] = [],
  ) {
    this.id = picture.id;
    this.file = picture.file;
    this.name = picture.name;
    this.#store = store;
    this.#numbers = numbers;
    this.#disk = disk;
    this.#references = new PartReferences(disk.part);
    for (const { id, parts } of steps) {
      this.#steps.set(id, { of: null, parts });
      this.#references.add(parts);
    }
  }

  has(diff: DocumentDiff): boolean {
    return this.#stored.has(diff);
  }

  async read(stepId: number): Promise<DocumentDiff> {
    const [stored] = await this.#store.read(this.id, 'diff', [stepId]);
    const diff = await new PartReader(this.#store, this.id, this.#numbers).diff(stored);
    this.#stored.add(diff);
    return diff;
  }

  /**
   * Stores this history. What is to be written is on its way when this returns. Calls may overlap, as when the page is
   * hidden, and any of them may fail: each is worked out from what is stored whatever becomes of the others.
   * @throws what the storage says.
   */
  async save(history: DocumentHistory, left: boolean): Promise<void> {
    const change = new Change();
    const head = this.#plan(history, left, change);
    for (const kind of KINDS) this.#disk[kind].issue(change.touched[kind]);
    let done = false;
    try {
      await this.#store.commit(head, change.writes);
      done = true;
    } finally {
      for (const kind of KINDS) this.#disk[kind].settle(change.touched[kind], done);
    }
    this.#remember(change.touched.step);
  }

  /** Differences are stored as far as no later save makes something else of their steps. */
  #remember(written: Touched): void {
    for (const [id, diff] of written)
      if (diff !== undefined && this.#disk.step.get(id) === diff) this.#stored.add(diff as DocumentDiff);
  }

  #plan(history: DocumentHistory, left: boolean, change: Change): DocumentHead {
    const disk = this.#disk;
    const values = new Map<number, () => unknown>();
    const present = this.#namePresent(history.present, values);
    this.#nameSnapshots(history, change, values);
    this.#nameSteps(history, change, values);
    this.#writeParts(history, change, values);
    const pixels = [...history.namedPixels()];
    const known = pixels.join();
    if (disk.pixels.get(0) !== known) change.write('pixels', 0, pixels, known);
    if (!disk.picture.has(0)) change.write('picture', 0, this.file);
    return this.#head(history, left, present);
  }

  #head(history: DocumentHistory, left: boolean, present: FlatState): DocumentHead {
    const { cursor, nextId, steps, snapshots } = history;
    return {
      id: this.id,
      version: RECORD_VERSION,
      name: this.name,
      savedAt: Date.now(),
      left,
      present,
      cursor,
      steps: steps.map(({ id }) => id),
      snapshots: snapshots.map(({ id, name }) => ({ id, name })),
      nextId,
      nextPart: this.#numbers.next,
    };
  }

  #namePresent(state: DocumentState, values: Map<number, () => unknown>): FlatState {
    const { of, flat } = this.#present;
    return of === state && flat ? flat : this.#countPresent(state, values);
  }

  #countPresent(state: DocumentState, values: Map<number, () => unknown>): FlatState {
    const { flat, parts } = this.#flattenState(state, values);
    this.#references.add(parts);
    this.#references.remove(this.#present.parts);
    this.#present = { of: state, parts, flat };
    return flat;
  }

  #nameSnapshots({ snapshots }: DocumentHistory, change: Change, values: Map<number, () => unknown>): void {
    const known = this.#disk.snapshot;
    for (const { id, state } of snapshots) {
      const counted = this.#snapshots.get(id);
      if (counted?.of === state && known.get(id) === state) continue;
      const { flat, parts } = this.#flattenState(state, values);
      this.#count(this.#snapshots, id, { of: state, parts });
      if (known.get(id) !== state) change.write('snapshot', id, flat, state);
    }
    const named = new Set(snapshots.map(({ id }) => id));
    change.removeOthers('snapshot', known, named);
    this.#discount(this.#snapshots, named);
  }

  #nameSteps({ steps }: DocumentHistory, change: Change, values: Map<number, () => unknown>): void {
    const known = this.#disk.step;
    for (const { diff, ...step } of steps) {
      if (known.has(step.id) && (!diff || this.#stored.has(diff))) continue;
      if (!diff) throw new Error(`step ${step.id} is neither in memory nor in storage`);
      const { flat, parts } = this.#flattenDiff(diff, values);
      this.#count(this.#steps, step.id, { of: diff, parts });
      change.write('step', step.id, { ...step, parts } satisfies StoredStep, diff);
      change.writes.push({ kind: 'diff', key: step.id, value: flat });
    }
    const named = new Set(steps.map(({ id }) => id));
    change.removeOthers('step', known, named);
    for (const [id, diff] of change.touched.step)
      if (diff === undefined) change.writes.push({ kind: 'diff', key: id });
    this.#discount(this.#steps, named);
  }

  /** Writes parts that may not be there, and removes those nothing names. */
  #writeParts(history: DocumentHistory, change: Change, values: Map<number, () => unknown>): void {
    const missing = this.#references.missing();
    // What an earlier save named and could not write may be in anything.
    if ([...missing].some((id) => !values.has(id))) this.#walk(history, values);
    for (const id of missing) {
      const value = values.get(id);
      if (!value) throw new Error(`part ${id} is neither in memory nor in storage`);
      change.write('part', id, value());
    }
    for (const id of this.#references.unnamed()) change.remove('part', id);
  }

  /** Comes by every part that is in memory. */
  #walk({ present, snapshots, steps }: DocumentHistory, values: Map<number, () => unknown>): void {
    for (const state of [present, ...snapshots.map(({ state }) => state)]) this.#flattenState(state, values);
    for (const { diff } of steps) if (diff) this.#flattenDiff(diff, values);
  }

  #flattenState(
    state: DocumentState,
    values: Map<number, () => unknown>,
  ): { readonly flat: FlatState; readonly parts: readonly number[] } {
    const parts: number[] = [];
    const flat = flattenState(state, this.#numbers, (id, value) => {
      parts.push(id);
      values.set(id, value);
    });
    return { flat, parts };
  }

  #flattenDiff(
    diff: DocumentDiff,
    values: Map<number, () => unknown>,
  ): { readonly flat: FlatDiff; readonly parts: readonly number[] } {
    const parts = new Set<number>();
    const flat = flattenDiff(diff, this.#numbers, (id, value) => {
      parts.add(id);
      values.set(id, value);
    });
    return { flat, parts: [...parts] };
  }

  #count<T>(all: Map<number, Counted<T>>, id: number, counted: Counted<T>): void {
    this.#references.add(counted.parts);
    this.#references.remove(all.get(id)?.parts ?? []);
    all.set(id, counted);
  }

  /** Takes out what is no longer named. */
  #discount<T>(all: Map<number, Counted<T>>, named: ReadonlySet<number>): void {
    for (const [id, { parts }] of all) {
      if (named.has(id)) continue;
      this.#references.remove(parts);
      all.delete(id);
    }
  }
}

function nothing(): Disk {
  return {
    picture: new KnownRecords(),
    pixels: new KnownRecords(),
    part: new KnownRecords(),
    step: new KnownRecords(),
    snapshot: new KnownRecords(),
  };
}
