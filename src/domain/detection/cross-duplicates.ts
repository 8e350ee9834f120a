import type { Detection } from '../job/request.ts';
import { MaskMeasures } from './measures.ts';

/** Two detections that are probably one object, found under two concepts (face and head). */
export interface CrossDuplicate {
  /** Ids; the first is listed before the second. */
  readonly first: string;
  readonly second: string;
  readonly iou: number;
}

/** Masks of different concepts that agree by more than this are worth a hint. */
const SAME_OBJECT_IOU = 0.8;

/**
 * Pairs of detections of different concepts whose masks overlap by more than 0.8 IoU, in list order. Only masks whose
 * boxes share columns are compared: of a thousand objects all over a picture that is a small part of all pairs.
 * @param measures remembers masks from one time to the next.
 */
export function crossDuplicates(
  shown: readonly Detection[],
  measures = new MaskMeasures(),
): readonly CrossDuplicate[] {
  const pairs: (readonly [number, number])[] = [];
  const spans = spansOf(shown, measures);
  spans.forEach((span, i) => {
    for (const other of followers(spans, i)) {
      const [first, second] = [Math.min(span.index, other.index), Math.max(span.index, other.index)];
      if (isSameObject(shown[first] as Detection, shown[second] as Detection, measures))
        pairs.push([first, second]);
    }
  });
  pairs.sort((a, b) => a[0] - b[0] || a[1] - b[1]);
  return pairs.map(([i, j]) => {
    const [first, second] = [shown[i] as Detection, shown[j] as Detection];
    const iou = measures.overlap(first.mask, second.mask, 'iou');
    return { first: first.id, second: second.id, iou };
  });
}

/** The columns a mask covers. */
interface Span {
  readonly index: number;
  readonly left: number;
  readonly right: number;
}

/** From left to right; empty masks have none. */
function spansOf(shown: readonly Detection[], measures: MaskMeasures): Span[] {
  const spans = shown.flatMap(({ mask }, index): Span[] => {
    const box = measures.box(mask);
    return box ? [{ index, left: box.x, right: box.x + box.width }] : [];
  });
  return spans.sort((a, b) => a.left - b.left);
}

/** Those that begin within the columns of one, to the right of its beginning. */
function* followers(spans: readonly Span[], i: number): Generator<Span> {
  const { right } = spans[i] as Span;
  for (let j = i + 1; j < spans.length && (spans[j] as Span).left < right; j++) yield spans[j] as Span;
}

function isSameObject(a: Detection, b: Detection, measures: MaskMeasures): boolean {
  if (a.conceptId === b.conceptId) return false;
  return measures.overlaps(a.mask, b.mask, 'iou', SAME_OBJECT_IOU, 'above');
}
