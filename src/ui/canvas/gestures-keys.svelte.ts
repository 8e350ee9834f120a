import { boxFrame } from '#app/guides.ts';
import { clamp, type Point } from '#app/camera.ts';
import { keymap } from '#app/keymap.svelte.ts';
import type { Studio } from '#app/studio.ts';
import { HANDLES, moveFrame, resizeFrame, unitFrame } from '#app/tools-frame.ts';
import {
  combineFor,
  erases,
  isBrush,
  isShape,
  opacityOfDigit,
  usesCrosshair,
  type Tool,
} from '#app/tools.ts';
import { addCorner } from './gestures-tools.ts';

const KEY_PAN_PX = 64;
/** Steps of the crosshair and of a frame, CSS pixels; Shift makes those of the crosshair larger. */
const STEP_PX = 8;
const LARGE_STEP = 8;
const LOWER_RIGHT = HANDLES[4];

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

/** The canvas by keys alone: arrows move the picture, the selected frame or a crosshair at which the tool is used. */
export class CanvasKeys {
  /** Where the tool would be used, picture pixels; null until an arrow key asks for it. */
  crosshair = $state.raw<Point | null>(null);
  readonly #studio: Studio;
  readonly #select: (point: Point) => void;

  /** @param select what lies at a point of the stage. */
  constructor(studio: Studio, select: (point: Point) => void) {
    this.#studio = studio;
    this.#select = select;
  }

  /** A key while the canvas has the focus. */
  press(event: KeyboardEvent): void {
    // With Alt, Enter is a command of the whole page.
    if (event.ctrlKey || event.metaKey || (event.altKey && event.key === 'Enter')) return;
    if (this.#arrow(event) || this.#draftKey(event) || this.#use(event)) {
      event.preventDefault();
      // Space would also take hold of the picture, and Enter and digits are commands elsewhere.
      event.stopPropagation();
    }
  }

  /** A digit anywhere but in a field: opacity of the brush in hand. */
  digit(key: string): boolean {
    const opacity = opacityOfDigit(key);
    const { tools } = this.#studio.view;
    if (opacity === null || !keymap.singleKeys || !isBrush(tools.current)) return false;
    tools.setOpacity(opacity);
    return true;
  }

  #arrow(event: KeyboardEvent): boolean {
    const direction = ARROWS[event.key];
    if (!direction || event.altKey) return false;
    const { view, document } = this.#studio;
    const [x, y] = direction;
    if (usesCrosshair(view.tool)) this.#moveCrosshair(x, y, event.shiftKey);
    else if (view.tool === 'select' && document.selectedDetection) this.#moveFrame(x, y, event.shiftKey);
    else {
      const step = event.shiftKey ? KEY_PAN_PX * 4 : KEY_PAN_PX;
      view.pan(-x * step, -y * step);
    }
    return true;
  }

  #moveCrosshair(x: number, y: number, large: boolean): void {
    const { view, masks, document } = this.#studio;
    const size = document.image?.size;
    if (!size) return;
    const { viewport, camera } = view;
    const from = this.crosshair ?? view.pictureAt({ x: viewport.width / 2, y: viewport.height / 2 });
    const step = ((large ? LARGE_STEP : 1) * STEP_PX) / camera.scale;
    const to = { x: clamp(from.x + x * step, 0, size.width), y: clamp(from.y + y * step, 0, size.height) };
    this.crosshair = to;
    if (masks.draft.shape?.kind === 'rectangle') masks.draft.stretch(to);
    if (view.tool === 'click') masks.picks.hover(to);
  }

  /** Shift moves the lower right corner instead. */
  #moveFrame(x: number, y: number, resize: boolean): void {
    const { view, document, masks } = this.#studio;
    const detection = document.selectedDetection;
    const size = document.image?.size;
    if (!detection || !size) return;
    const frame = boxFrame(detection, size);
    const step = Math.max(1, STEP_PX / view.camera.scale);
    const delta = { x: x * step, y: y * step };
    const moved = resize ? resizeFrame(frame, LOWER_RIGHT, delta, size, 0) : moveFrame(frame, delta, size, 0);
    masks.setFrame(detection.id, unitFrame(moved, size));
  }

  #draftKey({ key }: KeyboardEvent): boolean {
    const { masks, view } = this.#studio;
    const { shape } = masks.draft;
    if (view.tool === 'click' && (key === ',' || key === '.')) masks.picks.cycle(key === '.' ? 1 : -1);
    else if (shape && key === 'Backspace') masks.draft.back();
    else if (shape && key === 'Enter' && shape.points.length >= 3) masks.closeShape();
    else if (view.tool === 'click' && key === 'Enter' && !this.crosshair && masks.picks.mode !== 'new')
      masks.picks.beginNew();
    else return false;
    return true;
  }

  /** Another tool is in hand: one that is not used at a crosshair leaves none behind. */
  took(tool: Tool): void {
    if (!usesCrosshair(tool)) this.crosshair = null;
  }

  /** Enter or Space uses the tool at the crosshair. */
  #use(event: KeyboardEvent): boolean {
    if (event.key !== 'Enter' && event.key !== ' ') return false;
    const at = this.crosshair;
    const { view } = this.#studio;
    const { tool } = view;
    if (!at || !usesCrosshair(tool)) return false;
    if (tool === 'click') this.#click(at, event.shiftKey);
    else if (tool === 'picker') this.#select(view.screenAt(at));
    else if (isBrush(tool)) this.#dab(at, event);
    else if (isShape(tool)) this.#corner(at, event);
    return true;
  }

  #click(at: Point, against: boolean): void {
    const { masks } = this.#studio;
    void masks.picks.click(at, against ? 'subtract' : masks.picks.mode);
  }

  /** A dot, or with Shift a line from where the last stroke ended. */
  #dab(at: Point, event: KeyboardEvent): void {
    const { masks, view } = this.#studio;
    if (!isBrush(view.tool)) return;
    const mode = erases(view.tool, { ...keysOf(event), shiftKey: false }) ? 'erase' : 'add';
    masks.beginStroke(mode, at, event.shiftKey);
    masks.painter.end();
  }

  #corner(at: Point, event: KeyboardEvent): void {
    const { masks, view } = this.#studio;
    const { tool } = view;
    if (!isShape(tool)) return;
    const combine = combineFor(view.tools.combine[tool], keysOf(event));
    if (tool !== 'rectangle') addCorner(this.#studio, tool, at, combine);
    else if (masks.draft.shape) masks.closeShape();
    else masks.draft.begin('rectangle', combine, at);
  }
}

const keysOf = ({ shiftKey, altKey }: KeyboardEvent) => ({ shiftKey, altKey, button: 0 });
