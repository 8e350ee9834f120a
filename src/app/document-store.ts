import { deleteDB, openDB, type DBSchema, type IDBPDatabase } from 'idb';

/**
 * What a document is stored as beside its head. `picture` and `pixels` (ids of all residuals it can come to) are one
 * record each, with the key 0; parts, steps, their differences and snapshots have a number of their own.
 */
export type RecordKind = 'picture' | 'pixels' | 'part' | 'step' | 'diff' | 'snapshot';

export interface DocumentWrite {
  readonly kind: RecordKind;
  readonly key: number;
  /** Removes the record where it is undefined. */
  readonly value?: unknown;
}

/** The only thing about a head that a storage has to know. */
export interface StoredHead {
  readonly id: string;
}

/**
 * Documents by id: a small head, and records in any number. What is read back is data of unknown age and shape: check
 * it before believing it.
 */
export interface DocumentStore {
  heads(): Promise<readonly StoredHead[]>;
  /** In the order of the keys; undefined where there is none. */
  read(id: string, kind: RecordKind, keys: readonly number[]): Promise<readonly unknown[]>;
  keys(id: string, kind: RecordKind): Promise<readonly number[]>;
  /**
   * Writes all of it or nothing. What is written is on its way when this returns, so that it also arrives from a page
   * that ends.
   */
  commit(head: StoredHead, writes: readonly DocumentWrite[]): Promise<void>;
  remove(id: string): Promise<void>;
}

interface Schema extends DBSchema {
  heads: { key: string; value: StoredHead };
  records: { key: [id: string, kind: RecordKind, key: number]; value: unknown };
}
type Database = IDBPDatabase<Schema>;

const NAME = 'luna-documents';
const VERSION = 1;
/** Where steps lay before whole documents were stored. */
const FORMER_STEPS = 'luna-history';

/** Documents in the browser's database, every commit one transaction with strict durability (reliability-ux.md §6). */
export class BrowserDocumentStore implements DocumentStore {
  #database: Database | null = null;
  #opening: Promise<Database> | null = null;

  async heads(): Promise<readonly StoredHead[]> {
    return (await this.#open()).getAll('heads');
  }

  async read(id: string, kind: RecordKind, keys: readonly number[]): Promise<readonly unknown[]> {
    const { store } = (await this.#open()).transaction('records');
    return Promise.all(keys.map((key) => store.get([id, kind, key])));
  }

  async keys(id: string, kind: RecordKind): Promise<readonly number[]> {
    const all = IDBKeyRange.bound([id, kind], [id, kind, []]);
    return (await (await this.#open()).getAllKeys('records', all)).map(([, , key]) => key);
  }

  commit(head: StoredHead, writes: readonly DocumentWrite[]): Promise<void> {
    if (this.#database) return commit(this.#database, head, writes);
    return this.#open().then((database) => commit(database, head, writes));
  }

  async remove(id: string): Promise<void> {
    const transaction = (await this.#open()).transaction(['heads', 'records'], 'readwrite');
    await Promise.all([
      transaction.objectStore('heads').delete(id),
      transaction.objectStore('records').delete(IDBKeyRange.bound([id], [id, []])),
      transaction.done,
    ]);
  }

  #open(): Promise<Database> {
    this.#opening ??= openDB<Schema>(NAME, VERSION, {
      upgrade: (database) => {
        database.createObjectStore('heads', { keyPath: 'id' });
        database.createObjectStore('records');
        void deleteDB(FORMER_STEPS);
      },
      // A newer version of the studio wants to upgrade in another tab: let it.
      blocking: () => this.#close(),
      terminated: () => this.#close(),
    }).then(
      (database) => (this.#database = database),
      (error: unknown) => {
        this.#opening = null;
        throw error;
      },
    );
    return this.#opening;
  }

  #close(): void {
    this.#database?.close();
    this.#database = null;
    this.#opening = null;
  }
}

/** Nothing is awaited before the transaction is complete as far as the page is concerned. */
async function commit(database: Database, head: StoredHead, writes: readonly DocumentWrite[]): Promise<void> {
  const transaction = database.transaction(['heads', 'records'], 'readwrite', { durability: 'strict' });
  const records = transaction.objectStore('records');
  const requests: Promise<unknown>[] = [];
  try {
    for (const { kind, key, value } of writes) {
      const path: Schema['records']['key'] = [head.id, kind, key];
      requests.push(value === undefined ? records.delete(path) : records.put(value, path));
    }
    requests.push(transaction.objectStore('heads').put(head));
    transaction.commit();
  } catch (error) {
    // Something that cannot be cloned: what was asked for so far must not stay by itself.
    transaction.abort();
    await Promise.allSettled([...requests, transaction.done]);
    throw error;
  }
  await Promise.all([...requests, transaction.done]);
}
