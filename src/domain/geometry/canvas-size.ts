import type { OutputSpec } from '../job/request.ts';
import { LATENT_PX, size, type Size } from './rect.ts';
import { snapNearest } from './snap.ts';

function longSide(extent: Size<'image' | 'canvas'>): number {
  const side = Math.max(extent.width, extent.height);
  if (!(Math.min(extent.width, extent.height) >= 1))
    throw new RangeError(`a picture of ${extent.width}×${extent.height} px has no pixels`);
  return side;
}

/**
 * The document's canvas for a picture: the given long side, the picture's aspect ratio, both sides on the latent grid
 * (multiples of 8 px, at least 8). Snapping bends the aspect ratio by at most 4 px on either side.
 */
export function planCanvas(image: Size<'image'>, longSidePx: number): Size<'canvas'> {
  const scale = Math.max(LATENT_PX, snapNearest(longSidePx, LATENT_PX)) / longSide(image);
  const snap = (side: number) => Math.max(LATENT_PX, snapNearest(side * scale, LATENT_PX));
  return size(snap(image.width), snap(image.height));
}

/** Another long side of the canvas. The export goes with it unless it was set to something else than the canvas. */
export function withCanvasSide(
  { canvasLongSidePx, exportLongSidePx }: OutputSpec,
  longSidePx: number,
): OutputSpec {
  const follows = exportLongSidePx === canvasLongSidePx;
  return { canvasLongSidePx: longSidePx, exportLongSidePx: follows ? longSidePx : exportLongSidePx };
}

/** The exported picture's size: exactly `longSidePx` on the long side, the picture's own aspect ratio, no snapping. */
export function planExport(image: Size<'image'>, longSidePx: number): Size<'canvas'> {
  const scale = longSidePx / longSide(image);
  const side = (px: number) => Math.max(1, Math.round(px * scale));
  return size(side(image.width), side(image.height));
}
