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

/** Pairs of detections of different concepts whose masks overlap by more than 0.8 IoU, in list order. */
export function crossDuplicates(shown: readonly Detection[]): readonly CrossDuplicate[] {
  const measures = new MaskMeasures();
  const pairs: CrossDuplicate[] = [];
  shown.forEach((first, i) => {
    for (const second of shown.slice(i + 1)) {
      if (first.conceptId === second.conceptId) continue;
      if (measures.overlaps(first.mask, second.mask, 'iou', SAME_OBJECT_IOU, 'above'))
        pairs.push({
          first: first.id,
          second: second.id,
          iou: measures.overlap(first.mask, second.mask, 'iou'),
        });
    }
  });
  return pairs;
}
