import type { Catalogue } from '../en/index.ts';
import { wordsOf } from '../words.ts';

const { plural } = wordsOf('de');

export const recipe: Catalogue['recipe'] = {
  found: 'Dieses PNG enthält die Einstellungen, mit denen es entstanden ist.',
  detail: (count) => `${plural(count, { one: 'Konzept', other: 'Konzepte' })}, Masken, Seed und Sampling.`,
  pictureOnly: 'Nur das Bild',
  withSettings: 'Bild und Einstellungen',
  applied: 'Einstellungen aus dem Bild übernommen.',
};
