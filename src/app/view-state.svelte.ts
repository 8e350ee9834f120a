import {
  clamp,
  clampCamera,
  fit,
  frame,
  pan,
  pinch,
  scaleLimits,
  zoomAt,
  zoomStep,
  zoomTo,
  type Camera,
  type Extent,
  type Point,
} from './camera.ts';
import type { WorkerView } from './worker-client.ts';

export type Tool = 'select' | 'brush' | 'eraser';
export type CompareMode = WorkerView['compare']['mode'];
export type DialogName = 'models' | 'shortcuts';
export type Sheet = 'picture' | 'concepts' | 'settings';

const BRUSH_STEP = 1.2;
const COMPARE_MODES: readonly CompareMode[] = ['refined', 'slider', 'original'];

/** How the picture is looked at and which parts of the screen are open. Nothing here changes a pixel of the result. */
export class ViewState {
  viewport = $state.raw({ width: 1, height: 1, pixelRatio: 1 });
  camera = $state.raw<Camera>({ scale: 1, x: 0, y: 0 });
  compare = $state.raw<CompareMode>('refined');
  split = $state.raw(0.5);
  peeking = $state.raw(false);
  masksVisible = $state.raw(true);
  tool = $state.raw<Tool>('select');
  /** Picture pixels. */
  brushRadiusPx = $state.raw(24);
  leftOpen = $state.raw(true);
  rightOpen = $state.raw(true);
  /** What a narrow screen shows beside the picture. */
  sheet = $state.raw<Sheet>('picture');
  explain = $state.raw(false);
  dialog = $state.raw<DialogName | null>(null);
  /** Counts canvases: a given-away canvas cannot be given again, so a restarted worker gets a new element. */
  canvasEpoch = $state.raw(0);
  #picture = $state.raw<Extent>({ width: 1, height: 1 });
  /** True until the user moves the camera: a resize then fits again. */
  #fitted = true;

  /** What is compared at the moment, the held key included. */
  readonly shown = $derived<CompareMode>(this.peeking ? 'original' : this.compare);
  /** Masks and badges would hide what is compared. */
  readonly overlaysShown = $derived(this.masksVisible && this.shown === 'refined');
  /** The plain view sent to the worker. */
  readonly worker = $derived<WorkerView>({
    viewport: this.viewport,
    camera: this.camera,
    compare: { mode: this.shown, split: this.split },
    masksVisible: this.overlaysShown,
  });

  /** Starts looking at another picture. */
  show(picture: Extent): void {
    this.#picture = picture;
    this.brushRadiusPx = Math.max(4, Math.round(Math.max(picture.width, picture.height) / 40));
    this.compare = 'refined';
    this.fit();
  }

  resize(width: number, height: number, pixelRatio: number): void {
    this.viewport = { width: Math.max(1, width), height: Math.max(1, height), pixelRatio };
    if (this.#fitted) this.fit();
    else this.#move(this.camera);
  }

  fit(): void {
    this.camera = fit(this.#picture, this.viewport, this.viewport.width < 600 ? 8 : 32);
    this.#fitted = true;
  }

  /** Zooms to `zoom` document pixels: one of them covers `zoom` device pixels. */
  zoomTo(zoom: number, documentPxPerPicturePx: number): void {
    const scale = (zoom * documentPxPerPicturePx) / this.viewport.pixelRatio;
    this.#move(zoomTo(this.camera, this.viewport, scale, this.#limits));
  }

  /** What {@link zoomTo} would need to get the present scale. */
  zoom(documentPxPerPicturePx: number): number {
    return (this.camera.scale * this.viewport.pixelRatio) / documentPxPerPicturePx;
  }

  step(direction: 1 | -1, documentPxPerPicturePx: number): void {
    this.zoomTo(zoomStep(this.zoom(documentPxPerPicturePx), direction), documentPxPerPicturePx);
  }

  zoomAt(point: Point, factor: number): void {
    this.#move(zoomAt(this.camera, point, factor, this.#limits));
  }

  pan(deltaX: number, deltaY: number): void {
    this.#move(pan(this.camera, deltaX, deltaY));
  }

  pinch(from: readonly [Point, Point], to: readonly [Point, Point]): void {
    this.#move(pinch(this.camera, from, to, this.#limits));
  }

  /** Brings an area of the picture into view with its surroundings. */
  reveal(area: Point & Extent): void {
    const margin = Math.min(this.viewport.width, this.viewport.height) / 4;
    this.#move(frame(area, this.viewport, margin, Math.max(4, this.camera.scale)));
  }

  /** Takes a tool; a brush needs to see the mask it changes. */
  setTool(tool: Tool): void {
    this.tool = tool;
    if (tool !== 'select') this.showMasks();
  }

  showMasks(): void {
    this.masksVisible = true;
    this.compare = 'refined';
  }

  nextCompare(): void {
    const next = (COMPARE_MODES.indexOf(this.compare) + 1) % COMPARE_MODES.length;
    this.compare = COMPARE_MODES[next] ?? 'refined';
  }

  setSplit(split: number): void {
    this.split = clamp(split, 0, 1);
  }

  resizeBrush(direction: 1 | -1): void {
    this.setBrush(this.brushRadiusPx * BRUSH_STEP ** direction);
  }

  setBrush(radiusPx: number): void {
    this.brushRadiusPx = clamp(radiusPx, 1, Math.max(8, this.maxBrushRadiusPx));
  }

  get maxBrushRadiusPx(): number {
    return Math.max(this.#picture.width, this.#picture.height) / 4;
  }

  get #limits() {
    return scaleLimits(this.#picture, this.viewport);
  }

  #move(camera: Camera): void {
    this.camera = clampCamera(camera, this.#picture, this.viewport);
    this.#fitted = false;
  }
}
