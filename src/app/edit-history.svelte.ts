import type { DocumentCommand } from '#domain/document/commands.ts';
import type { DocumentDiff } from '#domain/document/diff.ts';
import {
  DocumentHistory,
  type HistoryStep,
  type Snapshot,
  type StepName,
  type StepOptions,
} from '#domain/document/history.ts';
import type { DocumentState } from '#domain/document/state.ts';
import { StepBack } from './step-back.ts';

/** What differences of steps may take in memory; older ones are read from storage when they are needed. */
const HELD_BYTES = 128 * 2 ** 20;
/** A snapshot that was removed can be brought back for this long: longer than any message stays by itself. */
const RETURNABLE_MS = 60_000;
/** A pause this long between two changes of the same thing makes two steps of them. */
const JOIN_WITHIN_MS = 1000;

/** Where differences of steps are stored. */
export interface StepSource {
  /** Whether this difference can be read back. */
  has(diff: DocumentDiff): boolean;
  /** Null when it is not there, or cannot be read. */
  read(stepId: number): Promise<DocumentDiff | null>;
}

/** Something that may cease to hold with a change of the document. */
export interface Lasting {
  holds(): boolean;
}

/** A way back, to be offered. */
export interface WayBack extends Lasting {
  readonly run: () => void;
  /** Calls once there is no way back any more. */
  readonly until: (withdraw: () => void) => void;
}

/** Where nothing is stored, everything stays in memory. */
const NO_SOURCE: StepSource = { has: () => false, read: () => Promise.resolve(null) };

/**
 * The history of the open document as the page sees it: present state and steps are reactive, old steps come and go
 * between memory and storage on their own.
 */
export class EditHistory {
  present = $state.raw<DocumentState>() as DocumentState;
  steps = $state.raw<readonly HistoryStep[]>([]);
  cursor = $state.raw(0);
  snapshots = $state.raw<readonly Snapshot[]>([]);
  readonly canUndo = $derived(this.cursor > 0);
  readonly canRedo = $derived(this.cursor < this.steps.length);

  /** Called when steps are gone for good, and with them perhaps the last mention of pixels. */
  onForgotten: () => void = () => undefined;
  /** Called after every change, with what is to be stored. */
  onChanged: (history: DocumentHistory) => void = () => undefined;

  #history: DocumentHistory;
  #source: StepSource = NO_SOURCE;
  /** Where the user is on the way to, while steps come back from storage; another wish or change replaces it. */
  #way: { readonly to: number } | null = null;
  #lastAt = 0;
  /** Ways, mostly back, that are offered just now. */
  #watched: readonly { readonly back: Lasting; readonly withdraw: () => void }[] = [];

  readonly #heldBytes: number;

  /** @param heldBytes what differences may take in memory. */
  constructor(initial: DocumentState, heldBytes = HELD_BYTES) {
    this.#heldBytes = heldBytes;
    this.#history = new DocumentHistory(initial);
    this.#publish();
  }

  /** The history itself, to come back to with {@link resume}. */
  get whole(): DocumentHistory {
    return this.#history;
  }

  /** Begins anew with another state: nothing of the old one can be undone. */
  reset(state: DocumentState): void {
    this.resume(new DocumentHistory(state));
  }

  /** Goes on with another history. */
  resume(history: DocumentHistory): void {
    history.seal();
    this.#history = history;
    this.#way = null;
    this.#publish();
    this.onForgotten();
  }

  /** Says where steps of the present document are stored. Those memory has room for are read behind the user's back. */
  storeIn(source: StepSource | null): void {
    this.#source = source ?? NO_SOURCE;
    void this.#fetch();
  }

