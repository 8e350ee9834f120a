import type { ConceptSpec } from '../job/request.ts';

/**
 * Whether what was found for a concept was found by another phrase than it has now. Such detections stay listed, but
 * nothing ticks them by itself, and what was measured then says nothing about the phrase.
 */
export function answersAnother({ phrase, answeredPhrase }: ConceptSpec): boolean {
  return answeredPhrase !== undefined && answeredPhrase !== phrase.trim();
}
