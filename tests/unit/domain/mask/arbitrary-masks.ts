import fc from 'fast-check';
import type { MaskRle } from '#domain/job/request.ts';
import { decodeRle, encodeRle } from '#domain/mask/rle.ts';
import type { Mask } from '#domain/raster.ts';

/** Decoded pixels as 0 or 1: what the naive twins work on. */
export interface Bits {
  readonly width: number;
  readonly height: number;
  readonly bits: readonly number[];
}

const side = fc
  .oneof({ weight: 1, arbitrary: fc.constant(1) }, { weight: 5, arbitrary: fc.nat(19) })
  .map((n) => n + 1);
const gridOf = fc.record({ width: side, height: side });

/** Pixels of one grid: empty, full, noise of any density, or a few rectangles with noise on them. */
export function bitsOn(width: number, height: number): fc.Arbitrary<Bits> {
  const n = width * height;
  // Not fc.double: it favours the tiniest numbers, and every density would be 0 or 1.
  const noise = fc
    .tuple(fc.nat(100), fc.array(fc.nat(99), { minLength: n, maxLength: n }))
    .map(([density, values]) => values.map((value) => (value < density ? 1 : 0)));
  const rectangle = fc.record({
    x: fc.nat(width),
    y: fc.nat(height),
    w: fc.nat(width),
    h: fc.nat(height),
    on: fc.nat(1),
  });
  const rectangles = fc.array(rectangle, { maxLength: 6 }).map((all) =>
    Array.from({ length: n }, (_, i) => {
      const [px, py] = [i % width, Math.floor(i / width)];
      return all.reduce(
        (bit, { x, y, w, h, on }) => (px >= x && px < x + w && py >= y && py < y + h ? on : bit),
        0,
      );
    }),
  );
  return fc
    .oneof(
      { weight: 1, arbitrary: fc.constantFrom(0, 1).map((bit) => new Array<number>(n).fill(bit)) },
      { weight: 4, arbitrary: noise },
      { weight: 4, arbitrary: rectangles },
    )
    .map((bits) => ({ width, height, bits }));
}

export const anyBits: fc.Arbitrary<Bits> = gridOf.chain(({ width, height }) => bitsOn(width, height));

/** Two masks on one grid. */
export const anyPair: fc.Arbitrary<readonly [Bits, Bits]> = gridOf.chain(({ width, height }) =>
  fc.tuple(bitsOn(width, height), bitsOn(width, height)),
);

export function maskOf({ width, height, bits }: Bits): Mask<'image'> {
  return { width, height, data: Uint8Array.from(bits, (bit) => bit * 255) };
}

export const rleOf = (bits: Bits): MaskRle => encodeRle(maskOf(bits));

export function bitsOf(mask: MaskRle): Bits {
  const { width, height, data } = decodeRle(mask);
  return { width, height, bits: Array.from(data, (value) => value / 255) };
}

/** The same pixels written with needless runs of length 0, as a file may hold them. */
export function padded({ width, height, runs }: MaskRle): MaskRle {
  const split = runs.flatMap((run, i) => (run > 1 && i % 2 === 1 ? [1, 0, run - 1] : [run]));
  return { width, height, runs: [...split, 0, 0] };
}

/** Pixel by pixel. */
export function mapBits(bits: Bits, at: (x: number, y: number, bit: number) => boolean): Bits {
  const { width, height } = bits;
  return {
    width,
    height,
    bits: bits.bits.map((bit, i) => (at(i % width, Math.floor(i / width), bit) ? 1 : 0)),
  };
}

/** 0 beyond the mask. */
export function bitAt({ width, height, bits }: Bits, x: number, y: number): number {
  return x >= 0 && y >= 0 && x < width && y < height ? bits[y * width + x]! : 0;
}

/** A mask from rows of text: '#' is inside. */
export function drawn(...rows: readonly string[]): Bits {
  return {
    width: rows[0]!.length,
    height: rows.length,
    bits: [...rows.join('')].map((char) => (char === '#' ? 1 : 0)),
  };
}

/** The rows a mask would be drawn with. */
export function rowsOf({ width, height, bits }: Bits): string[] {
  return Array.from({ length: height }, (_, y) =>
    bits
      .slice(y * width, (y + 1) * width)
      .map((bit) => (bit ? '#' : '.'))
      .join(''),
  );
}
