import fc from 'fast-check';
import { decode } from 'fast-png';
import { describe, expect, it } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import { decodeRle } from '#domain/mask/rle.ts';
import { fromCocoRle, toCocoRle } from '#formats/coco-rle.ts';
import { encodeMaskPng, maskOfPicture } from '#formats/mask-png.ts';
import { anyBits, bitAt, rleOf, type Bits } from './domain/mask/arbitrary-masks.ts';

/** Runs down the columns, one column after the other, counted pixel by pixel. */
function columnRuns(mask: Bits): number[] {
  const runs: number[] = [0];
  for (let x = 0; x < mask.width; x++)
    for (let y = 0; y < mask.height; y++) {
      if (bitAt(mask, x, y) === runs.length % 2) runs.push(0);
      runs[runs.length - 1]! += 1;
    }
  return runs;
}

describe('COCO run lengths', () => {
  it('numbers run down the columns', () => {
    fc.assert(
      fc.property(anyBits, (mask) => {
        const coco = { size: [mask.height, mask.width], counts: columnRuns(mask) };
        expect(fromCocoRle(coco, 'a.json')).toEqual(rleOf(mask));
      }),
    );
  });

  it('text goes there and back', () => {
    fc.assert(
      fc.property(anyBits, (mask) => {
        const coco = toCocoRle(rleOf(mask));
        expect(coco.size).toEqual([mask.height, mask.width]);
        expect(coco.counts).toMatch(/^[0-o]+$/);
        expect(fromCocoRle(JSON.parse(JSON.stringify(coco)), 'a.json')).toEqual(rleOf(mask));
      }),
    );
  });

  it("is pycocotools' text: every run as groups of five bits, from the fourth on as a difference", () => {
    // 40 = 8 + 1·32 → "X1"; 5 − 40 = −35 → "mN"; 21 − 5 = 16 needs a second group for its sign → "`0".
    const known = [
      { size: [9, 10], counts: [6, 1, 40, 4, 5, 4, 5, 4, 21], text: '61X13mN000`0' },
      { size: [40, 40], counts: [245, 5, 35, 5, 35, 5, 35, 5, 35, 5, 1190], text: 'e75S10000000ST1' },
    ];
    for (const { size, counts, text } of known) {
      const mask = fromCocoRle({ size, counts }, 'a.json');
      expect(toCocoRle(mask)).toEqual({ size, counts: text });
      expect(fromCocoRle({ size, counts: text }, 'a.json')).toEqual(mask);
    }
  });

  it('holds the runs of the largest picture', () => {
    for (const runs of [[16384 ** 2], [0, 16384 ** 2], [1, 2, 16384 ** 2 - 7, 1, 1, 1, 1]]) {
      const mask = fromCocoRle({ size: [16384, 16384], counts: runs }, 'a.json');
      expect(fromCocoRle(toCocoRle(mask), 'a.json')).toEqual(mask);
    }
  });

  it.each([
    ['no object', null, /"size"/],
    ['no size', { counts: '0' }, /"size"/],
    ['a size of three', { size: [2, 2, 2], counts: [4] }, /"size"/],
    ['a size of nothing', { size: [0, 4], counts: [] }, /"size"/],
    ['a size beyond reason', { size: [1e6, 1e6], counts: [1e12] }, /16384/],
    ['half pixels', { size: [2.5, 2], counts: [5] }, /"size"/],
    ['no counts', { size: [2, 2] }, /"counts"/],
    ['counts of text', { size: [2, 2], counts: ['4'] }, /"counts"/],
    ['a negative run', { size: [2, 2], counts: [-1, 5] }, /"counts"/],
    ['a negative run in the text', { size: [2, 2], counts: 'O5' }, /"counts"/],
    ['too few pixels', { size: [2, 2], counts: [1, 2] }, /3 pixels.*2×2/],
    ['too many pixels', { size: [2, 2], counts: '5' }, /5 pixels.*2×2/],
    ['no pixels', { size: [2, 2], counts: '' }, /0 pixels/],
    ['a character below the code', { size: [2, 2], counts: '1 3' }, /character " "/],
    ['a character above the code', { size: [2, 2], counts: '4p' }, /character "p"/],
    ['a number without end', { size: [2, 2], counts: 'oooooooo' }, /too long/],
    ['a number cut off', { size: [2, 2], counts: '4X' }, /middle of a number/],
  ])('says what is wrong with %s', (_, value, sentence) => {
    const read = () => fromCocoRle(value, 'hands.json');
    expect(read).toThrow(sentence);
    expect(read).toThrow(/"hands\.json"/);
    expect(read).toThrow(AppError);
  });
});

describe('mask pictures', () => {
  it('are greyscale PNGs, white inside', async () => {
    await fc.assert(
      fc.asyncProperty(anyBits, async (mask) => {
        const file = await encodeMaskPng(rleOf(mask));
        const { width, height, channels, depth, data } = decode(await file.arrayBuffer(), { checkCrc: true });
        expect({ width, height, channels, depth }).toEqual({
          width: mask.width,
          height: mask.height,
          channels: 1,
          depth: 8,
        });
        expect(Array.from(data)).toEqual(Array.from(decodeRle(rleOf(mask)).data));
      }),
    );
  });

  const byte = fc.oneof(fc.nat(255), fc.constantFrom(0, 127, 128, 255));
  const picture = (alpha: fc.Arbitrary<number>) =>
    fc
      .tuple(fc.integer({ min: 1, max: 6 }), fc.integer({ min: 1, max: 6 }))
      .chain(([width, height]) =>
        fc
          .array(fc.tuple(byte, byte, byte, alpha), { minLength: width * height, maxLength: width * height })
          .map((pixels) => ({ width, height, pixels, data: Uint8ClampedArray.from(pixels.flat()) })),
      );

  it('are read from their alpha where it varies', () => {
    fc.assert(
      fc.property(picture(byte), ({ pixels, ...raster }) => {
        fc.pre(pixels.some(([, , , alpha]) => alpha !== pixels[0]![3]));
        const inside = pixels.map(([, , , alpha]) => (alpha >= 128 ? 255 : 0));
        expect(Array.from(decodeRle(maskOfPicture(raster)).data)).toEqual(inside);
      }),
    );
  });

  it('and from their luminance where it does not', () => {
    fc.assert(
      fc.property(
        byte.chain((alpha) => picture(fc.constant(alpha))),
        ({ pixels, ...raster }) => {
          const inside = pixels.map(([r, g, b]) => (0.2126 * r + 0.7152 * g + 0.0722 * b >= 127.5 ? 255 : 0));
          expect(Array.from(decodeRle(maskOfPicture(raster)).data)).toEqual(inside);
        },
      ),
    );
    const grey = (value: number) => Uint8ClampedArray.of(value, value, value, 255);
    expect(maskOfPicture({ width: 1, height: 1, data: grey(128) }).runs).toEqual([0, 1]);
    expect(maskOfPicture({ width: 1, height: 1, data: grey(127) }).runs).toEqual([1]);
  });
});
