import type { JobEvent } from '#domain/job/events.ts';
import type { JobKind, JobState } from './job-state.svelte.ts';
import { messages, type Saying } from './messages.ts';
import { reasonOf } from './reason.ts';
import type { StudioState } from './studio-state.svelte.ts';
import { callback, type Result, type WorkerClient } from './worker-client.ts';

export type WorkerError = Extract<Result<never>, { readonly ok: false }>['error'];

/** What commands need of the studio around them. */
export interface CommandHost {
  readonly document: StudioState;
  readonly job: JobState;
  readonly client: WorkerClient;
  /** The value, or null after saying what went wrong. */
  readonly expect: <T>(result: Result<T>) => T | null;
  /** Says what went wrong. */
  readonly explain: (error: WorkerError) => void;
}

/** One job as the page follows it. */
export interface JobCall<T> {
  readonly kind: JobKind;
  readonly request: (id: string, onEvent: (event: JobEvent) => void) => Promise<Result<T>>;
  /** Takes the answer and says what came of it. */
  readonly take: (value: T) => Saying;
  /** Sees every event of the job while it is the present one. */
  readonly onEvent?: (event: JobEvent) => void;
  /** After a stop, a failure or the end of the worker, before it is explained: what was finished is kept here. */
  readonly interrupted?: () => void;
}

/**
 * Runs jobs one at a time. An answer counts only while its job is the present one and its picture still is the
 * document; a late answer is dropped.
 */
export class JobRunner {
  readonly #host: CommandHost;
  /** Of the present job; of the last one when none runs. */
  #interrupted: (() => void) | undefined;

  constructor(host: CommandHost) {
    this.#host = host;
  }

  async run<T>({ kind, request, take, onEvent, interrupted }: JobCall<T>): Promise<void> {
    const { job, document, explain } = this.#host;
    const { image } = document;
    const id = job.begin(kind);
    this.#interrupted = interrupted;
    const follow = (event: JobEvent) => {
      if (!job.isCurrent(id)) return;
      job.apply(id, event);
      onEvent?.(event);
    };
    const result = await request(id, callback(follow));
    if (!job.isCurrent(id) || document.image !== image) return;
    if (result.ok) return this.#finish(() => take(result.value));
    this.abandon(result.error.code === 'aborted' ? this.#whyStopped() : '');
    explain(result.error);
  }

  /**
   * Ends the present job, if there is one, without its answer, as when its worker is gone: what it has finished is kept,
   * and whatever it still says goes unheard.
   */
  abandon(outcome: Saying = ''): void {
    if (this.#host.job.running)
      this.#finish(() => {
        this.#interrupted?.();
        return outcome;
      });
    else this.#host.job.finish(outcome);
  }

  /** Whatever goes wrong while an answer is taken, the job is over and the user hears of it. */
  #finish(take: () => Saying): void {
    try {
      this.#host.job.finish(take());
    } catch (error) {
      this.#host.job.finish('');
      this.#host.explain({ code: 'internal', message: reasonOf(error) });
    }
  }

  /** Without a wish to stop, the worker itself stopped the job for a new picture, which is on its way. */
  #whyStopped(): Saying {
    const { document, job } = this.#host;
    const { opening } = document;
    const { stopping } = job;
    const areas = job.areas.length;
    if (opening === null || stopping) return () => messages.bar.stopped(areas);
    return () => messages.bar.replaced(opening);
  }
}
