import type { Sentence } from '../job/sentence.ts';
import { CODEC_TILES, type CropPx, type LinearBits, type ModelCosts } from './costs.ts';
import { usableBytes, type DeviceFacts } from './device.ts';
import { learn, NOTHING_LEARNT, type LearntLimit } from './learnt.ts';
import { choicePeaks, type Choice, type ChoicePeaks } from './peaks.ts';
import type { ExecutionPlan, Residency } from './types.ts';
import {
  nearestSentence,
  phaseSentence,
  refusalSentence,
  type Alternatives,
  type Obstacle,
  type PhaseWords,
} from './words.ts';

/** What the user asks for. */
export interface PlanWish {
  /** Largest side of a crop. */
  readonly cropPx: CropPx;
  /** Most crops of 1024² at once. */
  readonly batchLimit: number;
}

/** How a selection will be run within the memory there is. */
export interface Plan {
  readonly ok: true;
  readonly plan: ExecutionPlan;
  /** Most that is on the device at one time. */
  readonly peakBytes: number;
  readonly phases: readonly PhaseWords[];
}

/** A selection that fits in no way, with the nearest that would. */
export interface Refusal {
  readonly ok: false;
  /** Why it cannot run. */
  readonly refusal: Sentence;
  /** What would. */
  readonly nearest: Sentence;
}

export type Planned = Plan | Refusal;

/** Bits of the UNet's and of the other networks' Linear weights, from best to smallest. */
const PRECISIONS: readonly (readonly [unet: LinearBits, others: LinearBits])[] = [
  [null, null],
  [null, 8],
  [8, 8],
  [4, 8],
  [4, 4],
];

/** A larger batch is no faster on the CPU and only delays Stop. */
const CPU_BATCH_BYTES = 2 ** 28;

/**
 * The best plan that fits: precision before residency, residency before tile size, all of them before recording the
 * step and before the batch. What is given up first is thus the batch, then recording, then helpers kept loaded, then
 * the autoencoder's tile, then the bits of the weights, and loading each network anew for every use comes last.
 * @param costs for the type the device computes in: f16 with `shaderF16`, else f32.
 */
export function planMemory(
  costs: ModelCosts,
  device: DeviceFacts,
  wish: PlanWish,
  learnt: LearntLimit = NOTHING_LEARNT,
): Planned {
  const found = search(costs, device, wish, usableBytes(device, learnt));
  if (!found.obstacle) return spelledOut(costs, found, wish);
  return {
    ok: false,
    refusal: refusalSentence(found.obstacle, device),
    nearest: nearestSentence(alternatives(costs, device, wish, learnt)),
  };
}

/**
 * The plan to go on with after `plan` ran out of memory with a single crop at a time: its peak lies clearly below.
 * @returns also what was learnt, to be kept; a refusal when nothing smaller is left.
 */
export function stepDown(
  plan: ExecutionPlan,
  costs: ModelCosts,
  device: DeviceFacts,
  wish: PlanWish,
  learnt: LearntLimit = NOTHING_LEARNT,
): { readonly planned: Planned; readonly learnt: LearntLimit } {
  const { unet, others, residency, codecTilePx, capture } = plan;
  const single: Choice = {
    unetBits: unet.linearBits,
    othersBits: others.linearBits,
    residency,
    codecTilePx,
    capture,
    crops: 1,
  };
  const { peakBytes } = choicePeaks(costs, single, wish.cropPx);
  const now = learn(learnt, { peakBytes, outOfMemory: true });
  return { planned: planMemory(costs, device, wish, now), learnt: now };
}

/** A choice, and what stands in its way; null: nothing. */
interface Tried {
  readonly choice: Choice;
  readonly peaks: ChoicePeaks;
  readonly obstacle: Obstacle | null;
}

/** The first choice without obstacle, else the smallest there is. */
function search(costs: ModelCosts, device: DeviceFacts, wish: PlanWish, usable: number): Tried {
  let last: Tried | null = null;
  for (const choice of choices(device, wish)) {
    const peaks = choicePeaks(costs, choice, wish.cropPx);
    if (tooSlow(choice, peaks, device)) continue;
    last = { choice, peaks, obstacle: obstacle(peaks, device, usable) };
    if (!last.obstacle) return last;
  }
  if (!last) throw new Error('there is always a plan for a single crop to judge');
  return last;
}

type Rung = Pick<Choice, 'unetBits' | 'othersBits' | 'residency' | 'codecTilePx'>;

/** In order of preference; the batch is what gives way first. */
function* choices(device: DeviceFacts, wish: PlanWish): Generator<Choice> {
  for (const rung of rungs(device))
    for (const capture of device.kind === 'gpu' && rung.residency !== 'one' ? [true, false] : [false])
      for (let crops = mostCrops(wish); crops >= 1; crops--) yield { ...rung, capture, crops };
}

