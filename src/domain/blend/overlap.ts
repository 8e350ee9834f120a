import { overlaps, intersect, type Rect } from '../geometry/rect.ts';
import type { Field } from '../raster.ts';

/** A paste and where it goes: `alpha` covers `area` in canvas pixels, `opacity` multiplies it. */
export interface WeightedArea {
  readonly area: Rect<'canvas'>;
  readonly alpha: Field<'canvas'>;
  readonly opacity: number;
}

/**
 * The weight of one of several pastes that share a group, brought to a sum of at most one so that two residuals never
 * sharpen the same pixel twice: alpha / max(1, Σ opacity·alpha), the sum over the paste itself and its siblings.
 * Independent of the order of the pastes; where nothing overlaps nothing changes; a sibling at opacity 0 counts as none.
 */
export function shareWeight(own: WeightedArea, siblings: readonly WeightedArea[]): Field<'canvas'> {
  const others = siblings.filter(({ area }) => overlaps(area, own.area));
  if (others.length === 0) return own.alpha;
  const sum = own.alpha.data.map((alpha) => alpha * own.opacity);
  for (const other of others) addInto(sum, own.area, other);
  return { ...own.alpha, data: own.alpha.data.map((alpha, i) => alpha / Math.max(1, sum[i] as number)) };
}

function addInto(sum: Float32Array, area: Rect<'canvas'>, other: WeightedArea): void {
  const common = intersect(area, other.area);
  for (let y = common.y; y < common.y + common.height; y++) {
    const to = (y - area.y) * area.width - area.x;
    const from = (y - other.area.y) * other.area.width - other.area.x;
    for (let x = common.x; x < common.x + common.width; x++)
      sum[to + x] = (sum[to + x] as number) + (other.alpha.data[from + x] as number) * other.opacity;
  }
}
