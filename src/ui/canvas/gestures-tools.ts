import type { Point } from '#app/camera.ts';
import type { Studio } from '#app/studio.ts';
import type { Outline } from '#app/tools-outline.svelte.ts';
import type { PickMode } from '#app/tools.svelte.ts';
import {
  AxisLock,
  combineFor,
  erases,
  isBrush,
  isShape,
  RIGHT_BUTTON,
  squareCorner,
  type BrushTool,
  type Modifiers,
  type ShapeTool,
} from '#app/tools.ts';
import type { BrushPoint } from '#domain/mask/brush.ts';

/** Travel below this is a click, CSS pixels. */
export const CLICK_SLOP_PX = 4;
/** A corner this near to the first or the last one closes a polygon, CSS pixels. */
const CLOSE_PX = 8;
/** Height of a drag that takes a brush from soft to hard, CSS pixels. */
const HARDNESS_DRAG_PX = 200;

/** A click of the zoom tool, and the natural logarithm of its zoom per CSS pixel of a drag. */
const ZOOM_CLICK = 1.5;
const ZOOM_PER_PX = 0.01;

/** Where a pointer is: CSS pixels of the stage. */
export interface StagePoint extends Point {
  /** 0 to 1, of pens alone. */
  readonly pressure?: number;
}

/** One press of the pointer with a tool in hand, from down to up. */
export interface Press {
  /** @param points since the last call, the newest last. */
  move(points: readonly StagePoint[], modifiers: Modifiers): void;
  /** @param clicked the pointer has hardly moved. */
  up(clicked: boolean): void;
  /** A second finger came, or the pointer was lost. */
  cancel(): void;
}

/** What a press with the present tool does; null for tools that move the picture. */
export function pressFor(studio: Studio, at: StagePoint, modifiers: Modifiers): Press | null {
  const { tool } = studio.view;
  if (isBrush(tool))
    return modifiers.altKey && modifiers.button === RIGHT_BUTTON
      ? new TipPress(studio, at)
      : new StrokePress(studio, tool, at, modifiers);
  if (isShape(tool)) return shapePress(studio, tool, at, modifiers);
  return tool === 'click' ? new PickPress(studio, at, modifiers) : null;
}

/** The zoom tool, held by keys: a click zooms in, with Alt out, and a drag sideways as far as it goes. */
export class ZoomPress implements Press {
  readonly #studio: Studio;
  readonly #from: Point;
  readonly #clickFactor: number;
  #x: number;

  constructor(studio: Studio, from: Point, { altKey }: Modifiers) {
    this.#studio = studio;
    this.#from = from;
    this.#clickFactor = altKey ? 1 / ZOOM_CLICK : ZOOM_CLICK;
    this.#x = from.x;
  }

  move(points: readonly StagePoint[]): void {
    const { x } = points.at(-1) ?? this.#from;
    this.#studio.view.zoomAt(this.#from, Math.exp((x - this.#x) * ZOOM_PER_PX));
    this.#x = x;
  }

  up(clicked: boolean): void {
    if (clicked) this.#studio.view.zoomAt(this.#from, this.#clickFactor);
  }

  cancel(): void {
    return undefined;
  }
}

/** Shift adds to the selected object, Alt and the right button take away from it. */
export function pickModeFor(chosen: PickMode, { shiftKey, altKey, button }: Modifiers): PickMode {
  if (altKey || button === RIGHT_BUTTON) return 'subtract';
  return shiftKey ? 'add' : chosen;
}

/** Alt and a drag with the right button: sideways the size, up and down the hardness. */
class TipPress implements Press {
  readonly #studio: Studio;
  readonly #from: Point;
  readonly #radiusPx: number;
  readonly #hardness: number;

  constructor(studio: Studio, from: Point) {
    this.#studio = studio;
    this.#from = from;
    this.#radiusPx = studio.view.tools.radiusPx;
    this.#hardness = studio.view.tools.hardness;
  }

