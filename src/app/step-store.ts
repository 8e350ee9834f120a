import { clear, createStore, delMany, get, keys, setMany, type UseStore } from 'idb-keyval';
import type { DocumentDiff } from '#domain/document/diff.ts';
import type { HistoryStep } from '#domain/document/history.ts';

/** Held in shared mode by every visit that has stored steps. */
const LOCK = 'luna-history';

/** Where differences of old steps lie while they are not in memory. */
export interface StepStore {
  write(steps: readonly HistoryStep[]): Promise<void>;
  /** Null when it is not there. */
  read(id: number): Promise<DocumentDiff | null>;
  remove(ids: readonly number[]): Promise<void>;
  clear(): Promise<void>;
}

/**
 * Steps in the browser's database. They belong to one visit and one tab, told apart by `visit`; what a visit leaves
 * behind is removed by the next one that stores steps while no other does.
 */
export function browserStepStore(visit: string = crypto.randomUUID()): StepStore {
  const store = createStore('luna-history', 'steps');
  const keyOf = (id: number) => `${visit}.${id}`;
  let begun: Promise<void> | null = null;
  return {
    write: async (steps) => {
      await (begun ??= dropLeftovers(store));
      await setMany(
        steps.map(({ id, diff }) => [keyOf(id), diff]),
        store,
      );
    },
    read: async (id) => (await get<DocumentDiff>(keyOf(id), store)) ?? null,
    remove: async (ids) => {
      if (begun) await delMany(ids.map(keyOf), store);
    },
    clear: async () => {
      if (!begun) return;
      const own = (await keys<string>(store)).filter((key) => key.startsWith(`${visit}.`));
      await delMany(own, store);
    },
  };
}

/** Every visit keeps a shared lock while it lasts, so whoever gets it exclusively is alone. */
async function dropLeftovers(store: UseStore): Promise<void> {
  await navigator.locks.request(LOCK, { ifAvailable: true }, (lock) => (lock ? clear(store) : undefined));
  void navigator.locks.request(LOCK, { mode: 'shared' }, () => new Promise<never>(() => undefined));
}
