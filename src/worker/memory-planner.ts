import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { ModelCosts } from '#domain/plan/costs.ts';
import type { DeviceFacts } from '#domain/plan/device.ts';
import { learnAbout, NOTHING_LEARNT, type LearntLimits } from '#domain/plan/learnt.ts';
import { planMemory, stepDown, type Plan, type Planned, type PlanWish } from '#domain/plan/plan.ts';
import { SMALL_MODELS_PLAN, type ExecutionPlan } from '#domain/plan/types.ts';
import type { MemoryState } from './api.ts';

/** What the adapter is, and what of its memory is assumed while the user has not said. */
export interface PlannedDevice extends Omit<DeviceFacts, 'budgetBytes'> {
  /** Names the adapter for what is learnt about it. */
  readonly adapter: string;
  readonly guessedBytes: number;
}

/** What a job asks for when none is known yet: the largest crops anyone uses would refuse too much. */
export const USUAL_WISH: PlanWish = { cropPx: 1024, batchLimit: 4 };

/** Keeps what the memory plan is made from, and what jobs have taught. */
export class MemoryPlanner {
  readonly #device: PlannedDevice;
  #budgetBytes: number | null = null;
  #costs: ModelCosts | null = null;
  #learnt: LearntLimits = {};

  constructor(device: PlannedDevice) {
    this.#device = device;
  }

  get learnt(): LearntLimits {
    return this.#learnt;
  }

  recall(budgetBytes: number | null, learnt: LearntLimits): void {
    this.#budgetBytes = budgetBytes;
    this.#learnt = learnt;
  }

  /** The user knows better than what was learnt before. */
  set budgetBytes(bytes: number | null) {
    this.#budgetBytes = bytes;
    this.#learnt = { ...this.#learnt, [this.#device.adapter]: NOTHING_LEARNT };
  }

  /** Null: no complete set of models is chosen. */
  set costs(costs: ModelCosts | null) {
    this.#costs = costs;
  }

  /** @throws AppError `gpu-out-of-memory` with the reason and the nearest thing that fits. */
  plan(wish: PlanWish): Plan {
    const planned = this.#planned(wish);
    if (planned.ok) return planned;
    throw new AppError('gpu-out-of-memory', sentence`${planned.refusal} ${planned.nearest}`);
  }

  /** For finding things where re-painting does not fit: SAM 3 alone, in the smallest form. */
  planForDetection(): Plan {
    try {
      return this.plan(USUAL_WISH);
    } catch (error) {
      const costs = this.#costs;
      if (!costs || this.#device.kind !== 'gpu') throw error;
      const packed = { dtype: costs.dtype, linearBits: 8 } as const;
      const plan = { ...SMALL_MODELS_PLAN, unet: packed, others: packed, residency: 'one' as const };
      return { ok: true, plan, peakBytes: 0, phases: [] };
    }
  }

  /** What to go on with after the plan ran out of memory with a single crop; null: nothing smaller is left. */
  smaller(plan: ExecutionPlan, wish: PlanWish): Plan | null {
    if (!this.#costs) return null;
    const { planned, learnt } = stepDown(plan, this.#costs, this.#facts, wish, this.#known);
    // Where even the smallest plan fails, something else has the memory: that must not refuse every later job.
    if (!planned.ok) return null;
    this.#learnt = { ...this.#learnt, [this.#device.adapter]: learnt };
    return planned;
  }

  /** A job of this peak came through. */
  worked(peakBytes: number): void {
    this.#learnt = learnAbout(this.#learnt, this.#device.adapter, { peakBytes, outOfMemory: false });
  }

  state(wish: PlanWish = USUAL_WISH): MemoryState {
    const { budgetBytes } = this.#facts;
    const guessed = this.#budgetBytes === null;
    if (!this.#costs) return { budgetBytes, guessed, peakBytes: null, phases: [], refusal: null };
    const planned = this.#planned(wish);
    if (!planned.ok) {
      const refusal = sentence`${planned.refusal} ${planned.nearest}`;
      return { budgetBytes, guessed, peakBytes: null, phases: [], refusal };
    }
    const { peakBytes, phases } = planned;
    return { budgetBytes, guessed, peakBytes, phases, refusal: null };
  }

  #planned(wish: PlanWish): Planned {
    if (!this.#costs) throw new AppError('model-missing', 'The chosen models are not complete. See Models.');
    return planMemory(this.#costs, this.#facts, wish, this.#known);
  }

  get #facts(): DeviceFacts {
    return { ...this.#device, budgetBytes: this.#budgetBytes ?? this.#device.guessedBytes };
  }

  get #known() {
    return this.#learnt[this.#device.adapter] ?? NOTHING_LEARNT;
  }
}
