import fc from 'fast-check';
import { expect, it } from 'vitest';
import { transposeRle } from '#domain/mask/transpose.ts';
import { anyBits, bitAt, padded, rleOf } from './arbitrary-masks.ts';

it('a mask mirrored at its diagonal has (y, x) where it had (x, y)', () => {
  fc.assert(
    fc.property(anyBits, (mask) => {
      const [width, height] = [mask.height, mask.width];
      const bits = Array.from({ length: width * height }, (_, i) =>
        bitAt(mask, Math.floor(i / width), i % width),
      );
      expect(transposeRle(rleOf(mask))).toEqual(rleOf({ width, height, bits }));
      expect(transposeRle(transposeRle(padded(rleOf(mask))))).toEqual(rleOf(mask));
    }),
    { numRuns: 300 },
  );
});
