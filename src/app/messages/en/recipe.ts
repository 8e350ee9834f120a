import { wordsOf } from '../words.ts';

const { plural } = wordsOf('en');

export const recipe = {
  found: 'This PNG carries the settings it was made with.',
  detail: (count: number) =>
    `${plural(count, { one: 'concept', other: 'concepts' })}, masks, seed and sampling.`,
  pictureOnly: 'Picture only',
  withSettings: 'Picture and settings',
  applied: 'Settings taken from the picture.',
};
