import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  emptyRle,
  intersectRle,
  invertRle,
  maskAreaPx,
  matchGrid,
  overlapPx,
  resizeRle,
  rleBounds,
  rleBox,
  rleCovers,
  rleIou,
  sameMask,
  subtractRle,
  unionAll,
  unionRle,
  xorRle,
} from '#domain/mask/rle-algebra.ts';
import { maskBounds, unitRect } from '#domain/mask/rle.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { anyBits, anyPair, bitAt, bitsOn, maskOf, padded, rleOf, type Bits } from './arbitrary-masks.ts';

const SET_OPERATIONS: readonly [
  name: string,
  runs: (a: MaskRle, b: MaskRle) => MaskRle,
  twin: (a: number, b: number) => boolean,
][] = [
  ['union', unionRle, (a, b) => a + b > 0],
  ['intersect', intersectRle, (a, b) => a * b > 0],
  ['subtract', subtractRle, (a, b) => a > b],
  ['xor', xorRle, (a, b) => a !== b],
];

const count = (bits: readonly number[]): number => bits.filter((bit) => bit > 0).length;
const both = (a: Bits, b: Bits): number => a.bits.filter((bit, i) => bit > 0 && b.bits[i]! > 0).length;
const either = (a: Bits, b: Bits): number => a.bits.filter((bit, i) => bit > 0 || b.bits[i]! > 0).length;

describe('sets of pixels on runs', () => {
  it.each(SET_OPERATIONS)('%s is what it is on pixels, however the runs are written', (_, onRuns, twin) => {
    fc.assert(
      fc.property(anyPair, ([a, b]) => {
        const expected = rleOf({ ...a, bits: a.bits.map((bit, i) => (twin(bit, b.bits[i]!) ? 1 : 0)) });
        expect(onRuns(rleOf(a), rleOf(b))).toEqual(expected);
        expect(onRuns(padded(rleOf(a)), padded(rleOf(b)))).toEqual(expected);
      }),
    );
  });

  it('invert swaps inside and outside', () => {
    fc.assert(
      fc.property(anyBits, (a) => {
        const expected = rleOf({ ...a, bits: a.bits.map((bit) => 1 - bit) });
        expect(invertRle(rleOf(a))).toEqual(expected);
        expect(invertRle(padded(rleOf(a)))).toEqual(expected);
      }),
    );
  });

  it('an empty mask is the neutral element', () => {
    fc.assert(
      fc.property(anyBits, (a) => {
        const mask = rleOf(a);
        expect(unionRle(mask, emptyRle(mask))).toEqual(mask);
        expect(intersectRle(mask, emptyRle(mask))).toEqual(emptyRle(mask));
      }),
    );
  });

  it('the union of many is that of one after the other', () => {
    const many = fc
      .tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 9 }))
      .chain(([width, height]) =>
        fc.tuple(fc.constant({ width, height }), fc.array(bitsOn(width, height), { maxLength: 9 })),
      );
    fc.assert(
      fc.property(many, ([grid, all]) => {
        const masks = all.map(rleOf);
        expect(unionAll(masks, grid)).toEqual(masks.reduce(unionRle, emptyRle(grid)));
      }),
    );
  });

  it('says when the grids differ or the runs do not add up', () => {
    const small = emptyRle({ width: 2, height: 3 });
    expect(() => unionRle(small, emptyRle({ width: 3, height: 2 }))).toThrow(/2×3.*3×2/);
    for (const runs of [[5], [7], [-1, 7], []])
      for (const operation of [unionRle, intersectRle, subtractRle, xorRle])
        expect(() => operation(small, { width: 2, height: 3, runs })).toThrow(/2×3/);
    expect(() => invertRle({ width: 2, height: 3, runs: [5] })).toThrow(/2×3/);
  });
});

describe('measures on runs', () => {
  it('area, overlap and IoU are those of the pixels', () => {
    fc.assert(
      fc.property(anyPair, ([a, b]) => {
        const [ra, rb] = [rleOf(a), padded(rleOf(b))];
        expect(maskAreaPx(ra)).toBe(count(a.bits));
        expect(overlapPx(ra, rb)).toBe(both(a, b));
        expect(rleIou(ra, rb)).toBe(both(a, b) / Math.max(1, either(a, b)));
      }),
    );
  });

  it('bounds and box are those of the pixels', () => {
    fc.assert(
      fc.property(anyBits, (a) => {
        expect(rleBounds(padded(rleOf(a)))).toEqual(maskBounds(maskOf(a)));
        const bounds = maskBounds<'image'>(maskOf(a));
        expect(rleBox(rleOf(a))).toEqual(bounds && unitRect(bounds, maskOf(a)));
      }),
    );
  });

  it('covers a point where its pixel is inside, and nothing beyond the mask', () => {
    const coordinate = fc.integer({ min: -8, max: 92 }).map((quarters) => quarters / 4);
    fc.assert(
      fc.property(anyBits, coordinate, coordinate, (a, x, y) => {
        expect(rleCovers(padded(rleOf(a)), x, y)).toBe(bitAt(a, Math.floor(x), Math.floor(y)) > 0);
      }),
    );
    expect(rleCovers({ width: 1, height: 1, runs: [0, 1] }, Number.NaN, 0)).toBe(false);
  });

  it('two masks are the same when their pixels and their grids are', () => {
    fc.assert(
      fc.property(anyPair, ([a, b]) => {
        expect(sameMask(rleOf(a), padded(rleOf(a)))).toBe(true);
        expect(sameMask(rleOf(a), rleOf(b))).toBe(a.bits.every((bit, i) => bit === b.bits[i]));
      }),
    );
    expect(sameMask(emptyRle({ width: 2, height: 3 }), emptyRle({ width: 3, height: 2 }))).toBe(false);
    expect(sameMask({ width: 3, height: 1, runs: [0, 1, 2] }, { width: 3, height: 1, runs: [1, 1, 1] })).toBe(
      false,
    );
  });
});

describe('grids', () => {
  const side = fc.integer({ min: 1, max: 40 });

  it('a cell takes the pixel its centre lies in', () => {
    fc.assert(
      fc.property(anyBits, side, side, (a, width, height) => {
        const bits = Array.from({ length: width * height }, (_, i) => {
          const x = Math.floor((((i % width) + 0.5) * a.width) / width);
          const y = Math.floor(((Math.floor(i / width) + 0.5) * a.height) / height);
          return bitAt(a, x, y);
        });
        expect(resizeRle(rleOf(a), width, height)).toEqual(rleOf({ width, height, bits }));
      }),
    );
  });

  it('enlarging by a whole factor and back changes nothing', () => {
    fc.assert(
      fc.property(anyBits, fc.integer({ min: 1, max: 5 }), (a, factor) => {
        const mask = rleOf(a);
        const large = resizeRle(mask, a.width * factor, a.height * factor);
        expect(maskAreaPx(large)).toBe(maskAreaPx(mask) * factor * factor);
        expect(resizeRle(large, a.width, a.height)).toEqual(mask);
      }),
    );
  });

  it('masks meet on the finest grid among them', () => {
    const [small, large] = matchGrid([
      { width: 2, height: 1, runs: [1, 1] },
      { width: 4, height: 2, runs: [0, 2, 6] },
    ]);
    expect([small.width, small.height, small.runs]).toEqual([4, 2, [2, 2, 2, 2]]);
    expect(large.runs).toEqual([0, 2, 6]);
    expect(matchGrid([])).toEqual([]);
  });
});
