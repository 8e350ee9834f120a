import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { featherMask } from '#domain/mask/feather.ts';
import { growMask, offsetMask } from '#domain/mask/morphology.ts';
import { emptyRle, intersectRle, invertRle, maskAreaPx } from '#domain/mask/rle-algebra.ts';
import {
  anyBits,
  bitAt,
  bitsOf,
  drawn,
  mapBits,
  maskOf,
  padded,
  rleOf,
  rowsOf,
  type Bits,
} from './arbitrary-masks.ts';

/** Quarters of a pixel up to 6 px, both ways. */
const radius = fc.integer({ min: -24, max: 24 }).map((quarters) => quarters / 4);

/** Every pixel asks every other one whether it is of the other side and near enough. */
function grownTwin(mask: Bits, radiusPx: number): Bits {
  const reach = Math.abs(radiusPx) + 0.5;
  const side = radiusPx > 0 ? 1 : 0;
  return mapBits(mask, (x, y, bit) => {
    const reached = mask.bits.some((other, j) => {
      const distance = Math.hypot(x - (j % mask.width), y - Math.floor(j / mask.width));
      return other === side && (side === 1 ? distance < reach : distance <= reach);
    });
    return radiusPx !== 0 && reached ? side === 1 : bit > 0;
  });
}

describe('grow and shrink', () => {
  it('reach every pixel within the radius and no other', () => {
    fc.assert(
      fc.property(anyBits, radius, (mask, radiusPx) => {
        const expected = rleOf(grownTwin(mask, radiusPx));
        expect(growMask(rleOf(mask), radiusPx)).toEqual(expected);
        if (radiusPx !== 0) expect(growMask(padded(rleOf(mask)), radiusPx)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('end where featherMask puts its hard edge', () => {
    fc.assert(
      fc.property(anyBits, radius, (mask, radiusPx) => {
        const field = { ...maskOf(mask), data: Float32Array.from(mask.bits) };
        const feathered = Array.from(featherMask(field, radiusPx, 0).data);
        expect(bitsOf(growMask(rleOf(mask), radiusPx)).bits).toEqual(feathered);
      }),
    );
  });

  it('draw a disc around a dot and take it off again', () => {
    const dot = rleOf(drawn('.......', '.......', '.......', '...#...', '.......', '.......', '.......'));
    const disc = growMask(dot, 2);
    expect(rowsOf(bitsOf(disc))).toEqual([
      '.......',
      '..###..',
      '.#####.',
      '.#####.',
      '.#####.',
      '..###..',
      '.......',
    ]);
    expect(growMask(disc, -2)).toEqual(dot);
    expect(growMask(dot, -1)).toEqual(emptyRle(dot));
  });

  it('do not take the border for an edge', () => {
    const full = invertRle(emptyRle({ width: 9, height: 5 }));
    expect(growMask(full, -3)).toEqual(full);
    expect(growMask(emptyRle(full), 3)).toEqual(emptyRle(full));
  });

  it('a disc of 200 px on a 4096² grid has the area of a disc', () => {
    const dot = { width: 4096, height: 4096, runs: [2048 * 4096 + 2048, 1, 2047 * 4096 + 2047] };
    const area = maskAreaPx(growMask(dot, 200));
    expect(Math.abs(area / (Math.PI * 200.5 ** 2) - 1)).toBeLessThan(0.001);
  });
});

describe('offset', () => {
  const step = fc.integer({ min: -25, max: 25 });

  it('moves every pixel and loses what leaves the picture', () => {
    fc.assert(
      fc.property(anyBits, step, step, (mask, dx, dy) => {
        const expected = rleOf(mapBits(mask, (x, y) => bitAt(mask, x - dx, y - dy) > 0));
        expect(offsetMask(rleOf(mask), dx, dy)).toEqual(expected);
        expect(offsetMask(padded(rleOf(mask)), dx + 0.4, dy - 0.4)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('there and back is what never left', () => {
    fc.assert(
      fc.property(anyBits, step, step, (mask, dx, dy) => {
        const full = invertRle(emptyRle(rleOf(mask)));
        const stayed = offsetMask(offsetMask(full, dx, dy), -dx, -dy);
        expect(offsetMask(offsetMask(rleOf(mask), dx, dy), -dx, -dy)).toEqual(
          intersectRle(rleOf(mask), stayed),
        );
      }),
    );
  });
});
