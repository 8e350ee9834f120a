import * as v from 'valibot';

/** What jobs have taught about one graphics adapter. Plain data, so that it can be kept between visits. */
export interface LearntLimit {
  /** Largest peak that a whole job has run with; 0: none yet. */
  readonly workedBytes: number;
  /** Smallest peak that ran out of memory; null: none did. */
  readonly failedBytes: number | null;
}

/** By adapter name. */
export type LearntLimits = Readonly<Record<string, LearntLimit>>;

const bytes = v.pipe(v.number(), v.finite(), v.minValue(0));

/** For what comes back from storage. */
export const learntLimitsSchema = v.record(
  v.string(),
  v.object({ workedBytes: bytes, failedBytes: v.nullable(bytes) }),
);

/** How a job under a plan ended. */
export interface PlanOutcome {
  /** `peakBytes` of the plan that ran; after a failure, of the same plan with a single crop at a time. */
  readonly peakBytes: number;
  readonly outOfMemory: boolean;
}

/** What is known of an adapter that has run no job yet. */
export const NOTHING_LEARNT: LearntLimit = { workedBytes: 0, failedBytes: null };

/** Memory may have been short for a passing reason, such as a game: every finished job lifts a known failure a bit. */
const FORGIVENESS = 1.02;

/** What is known after one more job: a failure lowers the limit, a success raises or forgives it. */
export function learn({ workedBytes, failedBytes }: LearntLimit, outcome: PlanOutcome): LearntLimit {
  const { peakBytes, outOfMemory } = outcome;
  if (outOfMemory)
    return {
      workedBytes: workedBytes < peakBytes ? workedBytes : 0,
      failedBytes: Math.min(failedBytes ?? Infinity, peakBytes),
    };
  const lifted = failedBytes === null ? null : failedBytes * FORGIVENESS;
  return {
    workedBytes: Math.max(workedBytes, peakBytes),
    failedBytes: lifted === null || peakBytes >= lifted ? null : lifted,
  };
}

/** `learn` for one adapter among all. */
export function learnAbout(limits: LearntLimits, adapter: string, outcome: PlanOutcome): LearntLimits {
  return { ...limits, [adapter]: learn(limits[adapter] ?? NOTHING_LEARNT, outcome) };
}
