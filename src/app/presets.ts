import type { SamplingSpec } from '#domain/job/request.ts';
import type { PresetFamily } from '#worker/api.ts';
import { DEFAULTS } from './defaults.ts';
import { messages } from './messages.ts';

/** Sampling that suits a family of SDXL models, with the sentence that says why. */
export interface SamplingPreset extends SamplingSpec {
  readonly sentence: string;
}

/**
 * Distilled models: guidance 1 leaves out the unconditional pass and with it the negative prompt. Their noise levels
 * are evenly spaced from the top, `sgm_uniform`. Refining takes the last of them and keeps the number of steps: 4 steps
 * at strength 0.5 are the last 4 of 8, fewer and larger than what the model was trained on, which works (spec/sdxl.md F.7).
 */
function distilled(sampler: SamplingSpec['sampler'], steps: number): SamplingSpec {
  return { sampler, scheduler: 'sgm_uniform', steps, guidanceScale: 1 };
}

/** Models of the drawn kind are made with the ancestral Euler sampler. */
function drawn(steps: number, guidanceScale: number): SamplingSpec {
  return { sampler: 'euler_ancestral', scheduler: 'normal', steps, guidanceScale };
}

const PRESETS: Readonly<Record<PresetFamily, SamplingSpec>> = {
  sdxl: DEFAULTS.parameters.sampling,
  pony: drawn(25, 7),
  illustrious: drawn(24, 5.5),
  lightning: distilled('euler', 4),
  turbo: distilled('euler_ancestral', 4),
  lcm: distilled('lcm', 6),
  hyper: distilled('euler', 8),
};

/** What to offer for a family; the user decides. Sources: spec/sdxl.md F.7 and the models' own pages. */
export function presetFor(family: PresetFamily): SamplingPreset {
  return { ...PRESETS[family], sentence: messages.presets[family] };
}
