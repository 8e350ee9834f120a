import type { Detection } from '../job/request.ts';
import { maskAreaPx, rleCovers } from '../mask/rle-algebra.ts';

/** The smallest detection whose mask covers a point given in fractions of the picture. */
export function detectionAt(detections: readonly Detection[], x: number, y: number): Detection | undefined {
  return detections
    .filter(({ mask }) => rleCovers(mask, x * mask.width, y * mask.height))
    .map((detection) => ({ detection, share: shareOf(detection) }))
    .toSorted((a, b) => a.share - b.share)[0]?.detection;
}

function shareOf({ mask }: Detection): number {
  return maskAreaPx(mask) / (mask.width * mask.height);
}
