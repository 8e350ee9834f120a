import type { Rect } from '../geometry/rect.ts';
import type { Candidate, DetectionOrigin } from '../document/state.ts';
import type { ConceptSpec, DetectionOrder, MaskRle } from '../job/request.ts';
import { isCircular, neededFirst } from './dependencies.ts';
import type { MaskMeasures } from './measures.ts';

/** How many of a concept's candidates are not listed, by the first rule that kept them out. */
export interface Hidden {
  readonly belowThreshold: number;
  readonly tooSmall: number;
  readonly tooLarge: number;
  /** Overlaps a better one of the same concept. */
  readonly duplicate: number;
  /** Not inside a detection of the concept it is a part of. */
  readonly outside: number;
  readonly overLimit: number;
  /** Rules, exclusions or erasing left nothing of its mask. */
  readonly emptied: number;
}

/** Candidates that became detections, in the order of their numbers. */
export interface Listing {
  readonly listed: readonly Candidate[];
  readonly hidden: Hidden;
}

/** A candidate lies inside a parent from this share of the smaller of the two on. */
const INSIDE_IOM = 0.5;

/** A candidate is something found again where it covers a hand-made mask by more than this IoU. */
const FOUND_AGAIN_IOU = 0.7;

const HAND_MADE: ReadonlySet<DetectionOrigin> = new Set(['hand', 'click', 'file', 'recipe']);

/** Made by a person, or by one's earlier choice: no filter hides it and no re-run replaces it. */
export function isHandMade({ origin }: Pick<Candidate, 'origin'>): boolean {
  return HAND_MADE.has(origin);
}

/**
 * Chooses and orders the candidates of every concept. `own` answers a candidate's mask after its rules and edits,
 * before its neighbours matter. Parents are listed before their parts; circles of parts are no rule.
 */
export class Lister {
  readonly #measures: MaskMeasures;
  readonly #own: (candidate: Candidate) => MaskRle;

  constructor(measures: MaskMeasures, own: (candidate: Candidate) => MaskRle) {
    this.#measures = measures;
    this.#own = own;
  }

  list(concepts: readonly ConceptSpec[], candidates: readonly Candidate[]): ReadonlyMap<string, Listing> {
    const byConcept = groupByConcept(candidates);
    const byId = new Map(concepts.map((concept) => [concept.id, concept]));
    const needs = new Map(concepts.map(({ id, rules }) => [id, rules.partOf === null ? [] : [rules.partOf]]));
    const listings = new Map<string, Listing>();
    for (const id of neededFirst(needs)) {
      const concept = byId.get(id) as ConceptSpec;
      const parent = concept.rules.partOf;
      const rule = parent !== null && !isCircular(needs, id, parent) ? listings.get(parent) : undefined;
      listings.set(id, this.#listConcept(concept, byConcept.get(id) ?? [], rule?.listed ?? null));
    }
    return listings;
  }

  #listConcept(
    concept: ConceptSpec,
    candidates: readonly Candidate[],
    parents: readonly Candidate[] | null,
  ): Listing {
    const [byHand, all] = split(candidates, isHandMade);
    const { rules, threshold } = concept;
    const areaOf = (candidate: Candidate) => this.#measures.area(candidate.mask);
    const [likely, belowThreshold] = split(all, ({ score }) => score > threshold);
    const [notSmall, tooSmall] = split(likely, (candidate) => areaOf(candidate) >= rules.minArea);
    const [sized, tooLarge] = split(notSmall, (candidate) => areaOf(candidate) <= rules.maxArea);
    const [single, duplicate] = this.#withoutDuplicates(sized, byHand, rules.duplicates);
    const [inside, outside] = parents ? this.#inside(single, parents) : [single, []];
    const ordered = this.#ordered([...inside, ...byHand], rules.order);
    const listed = this.#limited(ordered, concept);
    return {
      listed,
      hidden: {
        belowThreshold: belowThreshold.length,
        tooSmall: tooSmall.length,
        tooLarge: tooLarge.length,
        duplicate: duplicate.length,
        outside: outside.length,
        overLimit: ordered.length - listed.length,
        emptied: 0,
      },
    };
  }

