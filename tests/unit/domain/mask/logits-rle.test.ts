import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Rect } from '#domain/geometry/rect.ts';
import { logitsToMask } from '#domain/mask/bilinear.ts';
import { logitsToRle } from '#domain/mask/logits-rle.ts';
import { decodeRle, encodeRle } from '#domain/mask/rle.ts';
import type { Field } from '#domain/raster.ts';

/** Noise of several roughnesses, with exact zeros and stretches of one sign in it. */
const fields = fc
  .record({ width: fc.integer({ min: 1, max: 12 }), height: fc.integer({ min: 1, max: 12 }) })
  .chain(({ width, height }) =>
    fc
      .array(fc.oneof(fc.constantFrom(-8, 0, 8), fc.integer({ min: -99, max: 99 })), {
        minLength: width * height,
        maxLength: width * height,
      })
      .map((values): Field<'image'> => ({ width, height, data: Float32Array.from(values, (v) => v / 7) })),
  );
const side = fc.integer({ min: 1, max: 60 });

/** One sample of a field over an area, edges repeated, half-pixel centres. */
function sampled({ width, height, data }: Field<'image'>, u: number, v: number): number {
  const [x, y] = [
    Math.min(width - 1, Math.max(0, u * width - 0.5)),
    Math.min(height - 1, Math.max(0, v * height - 0.5)),
  ];
  const at = (i: number, j: number) => data[Math.min(height - 1, j) * width + Math.min(width - 1, i)]!;
  const [i, j] = [Math.floor(x), Math.floor(y)];
  const row = (r: number) => at(i, r) * (1 - (x - i)) + at(i + 1, r) * (x - i);
  return row(j) * (1 - (y - j)) + row(j + 1) * (y - j);
}

describe('runs from logits', () => {
  it('are exactly those of the plain mask, enlarged and reduced', () => {
    fc.assert(
      fc.property(fields, side, side, (logits, width, height) => {
        const target = { width, height };
        expect(logitsToRle(logits, target)).toEqual(encodeRle(logitsToMask(logits, target)));
      }),
      { numRuns: 500 },
    );
  });

  it('of a part of the picture lie in it, wherever its edges fall', () => {
    const area = fc.record({
      x: fc.double({ min: -5, max: 30, noNaN: true }),
      y: fc.double({ min: -5, max: 30, noNaN: true }),
      width: fc.double({ min: 0.5, max: 40, noNaN: true }),
      height: fc.double({ min: 0.5, max: 40, noNaN: true }),
    }) as fc.Arbitrary<Rect<'image'>>;
    fc.assert(
      fc.property(fields, area, (logits, part) => {
        const mask = decodeRle(logitsToRle(logits, { width: 31, height: 29 }, part));
        for (let y = 0; y < 29; y++)
          for (let x = 0; x < 31; x++) {
            const [u, v] = [(x + 0.5 - part.x) / part.width, (y + 0.5 - part.y) / part.height];
            const value = u >= 0 && u < 1 && v >= 0 && v < 1 ? sampled(logits, u, v) : -1;
            if (Math.abs(value) < 1e-4) continue;
            expect([x, y, mask.data[y * 31 + x]]).toEqual([x, y, value > 0 ? 255 : 0]);
          }
      }),
      { numRuns: 200 },
    );
  });

  it('cost a small part of the plain way', () => {
    const n = 288;
    const data = Float32Array.from({ length: n * n }, (_, i) => {
      const [x, y] = [(i % n) - 140, Math.floor(i / n) - 150];
      return 60 - Math.hypot(x, y) + 8 * Math.sin(x / 5) * Math.sin(y / 7);
    });
    const logits: Field<'image'> = { width: n, height: n, data };
    const target = { width: 2048, height: 1365 };
    const ms = (work: () => unknown) => {
      const begin = performance.now();
      for (let i = 0; i < 3; i++) work();
      return performance.now() - begin;
    };
    const fast = () => logitsToRle(logits, target);
    const plain = () => encodeRle(logitsToMask(logits, target));
    expect(fast()).toEqual(plain());
    ms(fast);
    expect(ms(fast) / ms(plain)).toBeLessThan(0.5);
  });
});
