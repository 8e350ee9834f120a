import { hasEdits } from '#domain/detection/edits.ts';
import type { Candidate } from '#domain/document/state.ts';
import { messages } from './messages.ts';

/** Where a detection comes from, in words; null for what a search has found. */
export function originText({ origin }: Pick<Candidate, 'origin'>): string | null {
  return origin === 'phrase' || origin === 'example' ? null : messages.detection.origins[origin];
}

/**
 * Whether its score is an answer of a network: nobody asked one about what was drawn or loaded, and a recipe writes such
 * masks down with a score and a presence of exactly 1.
 */
export function isScored({
  origin,
  score,
  presence,
}: Pick<Candidate, 'origin' | 'score' | 'presence'>): boolean {
  if (origin === 'recipe') return score !== 1 || presence !== 1;
  return origin !== 'hand' && origin !== 'file';
}

/** Why a new search leaves a detection as it is; null where it does not. */
export function keptText(candidate: Pick<Candidate, 'origin' | 'edits'>): string | null {
  // What is drawn or loaded counts as painted from the beginning.
  const isWhole = candidate.origin === 'hand' || candidate.origin === 'file';
  return !isWhole && hasEdits(candidate.edits) ? messages.detection.edited : originText(candidate);
}
