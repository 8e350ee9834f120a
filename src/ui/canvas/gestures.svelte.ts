import type { Point } from '#app/camera.ts';
import { detectionAt } from '#app/requests.ts';
import type { Studio } from '#app/studio.ts';
import { messages } from '#app/messages.ts';
import { Pointers } from './pointers.ts';

type Mode = 'idle' | 'pan' | 'paint' | 'pinch';

/** A press that moves less than this is a click, CSS pixels. */
const CLICK_SLOP_PX = 4;
const KEY_PAN_PX = 64;
const RIGHT_BUTTON = 2;
const MIDDLE_BUTTON = 1;

/** Turns pointer, wheel and arrow keys over the picture into camera moves, strokes and selections. */
export class StageGestures {
  /** Where the pointer is, CSS pixels of the stage; null outside. */
  cursor = $state.raw<Point | null>(null);
  spaceHeld = $state.raw(false);
  ctrlHeld = false;
  mode = $state.raw<Mode>('idle');
  /** The running or next stroke takes away. */
  erasing = $state.raw(false);
  readonly #studio: Studio;
  readonly #pointers = new Pointers();
  #travelled = 0;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  get painting(): boolean {
    return this.#studio.view.tool !== 'select' && !this.spaceHeld && this.mode !== 'pan';
  }

  down(event: PointerEvent, surface: HTMLElement): void {
    if (!this.#studio.document.image) return;
    const point = pointOf(event, surface);
    surface.setPointerCapture(event.pointerId);
    this.#pointers.set(event.pointerId, point);
    this.#travelled = 0;
    if (this.#pointers.size === 2) this.#beginPinch();
    else if (this.#pointers.size === 1) this.#begin(event, point);
  }

  move(event: PointerEvent, surface: HTMLElement): void {
    const point = pointOf(event, surface);
    this.cursor = event.pointerType === 'touch' ? null : point;
    this.#studio.view.pointTo(point);
    if (this.mode === 'idle') this.erasing = this.#wouldErase(event);
    const before = this.#pointers.get(event.pointerId);
    if (!before) return;
    this.#travelled += Math.hypot(point.x - before.x, point.y - before.y);
    if (this.mode === 'pinch') this.#pinch(event.pointerId, point);
    else if (this.mode === 'pan') this.#studio.view.pan(point.x - before.x, point.y - before.y);
    else if (this.mode === 'paint') this.#extend(event, surface);
    this.#pointers.set(event.pointerId, point);
  }

  up(event: PointerEvent): void {
    const point = this.#pointers.get(event.pointerId);
    this.#pointers.delete(event.pointerId);
    if (this.mode === 'paint') this.#studio.masks.painter.end();
    else if (point && this.mode === 'pan' && this.#isClick(event)) this.#selectAt(point);
    if (this.#pointers.size === 0) this.mode = 'idle';
  }

  leave(): void {
    this.cursor = null;
  }

  wheel(event: WheelEvent, surface: HTMLElement): void {
    event.preventDefault();
    // A browser reports a pinch on a touchpad as a wheel with Ctrl, though nobody holds the key.
    const pinch = event.ctrlKey && !this.ctrlHeld;
    const { deltaX, deltaY, deltaMode, ctrlKey, shiftKey, altKey } = event;
    const input = { deltaX, deltaY, deltaMode, ctrlKey, shiftKey, altKey, pinch };
    this.#studio.view.wheel(input, pointOf(event, surface));
  }

  key(event: KeyboardEvent): void {
    const direction = ARROWS[event.key];
    if (!direction || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    const step = event.shiftKey ? KEY_PAN_PX * 4 : KEY_PAN_PX;
    this.#studio.view.pan(-direction[0] * step, -direction[1] * step);
  }

  #begin(event: PointerEvent, point: Point): void {
    const { view, document, notifier } = this.#studio;
    const pans = event.button === MIDDLE_BUTTON || this.spaceHeld || view.tool === 'select';
    this.mode = pans ? 'pan' : 'paint';
    if (pans) return;
    const detectionId = document.selectedDetection?.id;
    if (!detectionId) {
      this.mode = 'idle';
      return notifier.info(messages.tools.needsDetection);
    }
    this.erasing = this.#wouldErase(event) || event.button === RIGHT_BUTTON;
    this.#studio.masks.painter.begin(
      { detectionId, mode: this.erasing ? 'erase' : 'add', radiusPx: view.brushRadiusPx },
      view.pictureAt(point),
    );
  }

  #extend(event: PointerEvent, surface: HTMLElement): void {
    const { view } = this.#studio;
    const events = event.getCoalescedEvents();
    const path = events.length > 0 ? events : [event];
    this.#studio.masks.painter.extend(path.map((each) => view.pictureAt(pointOf(each, surface))));
  }

  #wouldErase(event: PointerEvent): boolean {
    return this.#studio.view.tool === 'eraser' || event.altKey;
  }

  #beginPinch(): void {
    if (this.mode === 'paint') this.#studio.masks.painter.end();
    this.mode = 'pinch';
  }

  #pinch(pointerId: number, point: Point): void {
    const other = this.#pointers.otherThan(pointerId);
    const before = this.#pointers.get(pointerId);
    if (other && before) this.#studio.view.pinch([before, other], [point, other]);
  }

  #isClick(event: PointerEvent): boolean {
    return this.#travelled < CLICK_SLOP_PX && event.button === 0 && !this.spaceHeld;
  }

  /** A click on a mask selects its detection, a click beside all masks the document. */
  #selectAt(point: Point): void {
    const { document, view } = this.#studio;
    if (!document.image || view.tool !== 'select') return;
    const { x, y } = view.pictureAt(point);
    const { width, height } = document.image.size;
    const hit = view.overlaysShown ? detectionAt(document.detections, x / width, y / height) : undefined;
    document.select(hit ? { kind: 'detection', id: hit.id } : { kind: 'document' });
  }
}

const ARROWS: Readonly<Record<string, readonly [number, number]>> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
};

function pointOf(event: MouseEvent, surface: HTMLElement): Point {
  const { left, top } = surface.getBoundingClientRect();
  return { x: event.clientX - left, y: event.clientY - top };
}
