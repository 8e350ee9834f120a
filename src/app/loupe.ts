import { clamp, type Extent, type Point } from './camera.ts';

/** How much larger than the canvas the loupe shows (spec/reliability-ux.md §5, `Z`). */
export const LOUPE_ZOOM = 4;

const SIDE_PX = 208;
const GAP_PX = 4;
const MARGIN_PX = 12;

/**
 * The squares of the loupe around a point, moved so that all of it lies on the canvas. CSS pixels.
 * @param glasses two beside each other show original and result.
 */
export function loupeFrame(
  { x, y }: Point,
  viewport: Extent,
  glasses: 1 | 2,
): { left: number; top: number; side: number; gap: number; zoom: number; glasses: 1 | 2 } {
  const room = Math.min((viewport.width - 2 * MARGIN_PX - GAP_PX) / 2, viewport.height - 2 * MARGIN_PX);
  const side = Math.max(32, Math.floor(Math.min(SIDE_PX, room)));
  const width = glasses === 2 ? 2 * side + GAP_PX : side;
  const within = (start: number, length: number, whole: number) =>
    Math.round(clamp(start, MARGIN_PX, Math.max(MARGIN_PX, whole - MARGIN_PX - length)));
  return {
    left: within(x - width / 2, width, viewport.width),
    top: within(y - side / 2, side, viewport.height),
    side,
    gap: GAP_PX,
    zoom: LOUPE_ZOOM,
    glasses,
  };
}
