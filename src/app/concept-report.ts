import type { Hidden } from '#domain/detection/resolve.ts';
import type { Candidate } from '#domain/document/state.ts';
import type { ConceptSpec } from '#domain/job/request.ts';
import { messages } from './messages.ts';

/** Why nothing is listed for a concept, and so what would help. */
export type Shortage =
  /** Probably not in the picture. */
  | { readonly kind: 'absent'; readonly presence: number }
  /** In the picture, and yet nothing was outlined. */
  | { readonly kind: 'unseen'; readonly presence: number }
  /** The best score is `best`; at the threshold `lowerTo` it would be listed. */
  | { readonly kind: 'below'; readonly best: number; readonly lowerTo: number }
  /** Rules keep out what is above the threshold. */
  | { readonly kind: 'filtered'; readonly hidden: Hidden };

/** Of a concept that was looked for (`presence`) and of which nothing is listed. */
export function shortageOf(
  concept: ConceptSpec,
  candidates: readonly Candidate[],
  hidden: Hidden,
  presence: number,
): Shortage {
  const { belowThreshold, ...byRules } = hidden;
  if (Object.values(byRules).some((count) => count > 0)) return { kind: 'filtered', hidden };
  if (belowThreshold === 0) return { kind: presence < 0.5 ? 'absent' : 'unseen', presence };
  const scores = candidates.filter(({ conceptId }) => conceptId === concept.id).map(({ score }) => score);
  const best = Math.max(...scores);
  return { kind: 'below', best, lowerTo: thresholdBelow(best) };
}

/** The highest threshold, in hundredths, that a score is above. */
export function thresholdBelow(score: number): number {
  return Math.max(0, Math.ceil(score * 100 - 1e-9) - 1) / 100;
}

/** "3 below the threshold, 1 too small"; empty when nothing is hidden. */
export function hiddenText(hidden: Hidden | undefined): string {
  const words = messages.concepts.hiddenCounts;
  return Object.entries(hidden ?? {})
    .filter(([, count]) => count > 0)
    .map(([rule, count]) => words[rule as keyof Hidden](count))
    .join(', ');
}

export function shortageText(shortage: Shortage): string {
  const words = messages.concepts.shortages;
  switch (shortage.kind) {
    case 'absent':
    case 'unseen':
      return words[shortage.kind](shortage.presence);
    case 'below':
      return words.below(shortage.best);
    case 'filtered':
      return words.filtered(hiddenText(shortage.hidden));
  }
}
