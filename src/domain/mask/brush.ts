import { clamp } from '../geometry/snap.ts';
import type { Mask } from '../raster.ts';

/** A position in mask pixels; the first pixel's centre is (0.5, 0.5). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

export type BrushMode = 'paint' | 'erase';

/**
 * The mask after one stroke of a round brush: every pixel whose centre lies within `radius` of the polyline becomes
 * 255 (paint) or 0 (erase). One point is a dot; no points change nothing. The given mask is not modified.
 */
export function paintStroke<S extends 'image' | 'canvas' | 'crop'>(
  mask: Mask<S>,
  points: readonly Point[],
  radius: number,
  mode: BrushMode,
): Mask<S> {
  const data = mask.data.slice();
  const value = mode === 'paint' ? 255 : 0;
  points.forEach((point, i) => {
    fillCapsule(data, mask.width, mask.height, points[i - 1] ?? point, point, radius, value);
  });
  return { width: mask.width, height: mask.height, data };
}

function fillCapsule(
  data: Uint8Array,
  width: number,
  height: number,
  from: Point,
  to: Point,
  radius: number,
  value: number,
): void {
  const left = clamp(Math.floor(Math.min(from.x, to.x) - radius), 0, width);
  const right = clamp(Math.ceil(Math.max(from.x, to.x) + radius), 0, width);
  const top = clamp(Math.floor(Math.min(from.y, to.y) - radius), 0, height);
  const bottom = clamp(Math.ceil(Math.max(from.y, to.y) + radius), 0, height);
  for (let y = top; y < bottom; y++)
    for (let x = left; x < right; x++)
      if (squaredDistance(x + 0.5, y + 0.5, from, to) <= radius * radius) data[y * width + x] = value;
}

/** Squared distance of a point to a segment. */
function squaredDistance(x: number, y: number, from: Point, to: Point): number {
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : clamp(((x - from.x) * dx + (y - from.y) * dy) / length, 0, 1);
  return (x - from.x - along * dx) ** 2 + (y - from.y - along * dy) ** 2;
}
