import type { DocumentHistory } from '#domain/document/history.ts';
import { BrowserDocumentStore, type DocumentStore } from './document-store.ts';
import { tabMemory, webLockOwners, type DocumentOwners, type TabMemory } from './document-owners.ts';
import { headLines, RECORD_VERSION, type HeadLine } from './document-record.ts';
import { DocumentSaver } from './document-saver.ts';
import { readDocument } from './saved-document-reader.ts';
import { SavedDocument } from './saved-document.ts';

/** A tab that reloads finds its document locked until the browser has cleared its former self away. */
const OWN_PATIENCE_MS = 2000;
/** Documents no tab has open that are kept: tabs of a browser that was closed come back one by one. */
const KEPT = 2;

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
  | { readonly kind: 'unreadable'; readonly name: string; readonly newer: boolean };

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
  readonly #storage: DocumentStorage | null;
  readonly #events: SessionEvents;
  #current: OwnedDocument | null = null;
  #troubled = false;
  /** Could not be read, or their picture could not be opened. */
  #unusable: readonly string[] = [];

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

  /** The document this tab had, or else the newest that no tab has; none for a tab that was left without one. */
  async claim(): Promise<Claim | null> {
    if (!this.#storage) return null;
    const { store, tab, owners } = this.#storage;
    const own = tab.read();
    if (own === '') return null;
    const heads = await store.heads().catch(() => []);
    const lines = headLines(heads);
    const mine = lines.filter(({ id }) => id === own);
    for (const line of [...mine, ...lines.filter(({ id, left }) => id !== own && !left)]) {
      const patience = line.id === own ? OWN_PATIENCE_MS : 0;
      const release = await owners.take(line.id, patience).catch(() => null);
      if (!release) continue;
      return this.#read(
        line,
        heads.find(({ id }) => id === line.id),
        release,
      );
    }
    return null;
  }

  async #read(line: HeadLine, head: unknown, release: () => void): Promise<Claim> {
    const { store } = this.#storage as DocumentStorage;
    try {
      const { saved, history, damaged } = await readDocument(store, head);
      const saver = this.#saver(saved, history);
      saver.start(null);
      return { kind: 'found', history, owned: { saver, release }, damaged };
    } catch (error) {
      console.warn(`The stored document ${line.id} cannot be used.`, error);
      this.#unusable = [...this.#unusable, line.id];
      release();
      return { kind: 'unreadable', name: line.name, newer: line.version > RECORD_VERSION };
    }
  }

  /** Stores a document that was just opened. */
  begin(file: Blob, name: string, history: DocumentHistory): void {
    if (!this.#storage) return;
    const { store, owners, tab } = this.#storage;
    const id = crypto.randomUUID();
    const saver = this.#saver(new SavedDocument(store, { id, file, name }), history);
    let given = false;
    let free: (() => void) | null = null;
    const release = () => {
      given = true;
      free?.();
    };
    const owned = { saver, release };
    this.#current = owned;
    tab.write(id);
    owners.take(id).then(
      (granted) => {
        free = granted;
        if (given) granted?.();
        else saver.start(() => void this.#tidy().catch(() => undefined));
      },
      () => this.#trouble(),
    );
  }

  /** Goes on storing a document that was claimed, or left. */
  resume(owned: OwnedDocument): void {
    this.#current = owned;
    this.#storage?.tab.write(owned.saver.saved.id);
    void owned.saver.leave(false);
  }

  /** The open document, stored as it is now; it is opened by itself no more, and stays this tab's until it is released. */
  leave(): OwnedDocument | null {
    const owned = this.#current;
    this.#current = null;
    this.#storage?.tab.write('');
    void owned?.saver.leave(true);
    return owned;
  }

  /** A claimed document whose picture cannot be opened: it stays stored until another one is. */
  refuse({ saver, release }: OwnedDocument): void {
    this.#unusable = [...this.#unusable, saver.saved.id];
    release();
  }

  changed(history: DocumentHistory): void {
    this.#current?.saver.changed(history);
  }

  /** For when the page may end: everything that is not stored yet is on its way when this returns. */
  flush(): void {
    void this.#current?.saver.flush();
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

  /** Once a newly opened document is stored, those that nobody will ask for go. */
  async #tidy(): Promise<void> {
    const { store, owners } = this.#storage as DocumentStorage;
    const lines = headLines(await store.heads()).filter(({ id }) => id !== this.source?.id);
    let kept = 0;
    for (const { id, left } of lines) {
      const release = await owners.take(id);
      if (!release) continue;
      const useful = !left && !this.#unusable.includes(id);
      if (!useful || ++kept > KEPT) await store.remove(id);
      release();
    }
    this.#events.onRemoved();
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
