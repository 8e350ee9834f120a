import { describe, expect, it } from 'vitest';
import { messages } from '#app/messages.ts';
import { isScored, keptText, originText } from '#app/origin-text.ts';
import type { DetectionOrigin, MaskEdits } from '#domain/document/state.ts';

const mask = { width: 2, height: 1, runs: [1, 1] };
const painted: MaskEdits = { added: mask, removed: null };
const kept = (origin: DetectionOrigin, edits: MaskEdits | null = null) => keptText({ origin, edits });
const { origins, edited } = messages.detection;

describe('where a detection comes from', () => {
  it('is said of what no search has found', () => {
    expect(originText({ origin: 'phrase' })).toBeNull();
    expect(originText({ origin: 'example' })).toBeNull();
    expect(originText({ origin: 'recipe' })).toBe(origins.recipe);
  });

  it('is what keeps it from a new search, unless somebody has painted on it', () => {
    expect([kept('phrase'), kept('phrase', painted)]).toEqual([null, edited]);
    expect([kept('recipe'), kept('recipe', painted)]).toEqual([origins.recipe, edited]);
    expect([kept('click'), kept('click', { added: null, removed: null })]).toEqual([
      origins.click,
      origins.click,
    ]);
    // A drawn or loaded mask is an addition from the beginning.
    expect([kept('hand', painted), kept('file', painted)]).toEqual([origins.hand, origins.file]);
  });

  it('tells whether its score means anything', () => {
    const scored = (origin: DetectionOrigin, score = 1, presence = 1) =>
      isScored({ origin, score, presence });
    expect([scored('phrase'), scored('click', 0.4)]).toEqual([true, true]);
    expect([scored('hand'), scored('file'), scored('recipe')]).toEqual([false, false, false]);
    expect(scored('recipe', 0.7, 0.9)).toBe(true);
  });
});
