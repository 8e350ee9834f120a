import { LATENT_PX, type Size } from '../geometry/rect.ts';
import { snapDown } from '../geometry/snap.ts';
import type { GlobalSpec } from '../job/request.ts';

/** The UNet halves its latents twice, and 64 px keeps every level whole on the way. */
const UNET_PX = 64;

/** Side and overlap of the global pass's tiles on a canvas: square, and no larger than it. */
export function tileGrid(
  { tilePx, overlapPx }: Pick<GlobalSpec, 'tilePx' | 'overlapPx'>,
  canvas: Size<'canvas'>,
): { readonly tilePx: number; readonly overlapPx: number } {
  const narrow = Math.min(canvas.width, canvas.height);
  if (narrow >= tilePx) return { tilePx, overlapPx };
  const step = narrow < UNET_PX ? LATENT_PX : UNET_PX;
  return { tilePx: Math.max(LATENT_PX, snapDown(narrow, step)), overlapPx };
}
