import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rect } from '#domain/geometry/rect.ts';
import { outlinePath } from '#domain/mask/outline.ts';
import { rectToRle } from '#domain/mask/shapes.ts';
import { anyBits, bitAt, rleOf, type Bits } from './arbitrary-masks.ts';

/** Unit steps of a path: "h x y" from (x, y) to the right, "v x y" down. */
function unitSteps(path: string): string[] {
  return [...path.matchAll(/M(\d+) (\d+)([HV])(\d+)/g)].flatMap(([, x, y, kind, end]) => {
    const [left, top, last] = [Number(x), Number(y), Number(end)];
    const length = last - (kind === 'H' ? left : top);
    return Array.from({ length }, (_, i) => (kind === 'H' ? `h ${left + i} ${top}` : `v ${left} ${top + i}`));
  });
}

/** Every border between an inside and an outside pixel, pixel by pixel. */
function bordersOf(bits: Bits): string[] {
  const found: string[] = [];
  for (let y = 0; y <= bits.height; y++)
    for (let x = 0; x <= bits.width; x++) {
      if (bitAt(bits, x, y) !== bitAt(bits, x, y - 1)) found.push(`h ${x} ${y}`);
      if (bitAt(bits, x, y) !== bitAt(bits, x - 1, y)) found.push(`v ${x} ${y}`);
    }
  return found;
}

describe('the outline of a mask', () => {
  it('is four lines around a rectangle, and none around nothing', () => {
    const size = { width: 20, height: 10 };
    expect(outlinePath(rectToRle(rect(3, 2, 5, 4), size))).toBe('M3 2H8M3 6H8M3 2V6M8 2V6');
    expect(outlinePath(rectToRle(rect(0, 0, 20, 10), size))).toBe('M0 0H20M0 10H20M0 0V10M20 0V10');
    expect(outlinePath({ ...size, runs: [200] })).toBe('');
  });

  it('has every border between inside and outside, each once', () => {
    fc.assert(
      fc.property(anyBits, (bits) => {
        expect(unitSteps(outlinePath(rleOf(bits))).sort()).toEqual(bordersOf(bits).sort());
      }),
    );
  });
});
