import { HEAT_RAMP, HEAT_STEPS } from './heat-ramp.ts';

/** Weights of the channels in luminance (Rec. 709), here on the encoded values. */
const RED = 0.2126;
const GREEN = 0.7152;
const BLUE = 0.0722;

/** How far two RGBA pixels are apart, luminance-weighted, 0 to 255. Opacity does not count. */
export function pixelDifference(a: ArrayLike<number>, b: ArrayLike<number>, at: number): number {
  return (
    RED * Math.abs((a[at] as number) - (b[at] as number)) +
    GREEN * Math.abs((a[at + 1] as number) - (b[at + 1] as number)) +
    BLUE * Math.abs((a[at + 2] as number) - (b[at + 2] as number))
  );
}

/**
 * The heat map of two RGBA pictures of one size: {@link pixelDifference} times `gain` on the ramp, opaque. Where they
 * are equal it is black at any gain.
 */
export function differenceMap(
  a: ArrayLike<number>,
  b: ArrayLike<number>,
  gain: number,
): Uint8ClampedArray<ArrayBuffer> {
  const result = new Uint8ClampedArray(a.length);
  const last = HEAT_STEPS - 1;
  for (let at = 0; at < a.length; at += 4) {
    const amount = pixelDifference(a, b, at) * gain;
    const [red, green, blue] = HEAT_RAMP[Math.min(last, Math.round(amount))] ?? [0, 0, 0];
    result[at] = red;
    result[at + 1] = green;
    result[at + 2] = blue;
    result[at + 3] = 255;
  }
  return result;
}
