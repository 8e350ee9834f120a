import type { Catalogue } from '../en/index.ts';

export const layers: Catalogue['layers'] = {
  missing: (names) =>
    `Die Pixel von ${names.join(', ')} sind verloren und lassen sich nicht zeigen. Neu verfeinern oder diese Ebenen entfernen.`,
};
