import {
  clamp,
  clampCamera,
  fitBeside,
  frame,
  toPicture,
  pan,
  pinch,
  scaleLimits,
  sideBySide,
  snapToDevice,
  zoomAt,
  zoomStep,
  zoomTo,
  type Camera,
  type Extent,
  type Insets,
  type Point,
} from './camera.ts';
import { loupeFrame } from './loupe.ts';
import { wheelWish, type NavigationName, type WheelInput } from './navigation.ts';
import { isBrush, isMaskTool, type Tool } from './tools.ts';
import { ToolState } from './tools.svelte.ts';
import type { WorkerView } from './worker-client.ts';

export type { Tool } from './tools.ts';
/** `blink` shows original and result in turn. */
export type CompareMode = WorkerView['compare']['mode'] | 'blink';
export type DialogName = 'models' | 'shortcuts' | 'palette' | 'settings';
export type Sheet = 'picture' | 'concepts' | 'settings';
/** What opens beside its button and can be asked for by a command too. */
export type PopoverName = 'history' | 'masks' | 'presets';

const ZOOM_NOTCH = 1.17;
/** In the order of the switch and of the key that goes through them. */
export const COMPARE_MODES = [
  'refined',
  'original',
  'slider',
  'side',
  'blink',
  'difference',
] as const satisfies readonly CompareMode[];
/** Highest multiplication of differences. */
export const MAX_GAIN = 16;

/** How the picture is looked at and which parts of the screen are open. Nothing here changes a pixel of the result. */
export class ViewState {
  viewport = $state.raw({ width: 1, height: 1, pixelRatio: 1 });
  camera = $state.raw<Camera>({ scale: 1, x: 0, y: 0 });
  compare = $state.raw<CompareMode>('refined');
  split = $state.raw(0.5);
  /** The original's key is held. */
  peeking = $state.raw(false);
  /** Sides are exchanged. */
  swapped = $state.raw(false);
  /** Which half of a blink is on. */
  blinkOriginal = $state.raw(false);
  /** Multiplies differences in the heat map. */
  gain = $state.raw(4);
  /** Its key is held; `loupePinned`: switched on. */
  loupeHeld = $state.raw(false);
  loupePinned = $state.raw(false);
  /** There is a result: the loupe shows the original beside it. */
  comparable = $state.raw(false);
  /** Picture pixel under the loupe; null: the middle of the canvas. */
  loupeAt = $state.raw<Point | null>(null);
  quickMask = $state.raw(false);
  minimapOpen = $state.raw(true);
  navigation = $state.raw<NavigationName>('studio');
  masksVisible = $state.raw(true);
  readonly tools = new ToolState();
  leftOpen = $state.raw(true);
  rightOpen = $state.raw(true);
  /** What a narrow screen shows beside the picture. */
  sheet = $state.raw<Sheet>('picture');
  explain = $state.raw(false);
  dialog = $state.raw<DialogName | null>(null);
  popover = $state.raw<PopoverName | null>(null);
  /** Counts canvases: a given-away canvas cannot be given again, so a restarted worker gets a new element. */
  canvasEpoch = $state.raw(0);
  /** Where the pointer was last seen on the canvas. */
  #pointer: Point | null = null;
  #picture = $state.raw<Extent>({ width: 1, height: 1 });
  /** What lies over the picture's edges: a fitted picture keeps clear of it. */
  #insets: Insets = { left: 0, bottom: 0 };
  /** True until the user moves the camera: a resize then fits again. */
  #fitted = true;

