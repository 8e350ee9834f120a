/**
 * Camera maths of the canvas, pure: values in, new values out, nothing here reads studio state.
 * screen = picture · scale + offset; screen lengths are CSS pixels of the canvas element, picture lengths are pixels of
 * the opened image.
 */

export interface Camera {
  /** CSS pixels per picture pixel. */
  readonly scale: number;
  readonly x: number;
  readonly y: number;
}

export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Extent {
  readonly width: number;
  readonly height: number;
}

export interface ScaleLimits {
  readonly min: number;
  readonly max: number;
}

/** Zoom steps of the `+` and `-` keys, as multiples of one picture pixel per screen pixel. */
const ZOOM_LADDER = [0.05, 0.1, 0.25, 0.33, 0.5, 0.67, 1, 1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32];

/** At least this much of the picture stays on screen, CSS pixels. */
const KEEP_VISIBLE_PX = 64;

export function toScreen(camera: Camera, point: Point): Point {
  return { x: point.x * camera.scale + camera.x, y: point.y * camera.scale + camera.y };
}

export function toPicture(camera: Camera, point: Point): Point {
  return { x: (point.x - camera.x) / camera.scale, y: (point.y - camera.y) / camera.scale };
}

export function pan(camera: Camera, deltaX: number, deltaY: number): Camera {
  return { scale: camera.scale, x: camera.x + deltaX, y: camera.y + deltaY };
}

/** Multiplies the scale while the picture point under `point` stays under it. */
export function zoomAt(camera: Camera, point: Point, factor: number, limits: ScaleLimits): Camera {
  const scale = clamp(camera.scale * factor, limits.min, limits.max);
  const ratio = scale / camera.scale;
  return { scale, x: point.x - (point.x - camera.x) * ratio, y: point.y - (point.y - camera.y) * ratio };
}

/** The whole picture, centred, with a margin. */
export function fit(picture: Extent, viewport: Extent, marginPx = 24): Camera {
  return frame({ x: 0, y: 0, ...picture }, viewport, marginPx, Infinity);
}

/** What lies over the edges of a viewport, CSS pixels. */
export interface Insets {
  readonly left: number;
  readonly bottom: number;
}

/**
 * The whole picture as large as it can be beside what lies over the viewport's edges: in the middle of the viewport if
 * it covers nothing there, else as near to it as that allows.
 */
export function fitBeside(picture: Extent, viewport: Extent, marginPx: number, insets: Insets): Camera {
  const left = Math.max(insets.left, marginPx);
  const bottom = Math.max(insets.bottom, marginPx);
  const room = { width: viewport.width - left - marginPx, height: viewport.height - marginPx - bottom };
  const { scale } = fit(picture, { width: Math.max(1, room.width), height: Math.max(1, room.height) }, 0);
  const [width, height] = [picture.width * scale, picture.height * scale];
  return {
    scale,
    x: Math.max(left, (viewport.width - width) / 2),
    y: Math.min(viewport.height - bottom - height, (viewport.height - height) / 2),
  };
}

/** Centres an area of the picture and makes it as large as the margin and `maxScale` allow. */
export function frame(area: Point & Extent, viewport: Extent, marginPx: number, maxScale: number): Camera {
  const scale = Math.min(
    Math.max(1, viewport.width - 2 * marginPx) / area.width,
    Math.max(1, viewport.height - 2 * marginPx) / area.height,
    maxScale,
  );
  return {
    scale,
    x: viewport.width / 2 - (area.x + area.width / 2) * scale,
    y: viewport.height / 2 - (area.y + area.height / 2) * scale,
  };
}

/** Zooms about the middle of the viewport to an absolute scale. */
export function zoomTo(camera: Camera, viewport: Extent, scale: number, limits: ScaleLimits): Camera {
  return zoomAt(camera, centreOf(viewport), scale / camera.scale, limits);
}

/** Two fingers move from one pair of points to another: scale by their distance, follow their middle. */
export function pinch(
  camera: Camera,
  from: readonly [Point, Point],
  to: readonly [Point, Point],
  limits: ScaleLimits,
): Camera {
  const before = middle(from);
  const after = middle(to);
  const zoomed = zoomAt(camera, before, distance(to) / Math.max(1, distance(from)), limits);
  return pan(zoomed, after.x - before.x, after.y - before.y);
}

/** From a quarter of "fits the window" up to 32 screen pixels per picture pixel. */
export function scaleLimits(picture: Extent, viewport: Extent): ScaleLimits {
  return { min: fit(picture, viewport).scale / 4, max: Math.max(32, fit(picture, viewport).scale) };
}

/** The next step of the zoom ladder above or below `zoom` (1 = one picture pixel per screen pixel). */
export function zoomStep(zoom: number, direction: 1 | -1): number {
  const epsilon = zoom * 1e-3;
  const steps = direction > 0 ? ZOOM_LADDER : ZOOM_LADDER.toReversed();
  const next = steps.find((step) => (step - zoom) * direction > epsilon);
  return next ?? (direction > 0 ? zoom * 1.5 : zoom / 1.5);
}

/** Moves the camera so that the picture can never be lost outside the window. Idempotent. */
export function clampCamera(camera: Camera, picture: Extent, viewport: Extent): Camera {
  return {
    scale: camera.scale,
    x: clampOffset(camera.x, picture.width * camera.scale, viewport.width),
    y: clampOffset(camera.y, picture.height * camera.scale, viewport.height),
  };
}

/**
 * Moves the camera by less than a device pixel so that picture pixels begin on device pixels: at 100 %, where one of
 * the document covers one of the screen, each is then shown as it is.
 */
export function snapToDevice({ scale, x, y }: Camera, pixelRatio: number): Camera {
  return { scale, x: Math.round(x * pixelRatio) / pixelRatio, y: Math.round(y * pixelRatio) / pixelRatio };
}

/** Gap between the halves of a side by side, CSS pixels; the drawing worker leaves the same. */
const SIDE_GAP_PX = 2;

/**
 * What one picture has of the viewport: all of it, or in a side by side one half, which lies beside the other on a wide
 * viewport and above it on a tall one.
 * @returns `pane`: its extent; `inset`: where a pane in the viewport's middle begins; `shift`: how far the second half
 * lies from there, and the first in the other direction.
 */
export function sideBySide(
  viewport: Extent,
  halved: boolean,
): { readonly pane: Extent; readonly inset: Point; readonly shift: Point } {
  const { width, height } = viewport;
  if (!halved) return { pane: { width, height }, inset: { x: 0, y: 0 }, shift: { x: 0, y: 0 } };
  if (width >= height) {
    const half = (width - SIDE_GAP_PX) / 2;
    const x = (width - half) / 2;
    return { pane: { width: half, height }, inset: { x, y: 0 }, shift: { x, y: 0 } };
  }
  const half = (height - SIDE_GAP_PX) / 2;
  const y = (height - half) / 2;
  return { pane: { width, height: half }, inset: { x: 0, y }, shift: { x: 0, y } };
}

export function clamp(value: number, min: number, max: number): number {
  return Math.min(Math.max(value, min), max);
}

function clampOffset(offset: number, length: number, viewport: number): number {
  const keep = Math.min(KEEP_VISIBLE_PX, length, viewport);
  return clamp(offset, keep - length, viewport - keep);
}

function centreOf(viewport: Extent): Point {
  return { x: viewport.width / 2, y: viewport.height / 2 };
}

function middle([a, b]: readonly [Point, Point]): Point {
  return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
}

function distance([a, b]: readonly [Point, Point]): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
