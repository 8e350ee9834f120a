import type { DocumentDiff } from '#domain/document/diff.ts';
import {
  flattenDiff,
  flattenState,
  PartNumbers,
  type FlatDiff,
  type PartListener,
} from '#domain/document/flat.ts';
import { DocumentHistory, type HistoryStep } from '#domain/document/history.ts';
import type { DocumentState } from '#domain/document/state.ts';
import {
  headSchema,
  RECORD_VERSION,
  stepSchema,
  type DocumentHead,
  type StoredStep,
} from './document-record.ts';
import type { DocumentStore, DocumentWrite } from './document-store.ts';
import type { StepSource } from './edit-history.svelte.ts';
import { BrokenRecord, checked, PartReader } from './part-reader.ts';

/** What lies in storage, as far as that is known. */
interface Disk {
  picture: boolean;
  pixels: string;
  readonly parts: Set<number>;
  /** Parts that the difference of a step names, by the step's id. */
  readonly steps: Map<number, readonly number[]>;
  readonly snapshots: Map<number, DocumentState>;
}

/** What brings storage to the present state, and what is known once it is there. */
interface Change {
  readonly head: DocumentHead;
  readonly writes: readonly DocumentWrite[];
  readonly take: (disk: Disk) => void;
}

/**
 * One document in storage: picture, present state, steps and snapshots. Every save writes what is new since the last
 * one that is known to be complete, in one transaction: storage holds a state the document was in, whenever the tab ends.
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

  constructor(
    store: DocumentStore,
    picture: { readonly id: string; readonly file: Blob; readonly name: string },
    numbers = new PartNumbers(),
    disk: Disk = { picture: false, pixels: '', parts: new Set(), steps: new Map(), snapshots: new Map() },
  ) {
    this.id = picture.id;
    this.file = picture.file;
    this.name = picture.name;
    this.#store = store;
    this.#numbers = numbers;
    this.#disk = disk;
  }

  /** A stored document with its history, whose differences stay in storage. @throws BrokenRecord */
  static async read(
    store: DocumentStore,
    stored: unknown,
  ): Promise<{ readonly saved: SavedDocument; readonly history: DocumentHistory }> {
    const head = checked(headSchema, stored, 'the head');
    const { id, name, cursor, nextId } = head;
    const [[file], kept, numbers] = [
      await store.read(id, 'picture', [0]),
      await readSteps(store, head),
      new PartNumbers(head.nextPart),
    ];
    if (!(file instanceof Blob)) throw new BrokenRecord('the picture');
    if (cursor > kept.length) throw new BrokenRecord('the head: cursor');
    const parts = new PartReader(store, id, numbers);
    const present = await parts.state(head.present);
    const flat = await store.read(
      id,
      'snapshot',
      head.snapshots.map((snapshot) => snapshot.id),
    );
    const snapshots = [];
    for (const [i, snapshot] of head.snapshots.entries())
      snapshots.push({ ...snapshot, state: await parts.state(flat[i]) });
    const saved = new SavedDocument(store, { id, file, name }, numbers, {
      picture: true,
      pixels: '',
      parts: new Set(await store.keys(id, 'part')),
      steps: new Map(kept.map((step) => [step.id, step.parts])),
      snapshots: new Map(snapshots.map(({ id: at, state }) => [at, state])),
    });
    const steps = kept.map(({ parts: _parts, ...step }): HistoryStep => ({ ...step, diff: null }));
    return { saved, history: DocumentHistory.restored({ present, steps, cursor, snapshots, nextId }) };
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
   * Stores this history. What is to be written is on its way when this returns; it is worked out from what is known to
   * be stored, so that calls may overlap and any of them may fail.
   * @throws what the storage says.
   */
  async save(history: DocumentHistory, left: boolean): Promise<void> {
    const { head, writes, take } = this.#change(history, left);
    await this.#store.commit(head, writes);
    for (const { kind, key, value } of writes) {
      if (kind !== 'part') continue;
      if (value === undefined) this.#disk.parts.delete(key);
      else this.#disk.parts.add(key);
    }
    take(this.#disk);
  }

  #change(history: DocumentHistory, left: boolean): Change {
    const disk = this.#disk;
    const named = new Set<number>();
    const writes: DocumentWrite[] = [];
    const name: PartListener = (id, value) => {
      if (!named.has(id) && !disk.parts.has(id)) writes.push({ kind: 'part', key: id, value: value() });
      named.add(id);
    };
    const present = flattenState(history.present, this.#numbers, name);
    const snapshots = this.#snapshots(history, name, writes);
    const steps = this.#steps(history, name, writes);
    for (const parts of steps.values()) for (const id of parts) named.add(id);
    for (const id of disk.parts) if (!named.has(id)) writes.push({ kind: 'part', key: id });
    const pixels = [...history.namedPixels()];
    if (pixels.join() !== disk.pixels) writes.push({ kind: 'pixels', key: 0, value: pixels });
    if (!disk.picture) writes.push({ kind: 'picture', key: 0, value: this.file });
    const diffs = history.steps.flatMap(({ diff }) => diff ?? []);
    const take = (now: Disk) => {
      now.picture = true;
      now.pixels = pixels.join();
      become(now.steps, steps);
      become(now.snapshots, snapshots);
      for (const diff of diffs) this.#stored.add(diff);
    };
    return { head: this.#head(history, left, present), writes, take };
  }

  #head(history: DocumentHistory, left: boolean, present: DocumentHead['present']): DocumentHead {
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

  /** Writes what is new among the snapshots, and answers all of them. */
  #snapshots(
    { snapshots }: DocumentHistory,
    name: PartListener,
    writes: DocumentWrite[],
  ): ReadonlyMap<number, DocumentState> {
    const known = this.#disk.snapshots;
    for (const { id, state } of snapshots) {
      const flat = flattenState(state, this.#numbers, name);
      if (known.get(id) !== state) writes.push({ kind: 'snapshot', key: id, value: flat });
    }
    const now = new Map(snapshots.map(({ id, state }) => [id, state]));
    for (const id of known.keys()) if (!now.has(id)) writes.push({ kind: 'snapshot', key: id });
    return now;
  }

  /** Writes what is new among the steps, and answers the parts of all of them. */
  #steps(
    { steps }: DocumentHistory,
    name: PartListener,
    writes: DocumentWrite[],
  ): ReadonlyMap<number, readonly number[]> {
    const known = this.#disk.steps;
    const now = new Map<number, readonly number[]>();
    for (const { diff, ...step } of steps) {
      const parts = known.get(step.id);
      if (parts && (!diff || this.#stored.has(diff))) {
        now.set(step.id, parts);
        continue;
      }
      if (!diff) throw new Error(`step ${step.id} is neither in memory nor in storage`);
      const written = this.#step(step, diff, name);
      writes.push({ kind: 'step', key: step.id, value: written.step });
      writes.push({ kind: 'diff', key: step.id, value: written.flat });
      now.set(step.id, written.step.parts);
    }
    for (const id of known.keys())
      if (!now.has(id)) writes.push({ kind: 'step', key: id }, { kind: 'diff', key: id });
    return now;
  }

  #step(
    step: Omit<HistoryStep, 'diff'>,
    diff: DocumentDiff,
    name: PartListener,
  ): { readonly step: StoredStep; readonly flat: FlatDiff } {
    const parts = new Set<number>();
    const flat = flattenDiff(diff, this.#numbers, (id, value) => {
      parts.add(id);
      name(id, value);
    });
    return { step: { ...step, parts: [...parts] }, flat };
  }
}

/** @throws BrokenRecord */
async function readSteps(store: DocumentStore, { id, steps }: DocumentHead): Promise<StoredStep[]> {
  const stored = await store.read(id, 'step', steps);
  return stored.map((step) => checked(stepSchema, step, 'a step'));
}

function become<T>(known: Map<number, T>, now: ReadonlyMap<number, T>): void {
  known.clear();
  for (const [id, value] of now) known.set(id, value);
}
