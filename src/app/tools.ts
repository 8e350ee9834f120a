import type { Point } from './camera.ts';

/** What the pointer does over the picture. */
export const TOOLS = [
  'select',
  'brush',
  'eraser',
  'lasso',
  'polygon',
  'rectangle',
  'click',
  'hand',
  'picker',
] as const;
export type Tool = (typeof TOOLS)[number];
export type BrushTool = 'brush' | 'eraser';
export type ShapeTool = 'lasso' | 'polygon' | 'rectangle';

/** What a shape does to the mask it is drawn on. */
export const COMBINES = ['add', 'subtract', 'intersect'] as const;
export type Combine = (typeof COMBINES)[number];

export const isBrush = (tool: Tool): tool is BrushTool => tool === 'brush' || tool === 'eraser';
export const isShape = (tool: Tool): tool is ShapeTool =>
  tool === 'lasso' || tool === 'polygon' || tool === 'rectangle';
/** Tools that change masks and therefore need to see them. */
export const isMaskTool = (tool: Tool): boolean => isBrush(tool) || isShape(tool) || tool === 'click';
/** Tools that keys use at a crosshair. */
export const usesCrosshair = (tool: Tool): boolean => isMaskTool(tool) || tool === 'picker';

export const RIGHT_BUTTON = 2;
export const MIDDLE_BUTTON = 1;
/** The other end of a pen. */
export const ERASER_BUTTON = 5;

/** What of a pointer event counts for a tool. */
export interface Modifiers {
  readonly shiftKey: boolean;
  readonly altKey: boolean;
  /** `PointerEvent.button`. */
  readonly button: number;
  /** `PointerEvent.pointerType`. */
  readonly pointerType?: string;
}

/** The right button and Alt take away, Shift+Alt keeps what both have; without them the tool's own choice counts. */
export function combineFor(chosen: Combine, { shiftKey, altKey, button }: Modifiers): Combine {
  if (button === RIGHT_BUTTON) return 'subtract';
  if (!altKey) return chosen;
  return shiftKey ? 'intersect' : 'subtract';
}

/** A brush adds or takes away: Shift locks its axis and means nothing else. */
export function erases(tool: BrushTool, { altKey, button }: Modifiers): boolean {
  return tool === 'eraser' || altKey || button === RIGHT_BUTTON || button === ERASER_BUTTON;
}

/** Holds a stroke on the axis it begins along; which that is shows after it has gone `slack`. */
export class AxisLock {
  readonly #start: Point;
  readonly #slack: number;
  #axis: 'x' | 'y' | null = null;

  constructor(start: Point, slack: number) {
    this.#start = start;
    this.#slack = slack;
  }

  /** The point moved onto the axis; the start while it is open which one that is. */
  hold(point: Point): Point {
    const [dx, dy] = [Math.abs(point.x - this.#start.x), Math.abs(point.y - this.#start.y)];
    if (!this.#axis && Math.max(dx, dy) >= this.#slack) this.#axis = dx >= dy ? 'x' : 'y';
    if (!this.#axis) return this.#start;
    return this.#axis === 'x' ? { x: point.x, y: this.#start.y } : { x: this.#start.x, y: point.y };
  }
}

/** The opposite corner of a square from `from` towards `to`. */
export function squareCorner(from: Point, to: Point): Point {
  const side = Math.max(Math.abs(to.x - from.x), Math.abs(to.y - from.y));
  return {
    x: from.x + Math.sign(to.x - from.x || 1) * side,
    y: from.y + Math.sign(to.y - from.y || 1) * side,
  };
}

/** "7" is 70 %, "0" is all of it; null for a key that is no digit. */
export function opacityOfDigit(key: string): number | null {
  if (!/^\d$/.test(key)) return null;
  return key === '0' ? 1 : Number(key) / 10;
}
