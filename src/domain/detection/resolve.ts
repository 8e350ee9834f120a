import { rect, type Size } from '../geometry/rect.ts';
import type { Candidate } from '../document/state.ts';
import type { ConceptSpec, Detection, MaskRle } from '../job/request.ts';
import { answersAnother } from './answers-another.ts';
import { hasEdits } from './edits.ts';
import { isHandMade, Lister, type Hidden, type Listing } from './listing.ts';
import { MaskMeasures } from './measures.ts';
import { Memo } from './memo.ts';
import { Neighbours, type Member, type Members } from './neighbours.ts';
import { OwnMasks } from './own-masks.ts';
import { selectDetections } from './select.ts';

export { editsFrom } from './edits.ts';
export { ruleMask } from './own-masks.ts';
export type { Hidden } from './listing.ts';

/** All that detections depend on. */
export interface ResolveInput {
  /** Each concept's rules decide about its own candidates; candidates of no concept are not listed. */
  readonly concepts: readonly ConceptSpec[];
  readonly candidates: readonly Candidate[];
  /** What lengths of the rules are pixels of. */
  readonly picture: Size<'image'>;
}

/** What the candidates of a document come to. */
export interface Resolved {
  /** In the order of the list and of the numbers on the canvas: concept by concept, by each one's order. */
  readonly shown: readonly Detection[];
  /** Why the others are not listed, per concept id. */
  readonly hidden: Readonly<Record<string, Hidden>>;
  /** Masks of `shown` before what was painted on them, by id: {@link editsFrom} compares with these. */
  readonly ruleMasks: ReadonlyMap<string, MaskRle>;
}

const NOTHING: ReadonlySet<string> = new Set();
/** Where a detection without a mask lies until something is painted. */
const NOWHERE = rect<'unit'>(0.5, 0.5, 0, 0);

/**
 * Makes of the detector's answers and of what was made by hand the detections the user sees. Pure: the same input gives
 * the same answer, whatever came before. It remembers masks by what they were made from, so that a tick makes none
 * and a moved threshold only those it brings to light; detections that stay the same keep their identity.
 *
 * Per concept: threshold, area, duplicates, part-of, order, limit, ticks. Per mask: its rules, excluded concepts, giving
 * way, edits.
 */
export class DetectionResolver {
  readonly #measures = new MaskMeasures();
  readonly #own = new OwnMasks();
  readonly #neighbours = new Neighbours(this.#measures);
  readonly #detections = new Memo<Detection>();

  /** How many masks were computed, not remembered, since the resolver exists. */
  get masksMade(): number {
    return this.#own.made + this.#neighbours.made;
  }

  resolve({ concepts, candidates, picture }: ResolveInput): Resolved {
    this.#forgetOthers(candidates);
    const byId = new Map(concepts.map((concept) => [concept.id, concept]));
    const own = (candidate: Candidate) =>
      this.#own.own(candidate, byId.get(candidate.conceptId) as ConceptSpec, picture);
    const listings = new Lister(this.#measures, own).list(concepts, candidates);
    const before = concepts.map((concept): Members => {
      const listed = (listings.get(concept.id) as Listing).listed;
      return { concept, members: listed.map((candidate) => this.#member(candidate, concept, picture)) };
    });
    return this.#result(this.#neighbours.resolve(before), listings);
  }

  #forgetOthers(candidates: readonly Candidate[]): void {
    const ids = new Set(candidates.map(({ id }) => id));
    for (const memory of [this.#own, this.#neighbours, this.#detections]) memory.keepOnly(ids);
  }

  #member(candidate: Candidate, concept: ConceptSpec, picture: Size<'image'>): Member {
    const rule = this.#own.rule(candidate, concept, picture);
    return { candidate, rule, final: this.#own.own(candidate, concept, picture) };
  }

  #result(all: readonly Members[], listings: ReadonlyMap<string, Listing>): Resolved {
    const shown: Detection[] = [];
    const hidden: Record<string, Hidden> = {};
    const ruleMasks = new Map<string, MaskRle>();
    for (const { concept, members } of all) {
      const left = members.filter(
        ({ candidate, final }) => isHandMade(candidate) || this.#measures.box(final) !== null,
      );
      const listing = listings.get(concept.id) as Listing;
      hidden[concept.id] = { ...listing.hidden, emptied: members.length - left.length };
      shown.push(...this.#detectionsOf(concept, left));
      for (const { candidate, rule } of left) ruleMasks.set(candidate.id, rule);
    }
    return { shown, hidden, ruleMasks };
  }

  /** The selection mode chooses among what was found by the present phrase; what was made by hand was made to be refined. */
  #detectionsOf(concept: ConceptSpec, members: readonly Member[]): Detection[] {
    const found = members
      .filter(({ candidate }) => !isHandMade(candidate))
      .map((member) => {
        const { id, score } = member.candidate;
        return { id, score, box: this.#box(member) };
      });
    const picked = answersAnother(concept) ? NOTHING : selectDetections(found, concept.selection);
    return members.map((member) => {
      const { candidate } = member;
      return this.#detection(member, candidate.tick ?? (isHandMade(candidate) || picked.has(candidate.id)));
    });
  }

  #detection(member: Member, ticked: boolean): Detection {
    const { candidate, final: mask } = member;
    const { id, conceptId, score, presence, own } = candidate;
    const box = this.#box(member);
    const enabled = ticked && this.#measures.box(mask) !== null;
    const edited = isHandMade(candidate) || hasEdits(candidate.edits);
    const inputs = [conceptId, mask, candidate.frame, score, presence, enabled, edited, own];
    return this.#detections.of(id, inputs, () => ({
      id,
      conceptId,
      box,
      mask,
      score,
      presence,
      enabled,
      edited,
      own,
    }));
  }

  #box({ candidate, final }: Member): Detection['box'] {
    return candidate.frame ?? this.#measures.box(final) ?? NOWHERE;
  }
}

/** {@link DetectionResolver} for a single time. */
export function resolveDetections(input: ResolveInput): Resolved {
  return new DetectionResolver().resolve(input);
}
