import type { JobEvent, JobPhase } from '#domain/job/events.ts';
import type { Words } from '#domain/job/sentence.ts';

/** What every pipeline gets besides its request. */
export interface JobContext {
  readonly signal: AbortSignal;
  readonly onEvent: (event: JobEvent) => void;
}

/** Kinds of work that take a predictable time each, measured per 1024² item while the job runs. */
export type WorkKind = 'segment' | 'resize' | 'prompt' | 'anchor' | 'codec' | 'step' | 'blend';

/** First guesses relative to one sampler step; only their ratios matter, and the first measurements replace them. */
const RELATIVE_COST: Readonly<Record<WorkKind, number>> = {
  segment: 4,
  resize: 2,
  prompt: 0.2,
  anchor: 0.5,
  codec: 1,
  step: 1,
  blend: 0.1,
};

export type WorkPlan = Readonly<Partial<Record<WorkKind, number>>>;

/** Units done of each kind at one moment. */
export type WorkMark = ReadonlyMap<WorkKind, number>;

/**
 * Progress and remaining time of one job from counted, measured work. Fractions never go backwards even when the
 * estimate of the remaining work grows.
 */
export class ProgressTracker {
  readonly #total = new Map<WorkKind, number>();
  readonly #done = new Map<WorkKind, { units: number; ms: number }>();
  readonly #context: JobContext;
  #fraction = 0;

  constructor(plan: WorkPlan, context: JobContext) {
    for (const [kind, units] of Object.entries(plan)) this.#total.set(kind as WorkKind, units);
    this.#context = context;
  }

  /** Runs one piece of work, counts it and reports. Refuses to start when the job was stopped. */
  async work<T>(
    kind: WorkKind,
    units: number,
    phase: JobPhase,
    detail: Words,
    run: () => Promise<T>,
  ): Promise<T> {
    this.#context.signal.throwIfAborted();
    this.#report(phase, detail);
    const begin = performance.now();
    const result = await run();
    this.#context.signal.throwIfAborted();
    const entry = this.#done.get(kind) ?? { units: 0, ms: 0 };
    this.#done.set(kind, { units: entry.units + units, ms: entry.ms + performance.now() - begin });
    this.#report(phase, detail);
    return result;
  }

  /** What has been done so far, for {@link undo}. */
  mark(): WorkMark {
    return new Map([...this.#done].map(([kind, { units }]) => [kind, units]));
  }

  /** The work since `mark` came to nothing and will be done again: it was spent, so the total grows by it. */
  undo(mark: WorkMark): void {
    for (const [kind, { units }] of this.#done)
      this.#total.set(kind, (this.#total.get(kind) ?? 0) + units - (mark.get(kind) ?? 0));
  }

  #report(phase: JobPhase, detail: Words): void {
    const left = this.remainingMs();
    const spent = this.#spentMs();
    if (left !== null) this.#fraction = Math.max(this.#fraction, spent / Math.max(1, spent + left));
    this.#context.onEvent({
      kind: 'progress',
      phase,
      fraction: Math.min(1, this.#fraction),
      remainingMs: left,
      detail,
    });
  }

  #spentMs(): number {
    return [...this.#done.values()].reduce((sum, { ms }) => sum + ms, 0);
  }

  /** Milliseconds per relative cost unit over everything measured so far. */
  #pace(): number | null {
    let cost = 0;
    for (const [kind, { units }] of this.#done) cost += units * RELATIVE_COST[kind];
    return cost > 0 ? this.#spentMs() / cost : null;
  }

  /** Time left, or null before anything was measured. */
  remainingMs(): number | null {
    const pace = this.#pace();
    if (pace === null) return null;
    let remaining = 0;
    for (const [kind, total] of this.#total) {
      const done = this.#done.get(kind);
      const perUnit = done && done.units > 0 ? done.ms / done.units : pace * RELATIVE_COST[kind];
      remaining += Math.max(0, total - (done?.units ?? 0)) * perUnit;
    }
    return remaining;
  }
}
