import type { Rect, Size } from '#domain/geometry/rect.ts';
import type { Detection } from '#domain/job/request.ts';

/** Up to here every detection carries its number. */
export const MANY_BADGES = 60;
/** Room a badge takes for itself among many, CSS pixels; itself it is about half as wide and high. */
const ROOM = { width: 104, height: 60 };
/** A detection smaller than this on the screen is no place for a number. */
const LEGIBLE_PX = 24;
/** From here on, screen pixels per pixel of the picture, every one is shown. */
const CLOSE = 2;

/** By detection id, the scale of the camera from which on it carries its number. */
export type BadgeScales = ReadonlyMap<string, number>;

/**
 * Which detections carry their number, by how far the picture is zoomed in: like names on a map the larger ones come
 * first, and one that is shown stays while zooming further in. Panning changes nothing.
 */
export class Badges {
  #boxes: readonly Rect<'unit'>[] = [];
  #scales: BadgeScales = new Map();

  /** Measured anew only where boxes have changed: a tick changes none. */
  scalesOf(detections: readonly Detection[], picture: Size<'image'>): BadgeScales {
    const boxes = detections.map(({ box }) => box);
    if (boxes.length !== this.#boxes.length || boxes.some((box, i) => box !== this.#boxes[i])) {
      this.#boxes = boxes;
      this.#scales = badgeScales(detections, picture);
    }
    return this.#scales;
  }
}

interface Placed {
  readonly x: number;
  readonly y: number;
  readonly from: number;
}

/**
 * With a badge j of higher rank shown from scale s_j on, and the two apart from s_ij on, badge i has to wait until s_ij if
 * j is shown before that. The largest of these is where i begins: beyond it nothing that is shown is in its way.
 */
export function badgeScales(detections: readonly Detection[], picture: Size<'image'>): BadgeScales {
  const scales = new Map<string, number>();
  const placed: Placed[] = [];
  for (const { id, box } of detections.toSorted((a, b) => longSide(b, picture) - longSide(a, picture))) {
    const [x, y] = [box.x * picture.width, box.y * picture.height];
    let from = LEGIBLE_PX / Math.max(1, longSide({ box }, picture));
    for (const other of placed) {
      const apart = Math.min(ROOM.width / Math.abs(other.x - x), ROOM.height / Math.abs(other.y - y));
      if (other.from < apart && apart > from) from = apart;
    }
    from = Math.min(from, CLOSE);
    scales.set(id, from);
    placed.push({ x, y, from });
  }
  return scales;
}

function longSide({ box }: Pick<Detection, 'box'>, { width, height }: Size<'image'>): number {
  return Math.max(box.width * width, box.height * height);
}
