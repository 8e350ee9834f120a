import { describe, expect, it } from 'vitest';
import { de } from '#app/messages/de/index.ts';
import { en } from '#app/messages/en/index.ts';
import { resolveDetections } from '#domain/detection/resolve.ts';
import type { ConceptSpec, DetectionOrder, SelectionMode } from '#domain/job/request.ts';
import { block, candidateOf, conceptOf } from './fixtures.ts';

/** Left to right: the largest, the most central one, the best-scored one. */
const CANDIDATES = [
  candidateOf('large', 'a', block(16, 0, 0, 4, 4), { score: 0.68 }),
  candidateOf('central', 'a', block(16, 7, 7, 2, 2), { score: 0.6 }),
  candidateOf('best', 'a', block(16, 13, 0, 2, 1), { score: 0.97 }),
];

const WORDS: Readonly<Record<SelectionMode, { en: string; de: string; ticked: readonly string[] }>> = {
  all: { en: 'All', de: 'Alle', ticked: ['best', 'central', 'large'] },
  largest: { en: 'Largest', de: 'Größtes', ticked: ['large'] },
  center: { en: 'Most central', de: 'Mittigstes', ticked: ['central'] },
  first: { en: 'Best score', de: 'Beste Treffergüte', ticked: ['best'] },
};

const ORDERS: readonly DetectionOrder[] = ['score', 'area', 'left-to-right', 'top-to-bottom'];

function shown(order: DetectionOrder, more: Partial<ConceptSpec>) {
  const concepts = [conceptOf('a', { order }, { threshold: 0, ...more })];
  return resolveDetections({ concepts, candidates: CANDIDATES, picture: { width: 16, height: 16 } }).shown;
}

describe('what the user chooses by its words', () => {
  it.each(Object.entries(WORDS))('ticks after detecting: %s', (mode, words) => {
    const selection = mode as SelectionMode;
    expect(en.parameters.selections[selection]).toBe(words.en);
    expect(de.parameters.selections[selection]).toBe(words.de);
    for (const order of ORDERS) {
      const ticked = shown(order, { selection }).filter(({ enabled }) => enabled);
      expect(ticked.map(({ id }) => id).toSorted()).toEqual(words.ticked);
    }
  });

  it('keeps at most so many: the best scores, or the largest by size', () => {
    expect(en.parameters.maxObjects.hint).toMatch(/best score, or the largest where .* order of size/);
    expect(de.parameters.maxObjects.hint).toMatch(/besten Treffergüte, oder die größten, wo .* nach Größe/);
    const kept = ORDERS.map((order) => shown(order, { maxObjects: 1 }).map(({ id }) => id));
    expect(kept).toEqual([['best'], ['large'], ['best'], ['best']]);
  });
});
