/** Sends only the newest of many values and never more than one at a time, so that a busy receiver is not buried. */
export class Latest<T> {
  #next: { value: T } | null = null;
  #busy = false;
  readonly #send: (value: T) => Promise<void>;

  constructor(send: (value: T) => Promise<void>) {
    this.#send = send;
  }

  push(value: T): void {
    this.#next = { value };
    if (!this.#busy) void this.#drain();
  }

  async #drain(): Promise<void> {
    this.#busy = true;
    while (this.#next) {
      const { value } = this.#next;
      this.#next = null;
      await this.#send(value);
    }
    this.#busy = false;
  }
}
