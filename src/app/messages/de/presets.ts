import type { Catalogue } from '../en/index.ts';

const NO_NEGATIVE = 'der negative Prompt wirkt dann nicht';

export const presets: Catalogue['presets'] = {
  sdxl: 'SDXL und die meisten daraus trainierten Modelle wollen etwa 20 Schritte und Guidance 4 bis 7.',
  pony: 'Pony-Modelle wollen etwa 25 Schritte, Guidance 7 und Prompts, die mit score_9 beginnen.',
  illustrious: 'Illustrious- und NoobAI-Modelle wollen 20 bis 28 Schritte, Guidance 5 bis 6 und Tags.',
  lightning: `Lightning-Modelle wollen 4 bis 8 Schritte und Guidance 1; ${NO_NEGATIVE}.`,
  turbo: `Turbo-Modelle wollen 1 bis 4 Schritte und Guidance 1; ${NO_NEGATIVE}.`,
  lcm: `LCM-Modelle wollen 4 bis 8 Schritte und Guidance 1; ${NO_NEGATIVE}.`,
  hyper: `Hyper-Modelle wollen so viele Schritte, wie ihr Name sagt (hier 8), und Guidance 1; ${NO_NEGATIVE}.`,
};