  /** What is drawn at the moment, the held key and the blink included. */
  readonly shown = $derived.by((): WorkerView['compare']['mode'] => {
    if (this.peeking) return 'original';
    if (this.compare !== 'blink') return this.compare;
    return this.blinkOriginal ? 'original' : 'refined';
  });
  /** The picture is judged rather than worked on: masks and badges would hide what is compared. */
  readonly judging = $derived(
    this.peeking || this.compare !== 'refined' || this.loupeHeld || this.loupePinned,
  );
  readonly overlaysShown = $derived(this.masksVisible && !this.judging);
  readonly loupeShown = $derived(this.loupeHeld || this.loupePinned);
  /** Where the loupe lies; null while there is none. */
  readonly loupe = $derived.by((): WorkerView['loupe'] => {
    if (!this.loupeShown) return null;
    const at = this.loupeAt ?? this.pictureAt(this.#middle);
    return { at, ...loupeFrame(this.screenAt(at), this.viewport, this.comparable ? 2 : 1) };
  });
  /** The plain view sent to the worker. */
  readonly worker = $derived<WorkerView>({
    viewport: this.viewport,
    camera: this.camera,
    compare: { mode: this.shown, split: this.split, swapped: this.swapped, gain: this.gain },
    masksVisible: this.overlaysShown,
    quickMask: this.quickMask && !this.judging,
    loupe: this.loupe,
  });

  /** Starts looking at another picture. */
  show(picture: Extent): void {
    this.#picture = picture;
    this.tools.show(picture);
    this.compare = 'refined';
    this.loupeAt = null;
    this.fit();
  }

  /** @param pixelRatio device pixels per CSS pixel such that width and height are whole device pixels. */
  resize(width: number, height: number, pixelRatio: number): void {
    this.viewport = { width: Math.max(1, width), height: Math.max(1, height), pixelRatio };
    if (this.#fitted) this.fit();
    else this.#move(this.camera);
  }

  /** Says what lies over the edges of the canvas, CSS pixels. */
  keepClear(insets: Insets): void {
    if (insets.left === this.#insets.left && insets.bottom === this.#insets.bottom) return;
    this.#insets = insets;
    if (this.#fitted) this.fit();
  }

  fit(): void {
    const { pane, inset } = this.#pane;
    const margin = this.viewport.width < 600 ? 8 : 32;
    const fitted = fitBeside(this.#picture, pane, margin, this.#insets);
    this.camera = snapToDevice(pan(fitted, inset.x, inset.y), this.viewport.pixelRatio);
    this.#fitted = true;
  }

  /** The picture pixel under a point of the canvas, in either half of a side by side. */
  pictureAt(point: Point): Point {
    return toPicture(this.camera, this.#shared(point));
  }

  /** Where a picture pixel lies on the canvas; of two places in a side by side the first. */
  screenAt(point: Point): Point {
    const { shift } = this.#pane;
    const { scale, x, y } = this.camera;
    return { x: point.x * scale + x - shift.x, y: point.y * scale + y - shift.y };
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
    this.#move(zoomAt(this.camera, this.#shared(point), factor, this.#limits));
  }

  /** A turn of the wheel at a point of the canvas, by the chosen habit. */
  wheel(input: WheelInput, point: Point): void {
    const wish = wheelWish(this.navigation, input);
    if (wish.kind === 'zoom') this.zoomAt(point, wish.factor);
    else if (wish.kind === 'pan') this.pan(wish.x, wish.y);
    else if (isBrush(this.tool)) this.tools.resize(wish.direction);
    else this.zoomAt(point, wish.direction > 0 ? ZOOM_NOTCH : 1 / ZOOM_NOTCH);
  }

  /** Brings a picture pixel to the middle of the canvas. */
  centreOn(point: Point): void {
    const { x, y } = this.#middle;
    const { scale } = this.camera;
    this.#move({ scale, x: x - point.x * scale, y: y - point.y * scale });
  }

  pan(deltaX: number, deltaY: number): void {
    this.#move(pan(this.camera, deltaX, deltaY));
  }

  pinch(from: readonly [Point, Point], to: readonly [Point, Point]): void {
    // Both fingers belong to the half where they began, or the picture would jump between the halves.
    const { x, y } = this.#shared(from[0]);
    const shift = { x: x - from[0].x, y: y - from[0].y };
    const moved = ([a, b]: readonly [Point, Point]): [Point, Point] => [add(a, shift), add(b, shift)];
    this.#move(pinch(this.camera, moved(from), moved(to), this.#limits));
  }

  /** Brings an area of the picture into view with its surroundings. */
  reveal(area: Point & Extent): void {
    const { pane, inset } = this.#pane;
    const margin = Math.min(pane.width, pane.height) / 4;
    const framed = frame(area, pane, margin, Math.max(4, this.camera.scale));
    this.#move(pan(framed, inset.x, inset.y));
  }

  get tool(): Tool {
    return this.tools.current;
  }

  /** Takes a tool; one that changes masks needs to see them. */
  setTool(tool: Tool): void {
    this.tools.current = tool;
    if (isMaskTool(tool)) this.showMasks();
  }

  /** Brings a panel into view, on a narrow screen too. */
  openPanel(panel: Exclude<Sheet, 'picture'>): void {
    if (panel === 'concepts') this.leftOpen = true;
    else this.rightOpen = true;
    this.sheet = panel;
  }

  /** Opens or closes what opens beside its button; closing another is no wish. */
  setPopover(name: PopoverName, open: boolean): void {
    if (open) this.popover = name;
    else if (this.popover === name) this.popover = null;
  }

  showMasks(): void {
    this.masksVisible = true;
    if (this.compare !== 'refined') this.setCompare('refined');
  }

  setCompare(mode: CompareMode): void {
    this.compare = mode;
    this.blinkOriginal = false;
    if (this.#fitted) this.fit();
  }

  nextCompare(): void {
    const next = (COMPARE_MODES.indexOf(this.compare) + 1) % COMPARE_MODES.length;
    this.setCompare(COMPARE_MODES[next] ?? 'refined');
  }

  /** Exchanges the sides; where only one picture shows, shows the other. */
  swapSides(): void {
    if (this.compare === 'blink') this.blinkOriginal = !this.blinkOriginal;
    else if (this.compare === 'refined') this.setCompare('original');
    else if (this.compare === 'original') this.setCompare('refined');
    else this.swapped = !this.swapped;
  }

  setGain(gain: number): void {
    this.gain = clamp(gain, 1, MAX_GAIN);
  }

  /** The pointer is here: the loupe follows it. */
  pointTo(point: Point): void {
    this.#pointer = point;
    if (this.loupeShown) this.loupeAt = this.pictureAt(point);
  }

  /** @param shown whether its key is down; it appears under the pointer. */
  holdLoupe(shown: boolean): void {
    if (shown && !this.loupeShown) this.loupeAt = this.#pointer && this.pictureAt(this.#pointer);
    this.loupeHeld = shown;
  }

  toggleLoupe(): void {
    this.loupePinned = !this.loupePinned;
    if (this.loupePinned && !this.loupeAt) this.loupeAt = this.pictureAt(this.#middle);
  }

  /** Moves what the loupe shows by CSS pixels of the canvas. */
  moveLoupe(deltaX: number, deltaY: number): void {
    const { x, y } = this.loupeAt ?? this.pictureAt(this.#middle);
    const { scale } = this.camera;
    this.loupeAt = {
      x: clamp(x + deltaX / scale, 0, this.#picture.width),
      y: clamp(y + deltaY / scale, 0, this.#picture.height),
    };
  }

  /** The part of the picture that shows, in picture pixels; it may reach beyond the picture. */
  get visibleArea(): Point & Extent {
    const { pane, inset } = this.#pane;
    const { scale } = this.camera;
    return { ...toPicture(this.camera, inset), width: pane.width / scale, height: pane.height / scale };
  }

  /** Nothing of the picture lies outside the canvas. */
  get wholeVisible(): boolean {
    const { x, y, width, height } = this.visibleArea;
    const [right, bottom] = [x + width, y + height];
    return x <= 0 && y <= 0 && right >= this.#picture.width && bottom >= this.#picture.height;
  }

  setSplit(split: number): void {
    this.split = clamp(split, 0, 1);
  }

  get #limits() {
    return scaleLimits(this.#picture, this.#pane.pane);
  }

  /** What one picture has of the canvas, and how far from its corner that begins. */
  get #pane() {
    return sideBySide(this.viewport, this.compare === 'side');
  }

  get #middle(): Point {
    return { x: this.viewport.width / 2, y: this.viewport.height / 2 };
  }

  /** A point of the canvas as the camera sees it: both halves of a side by side lie on its middle. */
  #shared(point: Point): Point {
    const { shift } = this.#pane;
    const beyond =
      point.x * Math.sign(shift.x) > this.#middle.x || point.y * Math.sign(shift.y) > this.#middle.y;
    return beyond
      ? { x: point.x - shift.x, y: point.y - shift.y }
      : { x: point.x + shift.x, y: point.y + shift.y };
  }

  #move(camera: Camera): void {
    const { pane, inset } = this.#pane;
    const clamped = clampCamera(pan(camera, -inset.x, -inset.y), this.#picture, pane);
    this.camera = snapToDevice(pan(clamped, inset.x, inset.y), this.viewport.pixelRatio);
    this.#fitted = false;
  }
}

function add(a: Point, b: Point): Point {
  return { x: a.x + b.x, y: a.y + b.y };
}
