import { intersect, type Rect } from '../geometry/rect.ts';
import type { Field } from '../raster.ts';

/** A paste and where it goes: `alpha` covers `area` in canvas pixels. */
export interface WeightedArea {
  readonly area: Rect<'canvas'>;
  readonly alpha: Field<'canvas'>;
}

/**
 * Brings overlapping pastes of one layer to a sum of at most one, so that two residuals never sharpen the same pixel
 * twice: alpha_i / max(1, Σ alpha). Independent of the order of the pastes; where nothing overlaps nothing changes.
 */
export function normaliseOverlap(pastes: readonly WeightedArea[]): Field<'canvas'>[] {
  return pastes.map((paste, i) => {
    const others = pastes.filter((other, j) => j !== i && overlaps(other.area, paste.area));
    if (others.length === 0) return paste.alpha;
    const sum = paste.alpha.data.slice();
    for (const other of others) addInto(sum, paste.area, other);
    const data = paste.alpha.data.map((alpha, k) => alpha / Math.max(1, sum[k] as number));
    return { ...paste.alpha, data };
  });
}

function overlaps(a: Rect<'canvas'>, b: Rect<'canvas'>): boolean {
  const common = intersect(a, b);
  return common.width > 0 && common.height > 0;
}

function addInto(sum: Float32Array, area: Rect<'canvas'>, other: WeightedArea): void {
  const common = intersect(area, other.area);
  for (let y = common.y; y < common.y + common.height; y++) {
    const to = (y - area.y) * area.width - area.x;
    const from = (y - other.area.y) * other.area.width - other.area.x;
    for (let x = common.x; x < common.x + common.width; x++)
      sum[to + x] = (sum[to + x] as number) + (other.alpha.data[from + x] as number);
  }
}
