import type { Candidate } from '../document/state.ts';
import type { ConceptSpec, FoundObject } from '../job/request.ts';
import { sameMask } from '../mask/rle-algebra.ts';
import { hasEdits } from './edits.ts';
import { isHandMade } from './listing.ts';
import { MaskMeasures } from './measures.ts';

/** Masks of one concept that agree by more than this are one object, found again. */
const SAME_OBJECT_IOU = 0.5;

/** A detector run over a document that has candidates already. */
export interface Rerun {
  readonly previous: readonly Candidate[];
  readonly found: readonly FoundObject[];
  /** The concepts of the run. One without a phrase was not looked for; candidates of others are left alone. */
  readonly concepts: readonly ConceptSpec[];
  /** Makes the ids of new candidates: `<runId>.<conceptId>.<number>`. */
  readonly runId: string;
  /** What was asked: by phrases alone, or by examples, which answers phrase and examples together. */
  readonly origin?: 'phrase' | 'example';
}

/**
 * The candidates after a detector run. An object that is found again, by its mask as found, keeps its id and everything the
 * user did to it: tick, edits, frame, rules, own settings; only mask and scores are new. What was made by hand stays.
 * Of the rest, what is not found any more goes, unless there is work in it (edits, a frame, rules, own settings):
 * then it stays as it was, under the same filters as before, until the user removes it or it is found again. A tick alone
 * is no such work. A run by phrases leaves alone what examples found.
 */
export function matchCandidates({
  previous,
  found,
  concepts,
  runId,
  origin = 'phrase',
}: Rerun): readonly Candidate[] {
  const asked = new Set(
    concepts.filter(({ phrase }) => origin === 'example' || phrase.trim() !== '').map(({ id }) => id),
  );
  const answers = found.filter(({ conceptId }) => asked.has(conceptId));
  const matches = bestMatches(previous, answers);
  const kept = previous.flatMap((candidate) => {
    const answer = matches.get(candidate);
    if (answer) return [refreshed(candidate, answer)];
    const replaced =
      asked.has(candidate.conceptId) && (candidate.origin === 'phrase' || origin === 'example');
    return isHandMade(candidate) || !replaced || holdsWork(candidate) ? [candidate] : [];
  });
  const taken = new Set(matches.values());
  const ids = new IdMaker(runId, previous);
  const fresh = answers
    .filter((answer) => !taken.has(answer))
    .map((answer) => newCandidate(answer, ids.next(answer.conceptId), origin));
  return [...kept, ...fresh];
}

/** Greedy: the pair that agrees best first, then the best of those left. */
function bestMatches(
  previous: readonly Candidate[],
  found: readonly FoundObject[],
): ReadonlyMap<Candidate, FoundObject> {
  const measures = new MaskMeasures();
  const pairs = previous
    .filter((candidate) => !isHandMade(candidate))
    .flatMap((candidate) =>
      found
        .filter(({ conceptId }) => conceptId === candidate.conceptId)
        .filter(({ mask }) => measures.overlaps(candidate.mask, mask, 'iou', SAME_OBJECT_IOU, 'above'))
        .map((answer) => ({ candidate, answer, iou: measures.overlap(candidate.mask, answer.mask, 'iou') })),
    )
    .sort((a, b) => b.iou - a.iou);
  const matches = new Map<Candidate, FoundObject>();
  const taken = new Set<FoundObject>();
  for (const { candidate, answer } of pairs) {
    if (matches.has(candidate) || taken.has(answer)) continue;
    matches.set(candidate, answer);
    taken.add(answer);
  }
  return matches;
}

/** An unchanged mask keeps its identity, and with it everything that was computed from it. */
function refreshed(candidate: Candidate, { mask, score, presence }: FoundObject): Candidate {
  const kept = sameMask(candidate.mask, mask) ? candidate.mask : mask;
  if (kept === candidate.mask && score === candidate.score && presence === candidate.presence)
    return candidate;
  return { ...candidate, mask: kept, baked: false, score, presence };
}

function holdsWork({ edits, frame, rules, own }: Candidate): boolean {
  const settings = [...Object.values(own), ...Object.values(rules ?? {})];
  return hasEdits(edits) || frame !== null || settings.some((value) => value !== undefined);
}

function newCandidate(
  { conceptId, mask, score, presence }: FoundObject,
  id: string,
  origin: 'phrase' | 'example',
): Candidate {
  return {
    id,
    conceptId,
    origin,
    mask,
    edits: null,
    frame: null,
    score,
    presence,
    tick: null,
    rules: null,
    baked: false,
    own: {},
  };
}

/** Counts per concept, past ids that are taken. */
class IdMaker {
  readonly #runId: string;
  readonly #taken: ReadonlySet<string>;
  readonly #next = new Map<string, number>();

  constructor(runId: string, previous: readonly Candidate[]) {
    this.#runId = runId;
    this.#taken = new Set(previous.map(({ id }) => id));
  }

  next(conceptId: string): string {
    const number = this.#next.get(conceptId) ?? 0;
    this.#next.set(conceptId, number + 1);
    const id = `${this.#runId}.${conceptId}.${number}`;
    return this.#taken.has(id) ? this.next(conceptId) : id;
  }
}
