import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { CLIP_MEAN, CLIP_STD, clipPreprocess } from '#domain/image/clip-preprocess.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';

function picture(
  width: number,
  height: number,
  value: (c: number, y: number, x: number) => number,
): FloatTensor {
  const image = floatTensor([3, height, width]);
  image.data.forEach((_, i) => {
    const c = Math.floor(i / (width * height));
    image.data[i] = value(c, Math.floor((i % (width * height)) / width), i % width);
  });
  return image;
}

/** Back from normalised values to 8-bit levels. */
function levels({ data }: FloatTensor): number[] {
  const plane = data.length / 3;
  return Array.from(data, (value, i) => {
    const c = Math.floor(i / plane);
    return (value * CLIP_STD[c]! + CLIP_MEAN[c]!) * 255;
  });
}

describe('CLIP preprocessing', () => {
  test('a flat picture stays flat, at 8-bit levels, whatever its size', () => {
    const side = fc.integer({ min: 3, max: 60 });
    fc.assert(
      fc.property(
        side,
        side,
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.boolean(),
        (width, height, value, crop) => {
          const result = clipPreprocess(
            picture(width, height, () => value),
            14,
            crop,
          );
          expect(result.dims).toEqual([3, 14, 14]);
          const flat = levels(result);
          expect(flat.every((level) => Math.abs(level - Math.round(level)) < 1e-3)).toBe(true);
          expect(flat.every((level) => Math.abs(level - value * 255) < 0.502)).toBe(true);
        },
      ),
    );
  });

  test('at its own size only rounding and normalising happen', () => {
    const image = picture(9, 9, (c, y, x) => ((c * 81 + y * 9 + x) % 256) / 255);
    levels(clipPreprocess(image, 9, true)).forEach((level, i) => expect(level).toBeCloseTo(i % 256, 3));
  });

  test('crop keeps the centre square, squash keeps everything', () => {
    const image = picture(30, 10, (_, __, x) => (x >= 10 && x < 20 ? 1 : 0));
    const [cropped, squashed] = [true, false].map((crop) => levels(clipPreprocess(image, 10, crop)));
    expect(cropped!.every((level) => level > 254)).toBe(true);
    expect([squashed![0]!, squashed![9]!, squashed![5]!].map((level) => Math.round(Math.abs(level)))).toEqual(
      [0, 0, 255],
    );
  });

  test('shrinking averages what the smaller grid cannot hold', () => {
    const image = picture(64, 64, (_, __, x) => (x % 8 === 0 ? 1 : 0));
    const result = levels(clipPreprocess(image, 8, true));
    result.forEach((level, i) => {
      if (i % 8 > 0 && i % 8 < 7) expect(Math.abs(level - 255 / 8)).toBeLessThan(4);
    });
  });
});
