import type { KnownRecords } from './known-records.ts';

/** How often parts are named by what is to be stored: a save looks at what has changed, not at all there is. */
export class PartReferences {
  readonly #known: KnownRecords;
  readonly #counts = new Map<number, number>();
  /** Named, and perhaps not stored. */
  readonly #missing = new Set<number>();
  /** Perhaps stored, and not named. */
  readonly #unnamed: Set<number>;

  constructor(known: KnownRecords) {
    this.#known = known;
    this.#unnamed = new Set(known.possible);
  }

  /** A part named twice counts twice. */
  add(parts: readonly number[]): void {
    for (const id of parts) {
      const count = this.#counts.get(id) ?? 0;
      this.#counts.set(id, count + 1);
      if (count > 0) continue;
      this.#unnamed.delete(id);
      if (!this.#known.has(id)) this.#missing.add(id);
    }
  }

  /** Opposite of {@link add}. */
  remove(parts: readonly number[]): void {
    for (const id of parts) {
      const count = (this.#counts.get(id) ?? 0) - 1;
      if (count > 0) this.#counts.set(id, count);
      else {
        this.#counts.delete(id);
        this.#missing.delete(id);
        if (this.#known.mayHave(id)) this.#unnamed.add(id);
      }
    }
  }

  /** Parts that have to be written. */
  missing(): Set<number> {
    for (const id of this.#missing) if (this.#known.has(id)) this.#missing.delete(id);
    return new Set(this.#missing);
  }

  /** Parts that have to be removed. */
  unnamed(): number[] {
    for (const id of this.#unnamed) if (!this.#known.mayHave(id)) this.#unnamed.delete(id);
    return [...this.#unnamed];
  }
}
