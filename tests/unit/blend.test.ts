import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pasteResidual } from '#domain/blend/residual.ts';
import { rect } from '#domain/geometry/rect.ts';
import type { Field, Raster8 } from '#domain/raster.ts';
import { cropToNchw } from '#domain/resample/crop-normalise.ts';
import { floatTensor } from '#domain/tensor.ts';

const SIDE = 16;
const canvas = fc
  .uint8Array({ minLength: SIDE * SIDE * 4, maxLength: SIDE * SIDE * 4 })
  .map((bytes): Raster8<'canvas'> => ({ width: SIDE, height: SIDE, data: new Uint8ClampedArray(bytes) }));
const unit = fc.double({ min: 0, max: 1, noNaN: true });
const area = rect<'canvas'>(4, 2, 8, 8);

function constantAlpha(value: number): Field<'canvas'> {
  return { width: 8, height: 8, data: new Float32Array(64).fill(value) };
}

describe('pasteResidual', () => {
  it('keeps every byte where refined equals base, at any size and alpha', () => {
    fc.assert(
      fc.property(canvas, unit, fc.constantFrom(8, 12, 4), (picture, alpha, side) => {
        const before = picture.data.slice();
        const crop = cropToNchw(picture, area, side);
        pasteResidual(picture, area, constantAlpha(alpha), crop, crop);
        expect(picture.data).toEqual(before);
      }),
    );
  });

  it('undoes crop: pasting another crop at full alpha gives its pixels, and nothing outside changes', () => {
    fc.assert(
      fc.property(canvas, canvas, (picture, other) => {
        const expected = picture.data.slice();
        for (let y = 2; y < 10; y++)
          for (let x = 4; x < 12; x++)
            for (let c = 0; c < 3; c++)
              expected[(y * SIDE + x) * 4 + c] = other.data[(y * SIDE + x) * 4 + c]!;
        pasteResidual(
          picture,
          area,
          constantAlpha(1),
          cropToNchw(other, area, 8),
          cropToNchw(picture, area, 8),
        );
        expect(picture.data).toEqual(expected);
      }),
    );
  });

  it('adds the resampled residual times alpha', () => {
    const picture: Raster8<'canvas'> = {
      width: SIDE,
      height: SIDE,
      data: new Uint8ClampedArray(SIDE * SIDE * 4).fill(100),
    };
    const refined = floatTensor([3, 4, 4], new Float32Array(48).fill(0.6));
    const base = floatTensor([3, 4, 4], new Float32Array(48).fill(0.2));
    pasteResidual(picture, area, constantAlpha(0.5), refined, base);
    expect([...picture.data.slice((2 * SIDE + 4) * 4, (2 * SIDE + 4) * 4 + 4)]).toEqual([151, 151, 151, 100]);
    expect(picture.data[0]).toBe(100);
  });

  it('refuses shapes that do not fit', () => {
    const picture: Raster8<'canvas'> = {
      width: SIDE,
      height: SIDE,
      data: new Uint8ClampedArray(SIDE * SIDE * 4),
    };
    const tensor = floatTensor([3, 4, 4]);
    expect(() => pasteResidual(picture, area, constantAlpha(1), tensor, floatTensor([1, 4, 4]))).toThrow(
      /\[3,h,w\]/,
    );
    expect(() => pasteResidual(picture, rect(0, 0, 4, 4), constantAlpha(1), tensor, tensor)).toThrow(
      /alpha 8×8/,
    );
  });
});
