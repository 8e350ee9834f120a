import type { DocumentOwners, TabMemory } from '#app/document-owners.ts';
import type { DocumentStorage } from '#app/document-session.svelte.ts';
import type { DocumentStore, DocumentWrite, RecordKind, StoredHead } from '#app/document-store.ts';

/** Documents in memory, copied on the way in and out; a commit happens as a whole or not at all. */
export class FakeDocumentStore implements DocumentStore {
  readonly heads_ = new Map<string, StoredHead>();
  readonly records = new Map<string, unknown>();
  commits = 0;
  /** The commit with this number and all later ones fail: the tab was killed, or the disk is full. */
  failFrom = Infinity;
  /** What the last commit wrote. */
  last: readonly DocumentWrite[] = [];
  /** Commits that wait until the test lets them go on. */
  slow: (() => void)[] | null = null;

  heads(): Promise<readonly StoredHead[]> {
    return Promise.resolve(structuredClone([...this.heads_.values()]));
  }

  read(id: string, kind: RecordKind, keys: readonly number[]): Promise<readonly unknown[]> {
    return Promise.resolve(keys.map((key) => copy(this.records.get(path(id, kind, key)))));
  }

  keys(id: string, kind: RecordKind): Promise<readonly number[]> {
    const prefix = `${id}/${kind}/`;
    const own = [...this.records.keys()].filter((key) => key.startsWith(prefix));
    return Promise.resolve(own.map((key) => Number(key.slice(prefix.length))));
  }

  async commit(head: StoredHead, writes: readonly DocumentWrite[]): Promise<void> {
    const copied = writes.map(({ value, ...write }) => ({ ...write, value: copy(value) }));
    const number = this.commits++;
    const now = structuredClone(head);
    if (this.slow) await new Promise<void>((go) => this.slow?.push(go));
    if (number >= this.failFrom) throw new DOMException('full', 'QuotaExceededError');
    this.last = writes;
    for (const { kind, key, value } of copied) {
      if (value === undefined) this.records.delete(path(head.id, kind, key));
      else this.records.set(path(head.id, kind, key), value);
    }
    this.heads_.set(head.id, now);
  }

  remove(id: string): Promise<void> {
    this.heads_.delete(id);
    for (const key of this.records.keys()) if (key.startsWith(`${id}/`)) this.records.delete(key);
    return Promise.resolve();
  }
}

const path = (id: string, kind: RecordKind, key: number) => `${id}/${kind}/${key}`;
/** Node's structuredClone makes another kind of thing of a Blob. */
const copy = (value: unknown): unknown => (value instanceof Blob ? value : structuredClone(value));

/** A browser with any number of tabs on one storage. */
export class FakeBrowser {
  readonly store = new FakeDocumentStore();
  readonly #owned = new Set<string>();

  /** A tab that remembers `own`; duplicates share what they remember, but not what they own. */
  tab(own: string | null = null): DocumentStorage & { close(): void; readonly tab: TabMemory } {
    const mine = new Set<string>();
    let remembered = own;
    const owners: DocumentOwners = {
      take: (id) => {
        if (this.#owned.has(id)) return Promise.resolve(null);
        this.#owned.add(id);
        mine.add(id);
        return Promise.resolve(() => {
          mine.delete(id);
          this.#owned.delete(id);
        });
      },
    };
    const tab = { read: () => remembered, write: (id: string) => void (remembered = id) };
    const close = () => {
      for (const id of mine) this.#owned.delete(id);
      mine.clear();
    };
    return { store: this.store, owners, tab, close };
  }
}
