import type { PresetFamily } from '#worker/api.ts';

const NO_NEGATIVE = 'the negative prompt has no effect then';

/** Why the sampling of a family of image models is what it is. */
export const presets: Readonly<Record<PresetFamily, string>> = {
  sdxl: 'SDXL and most models trained from it want about 20 steps and guidance 4 to 7.',
  pony: 'Pony models want about 25 steps, guidance 7 and prompts that begin with score_9.',
  illustrious: 'Illustrious and NoobAI models want 20 to 28 steps, guidance 5 to 6 and tags.',
  lightning: `Lightning models want 4 to 8 steps and guidance 1; ${NO_NEGATIVE}.`,
  turbo: `Turbo models want 1 to 4 steps and guidance 1; ${NO_NEGATIVE}.`,
  lcm: `LCM models want 4 to 8 steps and guidance 1; ${NO_NEGATIVE}.`,
  hyper: `Hyper models want the steps their name says (here 8) and guidance 1; ${NO_NEGATIVE}.`,
};
