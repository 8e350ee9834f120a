import type { Point } from '#app/camera.ts';
import { detectionAt } from '#domain/detection/detection-at.ts';
import type { Studio } from '#app/studio.ts';
import { erases, isBrush, isMaskTool, MIDDLE_BUTTON, type Modifiers } from '#app/tools.ts';
import { CanvasKeys } from './gestures-keys.svelte.ts';
import {
  CLICK_SLOP_PX,
  pressFor,
  stretchTo,
  ZoomPress,
  type Press,
  type StagePoint,
} from './gestures-tools.ts';
import { Pointers } from './pointers.ts';

type Mode = 'idle' | 'pan' | 'tool' | 'pinch';

/** Turns pointer, wheel and keys over the picture into camera moves, uses of the tool in hand and selections. */
export class StageGestures {
  /** Where the pointer is, CSS pixels of the stage; null outside. */
  cursor = $state.raw<Point | null>(null);
  spaceHeld = $state.raw(false);
  /** Keys hold the zoom tool. */
  zoomHeld = $state.raw(false);
  ctrlHeld = false;
  mode = $state.raw<Mode>('idle');
  /** The running or next stroke takes away. */
  erasing = $state.raw(false);
  readonly keys: CanvasKeys;
  readonly #studio: Studio;
  readonly #pointers = new Pointers();
  #press: Press | null = null;
  #travelled = 0;

  constructor(studio: Studio) {
    this.#studio = studio;
    this.keys = new CanvasKeys(studio, (point) => this.#selectAt(point));
  }

  /** A brush is in hand and would paint where the pointer is. */
  get painting(): boolean {
    return isBrush(this.#studio.view.tool) && !this.spaceHeld && !this.zoomHeld && this.mode !== 'pan';
  }

  down(event: PointerEvent, surface: HTMLElement): void {
    if (!this.#studio.document.image) return;
    const point = pointOf(event, surface);
    surface.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, point);
    this.#travelled = 0;
    this.keys.crosshair = null;
    if (this.#pointers.size === 2) this.#beginPinch();
    else if (this.#pointers.size === 1) this.#begin(event, point);
  }

  #begin(event: PointerEvent, point: StagePoint): void {
    const pans = event.button === MIDDLE_BUTTON || this.spaceHeld;
    if (this.zoomHeld) this.#press = new ZoomPress(this.#studio, point, event);
    else this.#press = pans ? null : pressFor(this.#studio, point, event);
    this.mode = this.#press ? 'tool' : 'pan';
    this.erasing = this.#wouldErase(event);
  }

  move(event: PointerEvent, surface: HTMLElement): void {
    const point = pointOf(event, surface);
    this.cursor = event.pointerType === 'touch' ? null : point;
    this.#studio.view.pointTo(point);
    if (this.mode === 'idle') this.#hover(event, point);
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    this.#travelled += Math.hypot(point.x - before.x, point.y - before.y);
    if (this.mode === 'pinch') this.#pinch(event.pointerId, point);
    else if (this.mode === 'pan') this.#studio.view.pan(point.x - before.x, point.y - before.y);
    else this.#press?.move(pathOf(event, surface), event);
    this.#pointers.set(event.pointerId, point);
  }

  /** No button is down: shows what one would do. */
  #hover(event: PointerEvent, point: Point): void {
    const { masks, view } = this.#studio;
    this.erasing = this.#wouldErase(event);
    if (view.tool === 'click' && event.pointerType !== 'touch') masks.picks.hover(view.pictureAt(point));
    if (masks.draft.shape?.kind === 'rectangle') stretchTo(this.#studio, point, event);
  }

  up(event: PointerEvent): void {
    const point = this.#pointers.get(event.pointerId);
    this.#pointers.delete(event.pointerId);
    const clicked = this.#travelled < CLICK_SLOP_PX;
    if (this.mode === 'tool') this.#press?.up(clicked);
    else if (point && this.mode === 'pan' && clicked && event.button === 0 && !this.spaceHeld)
      this.#selectAt(point);
    this.#press = null;
    if (this.#pointers.size === 0) this.mode = 'idle';
  }

  /** The system took the pointer away. */
  lost(event: PointerEvent): void {
    this.#press?.cancel();
    this.#press = null;
    this.#pointers.delete(event.pointerId);
    if (this.#pointers.size === 0) this.mode = 'idle';
  }

  leave(): void {
    this.cursor = null;
    this.#studio.masks.picks.away();
  }

  wheel(event: WheelEvent, surface: HTMLElement): void {
    event.preventDefault();
    // A browser reports a pinch on a touchpad as a wheel with Ctrl, though nobody holds the key.
    const pinch = event.ctrlKey && !this.ctrlHeld;
    const { deltaX, deltaY, deltaMode, ctrlKey, shiftKey, altKey } = event;
    const input = { deltaX, deltaY, deltaMode, ctrlKey, shiftKey, altKey, pinch };
    this.#studio.view.wheel(input, pointOf(event, surface));
  }

  #wouldErase(modifiers: Modifiers): boolean {
    const { tool } = this.#studio.view;
    return isBrush(tool) && erases(tool, modifiers);
  }

  #beginPinch(): void {
    this.#press?.cancel();
    this.#press = null;
    this.mode = 'pinch';
  }

  #pinch(pointerId: number, point: Point): void {
    const other = this.#pointers.otherThan(pointerId);
    const before = this.#pointers.get(pointerId);
    if (other && before) this.#studio.view.pinch([before, other], [point, other]);
  }

  /** A click on a mask selects its detection, a click beside all masks the document. */
  #selectAt(point: Point): void {
    const { document, view } = this.#studio;
    if (!document.image || view.tool === 'hand' || isMaskTool(view.tool)) return;
    const { x, y } = view.pictureAt(point);
    const { width, height } = document.image.size;
    const seen = view.overlaysShown || view.tool === 'picker';
    const hit = seen ? detectionAt(document.detections, x / width, y / height) : undefined;
    document.select(hit ? { kind: 'detection', id: hit.id } : { kind: 'document' });
  }
}

/** Everywhere the pointer has been since the last event, as often as the device looked. */
function pathOf(event: PointerEvent, surface: HTMLElement): StagePoint[] {
  const events = event.getCoalescedEvents();
  return (events.length > 0 ? events : [event]).map((each) => pointOf(each, surface));
}

/** A mouse reports half pressure while a button is down, which means nothing. */
function pointOf(event: MouseEvent, surface: HTMLElement): StagePoint {
  const { left, top } = surface.getBoundingClientRect();
  const isPen = event instanceof PointerEvent && event.pointerType === 'pen' && event.pressure > 0;
  return {
    x: event.clientX - left,
    y: event.clientY - top,
    ...(isPen && { pressure: event.pressure }),
  };
}
