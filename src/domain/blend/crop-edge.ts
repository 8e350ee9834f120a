import type { Rect, Size } from '../geometry/rect.ts';
import { smoothstep } from '../mask/feather.ts';
import type { Field } from '../raster.ts';

/**
 * Lets a paste fade out towards the edges of its crop that lie inside the canvas: a mask that reaches such an edge
 * would end in a visible step there. Edges on the canvas border stay, since nothing continues beyond them.
 */
export function fadeAtCropEdge(
  alpha: Field<'canvas'>,
  area: Rect<'canvas'>,
  canvas: Size<'canvas'>,
  featherPx: number,
): Field<'canvas'> {
  if (featherPx <= 0) return alpha;
  const across = ramp(area.width, area.x > 0, area.x + area.width < canvas.width, featherPx);
  const down = ramp(area.height, area.y > 0, area.y + area.height < canvas.height, featherPx);
  const data = alpha.data.slice();
  for (let y = 0; y < area.height; y++)
    for (let x = 0; x < area.width; x++) {
      const i = y * area.width + x;
      data[i] = (data[i] as number) * (down[y] as number) * (across[x] as number);
    }
  return { ...alpha, data };
}

/** 1 in the middle; rises from 0 over `featherPx` at each end that is to fade. */
function ramp(length: number, fadeStart: boolean, fadeEnd: boolean, featherPx: number): Float32Array {
  return Float32Array.from({ length }, (_, i) => {
    const fromStart = fadeStart ? smoothstep((i + 0.5) / featherPx) : 1;
    const fromEnd = fadeEnd ? smoothstep((length - i - 0.5) / featherPx) : 1;
    return Math.min(fromStart, fromEnd);
  });
}
