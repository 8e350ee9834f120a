import type { ConceptSpec, DetailSpec, SamplingSpec } from '../job/request.ts';
import type { Sentence } from '../job/sentence.ts';
import type { Sequence } from './sequence.ts';

/** What settings of another tool come to here. */
export interface ImportedConcepts {
  /** For adoptConcepts: ids are unique among these only. */
  readonly concepts: readonly ConceptSpec[];
  /** Texts for single detections of the concept at the same place of the list; null: all alike. */
  readonly sequences: readonly (Sequence | null)[];
  /** Settings of the document the source has an opinion on. `featherPx` is in pixels of the picture. */
  readonly detail: Partial<Pick<DetailSpec, 'featherPx' | 'padding'>>;
  readonly sampling: Partial<SamplingSpec>;
  /** What was not taken over, and what to look at. */
  readonly notices: readonly Sentence[];
}

/** Longest text of a request. */
export const MAX_TEXT = 20_000;
/** Concepts of one import; a document has room for 100. */
export const MAX_CONCEPTS = 50;
/** Texts of one sequence; a document has room for 2000 detections. */
export const MAX_SEQUENCE = 2000;
