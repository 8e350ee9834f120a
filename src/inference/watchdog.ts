import type { AppError } from '#domain/job/app-error.ts';
import type { WeightSource } from './weights.ts';

/** Longer than any plausible run, or pause of a load, means that the backend hangs (spec/reliability-ux.md §1.3). */
const WATCHDOG_MS = 10 * 60 * 1000;

/** Ends the wait for a call that does not come back. */
export class Watchdog {
  readonly #hung: () => AppError;
  readonly #timeout: Promise<never>;
  #reject: (error: AppError) => void = () => undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param hung makes the error of the call. */
  constructor(hung: () => AppError) {
    this.#hung = hung;
    this.#timeout = new Promise((_, reject) => (this.#reject = reject));
  }

  async over<T>(work: Promise<T>): Promise<T> {
    this.#start();
    try {
      return await Promise.race([work, this.#timeout]);
    } finally {
      clearTimeout(this.#timer);
      this.#timer = undefined;
    }
  }

  /** Something moved: the wait begins anew, if the call is still under way. */
  restart(): void {
    if (this.#timer !== undefined) this.#start();
  }

  #start(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#reject(this.#hung());
    }, WATCHDOG_MS);
  }
}

/** The same source; every read that arrives is noticed, so that a slow disk is not taken for a hanging backend. */
export function noticedReads(source: WeightSource, onRead: () => void): WeightSource {
  const noticed = async <T>(read: Promise<T>): Promise<T> => {
    const value = await read;
    onRead();
    return value;
  };
  return {
    ...source,
    float: (key) => noticed(source.float(key)),
    rows: (key, begin, end) => noticed(source.rows(key, begin, end)),
    stored: (key, range) => noticed(source.stored(key, range)),
  };
}
