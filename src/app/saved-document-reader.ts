import * as v from 'valibot';
import { PartNumbers } from '#domain/document/flat.ts';
import { DocumentHistory, type HistoryStep, type Snapshot } from '#domain/document/history.ts';
import { headSchema, stepSchema, type DocumentHead, type StoredStep } from './document-record.ts';
import type { DocumentStore } from './document-store.ts';
import { KnownRecords } from './known-records.ts';
import { BrokenRecord, checked, PartReader } from './part-reader.ts';
import { SavedDocument } from './saved-document.ts';

/** A document as it was read back. */
export interface ReadDocument {
  readonly saved: SavedDocument;
  readonly history: DocumentHistory;
  /** Steps or snapshots were not what was written: they are no longer part of it. */
  readonly damaged: boolean;
}

/**
 * A stored document with its history, whose differences stay in storage. Without its head, its picture or its present
 * state there is none; of steps and snapshots it has those that are whole.
 * @throws BrokenRecord; anything else says nothing about the document.
 */
export async function readDocument(store: DocumentStore, stored: unknown): Promise<ReadDocument> {
  const head = checked(headSchema, stored, 'the head');
  const { id, name, nextId } = head;
  const [file] = await store.read(id, 'picture', [0]);
  if (!(file instanceof Blob)) throw new BrokenRecord('the picture');
  if (head.cursor > head.steps.length) throw new BrokenRecord('the head: cursor');
  const numbers = new PartNumbers(head.nextPart);
  const parts = new PartReader(store, id, numbers);
  const present = await parts.state(head.present);
  const snapshots = await readSnapshots(store, head, parts);
  const { kept, cursor } = wholeSteps(await store.read(id, 'step', head.steps), head);
  const disk = {
    picture: new KnownRecords([[0, true]]),
    pixels: new KnownRecords(),
    part: new KnownRecords((await store.keys(id, 'part')).map((key) => [key, true])),
    step: new KnownRecords(
      kept.map((step) => [step.id, step]),
      head.steps,
    ),
    snapshot: new KnownRecords(
      snapshots.map((snapshot) => [snapshot.id, snapshot.state]),
      head.snapshots.map((snapshot) => snapshot.id),
    ),
  };
  const saved = new SavedDocument(store, { id, file, name }, numbers, disk, kept);
  const steps = kept.map(({ parts: _parts, ...step }): HistoryStep => ({ ...step, diff: null }));
  const damaged = kept.length < head.steps.length || snapshots.length < head.snapshots.length;
  return { saved, history: DocumentHistory.restored({ present, steps, cursor, snapshots, nextId }), damaged };
}

async function readSnapshots(
  store: DocumentStore,
  head: DocumentHead,
  parts: PartReader,
): Promise<Snapshot[]> {
  const flat = await store.read(
    head.id,
    'snapshot',
    head.snapshots.map(({ id }) => id),
  );
  const whole: Snapshot[] = [];
  for (const [i, snapshot] of head.snapshots.entries()) {
    const state = await parts.state(flat[i]).catch((error: unknown) => {
      if (error instanceof BrokenRecord) return null;
      throw error;
    });
    if (state) whole.push({ ...snapshot, state });
  }
  return whole;
}

/** Steps on both sides of the cursor, as far as they are whole: nobody can go over one that is not. */
function wholeSteps(
  stored: readonly unknown[],
  { steps, cursor }: DocumentHead,
): { readonly kept: StoredStep[]; readonly cursor: number } {
  const read = stored.map((step, i) => {
    const result = v.safeParse(stepSchema, step);
    return result.success && result.output.id === steps[i] ? result.output : null;
  });
  const isBroken = (step: StoredStep | null) => step === null;
  const from = read.slice(0, cursor).findLastIndex(isBroken) + 1;
  const broken = read.slice(cursor).findIndex(isBroken);
  const to = broken < 0 ? read.length : cursor + broken;
  return { kept: read.slice(from, to).filter((step) => step !== null), cursor: cursor - from };
}