  async #fetch(): Promise<void> {
    const [history, source] = [this.#history, this.#source];
    const isOpen = () => this.#history === history && this.#source === source;
    const next = () => (isOpen() ? history.nearestSpilled(this.#heldBytes) : null);
    for (let id = next(); id !== null; id = next()) {
      const diff = await source.read(id).catch(() => null);
      if (!diff) return;
      history.supply(id, diff);
    }
    if (isOpen()) this.#show();
  }

  /** Does commands as one step. */
  dispatch(commands: readonly DocumentCommand[], options: StepOptions = {}): void {
    const now = performance.now();
    if (now - this.#lastAt > JOIN_WITHIN_MS) this.#history.seal();
    this.#lastAt = now;
    this.#way = null;
    const forgotten = this.#history.dispatch(commands, options);
    this.spill();
    this.#publish();
    if (forgotten.length > 0) this.onForgotten();
  }

  /** Ids of the residuals the document, a step or a snapshot can still bring back. */
  namedPixels(): readonly string[] {
    return [...this.#history.namedPixels()];
  }

  /** One step back; a second wish while the first waits for storage goes two. */
  undo(): Promise<boolean> {
    return this.goTo((this.#way?.to ?? this.cursor) - 1);
  }

  redo(): Promise<boolean> {
    return this.goTo((this.#way?.to ?? this.cursor) + 1);
  }

  /**
   * Goes to the state after `cursor` steps; false when there is none, or its steps could not be read back. What the
   * user does while steps are read counts instead: then nothing more happens here.
   */
  async goTo(cursor: number): Promise<boolean> {
    const history = this.#history;
    if (cursor < 0 || cursor > history.steps.length) return false;
    const way = (this.#way = { to: cursor });
    for (let id = history.missing(cursor); id !== null; id = history.missing(cursor)) {
      const diff = await this.#source.read(id).catch(() => null);
      if (this.#way !== way) return true;
      if (!diff) {
        this.#way = null;
        return false;
      }
      history.supply(id, diff);
    }
    this.#way = null;
    history.goTo(cursor);
    this.spill();
    this.#publish();
    return true;
  }

  /** The way back over the step that comes next. @param along what follows that step by itself. */
  checkpoint(along: readonly StepName[] = []): StepBack {
    return new StepBack(this, along);
  }

  /** Calls `withdraw` once a way no longer holds; asked after every change. */
  watch(back: Lasting, withdraw: () => void): void {
    this.#watched = [...this.#watched, { back, withdraw }];
    this.#withdraw();
  }

  #withdraw(): void {
    const spent = this.#watched.filter(({ back }) => !back.holds());
    this.#watched = this.#watched.filter((one) => !spent.includes(one));
    for (const { withdraw } of spent) withdraw();
  }

  /** Keeps the present state under a name. */
  takeSnapshot(name: string): void {
    this.#history.takeSnapshot(name);
    this.#publish();
  }

  renameSnapshot(id: number, name: string): void {
    this.#history.renameSnapshot(id, name);
    this.#publish();
  }

  /** Removes one. Answers the way back, which holds for a while in this document alone. */
  removeSnapshot(id: number): WayBack {
    const history = this.#history;
    const snapshot = this.snapshots.find((candidate) => candidate.id === id);
    let returnable = snapshot !== undefined;
    const holds = () => returnable && this.#history === history;
    const back = {
      holds,
      until: (withdraw: () => void) => this.watch(back, withdraw),
      run: () => {
        if (!snapshot || !holds()) return;
        returnable = false;
        clearTimeout(timer);
        history.returnSnapshot(snapshot);
        this.#publish();
      },
    };
    const timer = setTimeout(() => {
      returnable = false;
      history.forgetRemoved(id);
      if (this.#history === history) this.#publish();
      this.onForgotten();
    }, RETURNABLE_MS);
    history.removeSnapshot(id);
    this.#publish();
    return back;
  }

  /** Comes back to a snapshot: a step of its own, so that nothing done since is lost. */
  restoreSnapshot(id: number): void {
    const snapshot = this.snapshots.find((candidate) => candidate.id === id);
    if (!snapshot) return;
    this.dispatch([{ type: 'replace-document', state: snapshot.state }], { subject: snapshot.name });
  }

  /** Old differences that are stored by now leave memory, where it holds too many. */
  spill(): void {
    const source = this.#source;
    this.#history.spill(this.#heldBytes, (diff) => source.has(diff));
  }

  #publish(): void {
    this.#show();
    this.#withdraw();
    this.onChanged(this.#history);
  }

  #show(): void {
    const { present, steps, cursor, snapshots } = this.#history;
    this.present = present;
    this.steps = [...steps];
    this.cursor = cursor;
    this.snapshots = snapshots;
  }
}
