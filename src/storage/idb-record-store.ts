import { openDB, type IDBPDatabase } from 'idb';
import type { RecordStore } from './record-store.ts';

const STORES = ['folders', 'imports', 'preferences'] as const;
const VERSION = 1;

export type RecordStoreName = (typeof STORES)[number];

/**
 * One IndexedDB database, opened when first needed and again after the browser closed it. Every write is one
 * transaction with strict durability (reliability-ux.md §1, findings 8 and 9).
 */
export class StudioDatabase {
  readonly #name: string;
  #opening: Promise<IDBPDatabase> | null = null;

  constructor(name = 'luna-models') {
    this.#name = name;
  }

  store(name: RecordStoreName): RecordStore {
    return {
      get: async (id) => (await this.#open()).get(name, id) as Promise<unknown>,
      getAll: async () => (await this.#open()).getAll(name) as Promise<readonly unknown[]>,
      put: (record) => this.#change(name, (store) => store.put(record)),
      delete: (id) => this.#change(name, (store) => store.delete(id)),
    };
  }

  async close(): Promise<void> {
    const opening = this.#opening;
    this.#opening = null;
    (await opening)?.close();
  }

  async #change(name: RecordStoreName, change: (store: Changeable) => Promise<unknown>): Promise<void> {
    const transaction = (await this.#open()).transaction(name, 'readwrite', { durability: 'strict' });
    // Only the transaction's end says that the change is there to stay.
    await Promise.all([change(transaction.objectStore(name)), transaction.done]);
  }

  #open(): Promise<IDBPDatabase> {
    const forget = () => (this.#opening = null);
    this.#opening ??= openDB(this.#name, VERSION, {
      upgrade: (database) => {
        for (const store of STORES) database.createObjectStore(store, { keyPath: 'id' });
      },
      // A newer version of the studio wants to upgrade in another tab: let it.
      blocking: () => void this.close(),
      terminated: forget,
    }).catch((error: unknown) => {
      forget();
      throw error;
    });
    return this.#opening;
  }
}

interface Changeable {
  put(value: unknown): Promise<unknown>;
  delete(key: string): Promise<unknown>;
}
