import { size, type Rect, type Size } from '../geometry/rect.ts';
import type { Field, Raster8 } from '../raster.ts';
import { assertInside } from '../resample/crop-normalise.ts';
import { resizePlane } from '../resample/resize.ts';
import type { FloatTensor } from '../tensor.ts';

/** What a painting changed: [3,height,width] planar RGB in snorm16, value/32767 in [−1, 1] of the canvas's range. */
export interface Residual extends Size<'crop'> {
  readonly data: Int16Array;
}

const SNORM16 = 32767;

/** refined − base of two [3,h,w] pictures in [0, 1], quantised to 1/128 of one step of 255. */
export function quantiseResidual(refined: FloatTensor, base: FloatTensor): Residual {
  const { height, width } = residualSize(refined, base);
  const data = Int16Array.from(refined.data, (value, i) =>
    Math.round(Math.max(-1, Math.min(1, value - (base.data[i] as number))) * SNORM16),
  );
  return { height, width, data };
}

/** One channel of a residual in the canvas's range, −1 to 1, at its own size. */
export function residualPlane({ width, height, data }: Residual, channel: number): Float32Array {
  const count = width * height;
  return Float32Array.from(data.subarray(channel * count, (channel + 1) * count), (value) => value / SNORM16);
}

/** Height and width of a [3,h,w] pair. @throws RangeError when the shapes are not that, or differ. */
export function residualSize(refined: FloatTensor, base: FloatTensor): { height: number; width: number } {
  const [channels, height, width] = refined.dims;
  const same =
    refined.dims.length === base.dims.length && refined.dims.every((dim, i) => dim === base.dims[i]);
  if (!same || refined.dims.length !== 3 || channels !== 3 || !height || !width)
    throw new RangeError(
      `refined [${refined.dims.join()}] and base [${base.dims.join()}] must both be [3,h,w]`,
    );
  return { height, width };
}

/**
 * canvas + alpha·(refined − base), written into `canvas` inside `area`; [3,h,w] tensors in [0, 1] are Lanczos-resampled
 * to the area if their size differs. Where refined equals base the canvas keeps its exact bytes; its alpha channel is
 * never touched. Twin of blend/residual_paste.wgsl.
 */
export function pasteResidual(
  canvas: Raster8<'canvas'>,
  area: Rect<'canvas'>,
  alpha: Field<'canvas'>,
  refined: FloatTensor,
  base: FloatTensor,
): void {
  assertInside(canvas, area);
  if (alpha.width !== area.width || alpha.height !== area.height)
    throw new RangeError(`alpha ${alpha.width}×${alpha.height} does not cover ${area.width}×${area.height}`);
  const from = residualSize(refined, base);
  const count = from.width * from.height;
  for (let channel = 0; channel < 3; channel++) {
    const residual = new Float32Array(count);
    for (let i = 0, at = channel * count; i < count; i++, at++)
      residual[i] = (refined.data[at] as number) - (base.data[at] as number);
    addPlane(canvas, area, alpha, resizePlane(residual, size(from.width, from.height), area), channel);
  }
}

function addPlane(
  canvas: Raster8<'canvas'>,
  area: Rect<'canvas'>,
  alpha: Field<'canvas'>,
  residual: Float32Array,
  channel: number,
): void {
  const bytes = canvas.data;
  for (let y = 0; y < area.height; y++) {
    let to = ((area.y + y) * canvas.width + area.x) * 4 + channel;
    for (let i = y * area.width; i < (y + 1) * area.width; i++, to += 4)
      bytes[to] = Math.floor(
        (bytes[to] as number) + (alpha.data[i] as number) * (residual[i] as number) * 255 + 0.5,
      );
  }
}
