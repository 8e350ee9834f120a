import type { DocumentHistory } from '#domain/document/history.ts';
import { BrowserDocumentStore, type DocumentStore } from './document-store.ts';
import { tabMemory, webLockOwners, type DocumentOwners, type TabMemory } from './document-owners.ts';
import { headLines, RECORD_VERSION, type HeadLine } from './document-record.ts';
import { DocumentSaver } from './document-saver.ts';
import { BrokenRecord } from './part-reader.ts';
import { readDocument } from './saved-document-reader.ts';
import { SavedDocument } from './saved-document.ts';

/** A tab that reloads finds its document locked until the browser has cleared its former self away. */
const OWN_PATIENCE_MS = 2000;
/**
 * Documents no tab has open that are kept, and for how long: tabs of a browser that was closed come back one by one,
 * and one that the browser discarded may be looked at again after days.
 */
const KEPT = 5;
const KEPT_MS = 14 * 24 * 60 * 60 * 1000;

/** Where documents are stored, and whose they are. */
export interface DocumentStorage {
  readonly store: DocumentStore;
  readonly owners: DocumentOwners;
  readonly tab: TabMemory;
}

export const browserDocuments = (): DocumentStorage => ({
  store: new BrowserDocumentStore(),
  owners: webLockOwners,
  tab: tabMemory,
});

/** A document this tab owns. */
export interface OwnedDocument {
  readonly saver: DocumentSaver;
  readonly release: () => void;
}

/** What a tab finds when it starts. */
export type Claim =
  | {
      readonly kind: 'found';
      readonly owned: OwnedDocument;
      readonly history: DocumentHistory;
      /** Steps or snapshots of it could not be read back, and are gone. */
      readonly damaged: boolean;
    }
  | { readonly kind: 'unreadable'; readonly name: string; readonly why: Unreadable };

/** It is of a newer version, not what was written, or storage would not give it this time. */
export type Unreadable = 'newer' | 'broken' | 'unread';

/** A document whose place another one takes. */
interface Departure {
  readonly owned: OwnedDocument;
  /** Nobody can ask it back any more. */
  released: boolean;
  /** Storage has been told, or it is open again. */
  over: boolean;
}

export interface SessionEvents {
  /** Something was stored: differences may leave memory. */
  onSaved(): void;
  /** For the first time, something could not be stored. */
  onTrouble(): void;
  /** Stored documents were removed, and with them the last mention of pixels. */
  onRemoved(): void;
}

/**
 * The stored documents of one tab: the open one follows every change, the one that was left waits to be asked back.
 * A tab that starts takes over what it, or a tab that is gone, had open.
 */
export class DocumentSession {
  /** Whether the last changes could not be stored. */
  failing = $state.raw(false);
  /** Bytes of layers' pixels that the disk would not take: they end with the tab. */
  pixelsInMemoryBytes = $state.raw(0);
  /** What is being brought back from the visit before; '' while that is looked for, null once it is decided. */
  restoring = $state.raw<string | null>(null);
  /** Whether storage holds nothing of the open document yet. */
  unstored = $state.raw(false);
  readonly #storage: DocumentStorage | null;
  readonly #events: SessionEvents;
  #current: OwnedDocument | null = null;
  #troubled = false;
  /** Left, while what takes their place is not stored: a reload brings the last of them back. */
  #departing: readonly Departure[] = [];
  /** Ids of documents that are not what was written. */
  #broken: readonly string[] = [];

  /** @param storage null: nothing is stored. */
  constructor(storage: DocumentStorage | null, events: SessionEvents) {
    this.#storage = storage;
    this.#events = events;
    if (storage?.tab.read()) this.restoring = '';
  }

  /** Where steps of the open document are stored. */
  get source(): SavedDocument | null {
    return this.#current?.saver.saved ?? null;
  }

  /**
   * The document this tab had, though another tab may have left it meanwhile; or else the newest that no tab has and
   * nobody has left. None for a tab that was left without one.
   */
  async claim(): Promise<Claim | null> {
    if (!this.#storage) return null;
    const { store, tab } = this.#storage;
    const own = tab.read();
    if (own === '') return null;
    const lines = headLines(await store.heads().catch(() => []));
    let unreadable: Claim | null = null;
    for (const line of [...lines.filter(({ id }) => id === own), ...lines]) {
      if (line.left && line.id !== own) continue;
      const claim = await this.#claim(line, line.id === own ? OWN_PATIENCE_MS : 0);
      if (claim?.kind === 'found' || (claim && line.id === own)) return claim;
      unreadable ??= claim;
    }
    return unreadable;
  }

  /** Null when another tab has it. */
  async #claim({ id, name, version }: HeadLine, patienceMs: number): Promise<Claim | null> {
    const { store, owners } = this.#storage as DocumentStorage;
    const release = await owners.take(id, patienceMs).catch(() => null);
    if (!release) return null;
    try {
      // Its former owner may have stored it while it was waited for.
      const head = (await store.heads()).find((one) => one.id === id);
      const { saved, history, damaged } = await readDocument(store, head);
      const saver = this.#saver(saved, history);
      saver.start(null);
      return { kind: 'found', history, owned: { saver, release }, damaged };
    } catch (error) {
      console.warn(`The stored document ${id} cannot be used.`, error);
      release();
      const why = version > RECORD_VERSION ? 'newer' : error instanceof BrokenRecord ? 'broken' : 'unread';
      if (why === 'broken') this.#broken = [...this.#broken, id];
      return { kind: 'unreadable', name, why };
    }
  }

