import { intersect, type Rect } from '../geometry/rect.ts';
import type { ConceptExample } from '../job/request.ts';

/** Two boxes that overlap by more than this share of their union are taken for the same object. */
const SAME_OBJECT_IOU = 0.5;

/**
 * Whether an answer is an object the user has pointed at as unwanted. Counter-examples tell the network what to avoid
 * elsewhere too (spec/sam3.md 2.4), but it may still answer with the very object shown; nobody expects that one back. A
 * wanted example that fits better goes before.
 */
export function isRejected(answer: Rect<'unit'>, examples: readonly ConceptExample[]): boolean {
  const best = (positive: boolean) =>
    Math.max(
      0,
      ...examples.filter((example) => example.positive === positive).map(({ box }) => iou(answer, box)),
    );
  const unwanted = best(false);
  return unwanted > SAME_OBJECT_IOU && unwanted > best(true);
}

function iou(a: Rect<'unit'>, b: Rect<'unit'>): number {
  const shared = intersect(a, b);
  const both = shared.width * shared.height;
  return both / (a.width * a.height + b.width * b.height - both);
}
