import { LATENT_PX, rect, unitToCanvas, type Rect, type Size } from './rect.ts';
import { clamp, snapDown, snapNearest, snapUp } from './snap.ts';

/** Network input sides: what SDXL was trained at, and the larger one for objects that do not fit. */
export const CROP_PX = 1024;
export const LARGE_CROP_PX = 1536;

/** Three UNet levels over 8 px latents want multiples of 32; 64 leaves room for one more level. */
const NETWORK_STEP_PX = 64;
/** Areas on this grid resample to 1536 at ratios p:q with q ≤ 16 (1536 = 16·96), which keeps noise resampling cheap. */
const LARGE_AREA_STEP_PX = 96;

/** One square network input cut out of the canvas. */
export interface CropPlan {
  /** Square, inside the canvas, every edge on a multiple of 8 px. */
  readonly area: Rect<'canvas'>;
  /** Side of the network input. Equal to the area's side (1:1) unless the object is too large or the canvas too small. */
  readonly sizePx: number;
}

/**
 * Square crop around a detection, `padding` (a fraction of the box's longer side) of context on each side.
 *
 * The side is 1024 px; 1536 px if the object with its context is larger than 1024; larger still, the object is cropped
 * at its own size (a multiple of 96 px where one fits) and resampled to 1536. The crop is centred on the box and
 * shifted inside at borders: never clipped, never stretched.
 *
 * A canvas whose shorter side is below the wanted crop gives the largest square that fits. Below 1024 px the network
 * input shrinks with it: the largest multiple of 64 px, 1:1 where that holds the box, else the whole short side
 * resampled to it (canvases under 64 px are enlarged to 64).
 */
export function planCrop(box: Rect<'unit'>, canvas: Size<'canvas'>, padding: number): CropPlan {
  const object = snapOutward(unitToCanvas(box, canvas), canvas);
  const longer = Math.max(box.width * canvas.width, box.height * canvas.height);
  const objectPx = Math.max(object.width, object.height);
  const wantedPx = Math.max(objectPx, Math.ceil(longer * (1 + 2 * Math.max(0, padding)) - 1e-6));
  const plan = planSides(wantedPx, objectPx, snapDown(Math.min(canvas.width, canvas.height), LATENT_PX));
  const x = placeInside(object.x, object.width, plan.sidePx, canvas.width);
  const y = placeInside(object.y, object.height, plan.sidePx, canvas.height);
  return { area: rect(x, y, plan.sidePx, plan.sidePx), sizePx: plan.sizePx };
}

/** The box on the latent grid, cut to the canvas, at least one cell large. */
function snapOutward(box: Rect<'canvas'>, canvas: Size<'canvas'>): Rect<'canvas'> {
  const span = (start: number, length: number, extent: number) => {
    const limit = snapDown(extent, LATENT_PX);
    const from = clamp(snapDown(start + 1e-6, LATENT_PX), 0, limit - LATENT_PX);
    const to = clamp(snapUp(start + length - 1e-6, LATENT_PX), from + LATENT_PX, limit);
    return { from, length: to - from };
  };
  const horizontal = span(box.x, box.width, canvas.width);
  const vertical = span(box.y, box.height, canvas.height);
  return rect(horizontal.from, vertical.from, horizontal.length, vertical.length);
}

function planSides(wantedPx: number, objectPx: number, roomPx: number): { sidePx: number; sizePx: number } {
  if (wantedPx <= CROP_PX && roomPx >= CROP_PX) return { sidePx: CROP_PX, sizePx: CROP_PX };
  if (wantedPx <= LARGE_CROP_PX && roomPx >= LARGE_CROP_PX)
    return { sidePx: LARGE_CROP_PX, sizePx: LARGE_CROP_PX };
  if (roomPx <= CROP_PX) return planSmall(objectPx, roomPx);
  const sidePx = snapUp(wantedPx, LARGE_AREA_STEP_PX);
  if (sidePx <= roomPx) return { sidePx, sizePx: LARGE_CROP_PX };
  const onGrid = snapDown(roomPx, LARGE_AREA_STEP_PX);
  return { sidePx: onGrid >= objectPx ? onGrid : roomPx, sizePx: LARGE_CROP_PX };
}

function planSmall(objectPx: number, roomPx: number): { sidePx: number; sizePx: number } {
  const sizePx = Math.max(NETWORK_STEP_PX, snapDown(roomPx, NETWORK_STEP_PX));
  return { sidePx: sizePx <= roomPx && objectPx <= sizePx ? sizePx : roomPx, sizePx };
}

/** Start of a span of `side` centred on [start, start+length), on the latent grid and inside [0, extent). */
function placeInside(start: number, length: number, side: number, extent: number): number {
  const centred = snapNearest(start + (length - side) / 2, LATENT_PX);
  return clamp(centred, 0, snapDown(extent - side, LATENT_PX));
}
