import { ALLOCATOR_FACTOR } from './allocator.ts';
import {
  weightsOf,
  type CropPx,
  type LinearBits,
  type ModelCosts,
  type PhaseCost,
  type PhaseName,
} from './costs.ts';
import type { ExecutionPlan } from './types.ts';

/** Everything a plan decides, before it is spelled out as an {@link ExecutionPlan}. */
export type Choice = Pick<ExecutionPlan, 'residency' | 'codecTilePx' | 'capture'> & {
  readonly unetBits: LinearBits;
  readonly othersBits: LinearBits;
  /** Crops of one batch; each is two rows, for guidance. */
  readonly crops: number;
};

/** Bytes on the device during one phase of a choice. */
export interface PhasePeak {
  readonly name: PhaseName;
  readonly weightBytes: number;
  /** What its runs take beyond weights, for the whole batch. */
  readonly runBytes: number;
  /** Everything on the device while it runs. */
  readonly peakBytes: number;
  /** What one buffer and binding must hold, and one buffer of a weight. */
  readonly largestBytes: number;
  readonly largestWeightBytes: number;
}

/** Positive and negative prompt of a crop go through the model together. */
const ROWS_PER_CROP = 2;

/** Bytes a choice takes at its highest, and in every phase. */
export interface ChoicePeaks {
  readonly phases: readonly PhasePeak[];
  readonly peakBytes: number;
  /** Weights the pool of networks may hold for the choice's residency to come about. */
  readonly residentBytes: number;
  /** Activations of one batch. */
  readonly batchBytes: number;
}

/** One phase with its weights and its runs as the choice has them. */
interface ChosenPhase {
  readonly name: PhaseName;
  readonly cost: PhaseCost;
  readonly weights: number;
  readonly rows: number;
  readonly run: number;
}

/** The bytes of every phase under a choice. */
export function choicePeaks(costs: ModelCosts, choice: Choice, cropPx: CropPx): ChoicePeaks {
  const phases = chosenPhases(costs, choice, cropPx);
  const resident = residentBytes(phases, choice);
  const step = phaseOf(phases, 'step');
  const kept = choice.capture ? step.run : 0;
  const peaks = phases.map((phase) => ({
    name: phase.name,
    weightBytes: phase.weights,
    runBytes: phase.run,
    peakBytes: phase.run + besides(phase, phases, choice, resident, kept),
    largestBytes: phase.cost.largestBytes * phase.rows,
    largestWeightBytes: phase.cost.largestWeightBytes,
  }));
  return {
    phases: peaks,
    peakBytes: Math.max(...peaks.map(({ peakBytes }) => peakBytes)),
    residentBytes: resident,
    batchBytes: step.run,
  };
}

function chosenPhases(costs: ModelCosts, choice: Choice, cropPx: CropPx): ChosenPhase[] {
  const { unetBits, othersBits, codecTilePx, capture, crops } = choice;
  const chosen = (name: PhaseName, cost: PhaseCost | null, bits: LinearBits, rows = 1): ChosenPhase[] => {
    if (!cost) return [];
    const factor = ALLOCATOR_FACTOR[capture && name === 'step' ? 'keeping' : 'releasing'];
    const run = rows * (cost.feedBytes + (cost.runBytes - cost.feedBytes) * factor);
    return [{ name, cost, weights: weightsOf(cost, bits), rows, run }];
  };
  const rows = crops * ROWS_PER_CROP;
  return [
    ...chosen('segment', costs.segment, othersBits),
    ...chosen('text', costs.text, othersBits),
    ...chosen('anchor', costs.anchor, othersBits),
    ...chosen('conditioning', costs.conditioning, unetBits, rows),
    ...chosen('step', costs.step[cropPx], unetBits, rows),
    ...chosen('codec', costs.codec[cropPx][codecTilePx], null),
  ];
}

function phaseOf(phases: readonly ChosenPhase[], name: PhaseName): ChosenPhase {
  const found = phases.find((phase) => phase.name === name);
  if (!found) throw new Error(`no phase "${name}"`);
  return found;
}

/** Used once per batch, between two uses of the sampler. */
const PER_BATCH: readonly PhaseName[] = ['anchor', 'conditioning'];

function residentBytes(phases: readonly ChosenPhase[], { residency }: Choice): number {
  const step = phaseOf(phases, 'step').weights;
  const codec = phaseOf(phases, 'codec').weights;
  const weights = phases.map((phase) => phase.weights);
  switch (residency) {
    case 'all':
      return weights.reduce((total, one) => total + one, 0);
    case 'sampler':
      return step + codec + largest(phases.filter(({ name }) => PER_BATCH.includes(name)));
    case 'one':
      return Math.max(...weights);
  }
}

/** What is on the device while a phase runs, besides its own tensors: weights, and the recorded step's buffers. */
function besides(
  { name, weights }: ChosenPhase,
  phases: readonly ChosenPhase[],
  { residency }: Choice,
  resident: number,
  kept: number,
): number {
  const step = phaseOf(phases, 'step').weights;
  const codec = phaseOf(phases, 'codec').weights;
  const recorded = name === 'step' ? 0 : kept;
  if (residency === 'all') return resident + recorded;
  if (name === 'step') return residency === 'sampler' ? step + codec : Math.min(step + codec, resident);
  if (name === 'codec') return residency === 'sampler' ? step + codec + recorded : codec;
  // A helper too large to lie beside the sampler takes its place; the autoencoder was used later and stays.
  const beside = step + codec + weights;
  return beside <= resident ? beside + recorded : codec + weights;
}

function largest(phases: readonly ChosenPhase[]): number {
  return Math.max(0, ...phases.map(({ weights }) => weights));
}
