/** Runs the newest of many calls, one at a time: what is asked while one runs waits, and only the last of it is run. */
export class Newest {
  #latest = 0;
  #running: Promise<unknown> = Promise.resolve();

  /** Null where a newer call came before this one was done. */
  async run<T>(work: () => Promise<T>): Promise<T | null> {
    const turn = ++this.#latest;
    await this.#running.catch(() => undefined);
    if (turn !== this.#latest) return null;
    const running = work();
    this.#running = running;
    const result = await running;
    return turn === this.#latest ? result : null;
  }
}
