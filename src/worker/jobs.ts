import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { JobContext } from '#pipelines/progress.ts';
import type { Failure, JobId, Result } from './api.ts';

/** Progress crosses to the page at most this often; areas and notices always do. */
const PROGRESS_INTERVAL_MS = 80;

const STOPPED = { ok: false, error: { code: 'aborted', message: 'Stopped.' } } as const;

/** Running jobs by id: an AbortSignal cannot cross postMessage, so the page stops a job by naming it. */
export class Jobs {
  readonly #running = new Map<JobId, AbortController>();

  cancel(id: JobId): void {
    this.#running.get(id)?.abort(new AppError('aborted', 'Stopped.'));
  }

  cancelAll(): void {
    for (const id of this.#running.keys()) this.cancel(id);
  }

  /**
   * Runs one job with its signal and throttled events; every outcome becomes a {@link Result}. Events cross to the page
   * on a port of their own: the answer waits until the last of them is heard, or a stop could overtake the layer that was
   * just finished.
   */
  async run<T>(
    id: JobId,
    onEvent: (event: JobEvent) => unknown,
    work: (context: JobContext) => Promise<T>,
  ): Promise<Result<T>> {
    const controller = new AbortController();
    this.#running.set(id, controller);
    let heard: unknown;
    const tell = throttled((event) => {
      heard = onEvent(event);
    });
    try {
      const result = await asResult(() => work({ signal: controller.signal, onEvent: tell }));
      await Promise.resolve(heard).catch(() => undefined);
      // An answer after the stop belongs to a document that may be gone, and whatever broke then is part of stopping.
      return controller.signal.aborted ? STOPPED : result;
    } finally {
      this.#running.delete(id);
    }
  }
}

function throttled(onEvent: (event: JobEvent) => void): (event: JobEvent) => void {
  let last = -Infinity;
  return (event) => {
    const now = performance.now();
    if (event.kind === 'progress' && now - last < PROGRESS_INTERVAL_MS) return;
    if (event.kind === 'progress') last = now;
    onEvent(event);
  };
}

/** Expected failures travel as data: postMessage strips an error to its message. */
export async function asResult<T>(work: () => Promise<T>): Promise<Result<T>> {
  try {
    return { ok: true, value: await work() };
  } catch (error) {
    return { ok: false, error: describe(error) };
  }
}

function describe(error: unknown): Failure {
  if (error instanceof AppError) return failureOf(error);
  if (error instanceof DOMException && error.name === 'AbortError')
    return failureOf(new AppError('aborted', 'Stopped.'));
  console.error(error);
  const reason = error instanceof Error ? error.message : String(error);
  return failureOf(new AppError('internal', sentence`Something unexpected went wrong: ${reason}`));
}

/** Without values the message itself says which sentence it is. */
function failureOf({ code, message, sentence: { id, values } }: AppError): Failure {
  return values.length > 0 ? { code, message, sentence: { id, values } } : { code, message };
}
