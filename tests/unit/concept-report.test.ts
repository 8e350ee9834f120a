import { describe, expect, it } from 'vitest';
import { hiddenText, shortageOf, shortageText, thresholdBelow } from '#app/concept-report.ts';
import { Twins } from '#app/concept-twins.ts';
import { DEFAULTS } from '#app/defaults.ts';
import type { Hidden } from '#domain/detection/resolve.ts';
import type { ConceptSpec, Detection } from '#domain/job/request.ts';
import { candidate, mulberry } from './domain/document/arbitrary-documents.ts';

const concept: ConceptSpec = { id: 'concept-1', ...DEFAULTS.concept, phrase: 'face' };
const NONE: Hidden = {
  belowThreshold: 0,
  tooSmall: 0,
  tooLarge: 0,
  duplicate: 0,
  outside: 0,
  overLimit: 0,
  emptied: 0,
};
const scored = (score: number, conceptId = 'concept-1') => ({ ...candidate(conceptId, mulberry(1)), score });

describe('what is hidden', () => {
  it('is said in words, and nothing where nothing is', () => {
    const hidden = { ...NONE, belowThreshold: 3, tooSmall: 1, duplicate: 2 };
    expect(hiddenText(hidden)).toBe('3 below the threshold, 1 too small, 2 repeats');
    expect(hiddenText({ ...NONE, duplicate: 1, emptied: 1 })).toBe('1 repeat, 1 with nothing left');
    expect(hiddenText(NONE)).toBe('');
    expect(hiddenText(undefined)).toBe('');
  });
});

describe('an empty list', () => {
  it('is explained by what would help', () => {
    expect(shortageOf(concept, [], NONE, 0.03)).toEqual({ kind: 'absent', presence: 0.03 });
    expect(shortageOf(concept, [], NONE, 0.9)).toEqual({ kind: 'unseen', presence: 0.9 });
    const all = [scored(0.2), scored(0.317), scored(0.8, 'concept-2')];
    const below = shortageOf(concept, all, { ...NONE, belowThreshold: 2 }, 0.6);
    expect(below).toEqual({ kind: 'below', best: 0.317, lowerTo: 0.31 });
    expect(shortageText(below)).toContain('0.32');
    const filtered = shortageOf(concept, all, { ...NONE, belowThreshold: 1, tooSmall: 1 }, 0.6);
    expect(shortageText(filtered)).toContain('1 below the threshold, 1 too small');
  });

  it('offers a threshold that the best score is above', () => {
    for (const score of [0.317, 0.31, 0.3100001, 0.01, 0.999])
      expect(thresholdBelow(score)).toBeLessThan(score);
    expect(thresholdBelow(0.31)).toBe(0.3);
    expect(thresholdBelow(0.005)).toBe(0);
  });
});

describe('one object under two concepts', () => {
  const detection = (id: string, conceptId: string, runs: number[], enabled = true): Detection => ({
    id,
    conceptId,
    box: { x: 0, y: 0, width: 1, height: 1 } as Detection['box'],
    mask: { width: 10, height: 1, runs },
    score: 1,
    presence: 1,
    enabled,
    edited: false,
  });

  it('is hinted at until one of them is unticked', () => {
    const twins = new Twins();
    const face = detection('face', 'concept-1', [0, 10]);
    const head = detection('head', 'concept-2', [0, 9, 1]);
    const hand = detection('hand', 'concept-2', [0, 2, 8]);
    const found = twins.of([face, head, hand]);
    expect([...found].map(([id, other]) => [id, other.id])).toEqual([
      ['face', 'head'],
      ['head', 'face'],
    ]);
    expect(twins.of([face, { ...head, enabled: false }, hand]).size).toBe(0);
    expect(twins.of([face, hand]).size).toBe(0);
  });
});
