import type { JobEvent, JobPhase } from '#domain/job/events.ts';
import type { Words } from '#domain/job/sentence.ts';

/** What every pipeline gets besides its request. */
export interface JobContext {
  readonly signal: AbortSignal;
  readonly onEvent: (event: JobEvent) => void;
}

/** Kinds of work that take a predictable time each, measured per 1024² item while the job runs. */
export type WorkKind = 'segment' | 'resize' | 'prompt' | 'anchor' | 'codec' | 'step' | 'blend';

/** What a unit of each kind costs relative to a sampler step, until it has been measured; only the ratios matter. */
const RELATIVE_COST: Readonly<Record<WorkKind, number>> = {
  segment: 4,
  resize: 2,
  prompt: 0.2,
  anchor: 0.5,
  codec: 1,
  step: 1,
  blend: 0.1,
};

/** Units of each kind a job will do; one is the work on a 1024² item. */
export type WorkPlan = Readonly<Partial<Record<WorkKind, number>>>;

/** Units done of each kind at one moment. */
export type WorkMark = ReadonlyMap<WorkKind, number>;

/** Pieces of a kind from which on its pace is known: the first one also loads and compiles. */
const PIECES_OF_A_PACE = 2;

/** Pieces whose pace is remembered: a device that has grown hot or busy is slower than it was. */
const REMEMBERED = 32;

/** Part of the remaining work whose pace must be known before a time is named. */
const KNOWN_PART = 0.5;

/** Work of one kind that is done. */
interface Done {
  readonly units: number;
  /** Milliseconds per unit of each of the latest pieces. */
  readonly paces: readonly number[];
}

const NOTHING: Done = { units: 0, paces: [] };

/**
 * Progress and remaining time of one job from counted, measured work. Fractions never go backwards even when the
 * estimate of the remaining work grows. What happens once, such as loading and compiling in the first piece of a kind,
 * counts for neither.
 */
export class ProgressTracker {
  readonly #total = new Map<WorkKind, number>();
  readonly #done = new Map<WorkKind, Done>();
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
    const done = this.#doneOf(kind);
    const pace = (performance.now() - begin) / units;
    this.#done.set(kind, { units: done.units + units, paces: [...done.paces, pace].slice(-REMEMBERED) });
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

  /**
   * Milliseconds left; null while the pace of most of what remains is unknown: nothing can be said of thirty steps after
   * an upscale, nor after a first step that had to load its network.
   */
  remainingMs(): number | null {
    const left = this.#left();
    const cost = sum(left, ([kind, units]) => units * RELATIVE_COST[kind]);
    if (cost === 0) return 0;
    const known = left.filter(([kind]) => this.#isKnown(kind));
    if (sum(known, ([kind, units]) => units * RELATIVE_COST[kind]) < KNOWN_PART * cost) return null;
    const guess = this.#guess();
    return sum(left, ([kind, units]) => units * this.#paceOf(kind, guess));
  }

  #report(phase: JobPhase, detail: Words): void {
    this.#fraction = Math.max(this.#fraction, this.#share());
    const remainingMs = this.remainingMs();
    this.#context.onEvent({ kind: 'progress', phase, fraction: this.#fraction, remainingMs, detail });
  }

  /** Of the job's whole time, as far as it can be told. */
  #share(): number {
    const guess = this.#guess() || 1;
    const done = sum(this.#done, ([kind, { units }]) => units * this.#paceOf(kind, guess));
    const left = sum(this.#left(), ([kind, units]) => units * this.#paceOf(kind, guess));
    return done > 0 ? done / (done + left) : 0;
  }

  /** Units of each kind that are still to do. */
  #left(): (readonly [WorkKind, number])[] {
    return [...this.#total].map(([kind, units]) => [kind, Math.max(0, units - this.#doneOf(kind).units)]);
  }

  #doneOf(kind: WorkKind): Done {
    return this.#done.get(kind) ?? NOTHING;
  }

  #isKnown(kind: WorkKind): boolean {
    return this.#doneOf(kind).paces.length >= PIECES_OF_A_PACE;
  }

  /** Milliseconds per relative cost unit over the kinds whose pace is known; 0 while there are none. */
  #guess(): number {
    const known = [...this.#done].filter(([kind]) => this.#isKnown(kind));
    const cost = sum(known, ([kind, { units }]) => units * RELATIVE_COST[kind]);
    return cost > 0 ? sum(known, ([, { units, paces }]) => units * usual(paces)) / cost : 0;
  }

  /** Milliseconds a unit of a kind takes, by its own pieces or by the guess from others. */
  #paceOf(kind: WorkKind, guess: number): number {
    return this.#isKnown(kind) ? usual(this.#doneOf(kind).paces) : guess * RELATIVE_COST[kind];
  }
}

/** The lower median: of two it is the faster, so that one slow piece, such as the first, says nothing. */
function usual(paces: readonly number[]): number {
  return paces.toSorted((a, b) => a - b)[(paces.length - 1) >> 1] ?? 0;
}

function sum<T>(items: Iterable<T>, value: (item: T) => number): number {
  let total = 0;
  for (const item of items) total += value(item);
  return total;
}
