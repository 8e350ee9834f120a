import type { MaskEdits } from '../document/state.ts';
import type { MaskRle } from '../job/request.ts';
import { intersectRle, matchGrid, subtractRle, unionRle } from '../mask/rle-algebra.ts';
import { isEmptyMask } from '../mask/rle.ts';

/** A mask with what was painted on it: additions first, then removals. */
export function applyEdits(mask: MaskRle, edits: MaskEdits | null): MaskRle {
  const added = edits?.added ? unionRle(...matchGrid([mask, edits.added])) : mask;
  return edits?.removed ? subtractRle(...matchGrid([added, edits.removed])) : added;
}

/**
 * The edits that make `painted` of a mask its rules answer; null when nothing differs. Earlier edits that the painting
 * does not take back are kept even where they change nothing just now, so that they still hold when the rules change.
 */
export function editsFrom(
  ruleMask: MaskRle,
  painted: MaskRle,
  earlier: MaskEdits | null = null,
): MaskEdits | null {
  const [rule, now] = matchGrid([ruleMask, painted]);
  const stillAdded = earlier?.added && intersectRle(...matchGrid([earlier.added, now]));
  const stillRemoved = earlier?.removed && subtractRle(...matchGrid([earlier.removed, now]));
  const added = orNull(joined(subtractRle(now, rule), stillAdded));
  const removed = orNull(joined(subtractRle(rule, now), stillRemoved));
  return added || removed ? { added, removed } : null;
}

/** Whether anything was painted on a mask by hand. */
export function hasEdits(edits: MaskEdits | null): boolean {
  return edits !== null && (edits.added !== null || edits.removed !== null);
}

function joined(mask: MaskRle, more: MaskRle | null | undefined): MaskRle {
  return more ? unionRle(...matchGrid([mask, more])) : mask;
}

function orNull(mask: MaskRle): MaskRle | null {
  return isEmptyMask(mask) ? null : mask;
}
