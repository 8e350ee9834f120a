import { planCanvas } from '#domain/geometry/canvas-size.ts';
import { planCrop } from '#domain/geometry/crop.ts';
import { rect, type Rect, type Size } from '#domain/geometry/rect.ts';
import type { Detection, SamplingSpec } from '#domain/job/request.ts';
import { truncatedSigmas } from '#domain/sampling/schedules.ts';
import { planTiles } from '#domain/tiling/plan.ts';
import type { StudioParameters } from './defaults.ts';

/** A canvas rectangle as the overlay draws it: in pixels of the opened image. */
export function canvasToImage(
  area: Rect<'canvas'>,
  canvas: Size<'canvas'>,
  image: Size<'image'>,
): Rect<'image'> {
  const x = image.width / canvas.width;
  const y = image.height / canvas.height;
  return { x: area.x * x, y: area.y * y, width: area.width * x, height: area.height * y };
}

/** A detection's box in pixels of the opened image. */
export function boxFrame(detection: Detection, image: Size<'image'>): Rect<'image'> {
  const { x, y, width, height } = detection.box;
  return rect(x * image.width, y * image.height, width * image.width, height * image.height);
}

/** The square that will be cut out around a detection. */
export function cropFrame(
  detection: Detection,
  image: Size<'image'>,
  { output, detail }: StudioParameters,
): Rect<'image'> {
  const canvas = planCanvas(image, output.canvasLongSidePx);
  return canvasToImage(planCrop(detection.box, canvas, detail.padding).area, canvas, image);
}

/** The grid of the whole-picture pass. */
export function tileFrames(image: Size<'image'>, { output, global }: StudioParameters): Rect<'image'>[] {
  const canvas = planCanvas(image, output.canvasLongSidePx);
  const { tiles } = planTiles(canvas, global.tilePx, global.overlapPx);
  return tiles.map(({ area }) => canvasToImage(area, canvas, image));
}

/** The noise level a strength starts at, for the jargon beside the slider; null where nothing is re-painted. */
export function startSigma(denoise: number, { scheduler, steps }: SamplingSpec): number | null {
  return steps >= 1 && denoise > 0
    ? (truncatedSigmas(scheduler, Math.round(steps), denoise)[0] ?? null)
    : null;
}
