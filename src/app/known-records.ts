/** What a save does to records of one kind: what it writes by key, undefined where it removes. */
export type Touched = ReadonlyMap<number, unknown>;

/**
 * What is known of stored records of one kind. Saves may overlap and any of them may fail, but they are carried out in
 * the order they were issued in: what one on its way removes or replaces does not count as stored, and what it writes
 * may have to be removed.
 */
export class KnownRecords {
  /** Stored, whatever becomes of the saves on their way; what was written, by key. */
  readonly #sure: Map<number, unknown>;
  readonly #possible: Set<number>;
  readonly #issued = new Set<Touched>();

  /** @param possible keys of records that may be there as well, whatever is in them. */
  constructor(sure: Iterable<readonly [number, unknown]> = [], possible: Iterable<number> = []) {
    this.#sure = new Map(sure);
    this.#possible = new Set([...this.#sure.keys(), ...possible]);
  }

  has(key: number): boolean {
    return this.#sure.has(key);
  }

  /** What surely is stored under this key. */
  get(key: number): unknown {
    return this.#sure.get(key);
  }

  /** Whether something may be stored under this key. */
  mayHave(key: number): boolean {
    return this.#possible.has(key);
  }

  /** Keys under which something may be stored. */
  get possible(): Iterable<number> {
    return this.#possible;
  }

  issue(touched: Touched): void {
    this.#issued.add(touched);
    for (const [key, value] of touched) {
      this.#sure.delete(key);
      if (value !== undefined) this.#possible.add(key);
    }
  }

  settle(touched: Touched, done: boolean): void {
    this.#issued.delete(touched);
    if (!done) return;
    for (const [key, value] of touched) {
      if (this.#isContested(key, value)) continue;
      if (value === undefined) this.#possible.delete(key);
      else this.#sure.set(key, value);
    }
  }

  /** Whether a later save makes something else of this key. */
  #isContested(key: number, value: unknown): boolean {
    for (const later of this.#issued) if (later.has(key) && later.get(key) !== value) return true;
    return false;
  }
}
