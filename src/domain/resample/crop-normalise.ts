import { contains, size, wholeRect, type Rect, type Size } from '../geometry/rect.ts';
import type { Raster8 } from '../raster.ts';
import { floatTensor, type FloatTensor } from '../tensor.ts';
import { resizeRaster } from './resize.ts';

/** A copy of one area of the canvas or picture. @throws RangeError when it does not lie inside on whole pixels. */
export function cropRaster<S extends 'image' | 'canvas'>(
  canvas: Raster8<S>,
  area: Rect<NoInfer<S>>,
): Raster8<S> {
  assertInside(canvas, area);
  const { width, height } = area;
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++) {
    const from = ((area.y + y) * canvas.width + area.x) * 4;
    data.set(canvas.data.subarray(from, from + width * 4), y * width * 4);
  }
  return { width, height, data };
}

/** Undoes {@link cropRaster}: writes the pixels of an area back, and nothing else. */
export function pasteRaster(
  canvas: Raster8<'canvas'>,
  area: Rect<'canvas'>,
  pixels: Raster8<'canvas'>,
): void {
  assertInside(canvas, area);
  for (let y = 0; y < area.height; y++)
    canvas.data.set(
      pixels.data.subarray(y * area.width * 4, (y + 1) * area.width * 4),
      ((area.y + y) * canvas.width + area.x) * 4,
    );
}

/** Guards every per-area operation: whole pixels, inside the canvas, not empty. */
export function assertInside<S extends 'image' | 'canvas'>(canvas: Size<S>, area: Rect<NoInfer<S>>): void {
  const whole = [area.x, area.y, area.width, area.height].every(Number.isInteger);
  if (!whole || area.width < 1 || area.height < 1 || !contains(wholeRect(canvas), area))
    throw new RangeError(
      `area ${area.x},${area.y} ${area.width}×${area.height} does not lie inside the ${canvas.width}×${canvas.height} canvas`,
    );
}

/** RGB of an RGBA picture as [3,height,width] in [0, 1]; alpha is ignored. */
export function rasterToNchw(raster: Raster8): FloatTensor {
  const { width, height, data } = raster;
  const count = width * height;
  const result = floatTensor([3, height, width]);
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < count; i++)
      result.data[channel * count + i] = (data[i * 4 + channel] as number) / 255;
  return result;
}

/**
 * One canvas area as network input [3,size,size] in [0, 1]: cut out, Lanczos-resampled to 8-bit if its side differs
 * (no-op at 1:1), normalised. A non-square area keeps its own height: [3, area.height·sizePx/area.width, sizePx].
 * Twin of layout/crop_normalise.wgsl.
 */
export function cropToNchw(canvas: Raster8<'canvas'>, area: Rect<'canvas'>, sizePx: number): FloatTensor {
  const target = size<'canvas'>(sizePx, Math.round((area.height * sizePx) / area.width));
  return rasterToNchw(resizeRaster(cropRaster(canvas, area), target));
}
