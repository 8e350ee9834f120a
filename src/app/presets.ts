import type { SamplingSpec } from '#domain/job/request.ts';
import type { PresetFamily } from '#worker/api.ts';
import { DEFAULTS } from './defaults.ts';

/** Sampling that suits a family of SDXL models, with the sentence that says why. */
export interface SamplingPreset extends SamplingSpec {
  readonly sentence: string;
}

/**
 * Distilled models: guidance 1 leaves out the unconditional pass and with it the negative prompt. Their noise levels
 * are evenly spaced from the top, `sgm_uniform`. Refining takes the last of them and keeps the number of steps: 4 steps
 * at strength 0.5 are the last 4 of 8, fewer and larger than what the model was trained on, which works (spec/sdxl.md F.7).
 */
function distilled(sampler: SamplingSpec['sampler'], steps: number, sentence: string): SamplingPreset {
  return { sampler, scheduler: 'sgm_uniform', steps, guidanceScale: 1, sentence };
}

/** Models of the drawn kind are made with the ancestral Euler sampler. */
function drawn(steps: number, guidanceScale: number, sentence: string): SamplingPreset {
  return { sampler: 'euler_ancestral', scheduler: 'normal', steps, guidanceScale, sentence };
}

const NO_NEGATIVE = 'the negative prompt has no effect then';

const PRESETS: Readonly<Record<PresetFamily, SamplingPreset>> = {
  sdxl: {
    ...DEFAULTS.parameters.sampling,
    sentence: 'SDXL and most models trained from it want about 20 steps and guidance 4 to 7.',
  },
  pony: drawn(25, 7, 'Pony models want about 25 steps, guidance 7 and prompts that begin with score_9.'),
  illustrious: drawn(24, 5.5, 'Illustrious and NoobAI models want 20 to 28 steps, guidance 5 to 6 and tags.'),
  lightning: distilled('euler', 4, `Lightning models want 4 to 8 steps and guidance 1; ${NO_NEGATIVE}.`),
  turbo: distilled('euler_ancestral', 4, `Turbo models want 1 to 4 steps and guidance 1; ${NO_NEGATIVE}.`),
  lcm: distilled('lcm', 6, `LCM models want 4 to 8 steps and guidance 1; ${NO_NEGATIVE}.`),
  hyper: distilled(
    'euler',
    8,
    `Hyper models want the steps their name says (here 8) and guidance 1; ${NO_NEGATIVE}.`,
  ),
};

/** What to offer for a family; the user decides. Sources: spec/sdxl.md F.7 and the models' own pages. */
export function presetFor(family: PresetFamily): SamplingPreset {
  return PRESETS[family];
}
