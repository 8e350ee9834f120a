import { intersect, type Rect } from '../geometry/rect.ts';
import type { MaskRle } from '../job/request.ts';
import { maskAreaPx, matchGrid, overlapPx, rleBox } from '../mask/rle-algebra.ts';

/** How much two masks overlap: of their union (`iou`), or of the smaller one (`iom`). */
export type OverlapMeasure = 'iou' | 'iom';

interface Extent {
  /** Share of the picture. */
  readonly area: number;
  readonly box: Rect<'unit'> | null;
}

type Overlap = Readonly<Record<OverlapMeasure, number>>;

/**
 * Areas, boxes and overlaps of masks of one picture, each measured once as long as the mask lives: masks are values,
 * the same object is always the same pixels. Areas are shares of the picture, so masks of different grids compare.
 */
export class MaskMeasures {
  readonly #extents = new WeakMap<MaskRle, Extent>();
  readonly #overlaps = new WeakMap<MaskRle, WeakMap<MaskRle, Overlap>>();

  area(mask: MaskRle): number {
    return this.#extent(mask).area;
  }

  /** Null for an empty mask. */
  box(mask: MaskRle): Rect<'unit'> | null {
    return this.#extent(mask).box;
  }

  /** IoU or IoM in [0, 1]; 0 when one is empty. */
  overlap(a: MaskRle, b: MaskRle, measure: OverlapMeasure): number {
    const known = this.#overlaps.get(a)?.get(b) ?? this.#overlaps.get(b)?.get(a);
    if (known) return known[measure];
    const overlap = measured(...matchGrid([a, b]));
    const ofA = this.#overlaps.get(a) ?? new WeakMap<MaskRle, Overlap>();
    this.#overlaps.set(a, ofA.set(b, overlap));
    return overlap[measure];
  }

  /** Whether IoU or IoM reaches `limit` or, strictly, exceeds it. Pairs whose boxes rule it out cost no walk over runs. */
  overlaps(
    a: MaskRle,
    b: MaskRle,
    measure: OverlapMeasure,
    limit: number,
    how: 'above' | 'at-least',
  ): boolean {
    const passes = (value: number) => (how === 'above' ? value > limit : value >= limit);
    return passes(this.#mostOverlap(a, b, measure)) && passes(this.overlap(a, b, measure));
  }

  #extent(mask: MaskRle): Extent {
    const known = this.#extents.get(mask);
    if (known) return known;
    const extent = { area: maskAreaPx(mask) / (mask.width * mask.height), box: rleBox(mask) };
    this.#extents.set(mask, extent);
    return extent;
  }

  /** Upper bound: both masks lie inside their boxes. A hair more, for fractions are rounded. */
  #mostOverlap(a: MaskRle, b: MaskRle, measure: OverlapMeasure): number {
    const [first, second] = [this.#extent(a), this.#extent(b)];
    if (!first.box || !second.box) return 0;
    const { width, height } = intersect(first.box, second.box);
    const shared = Math.min(first.area, second.area, width * height) * (1 + 1e-9);
    return ratio(first.area, second.area, shared, measure);
  }
}

function measured(a: MaskRle, b: MaskRle): Overlap {
  const [areaA, areaB, shared] = [maskAreaPx(a), maskAreaPx(b), overlapPx(a, b)];
  return { iou: ratio(areaA, areaB, shared, 'iou'), iom: ratio(areaA, areaB, shared, 'iom') };
}

function ratio(areaA: number, areaB: number, shared: number, measure: OverlapMeasure): number {
  if (shared === 0) return 0;
  return shared / (measure === 'iou' ? areaA + areaB - shared : Math.min(areaA, areaB));
}