  /** Greedy, best score first, on the masks as found. A hand-made mask that is found again is not listed twice. */
  #withoutDuplicates(
    found: readonly Candidate[],
    byHand: readonly Candidate[],
    { measure, limit }: ConceptSpec['rules']['duplicates'],
  ): Halves {
    const measures = this.#measures;
    const kept: Candidate[] = [];
    for (const candidate of found.toSorted((a, b) => b.score - a.score)) {
      const repeats =
        kept.some((better) => measures.overlaps(candidate.mask, better.mask, measure, limit, 'above')) ||
        byHand.some((made) =>
          measures.overlaps(candidate.mask, this.#own(made), 'iou', FOUND_AGAIN_IOU, 'above'),
        );
      if (!repeats) kept.push(candidate);
    }
    const keptOnes = new Set(kept);
    return split(found, (candidate) => keptOnes.has(candidate));
  }

  #inside(candidates: readonly Candidate[], parents: readonly Candidate[]): Halves {
    return split(candidates, ({ mask }) =>
      parents.some((parent) =>
        this.#measures.overlaps(mask, this.#own(parent), 'iom', INSIDE_IOM, 'at-least'),
      ),
    );
  }

  /**
   * By the mask as found, so that painting on a detection does not renumber the others. Nobody measured the score of
   * what is made by hand: by score it comes last, in the order it was made.
   */
  #ordered(candidates: readonly Candidate[], order: DetectionOrder): Candidate[] {
    const keys = new Map(candidates.map((candidate) => [candidate, this.#orderKey(candidate, order)]));
    return candidates.toSorted((a, b) => (keys.get(a) as number) - (keys.get(b) as number));
  }

  /**
   * Of those found the best-scored are kept, or the largest where the list is by size: so "the two largest" can be said.
   * Where an object lies is no reason to leave it out. Hand-made ones stay and do not count.
   */
  #limited(ordered: readonly Candidate[], { maxObjects, rules }: ConceptSpec): readonly Candidate[] {
    const found = ordered.filter((candidate) => !isHandMade(candidate));
    if (found.length <= maxObjects) return ordered;
    const kept = new Set(
      this.#ordered(found, rules.order === 'area' ? 'area' : 'score').slice(0, maxObjects),
    );
    return ordered.filter((candidate) => isHandMade(candidate) || kept.has(candidate));
  }

  #orderKey(candidate: Candidate, order: DetectionOrder): number {
    if (order === 'score') return isHandMade(candidate) ? 1 : -candidate.score;
    const shape = isHandMade(candidate) ? this.#own(candidate) : candidate.mask;
    if (order === 'area') return -this.#measures.area(shape);
    const box = this.#measures.box(shape);
    if (!box) return 2;
    return order === 'left-to-right' ? middle(box).x : middle(box).y;
  }
}

type Halves = readonly [kept: Candidate[], dropped: Candidate[]];

function split(candidates: readonly Candidate[], keep: (candidate: Candidate) => boolean): Halves {
  const halves: Halves = [[], []];
  for (const candidate of candidates) halves[keep(candidate) ? 0 : 1].push(candidate);
  return halves;
}

function middle({ x, y, width, height }: Rect<'unit'>): { readonly x: number; readonly y: number } {
  return { x: x + width / 2, y: y + height / 2 };
}

function groupByConcept(candidates: readonly Candidate[]): ReadonlyMap<string, readonly Candidate[]> {
  const groups = new Map<string, Candidate[]>();
  for (const candidate of candidates) {
    const group = groups.get(candidate.conceptId);
    if (group) group.push(candidate);
    else groups.set(candidate.conceptId, [candidate]);
  }
  return groups;
}
