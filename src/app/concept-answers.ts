import { applySequence, type Sequence } from '#domain/concepts/sequence.ts';
import { matchCandidates } from '#domain/detection/rerun.ts';
import type { DocumentCommand } from '#domain/document/commands.ts';
import type { Candidate } from '#domain/document/state.ts';
import type { ConceptSpec, FoundObject } from '#domain/job/request.ts';
import { isAskable } from './requests.ts';
import type { StudioState } from './studio-state.svelte.ts';

/** What a run answered about some concepts. */
export interface Answers {
  /** As they were asked. */
  readonly concepts: readonly ConceptSpec[];
  readonly found: readonly FoundObject[];
  /** sigmoid(presence) per concept id. */
  readonly presence: Readonly<Record<string, number>>;
  /** Of the step in the history. */
  readonly subject?: string;
}

/** Lets answers of the detector meet the document: what was done to objects that are found again stays. */
export class ConceptAnswers {
  readonly #document: StudioState;
  /** Texts of imported settings for single detections, until there are some. */
  readonly #sequences = new Map<string, Sequence>();

  constructor(document: StudioState) {
    this.#document = document;
  }

  /** Texts for a concept's detections, by their numbers after the next run that finds some. */
  awaitDetections(conceptId: string, sequence: Sequence): void {
    this.#sequences.set(conceptId, sequence);
  }

  /** Replaces what was found for these concepts, as one step. */
  take({ concepts, found, presence, subject = '' }: Answers): void {
    const document = this.#document;
    const runId = crypto.randomUUID();
    const options = { name: 'detect', subject, joinKey: `detect ${runId}` } as const;
    const asked = concepts.filter(isAskable);
    const candidates = [withoutExamples, withExamples].reduce(
      (previous, chosen) => {
        const group = asked.filter(chosen);
        const origin = chosen === withExamples ? ('example' as const) : ('phrase' as const);
        const own = found.filter(({ conceptId }) => group.some(({ id }) => id === conceptId));
        return matchCandidates({ previous, found: own, concepts: group, runId, origin });
      },
      released(document.candidates, asked),
    );
    document.dispatch(
      [
        { type: 'set-candidates', candidates, presence: { ...document.presence, ...presence } },
        ...asked.map(({ id, phrase }): DocumentCommand => {
          const patch = { answeredPhrase: phrase.trim() };
          return { type: 'update-concept', id, patch };
        }),
      ],
      options,
    );
    const texts = asked.flatMap(({ id }) => this.#texts(id));
    if (texts.length > 0) document.dispatch(texts, options);
  }

  #texts(conceptId: string): DocumentCommand[] {
    const sequence = this.#sequences.get(conceptId);
    const { detections } = this.#document;
    if (!sequence || !detections.some((detection) => detection.conceptId === conceptId)) return [];
    this.#sequences.delete(conceptId);
    return applySequence(detections, conceptId, sequence).map(({ id, patch }) => ({
      type: 'update-candidates',
      ids: [id],
      patch,
    }));
  }
}

const withExamples = ({ examples = [] }: ConceptSpec): boolean => examples.length > 0;
const withoutExamples = (concept: ConceptSpec): boolean => !withExamples(concept);

/** What examples found that are gone by now belongs to the phrase: it stays only if the phrase finds it too. */
function released(candidates: readonly Candidate[], asked: readonly ConceptSpec[]): readonly Candidate[] {
  const plain = new Set(asked.filter(withoutExamples).map(({ id }) => id));
  if (!candidates.some(({ conceptId, origin }) => origin === 'example' && plain.has(conceptId)))
    return candidates;
  return candidates.map((candidate) =>
    candidate.origin === 'example' && plain.has(candidate.conceptId)
      ? { ...candidate, origin: 'phrase' }
      : candidate,
  );
}
