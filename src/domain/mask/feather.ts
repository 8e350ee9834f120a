import type { Field } from '../raster.ts';
import { signedDistance } from './distance.ts';

/** Hermite ramp m·m·(3−2m) of a value clamped to [0, 1]: the one smoothstep every blend goes through, once. */
export function smoothstep(value: number): number {
  const m = Math.min(1, Math.max(0, value));
  return m * m * (3 - 2 * m);
}

/**
 * The blend's alpha in [0, 1]: the mask's edge moved outward by `growPx` (inward if negative), then a smoothstep ramp
 * `featherPx` wide and centred on the moved edge. Width 0 gives a hard edge. Twin of mask/grow_rows.wgsl,
 * mask/grow_columns.wgsl and mask/feather.wgsl.
 */
export function featherMask<S extends 'image' | 'canvas' | 'crop'>(
  mask: Field<S>,
  growPx: number,
  featherPx: number,
): Field<S> {
  const distance = signedDistance(mask).data;
  const data = new Float32Array(distance.length);
  for (let i = 0; i < data.length; i++) {
    const moved = (distance[i] as number) + growPx;
    data[i] = featherPx > 0 ? smoothstep(moved / featherPx + 0.5) : moved > 0 ? 1 : 0;
  }
  return { width: mask.width, height: mask.height, data };
}
