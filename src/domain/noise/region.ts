import { rect, type Rect, type Size } from '../geometry/rect.ts';

/**
 * Regions lie in rows of this many canvases, so that coordinates stay small enough for the 32-bit floats the kernels
 * read octaves with: 256 canvases of 1024 latent cells are 2^18.
 */
const REGIONS_PER_ROW = 256;

/**
 * Where the noise of an area comes from in region `region` of the scaffold: the same place, that many canvases further
 * on. Region 0 is the area itself. Areas that overlap on the canvas overlap alike in every region.
 */
export function regionArea(area: Rect<'canvas'>, canvas: Size<'canvas'>, region: number): Rect<'canvas'> {
  const across = region % REGIONS_PER_ROW;
  const down = Math.floor(region / REGIONS_PER_ROW);
  return rect(area.x + across * canvas.width, area.y + down * canvas.height, area.width, area.height);
}
