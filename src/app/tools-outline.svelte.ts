import type { MaskRle } from '#domain/job/request.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { polygonToRle, rectToRle } from '#domain/mask/shapes.ts';
import type { Point } from './camera.ts';
import type { Combine, ShapeTool } from './tools.ts';

/** A shape while it is drawn, or the box of a prompt. Points are picture pixels; a rectangle has its two corners. */
export interface Outline {
  readonly kind: ShapeTool | 'box';
  readonly points: readonly Point[];
  readonly combine: Combine;
}

/** Points nearer than this to the last one add nothing to a lasso, picture pixels. */
const LASSO_STEP_PX = 0.5;

/** The shape that is being drawn; it changes no mask until it is closed. */
export class OutlineDraft {
  shape = $state.raw<Outline | null>(null);

  begin(kind: Outline['kind'], combine: Combine, from: Point): void {
    this.shape = { kind, combine, points: kind === 'rectangle' || kind === 'box' ? [from, from] : [from] };
  }

  /** Adds a corner or the next piece of a lasso. */
  add(points: readonly Point[]): void {
    const { shape } = this;
    if (!shape) return;
    const added = [...shape.points];
    for (const point of points) if (isApart(added.at(-1), point)) added.push(point);
    this.shape = { ...shape, points: added };
  }

  /** Moves the second corner of a rectangle or box. */
  stretch(to: Point): void {
    const { shape } = this;
    if (shape) this.shape = { ...shape, points: [shape.points[0] ?? to, to] };
  }

  /** Takes back the last corner; without corners the shape is gone. */
  back(): void {
    const { shape } = this;
    const points = shape?.points.slice(0, -1) ?? [];
    this.shape = shape && points.length > 0 && shape.kind === 'polygon' ? { ...shape, points } : null;
  }

  cancel(): void {
    this.shape = null;
  }

  /** Ends the shape and answers what it was; null without one. */
  close(): Outline | null {
    const { shape } = this;
    this.shape = null;
    return shape;
  }
}

/** The pixels inside an outline, on a grid over the whole picture. Crossing lines leave no holes. */
export function outlineMask({ kind, points }: Outline, picture: Size<'image'>, grid: Size<'image'>): MaskRle {
  const [x, y] = [grid.width / picture.width, grid.height / picture.height];
  const scaled = points.map((point) => ({ x: point.x * x, y: point.y * y }));
  if (kind === 'lasso' || kind === 'polygon') return polygonToRle(scaled, grid, 'non-zero');
  const [from, to] = [scaled[0] ?? { x: 0, y: 0 }, scaled.at(-1) ?? { x: 0, y: 0 }];
  return rectToRle({ ...from, width: to.x - from.x, height: to.y - from.y }, grid);
}

function isApart(last: Point | undefined, { x, y }: Point): boolean {
  return !last || Math.hypot(x - last.x, y - last.y) >= LASSO_STEP_PX;
}
