/**
 * Remembers one value per id together with what it was made from: it is made again when one of its inputs is another
 * one (by identity). Holds the latest value only, so a slider that is dragged leaves nothing behind.
 */
export class Memo<T> {
  readonly #entries = new Map<string, { readonly inputs: readonly unknown[]; readonly value: T }>();
  #made = 0;

  /** How many values were made, not remembered, in this memo's life. */
  get made(): number {
    return this.#made;
  }

  of(id: string, inputs: readonly unknown[], make: () => T): T {
    const entry = this.#entries.get(id);
    if (entry && sameInputs(entry.inputs, inputs)) return entry.value;
    const value = make();
    this.#made++;
    this.#entries.set(id, { inputs, value });
    return value;
  }

  /** Forgets every id that is not among these. */
  keepOnly(ids: ReadonlySet<string>): void {
    for (const id of this.#entries.keys()) if (!ids.has(id)) this.#entries.delete(id);
  }
}

function sameInputs(a: readonly unknown[], b: readonly unknown[]): boolean {
  return a.length === b.length && a.every((input, i) => Object.is(input, b[i]));
}
