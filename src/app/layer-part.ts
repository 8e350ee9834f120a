import type { Layer } from '#domain/document/layer.ts';
import { intersect, rect, unitToCanvas, type Rect } from '#domain/geometry/rect.ts';
import type { Detection } from '#domain/job/request.ts';

/** Canvas pixels below which a mask is shown with more of what is around it. */
const LEAST_PX = 32;

/**
 * The part of a layer's area that is worth looking at: a square `margin` times as long as its detection's box, cut
 * where the area ends; the whole area where no detection says what is in it.
 */
export function partOf(layer: Layer, detections: readonly Detection[], margin: number): Rect<'canvas'> {
  const detection = detections.find(({ id }) => id === layer.origin.detectionId);
  if (!detection || detection.box.width === 0) return layer.area;
  const box = unitToCanvas(detection.box, layer.canvas);
  const side = Math.max(box.width, box.height, LEAST_PX) * margin;
  const x = box.x + (box.width - side) / 2;
  const y = box.y + (box.height - side) / 2;
  const part = intersect(layer.area, rect<'canvas'>(x, y, side, side));
  return part.width > 0 && part.height > 0 ? part : layer.area;
}

/**
 * Longest side of the picture of a layer's whole area in which a part of it is `sidePx` long. Few different ones, so
 * that a mask that is painted on asks for no new picture with every stroke.
 */
export function previewSide({ area }: Layer, part: Rect<'canvas'>, sidePx: number): number {
  const longest = Math.max(area.width, area.height);
  const wanted = (sidePx * longest) / Math.max(part.width, part.height);
  return Math.min(longest, 2 ** Math.ceil(Math.log2(wanted)));
}

/** Draws a part of a layer's area out of a picture of all of it. */
export function drawPart(
  canvas: HTMLCanvasElement,
  picture: ImageBitmap,
  { area }: Layer,
  part: Rect<'canvas'>,
): void {
  const scale = picture.width / area.width;
  const [x, y] = [(part.x - area.x) * scale, (part.y - area.y) * scale];
  const [width, height] = [part.width * scale, part.height * scale];
  canvas.width = Math.max(1, Math.round(width));
  canvas.height = Math.max(1, Math.round(height));
  canvas.getContext('2d')?.drawImage(picture, x, y, width, height, 0, 0, canvas.width, canvas.height);
}
