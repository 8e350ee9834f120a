import type { PresetId } from '#domain/concepts/presets.ts';
import type { PresetFamily } from '#worker/api.ts';
import { wordsOf } from '../words.ts';

const { plural } = wordsOf('en');

const NO_NEGATIVE = 'the negative prompt has no effect then';

/** Why the sampling of a family of image models is what it is. */
export const presets: Readonly<Record<PresetFamily, string>> = {
  sdxl: 'SDXL and most models trained from it want about 20 steps and prompt strictness 4 to 7.',
  pony: 'Pony models want about 25 steps, prompt strictness 7 and prompts that begin with score_9.',
  illustrious: 'Illustrious and NoobAI models want 20 to 28 steps, prompt strictness 5 to 6 and tags.',
  lightning: `Lightning models want 4 to 8 steps and prompt strictness 1; ${NO_NEGATIVE}.`,
  turbo: `Turbo models want 1 to 4 steps and prompt strictness 1; ${NO_NEGATIVE}.`,
  lcm: `LCM models want 4 to 8 steps and prompt strictness 1; ${NO_NEGATIVE}.`,
  hyper: `Hyper models want the steps their name says (here 8) and prompt strictness 1; ${NO_NEGATIVE}.`,
};

const conceptSets: Readonly<Record<PresetId, string>> = {
  portrait: 'Portrait',
  hands: 'Hands',
  'full-body': 'Full body',
  product: 'Product',
  landscape: 'Landscape',
  anime: 'Anime',
};

/** Sets of concepts: ours, the user's, and what other tools' settings come to. */
export const conceptPresets = {
  open: 'Presets and import',
  title: 'Add concepts of a preset',
  sets: conceptSets,
  addSet: (name: string) => `Add the preset ${name}`,
  own: 'Own presets',
  noneOwn: 'Save the concepts of this document to use them again.',
  name: 'Name of the preset',
  save: 'Save',
  saveHint: 'Saves all concepts of this document that say what to look for.',
  saved: (name: string) => `Saved the preset ${name}.`,
  nothingToSave: 'There is no concept to save yet. Name one first.',
  remove: (name: string) => `Remove the preset ${name}`,
  removed: (name: string) => `Removed the preset ${name}.`,
  export: (name: string) => `Save the preset ${name} as a file`,
  added: (name: string, count: number) =>
    `Added ${plural(count, { one: 'concept', other: 'concepts' })} of ${name}.`,
  file: 'Load a file…',
  fileHint: 'A preset, a ComfyUI workflow with detailers of the Impact Pack, or settings of ADetailer.',
  paste: 'Or paste settings of another tool',
  pastePlaceholder: 'ADetailer model: face_yolov8n.pt, …',
  use: 'Take over',
  fromPicture: 'From this picture’s ADetailer settings',
  unknown:
    'These are no settings the studio can read: no preset, no ADetailer settings, and no workflow with detailers of the Impact Pack.',
  needsPicture: 'Open a picture first: these settings are measured in its pixels.',
  imported: (count: number) => `Took over ${plural(count, { one: 'concept', other: 'concepts' })}.`,
  joined: (count: number) =>
    `${plural(count, { one: 'concept', other: 'concepts' })} of the same phrase took over the settings.`,
  room: 'There is room for 100 concepts. Remove some first.',
};