  move(points: readonly StagePoint[]): void {
    const { camera, tools } = this.#studio.view;
    const { x, y } = points.at(-1) ?? this.#from;
    tools.setRadius(Math.max(0.5, this.#radiusPx + (x - this.#from.x) / camera.scale));
    tools.setHardness(this.#hardness - (y - this.#from.y) / HARDNESS_DRAG_PX);
  }

  up(): void {
    return undefined;
  }

  cancel(): void {
    return undefined;
  }
}

/** A stroke. With Shift a click draws a line from the last stroke's end, and a drag stays on one axis. */
class StrokePress implements Press {
  readonly #studio: Studio;
  readonly #from: StagePoint;
  readonly #mode: 'add' | 'erase';
  readonly #axis: AxisLock | null;
  /** A finger may be the first of two that move the picture: it paints when it goes somewhere, or is lifted. */
  readonly #waits: boolean;
  /** Of a stroke that was ended by an undo, the rest of the movement paints nothing. */
  #begun = false;

  constructor(studio: Studio, tool: BrushTool, from: StagePoint, modifiers: Modifiers) {
    this.#studio = studio;
    this.#from = from;
    this.#mode = erases(tool, modifiers) ? 'erase' : 'add';
    this.#axis = modifiers.shiftKey ? new AxisLock(from, CLICK_SLOP_PX) : null;
    this.#waits = modifiers.pointerType === 'touch';
    if (!this.#axis && !this.#waits) this.#begin();
  }

  #begin(line = false): void {
    this.#begun = true;
    this.#studio.masks.beginStroke(this.#mode, brushPoint(this.#studio, this.#from), line);
  }

  move(points: readonly StagePoint[]): void {
    const { painter } = this.#studio.masks;
    const axis = this.#axis;
    const held = axis ? points.map((point) => ({ ...point, ...axis.hold(point) })) : points;
    // What Shift means, and what a finger is for, shows only when the pointer moves.
    if (!this.#begun && held.some((point) => this.#isAway(point))) this.#begin();
    if (!painter.painting) return;
    painter.extend(held.map((point) => brushPoint(this.#studio, point)));
  }

  up(): void {
    const { painter } = this.#studio.masks;
    if (!this.#begun && (this.#axis || this.#waits)) this.#begin(this.#axis !== null);
    painter.end();
  }

  #isAway({ x, y }: Point): boolean {
    if (this.#waits) return Math.hypot(x - this.#from.x, y - this.#from.y) >= CLICK_SLOP_PX;
    return this.#axis !== null && (x !== this.#from.x || y !== this.#from.y);
  }

  cancel(): void {
    this.#studio.masks.painter.end();
  }
}

function brushPoint(studio: Studio, { pressure, ...point }: StagePoint): BrushPoint {
  return { ...studio.view.pictureAt(point), ...(pressure !== undefined && { pressure }) };
}

function shapePress(studio: Studio, tool: ShapeTool, at: StagePoint, modifiers: Modifiers): Press {
  const combine = combineFor(studio.view.tools.combine[tool], modifiers);
  if (tool === 'lasso') return new LassoPress(studio, at, combine);
  if (tool === 'rectangle') return new RectanglePress(studio, at, combine);
  return new CornerPress(studio, at, combine);
}

class LassoPress implements Press {
  readonly #studio: Studio;

  constructor(studio: Studio, from: Point, combine: Outline['combine']) {
    this.#studio = studio;
    studio.masks.draft.begin('lasso', combine, studio.view.pictureAt(from));
  }

  move(points: readonly StagePoint[]): void {
    const { masks, view } = this.#studio;
    masks.draft.add(points.map((point) => view.pictureAt(point)));
  }

  up(clicked: boolean): void {
    if (clicked) this.cancel();
    else this.#studio.masks.closeShape();
  }

  cancel(): void {
    this.#studio.masks.draft.cancel();
  }
}

/** A drag from corner to corner, or a click on each. */
class RectanglePress implements Press {
  readonly #studio: Studio;
  readonly #second: boolean;

  constructor(studio: Studio, at: Point, combine: Outline['combine']) {
    this.#studio = studio;
    const { draft } = studio.masks;
    this.#second = draft.shape?.kind === 'rectangle';
    if (this.#second) draft.stretch(studio.view.pictureAt(at));
    else draft.begin('rectangle', combine, studio.view.pictureAt(at));
  }

  move(points: readonly StagePoint[], modifiers: Modifiers): void {
    const to = points.at(-1);
    if (to) stretchTo(this.#studio, to, modifiers);
  }

  up(clicked: boolean): void {
    if (this.#second || !clicked) this.#studio.masks.closeShape();
  }

  cancel(): void {
    this.#studio.masks.draft.cancel();
  }
}

/** Shift without Alt keeps a rectangle square. */
export function stretchTo(studio: Studio, to: Point, { shiftKey, altKey }: Modifiers): void {
  const { draft } = studio.masks;
  const corner = studio.view.pictureAt(to);
  const from = draft.shape?.points[0];
  draft.stretch(from && shiftKey && !altKey ? squareCorner(from, corner) : corner);
}

/** A corner of a polygon; one on the first or on the last closes it. */
class CornerPress implements Press {
  readonly #set: () => void;

  constructor(studio: Studio, at: Point, combine: Outline['combine']) {
    this.#set = () => addCorner(studio, 'polygon', studio.view.pictureAt(at), combine);
  }

  move(): void {
    return undefined;
  }

  /** Not before: a second finger makes a pinch of it. */
  up(): void {
    this.#set();
  }

  cancel(): void {
    return undefined;
  }
}

/** @param at picture pixels. */
export function addCorner(
  { masks, view }: Studio,
  kind: 'polygon' | 'lasso',
  at: Point,
  combine: Outline['combine'],
): void {
  const { draft } = masks;
  const points = draft.shape?.kind === kind ? draft.shape.points : [];
  const near = ({ x, y }: Point) => Math.hypot(x - at.x, y - at.y) * view.camera.scale < CLOSE_PX;
  const ends = [points[0], points.at(-1)];
  if (points.length === 0) draft.begin(kind, combine, at);
  else if (points.length >= 3 && ends.some((end) => end && near(end))) masks.closeShape();
  else draft.add([at]);
}

/** A click on an object, or a box dragged around it. */
class PickPress implements Press {
  readonly #studio: Studio;
  readonly #from: Point;
  readonly #mode: PickMode;

  constructor(studio: Studio, from: Point, modifiers: Modifiers) {
    this.#studio = studio;
    this.#from = from;
    this.#mode = pickModeFor(studio.masks.picks.mode, modifiers);
  }

  move(points: readonly StagePoint[]): void {
    const { masks, view } = this.#studio;
    const to = points.at(-1);
    if (!to) return;
    const far = Math.hypot(to.x - this.#from.x, to.y - this.#from.y) >= CLICK_SLOP_PX;
    if (!masks.draft.shape && far) masks.draft.begin('box', 'add', view.pictureAt(this.#from));
    masks.draft.stretch(view.pictureAt(to));
  }

  up(): void {
    const { masks, view, document } = this.#studio;
    const box = masks.draft.close();
    const size = document.image?.size;
    if (!box || !size) void masks.picks.click(view.pictureAt(this.#from), this.#mode);
    else void masks.picks.box(boxOf(box.points, size), this.#mode);
  }

  cancel(): void {
    this.#studio.masks.draft.cancel();
  }
}

/** Two corners in picture pixels as fractions, inside the picture. */
function boxOf(points: readonly Point[], { width, height }: { width: number; height: number }) {
  const share = (value: number, extent: number) => Math.min(1, Math.max(0, value / extent));
  const xs = points.map(({ x }) => share(x, width));
  const ys = points.map(({ y }) => share(y, height));
  const [x, y] = [Math.min(...xs), Math.min(...ys)];
  return { x, y, width: Math.max(...xs) - x, height: Math.max(...ys) - y };
}
