import { clamp } from '../geometry/snap.ts';
import type { Rect, Size } from '../geometry/rect.ts';
import type { MaskRle } from '../job/request.ts';
import type { Point } from './brush-tip.ts';
import { RunBuilder } from './spans.ts';

/**
 * Shapes drawn by hand, filled into masks. Coordinates are mask pixels and may lie beyond the mask; a pixel is inside
 * when its centre, at (x + ½, y + ½), is inside the shape. Left and upper edges belong to a shape, right and lower ones
 * do not, so shapes side by side neither overlap nor leave a gap.
 */

/** What counts as inside where an outline crosses itself: an odd number of crossings, or any winding at all. */
export type FillRule = 'even-odd' | 'non-zero';

/** Where the outline crosses a row of pixel centres, and whether it goes down (1) or up (−1) there. */
interface Crossing {
  readonly x: number;
  readonly turn: 1 | -1;
}

/** A polygon or lasso: the last point is joined to the first. Fewer than three points hold nothing. */
export function polygonToRle(points: readonly Point[], grid: Size<'image'>, rule: FillRule): MaskRle {
  const { width, height } = grid;
  const rows = rowCrossings(points, height);
  const result = new RunBuilder();
  rows.forEach((crossings, y) => {
    crossings.sort((a, b) => a.x - b.x);
    let winding = 0;
    crossings.forEach(({ x, turn }, i) => {
      if (isInside(winding, rule)) addRow(result, width, y, (crossings[i - 1] as Crossing).x, x);
      winding += turn;
    });
  });
  return result.build(width, height);
}

function isInside(winding: number, rule: FillRule): boolean {
  return rule === 'non-zero' ? winding !== 0 : winding % 2 !== 0;
}

/** Per row, every edge that passes its centre line; an edge holds its upper end and not its lower one. */
function rowCrossings(points: readonly Point[], height: number): Crossing[][] {
  const rows: Crossing[][] = Array.from({ length: height }, () => []);
  points.forEach((from, i) => {
    const to = points[(i + 1) % points.length] as Point;
    const turn = to.y > from.y ? 1 : -1;
    const last = firstCentre(Math.max(from.y, to.y), height);
    for (let y = firstCentre(Math.min(from.y, to.y), height); y < last; y++) {
      const x = from.x + ((y + 0.5 - from.y) * (to.x - from.x)) / (to.y - from.y);
      rows[y]?.push({ x, turn });
    }
  });
  return rows;
}

/** A rectangle between any two opposite corners: negative extents reach left and up. */
export function rectToRle(area: Rect<'image'>, grid: Size<'image'>): MaskRle {
  const { width, height } = grid;
  const [left, right] = ordered(area.x, area.x + area.width);
  const [top, bottom] = ordered(area.y, area.y + area.height);
  const result = new RunBuilder();
  for (let y = firstCentre(top, height); y < firstCentre(bottom, height); y++)
    addRow(result, width, y, left, right);
  return result.build(width, height);
}

/** The ellipse that touches all four sides of a rectangle. */
export function ellipseToRle(area: Rect<'image'>, grid: Size<'image'>): MaskRle {
  const { width, height } = grid;
  const [radiusX, radiusY] = [Math.abs(area.width / 2), Math.abs(area.height / 2)];
  const [centreX, centreY] = [area.x + area.width / 2, area.y + area.height / 2];
  const result = new RunBuilder();
  for (let y = firstCentre(centreY - radiusY, height); y < firstCentre(centreY + radiusY, height); y++) {
    const up = (y + 0.5 - centreY) / radiusY;
    const reach = radiusX * Math.sqrt(Math.max(0, 1 - up * up));
    addRow(result, width, y, centreX - reach, centreX + reach);
  }
  return result.build(width, height);
}

/** The pixels of row y whose centres lie in [left, right). */
function addRow(result: RunBuilder, width: number, y: number, left: number, right: number): void {
  result.add(y * width + firstCentre(left, width), y * width + firstCentre(right, width));
}

/** The first of `count` cells whose centre is at or after an edge. */
function firstCentre(edge: number, count: number): number {
  return clamp(Math.ceil(edge - 0.5), 0, count);
}

function ordered(a: number, b: number): readonly [number, number] {
  return a < b ? [a, b] : [b, a];
}