  /** Stores a document that was just opened. The one before stays the tab's until that is done. */
  begin(file: Blob, name: string, history: DocumentHistory): void {
    if (!this.#storage) return;
    const { store } = this.#storage;
    const saver = this.#saver(new SavedDocument(store, { id: crypto.randomUUID(), file, name }), history);
    this.#open(saver, () => {
      saver.start(() => {
        void this.#arrived(saver)
          .then(() => this.#tidy())
          .catch(() => undefined);
      });
    });
  }

  /** Goes on storing a document that was claimed, or left. */
  resume(owned: OwnedDocument): void {
    const { saver } = owned;
    const departure = this.#departing.find((one) => one.owned.saver === saver);
    this.#departing = this.#departing.filter((one) => one !== departure);
    if (departure) departure.over = true;
    this.#current = owned;
    this.unstored = !saver.stored;
    void saver.leave(false);
    if (saver.stored) void this.#arrived(saver);
  }

  /** Makes this tab the owner of a new document, and it the open one. */
  #open(saver: DocumentSaver, onOwned: () => void): void {
    let given = false;
    let free: (() => void) | null = null;
    const release = () => {
      given = true;
      free?.();
    };
    this.#current = { saver, release };
    this.unstored = true;
    this.#storage?.owners.take(saver.saved.id).then(
      (granted) => {
        free = granted;
        if (given) granted?.();
        else onOwned();
      },
      () => this.#trouble(),
    );
  }

  /** Storage holds the open document: from now on a reload brings that back, and none that was open before. */
  async #arrived(saver: DocumentSaver): Promise<void> {
    if (this.#current?.saver !== saver) return;
    this.unstored = false;
    this.#storage?.tab.write(saver.saved.id);
    await this.#conclude();
  }

  /** The open document, stored as it is now; it stays this tab's until it is released. */
  leave(): OwnedDocument | null {
    const owned = this.#current;
    this.#current = null;
    this.unstored = false;
    if (!owned) return null;
    void owned.saver.flush();
    const departure: Departure = { owned, released: false, over: false };
    this.#departing = [...this.#departing, departure];
    const release = () => {
      departure.released = true;
      if (departure.over) owned.release();
    };
    return { saver: owned.saver, release };
  }

  /** No document takes the place of the one that was left: this tab starts without. */
  stayEmpty(): void {
    this.#storage?.tab.write('');
    void this.#conclude();
  }

  /** Documents that were left are opened by themselves no more. */
  async #conclude(): Promise<void> {
    const departing = this.#departing;
    this.#departing = [];
    await Promise.all(departing.map((departure) => this.#depart(departure)));
  }

  async #depart(departure: Departure): Promise<void> {
    const { saver, release } = departure.owned;
    await saver.leave(true);
    if (departure.over) return;
    departure.over = true;
    if (!departure.released) return;
    saver.end();
    release();
  }

  /** A claimed document whose picture cannot be opened, for whatever reason: it stays stored. */
  refuse({ release }: OwnedDocument): void {
    release();
  }

  changed(history: DocumentHistory): void {
    this.#current?.saver.changed(history);
  }

  /** For when the page may end: everything that is not stored yet is on its way when this returns. */
  flush(): void {
    const saver = this.#current?.saver;
    void saver?.flush();
    // Nobody will be there to hear that it has arrived.
    if (saver && this.unstored && !this.failing) this.#storage?.tab.write(saver.saved.id);
  }

  /** Ids of residuals that documents other than the open one can come to. @throws what the storage says. */
  async namedElsewhere(): Promise<readonly string[]> {
    if (!this.#storage) return [];
    const { store } = this.#storage;
    const own = this.source?.id;
    const others = (await store.heads()).filter(({ id }) => id !== own);
    const named = await Promise.all(others.map(({ id }) => store.read(id, 'pixels', [0])));
    return named.flat(2).filter((id) => typeof id === 'string');
  }

  /** Once a newly opened document is stored, those go that nobody can ask for, or will. */
  async #tidy(): Promise<void> {
    const { store, owners } = this.#storage as DocumentStorage;
    const lines = headLines(await store.heads()).filter(({ id }) => id !== this.source?.id);
    let kept = 0;
    for (const line of lines) {
      if (line.version > RECORD_VERSION) continue;
      const release = await owners.take(line.id);
      if (!release) continue;
      if (!this.#isUseful(line) || ++kept > KEPT) await store.remove(line.id);
      release();
    }
    this.#events.onRemoved();
  }

  #isUseful({ id, savedAt, left, untouched }: HeadLine): boolean {
    return !this.#broken.includes(id) && Date.now() - savedAt < KEPT_MS && !(left && untouched);
  }

  #saver(saved: SavedDocument, history: DocumentHistory): DocumentSaver {
    return new DocumentSaver(saved, history, {
      onSaved: () => {
        this.failing = false;
        this.#events.onSaved();
      },
      onTrouble: (error) => {
        console.warn('The document could not be stored.', error);
        this.#trouble();
      },
    });
  }

  #trouble(): void {
    this.failing = true;
    if (this.#troubled) return;
    this.#troubled = true;
    this.#events.onTrouble();
  }
}
