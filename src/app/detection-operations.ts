import { phraseKey } from '#domain/concepts/phrase-key.ts';
import { isHandMade } from '#domain/detection/listing.ts';
import {
  joinCandidates,
  keepLargestPart,
  splitCandidate,
  visibleOnes,
  type Visible,
} from '#domain/detection/operations.ts';
import type { DetectionOverrides, MaskRules } from '#domain/job/request.ts';
import { messages } from './messages.ts';
import type { Notifier } from './studio.ts';
import type { StudioState } from './studio-state.svelte.ts';

export interface OperationsHost {
  readonly document: StudioState;
  readonly notifier: Notifier;
}

/** Parts of a split below this many square pixels of the picture are specks, not objects. */
const MIN_PART_PX = 16;

/** What can be done to single detections without painting. Every act is one step of the history. */
export class DetectionOperations {
  readonly #host: OperationsHost;

  constructor(host: OperationsHost) {
    this.#host = host;
  }

  /** Makes a detection of each separate part; the largest remains this one. */
  split(id: string): void {
    const { document, notifier } = this.#host;
    const target = this.#visible([id])[0];
    const picture = document.image?.size;
    if (!target || !picture) return;
    const options = { minAreaPx: MIN_PART_PX, picture, newId: () => crypto.randomUUID() };
    const candidates = splitCandidate(document.candidates, target, options);
    if (candidates === document.candidates) return notifier.info(messages.own.onePiece);
    const { presence } = document;
    document.dispatch(
      { type: 'set-candidates', candidates, presence },
      { name: 'split', subject: this.#number(id) },
    );
  }

  /** Makes one of two; it keeps the first one's settings. */
  join(id: string, otherId: string): void {
    const { document, notifier } = this.#host;
    const [target, other] = [this.#visible([id])[0], this.#visible([otherId])[0]];
    if (!target || !other) return;
    const candidates = joinCandidates(document.candidates, [target, other]);
    const { presence } = document;
    document.dispatch(
      { type: 'set-candidates', candidates, presence },
      { name: 'join', subject: this.#number(id) },
    );
    notifier.info(messages.own.joined(document.numberOf(id)));
  }

  /** Gives a detection to another concept. It was put there by hand: that concept's filters and runs leave it there. */
  moveTo(id: string, conceptId: string): void {
    const { document } = this.#host;
    const candidate = document.candidates.find((one) => one.id === id);
    if (!candidate || candidate.conceptId === conceptId) return;
    const origin = isHandMade(candidate) ? candidate.origin : 'hand';
    const tick = document.detections.find((one) => one.id === id)?.enabled ?? null;
    document.dispatch(
      { type: 'update-candidates', ids: [id], patch: { conceptId, origin, tick } },
      { name: 'own', subject: this.#number(id) },
    );
  }

  /** Says what a concept is of that has no phrase yet. Where another looks for the same already, its objects join that one. */
  nameConcept(id: string, phrase: string): void {
    const { document } = this.#host;
    const words = phrase.trim();
    const same = document.concepts.find((one) => one.id !== id && isSamePhrase(one.phrase, words));
    if (!same) return document.updateConcept(id, { phrase: words });
    const ids = document.candidates.filter(({ conceptId }) => conceptId === id).map((one) => one.id);
    document.dispatch(
      [
        { type: 'update-candidates', ids, patch: { conceptId: same.id } },
        { type: 'remove-concept', id },
      ],
      { name: 'update-concept', subject: words },
    );
  }

  keepLargest(id: string): void {
    const target = this.#visible([id])[0];
    if (target) this.#update(id, { edits: keepLargestPart(target).edits }, 'mask');
  }

  /** What was painted goes; what was made by hand has nothing else and stays. */
  resetEdits(id: string): void {
    this.#update(id, { edits: null }, 'mask');
  }

  /** Settings of this detection alone; undefined follows the concept again. */
  setOwn(id: string, patch: DetectionOverrides): void {
    const { document } = this.#host;
    const candidate = document.candidates.find((one) => one.id === id);
    if (!candidate) return;
    const set = Object.entries({ ...candidate.own, ...patch }).filter(([, value]) => value !== undefined);
    const joinKey = `own ${id} ${Object.keys(patch).join()}`;
    document.updateCandidate(
      id,
      { own: Object.fromEntries(set) },
      { name: 'own', subject: this.#number(id), joinKey },
    );
  }

  /** Rules of this detection's mask alone; null follows the concept again. */
  setRules(id: string, patch: Partial<MaskRules> | null): void {
    const { document } = this.#host;
    const candidate = document.candidates.find((one) => one.id === id);
    const rules = patch && { ...candidate?.rules, ...patch };
    const joinKey = `rules ${id} ${Object.keys(patch ?? {}).join()}`;
    document.updateCandidate(id, { rules }, { name: 'own', subject: this.#number(id), joinKey });
  }

  #update(id: string, patch: Parameters<StudioState['updateCandidate']>[1], name: 'mask'): void {
    this.#host.document.dispatch(
      { type: 'update-candidates', ids: [id], patch },
      { name, subject: this.#number(id) },
    );
  }

  #visible(ids: readonly string[]): readonly Visible[] {
    const { candidates, resolved } = this.#host.document;
    return visibleOnes(candidates, resolved, ids);
  }

  #number(id: string): string {
    return String(this.#host.document.numberOf(id));
  }
}

function isSamePhrase(phrase: string, words: string): boolean {
  return words !== '' && phraseKey(phrase) === phraseKey(words);
}