function rungs({ kind }: DeviceFacts): Rung[] {
  const tiles = (residency: Residency, [unetBits, othersBits]: (typeof PRECISIONS)[number]) =>
    CODEC_TILES.map((codecTilePx): Rung => ({ unetBits, othersBits, residency, codecTilePx }));
  // Packed weights are for GPUs: a step of a full-size model on the CPU takes longer than anyone waits.
  if (kind === 'cpu') return tiles('all', [null, null]);
  const whole: Rung = { unetBits: null, othersBits: null, residency: 'all', codecTilePx: 512 };
  return [whole, ...PRECISIONS.flatMap((bits) => tiles('sampler', bits)), ...tiles('one', [4, 4])];
}

/** Work of a crop relative to 1024². */
function cropUnits(cropPx: CropPx): number {
  return (cropPx / 1024) ** 2;
}

function mostCrops({ cropPx, batchLimit }: PlanWish): number {
  return Math.max(1, Math.floor(batchLimit / cropUnits(cropPx)));
}

function tooSlow({ crops }: Choice, { batchBytes }: ChoicePeaks, { kind }: DeviceFacts): boolean {
  return kind === 'cpu' && crops > 1 && batchBytes > CPU_BATCH_BYTES;
}

/** Weights larger than a binding are no obstacle: the runtime segments inputs (spec/onnxruntime-web.md §2.1). */
function obstacle({ phases }: ChoicePeaks, device: DeviceFacts, usable: number): Obstacle | null {
  const [worst] = [...phases].sort((a, b) => b.peakBytes - a.peakBytes);
  if (worst && worst.peakBytes > usable) return { kind: 'memory', phase: worst, limitBytes: usable };
  if (device.kind === 'cpu') return null;
  const tensorLimit = Math.min(device.maxBufferBytes, device.maxBindingBytes);
  const tensor = phases.find(({ largestBytes }) => largestBytes > tensorLimit);
  if (tensor) return { kind: 'buffer', phase: tensor, limitBytes: tensorLimit };
  const weight = phases.find(({ largestWeightBytes }) => largestWeightBytes > device.maxBufferBytes);
  return weight ? { kind: 'buffer', phase: weight, limitBytes: device.maxBufferBytes } : null;
}

function spelledOut(costs: ModelCosts, { choice, peaks }: Tried, { cropPx }: PlanWish): Plan {
  const { unetBits, othersBits, crops, codecTilePx, residency, capture } = choice;
  const plan: ExecutionPlan = {
    unet: { dtype: costs.dtype, linearBits: unetBits },
    others: { dtype: costs.dtype, linearBits: othersBits },
    codecTilePx,
    batchItems: crops * cropUnits(cropPx),
    batchBudgetBytes: Math.ceil(peaks.batchBytes),
    residency,
    residentBytes: Math.ceil(peaks.residentBytes),
    capture,
  };
  const phases = peaks.phases.map((phase) => ({
    name: phase.name,
    bytes: Math.ceil(phase.peakBytes),
    sentence: phaseSentence(phase, plan, crops),
  }));
  return { ok: true, plan, peakBytes: Math.ceil(peaks.peakBytes), phases };
}

/** Graphics cards that are offered as the nearest thing that fits. */
const USUAL_BUDGETS = [4, 6, 8, 12, 16, 24].map((gib) => gib * 2 ** 30);

function alternatives(
  costs: ModelCosts,
  device: DeviceFacts,
  wish: PlanWish,
  learnt: LearntLimit,
): Alternatives {
  const usable = usableBytes(device, learnt);
  const fits = (other: ModelCosts, cropPx = wish.cropPx) =>
    !search(other, device, { ...wish, cropPx }, usable).obstacle;
  const without = (['segment', 'anchor'] as const).find(
    (part) => costs[part] && fits({ ...costs, [part]: null }),
  );
  const card: DeviceFacts = { ...device, kind: 'gpu', maxBufferBytes: Infinity, maxBindingBytes: Infinity };
  const budgetBytes = USUAL_BUDGETS.find((budget) => {
    const roomy = usableBytes({ ...card, budgetBytes: budget }, NOTHING_LEARNT);
    const larger = device.kind === 'cpu' || budget > device.budgetBytes;
    return larger && !search(costs, card, wish, roomy).obstacle;
  });
  return {
    smallerCrops: wish.cropPx > 1024 && fits(costs, 1024),
    without: without ?? null,
    budgetBytes: budgetBytes ?? null,
  };
}
