import type { DocumentHistory } from '#domain/document/history.ts';
import type { SavedDocument } from './saved-document.ts';

/** Changes that follow each other closely are saved together, but not later than that. */
const REST_MS = 300;
const LONGEST_MS = 1000;
const RETRY_MS = 10_000;

export interface SaverEvents {
  /** Everything up to some moment is stored. */
  onSaved(): void;
  /** It could not be stored; it is tried again by itself. */
  onTrouble(error: unknown): void;
}

/** Stores a document as it changes. */
export class DocumentSaver {
  readonly saved: SavedDocument;
  readonly #events: SaverEvents;
  #history: DocumentHistory;
  #left = false;
  #dirty = false;
  /** When the oldest change that is not on its way was made. */
  #since = 0;
  #timer: ReturnType<typeof setTimeout> | undefined;
  /** Saves that have not ended. */
  #running = 0;
  /** Called once something is stored; undefined before storing has begun. */
  #onFirst: (() => void) | null | undefined;

  constructor(saved: SavedDocument, history: DocumentHistory, events: SaverEvents) {
    this.saved = saved;
    this.#history = history;
    this.#events = events;
  }

  /** Begins to store. Until then changes are only taken note of: somebody else might own the document. */
  start(onFirst: (() => void) | null): void {
    this.#onFirst = onFirst;
    if (onFirst) this.changed(this.#history);
  }

  /** Whether storage holds some state of the document. */
  get stored(): boolean {
    return this.#onFirst === null;
  }

  /** Stores nothing more, unless the document changes again: somebody else may own it now. */
  end(): void {
    clearTimeout(this.#timer);
    this.#dirty = false;
  }

  /** The document is like this now. */
  changed(history: DocumentHistory): void {
    this.#history = history;
    const now = performance.now();
    if (!this.#dirty) this.#since = now;
    this.#dirty = true;
    this.#saveIn(Math.min(REST_MS, Math.max(0, this.#since + LONGEST_MS - now)));
  }

  /** Another document has taken its place, or it has come back. */
  leave(left: boolean): Promise<void> {
    this.#dirty ||= this.#left !== left;
    this.#left = left;
    return this.flush();
  }

  /** Sends on its way whatever is not: nothing is waited for before that. */
  async flush(): Promise<void> {
    if (!this.#dirty || this.#onFirst === undefined) return;
    clearTimeout(this.#timer);
    this.#dirty = false;
    this.#running++;
    try {
      await this.saved.save(this.#history, this.#left);
      this.#events.onSaved();
      const first = this.#onFirst;
      this.#onFirst = null;
      first?.();
    } catch (error) {
      if (!this.#dirty) this.#saveIn(RETRY_MS);
      this.#dirty = true;
      this.#events.onTrouble(error);
    } finally {
      this.#running--;
    }
  }

  #saveIn(ms: number): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#due(), ms);
  }

  /** A storage that is slow gets the next save when it has finished the last. */
  #due(): void {
    if (this.#running > 0) this.#saveIn(REST_MS);
    else void this.flush();
  }
}
