import { sentence, type Sentence } from '#domain/job/sentence.ts';

/** The browser's fetch, or a test's. */
export type Fetch = typeof globalThis.fetch;

/** How patient a connection is, and what ends it. */
export interface NetworkOptions {
  readonly signal: AbortSignal;
  readonly fetch: Fetch;
  /** Waits before another try. */
  readonly delay: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Silence after which a connection counts as cut. */
  readonly stallMs: number;
}

/** A cut connection, a busy server, another version of the file: worth another try. */
export class Interrupted extends Error {
  readonly sentence: Sentence;

  constructor(why: Sentence, options?: ErrorOptions) {
    super(String(why), options);
    this.sentence = why;
  }
}

/**
 * Requests that are given up together when nothing arrives for a while or the job is stopped. Waiting ends then in any
 * case, also where the browser's own fetch does not notice.
 */
export class Connection {
  readonly #options: NetworkOptions;
  readonly #controller = new AbortController();
  readonly #stop = () => this.#controller.abort();

  constructor(options: NetworkOptions) {
    this.#options = options;
    if (options.signal.aborted) this.#stop();
    else options.signal.addEventListener('abort', this.#stop, { once: true });
  }

  open(input: RequestInfo | URL, init: RequestInit = {}): Promise<Response> {
    return this.#watch(this.#options.fetch(input, { ...init, signal: this.#controller.signal }));
  }

  /** The next bytes of a body; null at its end. */
  async next(reader: ReadableStreamDefaultReader<Uint8Array>): Promise<Uint8Array | null> {
    const { value } = await this.#watch(reader.read());
    return value ?? null;
  }

  close(): void {
    this.#options.signal.removeEventListener('abort', this.#stop);
    this.#controller.abort();
  }

  async #watch<T>(step: Promise<T>): Promise<T> {
    const stalled = setTimeout(this.#stop, this.#options.stallMs);
    const stopped = once(this.#controller.signal);
    try {
      return await Promise.race([step, stopped.promise]);
    } catch (error) {
      const silent = this.#controller.signal.aborted;
      throw new Interrupted(silent ? sentence`The server fell silent.` : sentence`The connection was cut.`, {
        cause: error,
      });
    } finally {
      clearTimeout(stalled);
      stopped.forget();
    }
  }
}

function once(signal: AbortSignal): { readonly promise: Promise<never>; readonly forget: () => void } {
  let onAbort: () => void = () => undefined;
  const promise = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(new Error('Given up.'));
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort);
  });
  return { promise, forget: () => signal.removeEventListener('abort', onAbort) };
}
