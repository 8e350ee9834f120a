import { intersect, rect, wholeRect, type Rect, type Size } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { rleBounds } from '#domain/mask/rle-algebra.ts';
import type { Field, Raster8 } from '#domain/raster.ts';
import { cropRaster } from '#domain/resample/crop-normalise.ts';
import { maskCoverage } from './layer-weights.ts';
import type { PixelOps } from './services.ts';

/** How a mask is cut: its edge moved and softened as the blend would, canvas pixels. */
export interface CutEdge {
  readonly mask: MaskRle;
  readonly growPx: number;
  readonly featherPx: number;
}

/** sRGB, 0 to 255. */
export type Background = readonly [red: number, green: number, blue: number];

/**
 * What a mask covers of a canvas, by itself: as large as the mask with its soft edge. On a colour it is mixed with it as
 * the blend mixes, in sRGB; without one the edge goes into the alpha and the colours stay those of the canvas.
 * @throws AppError bad-request for a mask that covers nothing.
 */
export async function cutOut(
  canvas: Raster8<'canvas'>,
  edge: CutEdge,
  background: Background | null,
  pixels: PixelOps,
): Promise<Raster8<'canvas'>> {
  const area = cutArea(canvas, edge);
  const coverage = await maskCoverage(pixels, { kind: 'mask', ...edge }, canvas, area);
  const cut = cropRaster(canvas, area);
  if (background) mixInto(cut.data, coverage, background);
  else fade(cut.data, coverage);
  return cut;
}

/** The mask's box on the canvas, with room for the moved and softened edge and for its bilinear border. */
function cutArea(canvas: Size<'canvas'>, { mask, growPx, featherPx }: CutEdge): Rect<'canvas'> {
  const bounds = rleBounds(mask);
  if (!bounds) throw new AppError('bad-request', 'The mask is empty: there is nothing to cut out.');
  const [x, y] = [canvas.width / mask.width, canvas.height / mask.height];
  const margin = Math.ceil(Math.max(0, growPx) + featherPx / 2 + Math.max(x, y));
  const left = Math.floor(bounds.x * x) - margin;
  const top = Math.floor(bounds.y * y) - margin;
  const right = Math.ceil((bounds.x + bounds.width) * x) + margin;
  const bottom = Math.ceil((bounds.y + bounds.height) * y) + margin;
  return intersect(rect<'canvas'>(left, top, right - left, bottom - top), wholeRect(canvas));
}

function fade(rgba: Uint8ClampedArray, { data }: Field<'canvas'>): void {
  for (let i = 0; i < data.length; i++)
    rgba[4 * i + 3] = Math.round((rgba[4 * i + 3] as number) * (data[i] as number));
}

function mixInto(rgba: Uint8ClampedArray, { data }: Field<'canvas'>, background: Background): void {
  for (let i = 0; i < data.length; i++) {
    const share = ((data[i] as number) * (rgba[4 * i + 3] as number)) / 255;
    for (let c = 0; c < 3; c++) {
      const behind = background[c] as number;
      rgba[4 * i + c] = Math.round(behind + share * ((rgba[4 * i + c] as number) - behind));
    }
    rgba[4 * i + 3] = 255;
  }
}

/** "#rrggbb" as numbers. @throws AppError bad-request for anything else. */
export function colourOf(text: string): Background {
  const parts = /^#([0-9a-f]{2})([0-9a-f]{2})([0-9a-f]{2})$/i.exec(text)?.slice(1);
  if (!parts) throw new AppError('bad-request', sentence`"${text}" is not a colour of the form #rrggbb.`);
  const [red = 0, green = 0, blue = 0] = parts.map((part) => parseInt(part, 16));
  return [red, green, blue];
}
