/** Something that holds device memory until it is released. */
export interface Releasable {
  release(): Promise<void>;
}

/** A borrowed entry. `done` gives it back; the cache may then release it. */
export interface Lease<T> {
  readonly value: T;
  done(): void;
}

interface Entry<T> {
  readonly value: Promise<T>;
  users: number;
}

/**
 * Keeps the most recently used sessions, never releasing one in use. Old ones go before a new one is loaded, because
 * a device rarely has room for two full-size networks.
 */
export class LeaseCache<T extends Releasable> {
  /** In order of use, oldest first. */
  readonly #entries = new Map<string, Entry<T>>();
  readonly #capacity: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
  }

  async acquire(key: string, load: () => Promise<T>): Promise<Lease<T>> {
    const entry = this.#entries.get(key) ?? { value: this.#makeRoom().then(load), users: 0 };
    this.#entries.delete(key);
    this.#entries.set(key, entry);
    entry.users++;
    try {
      const value = await entry.value;
      return { value, done: once(() => entry.users--) };
    } catch (error) {
      if (this.#entries.get(key) === entry) this.#entries.delete(key);
      throw error;
    }
  }

  has(key: string): boolean {
    return this.#entries.has(key);
  }

  /** Releases everything that is not in use. */
  async clear(): Promise<void> {
    await this.#evict(this.#entries.size);
  }

  async #makeRoom(): Promise<void> {
    await this.#evict(this.#entries.size + 1 - this.#capacity);
  }

  async #evict(count: number): Promise<void> {
    const idle = [...this.#entries].filter(([, entry]) => entry.users === 0).slice(0, Math.max(0, count));
    for (const [key] of idle) this.#entries.delete(key);
    for (const [, entry] of idle) await (await entry.value).release();
  }
}

function once(action: () => void): () => void {
  let done = false;
  return () => {
    if (!done) action();
    done = true;
  };
}
