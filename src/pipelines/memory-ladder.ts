import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import { planChange } from '#domain/plan/words.ts';
import {
  batchLimit,
  itemUnits,
  repaintBatch,
  type Repainted,
  type RepaintItem,
  type RepaintJob,
} from './repaint.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import type { JobPhase } from '#domain/job/events.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { JobContext } from './progress.ts';
import type { PromptEncoder, Services } from './services.ts';

/**
 * The services of one job, which become smaller whenever memory runs out: first fewer items at once, then what
 * `Services.stepDown` offers. Work that failed is done again from its start. Fewer items at once change nothing in the result; smaller networks may
 * compute less precisely, and the job says so.
 */
export class MemoryLadder {
  readonly #context: JobContext;
  #services: Services;
  /** Most work of one batch since one did not fit, in 1024² items. */
  #mostUnits = Infinity;

  constructor(services: Services, context: JobContext) {
    this.#services = services;
    this.#context = context;
  }

  get services(): Services {
    return this.#services;
  }

  /** The text encoders in use at the time of each call. */
  readonly prompts: PromptEncoder = {
    encode: (prompt, syntax) => this.retry(({ prompts }) => prompts.encode(prompt, syntax)),
    rest: () => this.#services.prompts.rest(),
  };

  /** Items of one size that may go together now. */
  itemsAtOnce(request: RefineRequest, item: { readonly sizePx: number }): number {
    const units = Math.min(batchLimit(request, this.#services), this.#mostUnits);
    return Math.max(1, Math.floor(units / itemUnits(item)));
  }

  /** Runs work that no batch can make smaller, on ever smaller services until it fits. */
  async retry<T>(run: (services: Services) => Promise<T>): Promise<T> {
    for (;;)
      try {
        return await run(this.#services);
      } catch (error) {
        await this.shrink(error, []);
      }
  }

  /**
   * Makes room after `error` ended the work on `items`.
   * @throws the error itself unless it is `gpu-out-of-memory`; that one with advice when nothing smaller is left.
   */
  async shrink(error: unknown, items: readonly RepaintItem[]): Promise<void> {
    this.#context.signal.throwIfAborted();
    if (!(error instanceof AppError) || error.code !== 'gpu-out-of-memory') throw error;
    const [first] = items;
    if (first && items.length > 1) this.#halve(first, items.length);
    else await this.#stepDown(error);
  }

  #halve(item: RepaintItem, count: number): void {
    const half = Math.ceil(count / 2);
    this.#mostUnits = half * itemUnits(item);
    this.#notify(sentence`Not enough memory for ${count} crops at once: going on with ${half} at a time.`);
  }

  async #stepDown(error: AppError): Promise<void> {
    const before = this.#services;
    const after = (await before.stepDown?.(error)) ?? null;
    this.#context.signal.throwIfAborted();
    if (!after) throw outOfMemory(error, before.memoryAdvice);
    this.#services = after;
    this.#mostUnits = Infinity;
    const change =
      before.plan && after.plan ? planChange(before.plan, after.plan) : sentence`smaller networks`;
    this.#notify(sentence`Not enough memory: going on with ${change}.`);
  }

  #notify(message: Sentence): void {
    this.#context.onEvent({ kind: 'notice', message });
  }
}

function outOfMemory(error: AppError, advice: Sentence | undefined): AppError {
  return advice ? new AppError(error.code, sentence`${error.sentence} ${advice}`, { cause: error }) : error;
}

/** A job whose services may become smaller while it runs. */
export interface LadderJob extends RepaintJob {
  readonly memory: MemoryLadder;
}

/** {@link repaintBatch} in as many pieces as memory asks for; a piece that does not fit is done again. */
export async function repaintWithinMemory(
  job: LadderJob,
  canvas: Raster8<'canvas'>,
  items: readonly RepaintItem[],
  phase: JobPhase,
): Promise<Repainted[]> {
  const results: Repainted[] = [];
  while (results.length < items.length) {
    const next = items[results.length] as RepaintItem;
    const count = job.memory.itemsAtOnce(job.request, next);
    const piece = items.slice(results.length, results.length + count);
    const mark = job.tracker.mark();
    try {
      results.push(...(await repaintBatch(job, canvas, piece, phase)));
    } catch (error) {
      job.tracker.undo(mark);
      await job.memory.shrink(error, piece);
    }
  }
  return results;
}
