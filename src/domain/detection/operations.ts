import type { Size } from '../geometry/rect.ts';
import type { Candidate } from '../document/state.ts';
import type { MaskRle } from '../job/request.ts';
import { keepLargest, splitComponents } from '../mask/components.ts';
import { growMask } from '../mask/morphology.ts';
import { intersectRle, invertRle, matchGrid, subtractRle, unionRle, xorRle } from '../mask/rle-algebra.ts';
import { editsFrom } from './edits.ts';
import type { Resolved } from './resolve.ts';

/**
 * Operations on what the user sees. Their outcome is kept as edits of the candidate, so it looks as announced whatever its
 * rules and neighbours do, and an object that is found again in another run keeps it.
 */
export interface Visible {
  readonly candidate: Candidate;
  /** Before edits: `ruleMasks` of a resolve. */
  readonly rule: MaskRle;
  /** As drawn. */
  readonly mask: MaskRle;
}

/** What is made of two masks: the pixels of either, of both, of the first alone, of exactly one. */
export type BooleanOperation = 'union' | 'intersect' | 'subtract' | 'xor';

const BOOLEAN: Readonly<Record<BooleanOperation, (a: MaskRle, b: MaskRle) => MaskRle>> = {
  union: unionRle,
  intersect: intersectRle,
  subtract: subtractRle,
  xor: xorRle,
};

/** The candidates with these ids that are listed, in the order of the list. */
export function visibleOnes(
  candidates: readonly Candidate[],
  { shown, ruleMasks }: Resolved,
  ids: readonly string[],
): readonly Visible[] {
  const byId = new Map(candidates.map((candidate) => [candidate.id, candidate]));
  return shown
    .filter(({ id }) => ids.includes(id))
    .flatMap(({ id, mask }) => {
      const [candidate, rule] = [byId.get(id), ruleMasks.get(id)];
      return candidate && rule ? [{ candidate, rule, mask }] : [];
    });
}

/** Its largest connected part alone. */
export function keepLargestPart(target: Visible): Candidate {
  return withMask(target, keepLargest(target.mask));
}

/** Everything but it. */
export function invertCandidate(target: Visible): Candidate {
  return withMask(target, invertRle(target.mask));
}

/** Grown (+) or shrunk (−) once, pixels of the picture; the rule of the same name keeps following its slider. */
export function growCandidate(target: Visible, growPx: number, picture: Size<'image'>): Candidate {
  const { width, height } = target.mask;
  const scale = Math.sqrt((width / picture.width) * (height / picture.height));
  return withMask(target, growMask(target.mask, growPx * scale));
}

/** The target's mask combined with another's, which stays as it is. */
export function combineCandidates(target: Visible, other: Visible, operation: BooleanOperation): Candidate {
  return withMask(target, BOOLEAN[operation](...matchGrid([target.mask, other.mask])));
}

export interface SplitOptions {
  /** Parts below this many square pixels of the picture are dropped. */
  readonly minAreaPx: number;
  readonly picture: Size<'image'>;
  /** Id of the nth new candidate, from 1. */
  readonly newId: (part: number) => string;
}

/**
 * All candidates with one split into its connected parts: the largest remains the candidate, the others follow it as
 * made by hand. Unchanged when it is in one piece.
 */
export function splitCandidate(
  candidates: readonly Candidate[],
  target: Visible,
  { minAreaPx, picture, newId }: SplitOptions,
): readonly Candidate[] {
  const { mask, candidate } = target;
  const cells = (mask.width * mask.height) / (picture.width * picture.height);
  const [largest, ...others] = splitComponents(mask, minAreaPx * cells);
  if (!largest || others.length === 0) return candidates;
  const rest = others.map((part, i) => partOf(candidate, part, newId(i + 1)));
  const first = { ...withMask(target, largest), frame: null };
  return candidates.flatMap((one) => (one.id === candidate.id ? [first, ...rest] : [one]));
}

/** All candidates with several made one: the first keeps its concept and settings, the others go. */
export function joinCandidates(
  candidates: readonly Candidate[],
  targets: readonly Visible[],
): readonly Candidate[] {
  const [first, ...others] = targets;
  if (!first || others.length === 0) return candidates;
  const union = targets.map(({ mask }) => mask).reduce((a, b) => unionRle(...matchGrid([a, b])));
  const joined = { ...withMask(first, union), frame: null };
  const gone = new Set(others.map(({ candidate }) => candidate.id));
  return candidates
    .filter(({ id }) => !gone.has(id))
    .map((candidate) => (candidate.id === joined.id ? joined : candidate));
}

function withMask({ candidate, rule }: Visible, mask: MaskRle): Candidate {
  return { ...candidate, edits: editsFrom(rule, mask, candidate.edits) };
}

/** What was one object's and is now an object of its own; an addition by hand, so that no neighbour takes it away. */
function partOf(candidate: Candidate, mask: MaskRle, id: string): Candidate {
  const edits = { added: mask, removed: null };
  return { ...candidate, id, origin: 'hand', mask, edits, frame: null, rules: null, baked: true };
}
