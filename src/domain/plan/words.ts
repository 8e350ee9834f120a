import type { PhaseName } from './costs.ts';
import type { DeviceFacts } from './device.ts';
import type { PhasePeak } from './peaks.ts';
import type { ExecutionPlan, NetworkPrecision } from './types.ts';

/** The plan in plain words. Sizes are decimal GB, as models' sizes are given everywhere. */

/** One phase as the Models view shows it. */
export interface PhaseWords {
  readonly name: PhaseName;
  /** Everything on the device while it runs. */
  readonly bytes: number;
  readonly sentence: string;
}

const TITLE: Readonly<Record<PhaseName, string>> = {
  segment: 'Finding objects',
  text: 'Reading prompts',
  anchor: 'Looking at crops for their anchors',
  conditioning: 'Preparing prompts and anchors for the model',
  step: 'Re-painting',
  codec: 'Pictures to latents and back',
};

/** "4.5 GB", "0.7 GB", "48 MB". */
export function sizeWords(bytes: number): string {
  return bytes >= 1e8 ? `${(bytes / 1e9).toFixed(1)} GB` : `${Math.max(1, Math.round(bytes / 1e6))} MB`;
}

function bitsWords({ dtype, linearBits }: NetworkPrecision): string {
  return `${linearBits ?? (dtype === 'f16' ? 16 : 32)} bit`;
}

/** "Re-painting: 4.5 GB of weights in 16 bit, 0.7 GB for each crop, 2 crops at once." */
export function phaseSentence(phase: PhasePeak, plan: ExecutionPlan, crops: number): string {
  const { name } = phase;
  const precision = name === 'step' || name === 'conditioning' ? plan.unet : plan.others;
  const weights = `${sizeWords(phase.weightBytes)} of weights`;
  const title = TITLE[name];
  if (name === 'step') {
    const once = crops === 1 ? 'one crop at a time' : `${crops} crops at once`;
    return `${title}: ${weights} in ${bitsWords(precision)}, ${sizeWords(phase.runBytes / crops)} for each crop, ${once}.`;
  }
  if (name === 'codec')
    return `${title}: ${weights}, ${sizeWords(phase.runBytes)} for each tile of up to ${plan.codecTilePx} px.`;
  const after = plan.residency === 'all' ? 'stays loaded' : 'unloaded afterwards';
  return `${title}: ${weights} in ${bitsWords(precision)}, ${sizeWords(phase.runBytes)} while it runs, ${after}.`;
}

/** What stands in the way of a plan. */
export interface Obstacle {
  readonly kind: 'memory' | 'buffer';
  readonly phase: PhasePeak;
  readonly limitBytes: number;
}

export function refusalSentence({ kind, phase, limitBytes }: Obstacle, device: DeviceFacts): string {
  const title = TITLE[phase.name];
  if (kind === 'buffer') {
    const piece = sizeWords(Math.max(phase.largestBytes, phase.largestWeightBytes));
    return `${title} needs ${piece} in one piece, and this graphics card allows ${sizeWords(limitBytes)}.`;
  }
  const need = sizeWords(phase.peakBytes);
  return device.kind === 'cpu'
    ? `These models need ${need} in 32 bit. Without a graphics card a tab has ${sizeWords(limitBytes)} for them.`
    : `${title} needs ${need} even with everything made as small as possible, and this graphics card has ${sizeWords(limitBytes)} for it.`;
}

/** What would fit instead, nearest first. */
export interface Alternatives {
  readonly smallerCrops: boolean;
  readonly without: 'segment' | 'anchor' | null;
  /** A graphics card of so many bytes. */
  readonly budgetBytes: number | null;
}

export function nearestSentence({ smallerCrops, without, budgetBytes }: Alternatives): string {
  if (smallerCrops) return 'It fits with crops of 1024 px.';
  if (without === 'segment') return 'It fits without the model that finds objects: mark them by hand.';
  if (without === 'anchor') return 'It fits without image anchors: take the vision model out.';
  const card =
    budgetBytes === null
      ? ''
      : `These models fit a graphics card with ${Math.round(budgetBytes / 2 ** 30)} GB. `;
  return `${card}The demo models run on this device.`;
}

/** What a smaller plan changes, for the notice of a job that goes on: "8-bit weights, one crop at a time". */
export function planChange(before: ExecutionPlan, after: ExecutionPlan): string {
  const changes = [
    after.unet.linearBits !== before.unet.linearBits && `the model in ${bitsWords(after.unet)}`,
    after.others.linearBits !== before.others.linearBits &&
      `text, vision and detection in ${bitsWords(after.others)}`,
    after.residency !== before.residency &&
      (after.residency === 'one' ? 'each model loaded only while it runs' : 'fewer models kept loaded'),
    after.codecTilePx !== before.codecTilePx && `tiles of ${after.codecTilePx} px for the autoencoder`,
    after.batchItems !== before.batchItems && batchWords(after.batchItems),
    before.capture && !after.capture && 'the sampler’s steps not recorded',
  ].filter((change) => change !== false);
  return changes.length > 0 ? changes.join(', ') : 'memory freed';
}

/** "2 crops at once"; for crops of another size the units are not whole. */
export function batchWords(items: number): string {
  return items < 2 ? 'one crop at a time' : `${Math.floor(items)} crops at once`;
}
