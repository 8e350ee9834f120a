import { Sentence, sentence } from '../job/sentence.ts';
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
  readonly sentence: Sentence;
}

const TITLE: Readonly<Record<PhaseName, Sentence>> = {
  segment: sentence`Finding objects`,
  text: sentence`Reading prompts`,
  anchor: sentence`Looking at crops for their anchors`,
  conditioning: sentence`Preparing prompts and anchors for the model`,
  step: sentence`Re-painting`,
  codec: sentence`Pictures to latents and back`,
};

/** "4.5 GB", "0.7 GB", "48 MB". */
export function sizeWords(bytes: number): Sentence {
  return bytes >= 1e8
    ? sentence`${Number((bytes / 1e9).toFixed(1))} GB`
    : sentence`${Math.max(1, Math.round(bytes / 1e6))} MB`;
}

function bitsWords({ dtype, linearBits }: NetworkPrecision): Sentence {
  return sentence`${linearBits ?? (dtype === 'f16' ? 16 : 32)} bit`;
}

/** "Re-painting: 4.5 GB of weights in 16 bit, 0.7 GB for each crop, 2 crops at once." */
export function phaseSentence(phase: PhasePeak, plan: ExecutionPlan, crops: number): Sentence {
  const { name } = phase;
  const precision = name === 'step' || name === 'conditioning' ? plan.unet : plan.others;
  const weights = sentence`${sizeWords(phase.weightBytes)} of weights`;
  const title = TITLE[name];
  if (name === 'step') {
    const once = crops === 1 ? sentence`one crop at a time` : sentence`${crops} crops at once`;
    return sentence`${title}: ${weights} in ${bitsWords(precision)}, ${sizeWords(phase.runBytes / crops)} for each crop, ${once}.`;
  }
  if (name === 'codec')
    return sentence`${title}: ${weights}, ${sizeWords(phase.runBytes)} for each tile of up to ${plan.codecTilePx} px.`;
  const after = plan.residency === 'all' ? sentence`stays loaded` : sentence`unloaded afterwards`;
  return sentence`${title}: ${weights} in ${bitsWords(precision)}, ${sizeWords(phase.runBytes)} while it runs, ${after}.`;
}

/** What stands in the way of a plan. */
export interface Obstacle {
  readonly kind: 'memory' | 'buffer';
  readonly phase: PhasePeak;
  readonly limitBytes: number;
}

/** Why the smallest plan does not run: one buffer is too large for the device, or all together for its memory. */
export function refusalSentence({ kind, phase, limitBytes }: Obstacle, device: DeviceFacts): Sentence {
  const title = TITLE[phase.name];
  if (kind === 'buffer') {
    const piece = sizeWords(Math.max(phase.largestBytes, phase.largestWeightBytes));
    return sentence`${title} needs ${piece} in one piece, and this graphics card allows ${sizeWords(limitBytes)}.`;
  }
  const need = sizeWords(phase.peakBytes);
  return device.kind === 'cpu'
    ? sentence`These models need ${need} in 32 bit. Without a graphics card a tab has ${sizeWords(limitBytes)} for them.`
    : sentence`${title} needs ${need} even with everything made as small as possible, and this graphics card has ${sizeWords(limitBytes)} for it.`;
}

/** What would fit instead, nearest first. */
export interface Alternatives {
  readonly smallerCrops: boolean;
  readonly without: 'segment' | 'anchor' | null;
  /** A graphics card of so many bytes. */
  readonly budgetBytes: number | null;
}

/** What the user can do about it: smaller crops, fewer models, more memory, in that order. */
export function nearestSentence({ smallerCrops, without, budgetBytes }: Alternatives): Sentence {
  if (smallerCrops) return sentence`It fits with crops of 1024 px.`;
  if (without === 'segment')
    return sentence`It fits without the model that finds objects: mark them by hand.`;
  if (without === 'anchor') return sentence`It fits without image anchors: take the vision model out.`;
  if (budgetBytes === null) return sentence`The demo models run on this device.`;
  return sentence`These models fit a graphics card with ${Math.round(budgetBytes / 2 ** 30)} GB. The demo models run on this device.`;
}

/** What a smaller plan changes, for the notice of a job that goes on: "8-bit weights, one crop at a time". */
export function planChange(before: ExecutionPlan, after: ExecutionPlan): Sentence {
  const changes = [
    after.unet.linearBits !== before.unet.linearBits && sentence`the model in ${bitsWords(after.unet)}`,
    after.others.linearBits !== before.others.linearBits &&
      sentence`text, vision and detection in ${bitsWords(after.others)}`,
    after.residency !== before.residency &&
      (after.residency === 'one'
        ? sentence`each model loaded only while it runs`
        : sentence`fewer models kept loaded`),
    after.codecTilePx !== before.codecTilePx &&
      sentence`tiles of ${after.codecTilePx} px for the autoencoder`,
    after.batchItems !== before.batchItems && batchWords(after.batchItems),
    before.capture && !after.capture && sentence`the sampler’s steps not recorded`,
  ].filter((change) => change !== false);
  return changes.length > 0 ? commas(changes) : sentence`memory freed`;
}

function commas(parts: readonly Sentence[]): Sentence {
  return new Sentence(parts.map((_, index) => `{${index}}`).join(', '), parts);
}

/** "2 crops at once"; for crops of another size the units are not whole. */
export function batchWords(items: number): Sentence {
  return items < 2 ? sentence`one crop at a time` : sentence`${Math.floor(items)} crops at once`;
}
