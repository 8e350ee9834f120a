import type { MaskRle } from '../job/request.ts';
import { forEachStretch } from './spans.ts';

const known = new WeakMap<MaskRle, string>();

/**
 * A short name of a mask's pixels and grid: the same for masks that hold the same pixels however their runs are
 * written, another one (but for a chance of 2⁻⁶⁴) where a pixel differs. Masks are values, so each is read once.
 */
export function maskDigest(mask: MaskRle): string {
  const digest = known.get(mask) ?? digestOf(mask);
  known.set(mask, digest);
  return digest;
}

/** Two multiply-and-rotate hashes of 32 bits over the ends of all stretches. */
function digestOf(mask: MaskRle): string {
  let [a, b] = [mask.width | 0, mask.height | 0];
  const take = (value: number) => {
    a = mixed(a ^ value, 0x85ebca6b);
    b = mixed(b ^ value, 0xc2b2ae35);
  };
  forEachStretch(mask, (start, end) => {
    take(start);
    take(end);
  });
  take(mask.width);
  return [a, b].map((half) => (half >>> 0).toString(36)).join('-');
}

/** A bijection of 32-bit integers for odd factors. */
function mixed(value: number, factor: number): number {
  const product = Math.imul(value, factor);
  const turned = (product << 15) | (product >>> 17);
  return (Math.imul(turned, 5) + 0x6b2d91c3) | 0;
}
