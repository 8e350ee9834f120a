import type { Size } from '../geometry/rect.ts';
import { resizePlane } from '../resample/resize.ts';
import type { Raster8 } from '../raster.ts';
import type { FloatTensor } from '../tensor.ts';

/** What a painting changed: [3,height,width] planar RGB in snorm16, value/32767 in [−1, 1] of the canvas's range. */
export interface Residual extends Size<'crop'> {
  readonly data: Int16Array;
}

/** The integer that stands for 1. */
export const SNORM16 = 32767;

/** refined − base of two [3,h,w] pictures in [0, 1], quantised to 1/128 of one step of 255. */
export function quantiseResidual(refined: FloatTensor, base: FloatTensor): Residual {
  const { height, width } = residualSize(refined, base);
  const data = new Int16Array(refined.data.length);
  for (let i = 0; i < data.length; i++) {
    const change = (refined.data[i] as number) - (base.data[i] as number);
    data[i] = Math.round(Math.max(-1, Math.min(1, change)) * SNORM16);
  }
  return { height, width, data };
}

/** after − before of two pictures of one size, which are whole steps of 255: added to the one it makes the other. */
export function residualOfBytes(after: Raster8<'canvas'>, before: Raster8<'canvas'>): Residual {
  const { width, height } = after;
  const data = new Int16Array(3 * width * height);
  for (let channel = 0; channel < 3; channel++)
    for (let i = 0; i < width * height; i++) {
      const change = (after.data[4 * i + channel] as number) - (before.data[4 * i + channel] as number);
      data[channel * width * height + i] = Math.round((change / 255) * SNORM16);
    }
  return { width: width as number, height: height as number, data };
}

/**
 * One channel of a residual at the size of the area it lies on, in snorm16 units: Lanczos-resampled where that differs
 * from its own.
 */
export function residualPlane(
  { width, height, data }: Residual,
  channel: number,
  area: Size<'canvas'>,
): Int16Array | Float32Array {
  const plane = data.subarray(channel * width * height, (channel + 1) * width * height);
  if (width === area.width && height === area.height) return plane;
  return resizePlane(new Float32Array(plane), { width, height }, area);
}

/** Height and width of a [3,h,w] pair. @throws RangeError when the shapes are not that, or differ. */
function residualSize(refined: FloatTensor, base: FloatTensor): { height: number; width: number } {
  const [channels, height, width] = refined.dims;
  const same =
    refined.dims.length === base.dims.length && refined.dims.every((dim, i) => dim === base.dims[i]);
  if (!same || refined.dims.length !== 3 || channels !== 3 || !height || !width)
    throw new RangeError(
      `refined [${refined.dims.join()}] and base [${base.dims.join()}] must both be [3,h,w]`,
    );
  return { height, width };
}
