import type { PixelMessage } from './pixel-messages.ts';

/** As long as this at a time pixels are taken in; then whatever else the worker is asked has its turn. */
const SLICE_MS = 6;

/** Takes in pixels piece by piece, in order, so that a large picture on its way holds up no camera move. */
export class PixelInbox {
  readonly #take: (message: PixelMessage) => void;
  #waiting: PixelMessage[] = [];
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(take: (message: PixelMessage) => void) {
    this.#take = take;
  }

  push(message: PixelMessage): void {
    // What is replaced as a whole need not be shown before.
    if (message.kind === 'picture')
      this.#waiting = this.#waiting.filter(({ kind, name }) => kind === 'picture' || name !== message.name);
    this.#waiting.push(message);
    if (this.#timer === undefined) this.#timer = setTimeout(() => this.#work());
  }

  #work(): void {
    this.#timer = undefined;
    const end = performance.now() + SLICE_MS;
    let next: PixelMessage | undefined;
    while (performance.now() < end && (next = this.#waiting.shift())) this.#take(next);
    if (this.#waiting.length > 0) this.#timer = setTimeout(() => this.#work());
  }
}
