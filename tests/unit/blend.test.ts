import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { pasteLayers, type LayerPaste } from '#domain/blend/layer-paste.ts';
import { quantiseResidual, residualOfBytes } from '#domain/blend/residual.ts';
import { rect, type Rect } from '#domain/geometry/rect.ts';
import type { Field, Raster8 } from '#domain/raster.ts';
import { cropRaster, cropToNchw, pasteRaster } from '#domain/resample/crop-normalise.ts';
import { floatTensor } from '#domain/tensor.ts';

const SIDE = 16;
const WHOLE = rect<'canvas'>(0, 0, SIDE, SIDE);
const canvas = fc
  .uint8Array({ minLength: SIDE * SIDE * 4, maxLength: SIDE * SIDE * 4 })
  .map((bytes): Raster8<'canvas'> => ({ width: SIDE, height: SIDE, data: new Uint8ClampedArray(bytes) }));
const unit = fc.double({ min: 0, max: 1, noNaN: true });
const area = rect<'canvas'>(4, 2, 8, 8);

function constantWeight(value: number): Field<'canvas'> {
  return { width: 8, height: 8, data: new Float32Array(64).fill(value) };
}

function grey(value: number): Raster8<'canvas'> {
  return { width: SIDE, height: SIDE, data: new Uint8ClampedArray(SIDE * SIDE * 4).fill(value) };
}

describe('pasteLayers', () => {
  it('keeps every byte where nothing was changed, at any size, weight and gain', () => {
    fc.assert(
      fc.property(canvas, unit, unit, fc.constantFrom(8, 12, 4), (picture, weight, gain, side) => {
        const before = picture.data.slice();
        const crop = cropToNchw(picture, area, side);
        const residual = quantiseResidual(crop, crop);
        pasteLayers(picture, WHOLE, [{ area, weight: constantWeight(weight), gain: 2 * gain, residual }]);
        expect(picture.data).toEqual(before);
      }),
    );
  });

  it('undoes crop: another crop at full weight gives its pixels, and nothing outside changes', () => {
    fc.assert(
      fc.property(canvas, canvas, (picture, other) => {
        const expected = picture.data.slice();
        for (let y = 2; y < 10; y++)
          for (let x = 4; x < 12; x++)
            for (let c = 0; c < 3; c++)
              expected[(y * SIDE + x) * 4 + c] = other.data[(y * SIDE + x) * 4 + c]!;
        const residual = quantiseResidual(cropToNchw(other, area, 8), cropToNchw(picture, area, 8));
        pasteLayers(picture, WHOLE, [{ area, weight: constantWeight(1), gain: 1, residual }]);
        expect(picture.data).toEqual(expected);
      }),
    );
  });

  it('adds the resampled residual times weight and gain, and leaves alpha alone', () => {
    const picture = grey(100);
    const refined = floatTensor([3, 4, 4], new Float32Array(48).fill(0.6));
    const base = floatTensor([3, 4, 4], new Float32Array(48).fill(0.2));
    const residual = quantiseResidual(refined, base);
    pasteLayers(picture, WHOLE, [{ area, weight: constantWeight(0.5), gain: 0.5, residual }]);
    // 0.4 · 0.25 · 255
    expect([...picture.data.slice((2 * SIDE + 4) * 4, (2 * SIDE + 4) * 4 + 4)]).toEqual([126, 126, 126, 100]);
    expect(picture.data[0]).toBe(100);
  });

  it('gives a pixel the same whatever part of the canvas is blended', () => {
    const part = fc.record({
      x: fc.nat(9),
      y: fc.nat(9),
      width: fc.integer({ min: 1, max: 7 }),
      height: fc.integer({ min: 1, max: 7 }),
    });
    fc.assert(
      fc.property(
        canvas,
        canvas,
        part,
        fc.constantFrom(8, 5),
        (picture, other, clip: Rect<'canvas'>, side) => {
          const residual = quantiseResidual(cropToNchw(other, area, side), cropToNchw(picture, area, side));
          const pastes: LayerPaste[] = [0.3, 0.9].map((weight) => ({
            area,
            weight: constantWeight(weight),
            gain: 0.8,
            residual,
          }));
          const whole = { ...picture, data: picture.data.slice() };
          pasteLayers(whole, WHOLE, pastes);
          const cut = cropRaster(picture, clip);
          pasteLayers(cut, clip, pastes);
          expect(cut.data).toEqual(cropRaster(whole, clip).data);
          pasteRaster(picture, clip, cut);
          expect(cropRaster(picture, clip)).toEqual(cut);
        },
      ),
    );
  });

  it('refuses shapes that do not fit', () => {
    const tensor = floatTensor([3, 4, 4]);
    const residual = quantiseResidual(tensor, tensor);
    const paste = { area, weight: constantWeight(1), gain: 1, residual };
    expect(() => quantiseResidual(tensor, floatTensor([1, 4, 4]))).toThrow(/\[3,h,w\]/);
    expect(() => pasteLayers(grey(0), rect(0, 0, 4, 4), [paste])).toThrow(/pixels, 16×16/);
    expect(() => pasteLayers(grey(0), WHOLE, [{ ...paste, area: rect(0, 0, 4, 4) }])).toThrow(/weights, 8×8/);
  });
});

describe('residuals', () => {
  it('keep a change to 1/65534 of the range, and hold what is beyond the range to it', () => {
    const of = (value: number) => {
      const refined = floatTensor([3, 1, 1], new Float32Array(3).fill(value));
      return quantiseResidual(refined, floatTensor([3, 1, 1])).data[0]! / 32767;
    };
    fc.assert(
      fc.property(fc.double({ min: -1, max: 1, noNaN: true }), (value) => {
        expect(Math.abs(of(value) - Math.fround(value))).toBeLessThanOrEqual(0.5 / 32767 + 1e-9);
      }),
    );
    expect([of(3), of(-3), of(0)]).toEqual([1, -1, 0]);
  });

  it('of bytes lead from any picture to any other, exactly', () => {
    const bytes = fc.uint8Array({ minLength: 16, maxLength: 16 });
    fc.assert(
      fc.property(bytes, bytes, (from, to) => {
        const [before, after] = [from, to].map((data) => ({
          width: 2,
          height: 2,
          data: Uint8ClampedArray.from(data),
        })) as [Raster8<'canvas'>, Raster8<'canvas'>];
        const residual = residualOfBytes(after, before);
        const area: Rect<'canvas'> = rect(0, 0, 2, 2);
        const weight = { width: 2, height: 2, data: new Float32Array(4).fill(1) };
        pasteLayers(before, area, [{ area, weight, gain: 1, residual }]);
        before.data.forEach((value, i) => {
          expect(value).toBe(i % 4 === 3 ? from[i] : to[i]);
        });
      }),
    );
  });
});
