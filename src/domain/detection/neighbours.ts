import { intersect, type Rect } from '../geometry/rect.ts';
import type { Candidate } from '../document/state.ts';
import type { ConceptSpec, MaskRle } from '../job/request.ts';
import { matchGrid, subtractRle } from '../mask/rle-algebra.ts';
import { isCircular, neededFirst, type Needs } from './dependencies.ts';
import { applyEdits, hasEdits } from './edits.ts';
import type { MaskMeasures } from './measures.ts';
import { Memo } from './memo.ts';

/** A listed candidate's mask with and without what was painted on it. */
export interface ResolvedMask {
  /** After its rules and its neighbours, before edits. */
  readonly rule: MaskRle;
  /** What is drawn and refined. */
  readonly final: MaskRle;
}

/** A listed candidate with its mask so far. */
export interface Member extends ResolvedMask {
  readonly candidate: Candidate;
}

/** The listed candidates of a concept. */
export interface Members {
  readonly concept: ConceptSpec;
  readonly members: readonly Member[];
}

/**
 * What detections of different concepts take from one another. First excluded concepts are taken away (A minus B): B
 * as it is after its own exclusions and edits; where concepts exclude one another in a circle, B as it was before.
 * Then, of overlapping masks in one layer, a later concept that gives way loses what an earlier one ended up with.
 * Neither depends on ticks, so ticking changes no mask. Edits come last and always hold.
 */
export class Neighbours {
  readonly #measures: MaskMeasures;
  readonly #excluded = new Memo<MaskRle>();
  readonly #yielded = new Memo<MaskRle>();
  readonly #edited = new Memo<MaskRle>();

  constructor(measures: MaskMeasures) {
    this.#measures = measures;
  }

  get made(): number {
    return this.#excluded.made + this.#yielded.made + this.#edited.made;
  }

  keepOnly(ids: ReadonlySet<string>): void {
    for (const memo of [this.#excluded, this.#yielded, this.#edited]) memo.keepOnly(ids);
  }

  /** `all` in the order of the concepts. */
  resolve(all: readonly Members[]): readonly Members[] {
    return this.#giveWay(this.#exclude(all));
  }

  #exclude(all: readonly Members[]): readonly Members[] {
    const before = new Map(all.map((members) => [members.concept.id, members]));
    const needs: Needs = new Map(all.map(({ concept: { id, rules } }) => [id, rules.exclude]));
    const after = new Map<string, Members>();
    for (const id of neededFirst(needs)) {
      const members = before.get(id) as Members;
      const takers = (needs.get(id) ?? [])
        .filter((other) => other !== id)
        .flatMap((other) => (isCircular(needs, id, other) ? before : after).get(other)?.members ?? []);
      after.set(id, this.#takeFrom(members, takers, this.#excluded));
    }
    return all.map(({ concept }) => after.get(concept.id) as Members);
  }

  #giveWay(all: readonly Members[]): readonly Members[] {
    const done: Members[] = [];
    for (const members of all) {
      const { rules, layer } = members.concept;
      const earlier = rules.giveWay ? done.filter(({ concept }) => concept.layer === layer) : [];
      const takers = earlier.flatMap((other) => other.members);
      done.push(this.#takeFrom(members, takers, this.#yielded));
    }
    return done;
  }

  #takeFrom({ concept, members }: Members, takers: readonly Member[], memo: Memo<MaskRle>): Members {
    if (takers.length === 0) return { concept, members };
    const placed = takers.flatMap(({ final }) => {
      const box = this.#measures.box(final);
      return box ? [{ mask: final, box }] : [];
    });
    return { concept, members: members.map((member) => this.#without(member, placed, memo)) };
  }

  /** Only neighbours that come near are looked at, so that a change far away makes nothing anew. */
  #without(
    member: Member,
    takers: readonly { readonly mask: MaskRle; readonly box: Rect<'unit'> }[],
    memo: Memo<MaskRle>,
  ): Member {
    const box = this.#measures.box(member.rule);
    const near = box ? takers.filter((taker) => meet(taker.box, box)).map(({ mask }) => mask) : [];
    if (near.length === 0) return member;
    const { candidate } = member;
    const rule = memo.of(candidate.id, [member.rule, ...near], () => takeAway(member.rule, near));
    return { candidate, rule, final: this.#withEdits(candidate, rule) };
  }

  #withEdits({ id, edits }: Candidate, rule: MaskRle): MaskRle {
    if (!hasEdits(edits)) return rule;
    return this.#edited.of(id, [rule, edits?.added, edits?.removed], () => applyEdits(rule, edits));
  }
}

function takeAway(mask: MaskRle, others: readonly MaskRle[]): MaskRle {
  return others.reduce((left, other) => subtractRle(...matchGrid([left, other])), mask);
}

function meet(a: Rect<'unit'>, b: Rect<'unit'>): boolean {
  const { width, height } = intersect(a, b);
  return width > 0 && height > 0;
}
