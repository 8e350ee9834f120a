import { wordsOf } from '../words.ts';

const { plural } = wordsOf('en');

/** Settings that come with a picture or a text. */
export const recipe = {
  label: 'Settings that came with a file',
  found: (name: string) => `“${name}” carries the settings it was made with.`,
  foundOf: (name: string, source: string) => `“${name}” carries settings of ${source}.`,
  pasted: 'The pasted text holds settings of this studio.',
  pastedOf: (source: string) => `The pasted text holds settings of ${source}.`,
  waiting: 'Nothing has changed yet. What should be taken?',
  changes: 'What the settings would change',
  nothing: 'The settings are the same as here: nothing would change.',
  becomes: 'becomes',
  empty: 'empty',
  changed: 'changed',
  on: 'on',
  off: 'off',
  conceptAdded: 'New concept',
  conceptRemoved: 'Concept removed',
  within: (whole: string, part: string) => `${whole}: ${part}`,
  rules: 'Rules for its detections',
  notes: 'Not taken over',
  withMasks: (count: number) =>
    plural(count, {
      one: 'mask belongs to its picture and comes with that only.',
      other: 'masks belong to its picture and come with that only.',
    }),
  madeWith: (name: string) => `The image model: it was “${name}”. Choose it under Models.`,
  loras: (names: readonly string[]) =>
    `LoRAs, which belong to the image model here: ${names.join(', ')}. Choose them under Models.`,
  detailers: 'Add the concepts of its detailers',
  pictureOnly: 'Picture only',
  settingsOnly: 'Settings only',
  withSettings: 'Picture and settings',
  take: 'Take the settings',
  dismiss: 'Leave the settings',
  applied: 'Settings taken over.',
  inFile: 'Settings found in the file',
  compare: 'Compare and take over…',
  unknownFile: (name: string) =>
    `“${name}” holds nothing this studio reads. It takes masks (COCO JSON), concept presets, ADetailer settings, ComfyUI workflows, A1111 parameters and its own recipes.`,
  unknownText:
    'The pasted text looks like settings, but is not complete. Copy all of the parameters, from the prompt to the line with the steps, or the whole JSON.',
};
