import { wholeRect, type Rect, type Size } from '../geometry/rect.ts';
import type { Field, Mask } from '../raster.ts';

/** Per output sample: the two source indices and the weight of the second. */
export interface LinearAxis {
  readonly low: Int32Array;
  readonly high: Int32Array;
  readonly weight: Float32Array;
}

/**
 * Samples `count` cells starting at `from` on an axis of `targetLength` cells laid over `sourceLength` ones, cell
 * centres aligned (half-pixel convention, align_corners=False), edges repeated. Lengths and start need not be whole.
 */
export function linearAxis(
  sourceLength: number,
  targetLength: number,
  from: number,
  count: number,
): LinearAxis {
  const low = new Int32Array(count);
  const high = new Int32Array(count);
  const weight = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    const at = Math.min(
      sourceLength - 1,
      Math.max(0, ((from + i + 0.5) * sourceLength) / targetLength - 0.5),
    );
    low[i] = Math.floor(at);
    high[i] = Math.min(sourceLength - 1, Math.floor(at) + 1);
    weight[i] = at - Math.floor(at);
  }
  return { low, high, weight };
}

/** Bilinear samples of one channel stretched over `whole`, for the cells of `area` only, times `gain`. */
function sampleArea(
  source: Size<'image'> & { readonly data: Float32Array | Uint8Array },
  whole: { readonly width: number; readonly height: number },
  area: { readonly x: number; readonly y: number; readonly width: number; readonly height: number },
  gain: number,
): Float32Array {
  const across = linearAxis(source.width, whole.width, area.x, area.width);
  const down = linearAxis(source.height, whole.height, area.y, area.height);
  const result = new Float32Array(area.width * area.height);
  const from = source.data;
  for (let y = 0; y < area.height; y++) {
    const rowLow = (down.low[y] as number) * source.width;
    const rowHigh = (down.high[y] as number) * source.width;
    const ty = down.weight[y] as number;
    for (let x = 0; x < area.width; x++) {
      const low = across.low[x] as number;
      const high = across.high[x] as number;
      const tx = across.weight[x] as number;
      const upper = (from[rowLow + low] as number) * (1 - tx) + (from[rowLow + high] as number) * tx;
      const lower = (from[rowHigh + low] as number) * (1 - tx) + (from[rowHigh + high] as number) * tx;
      result[y * area.width + x] = (upper * (1 - ty) + lower * ty) * gain;
    }
  }
  return result;
}

/** Coverage in [0, 1] of one canvas area, from a mask that covers the whole picture. Twin of mask/resize.wgsl. */
export function cropMask(mask: Mask<'image'>, canvas: Size<'canvas'>, area: Rect<'canvas'>): Field<'canvas'> {
  return { width: area.width, height: area.height, data: sampleArea(mask, canvas, area, 1 / 255) };
}

/** A field over the whole picture on another grid. */
export function resizeField(field: Field<'image'>, target: Size<'image'>): Field<'image'> {
  const { width, height } = target;
  return { width, height, data: sampleArea(field, target, wholeRect(target), 1) };
}

/** Mask logits on the network's grid -> binary mask on the target grid: resampled first, then cut at 0. */
export function logitsToMask(logits: Field<'image'>, target: Size<'image'>): Mask<'image'> {
  const resized = resizeField(logits, target);
  const data = Uint8Array.from(resized.data, (logit) => (logit > 0 ? 255 : 0));
  return { width: target.width, height: target.height, data };
}
