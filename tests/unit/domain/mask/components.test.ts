import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  componentsOf,
  fillHoles,
  keepLargest,
  removeSpecks,
  splitComponents,
  type Connectivity,
} from '#domain/mask/components.ts';
import { emptyRle, maskAreaPx, unionRle } from '#domain/mask/rle-algebra.ts';
import { anyBits, bitAt, bitsOf, drawn, padded, rleOf, rowsOf, type Bits } from './arbitrary-masks.ts';

const connectivity = fc.constantFrom<Connectivity>(4, 8);

/** Flood fill from every pixel not yet reached, in reading order: the pixel indices of each component. */
function flooded(mask: Bits, connected: Connectivity): number[][] {
  const seen = new Set<number>();
  const components: number[][] = [];
  mask.bits.forEach((bit, begin) => {
    if (!bit || seen.has(begin)) return;
    const pixels = [begin];
    seen.add(begin);
    for (const at of pixels)
      for (const next of neighbours(mask, at, connected))
        if (!seen.has(next)) {
          seen.add(next);
          pixels.push(next);
        }
    components.push(pixels);
  });
  return components;
}

function neighbours(mask: Bits, at: number, connected: Connectivity): number[] {
  const [x, y] = [at % mask.width, Math.floor(at / mask.width)];
  return [-1, 0, 1].flatMap((dy) =>
    [-1, 0, 1].flatMap((dx) =>
      (connected === 8 || dx * dy === 0) && bitAt(mask, x + dx, y + dy)
        ? [(y + dy) * mask.width + x + dx]
        : [],
    ),
  );
}

function only({ width, height, bits }: Bits, components: readonly number[][]): Bits {
  const kept = new Set(components.flat());
  return { width, height, bits: bits.map((_, i) => (kept.has(i) ? 1 : 0)) };
}

const bySize = (components: readonly number[][]): number[][] =>
  [...components].sort((a, b) => b.length - a.length);

describe('connected components', () => {
  it('are those of a flood fill, largest first, ties in reading order', () => {
    fc.assert(
      fc.property(anyBits, connectivity, (mask, connected) => {
        const expected = bySize(flooded(mask, connected)).map((pixels) => rleOf(only(mask, [pixels])));
        expect(componentsOf(rleOf(mask), connected)).toEqual(expected);
        expect(componentsOf(padded(rleOf(mask)), connected)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('put together again are the mask', () => {
    fc.assert(
      fc.property(anyBits, connectivity, (mask, connected) => {
        const rle = rleOf(mask);
        expect(componentsOf(rle, connected).reduce(unionRle, emptyRle(rle))).toEqual(rle);
      }),
    );
  });

  it('follow a spiral that only joins at its end', () => {
    const spiral = drawn('#######', '#.....#', '#.###.#', '#.#.#.#', '#.#...#', '#.#####', '#......');
    expect(componentsOf(rleOf(spiral), 4)).toHaveLength(1);
    const comb = drawn('#.#.#.#', '#.#.#.#', '#######');
    expect(componentsOf(rleOf(comb), 4)).toEqual([rleOf(comb)]);
  });

  it('keepLargest keeps the first of the largest', () => {
    fc.assert(
      fc.property(anyBits, connectivity, (mask, connected) => {
        const largest = bySize(flooded(mask, connected)).slice(0, 1);
        expect(keepLargest(rleOf(mask), connected)).toEqual(rleOf(only(mask, largest)));
      }),
    );
  });

  it('removeSpecks and splitComponents drop what is smaller than the limit', () => {
    fc.assert(
      fc.property(anyBits, connectivity, fc.nat(12), (mask, connected, minAreaPx) => {
        const kept = bySize(flooded(mask, connected)).filter((pixels) => pixels.length >= minAreaPx);
        expect(removeSpecks(rleOf(mask), minAreaPx, connected)).toEqual(rleOf(only(mask, kept)));
        expect(splitComponents(rleOf(mask), minAreaPx, connected)).toEqual(
          kept.map((pixels) => rleOf(only(mask, [pixels]))),
        );
      }),
    );
  });
});

describe('holes', () => {
  /** Outside pixels that a flood fill from beyond the border does not reach, of at most maxAreaPx each. */
  function filled(mask: Bits, maxAreaPx: number, connected: Connectivity): Bits {
    const outside: Bits = { ...mask, bits: mask.bits.map((bit) => 1 - bit) };
    const holes = flooded(outside, connected === 8 ? 4 : 8).filter(
      (pixels) =>
        pixels.length <= maxAreaPx &&
        pixels.every((at) => {
          const [x, y] = [at % mask.width, Math.floor(at / mask.width)];
          return x > 0 && y > 0 && x < mask.width - 1 && y < mask.height - 1;
        }),
    );
    const inHole = new Set(holes.flat());
    return { ...mask, bits: mask.bits.map((bit, i) => (inHole.has(i) ? 1 : bit)) };
  }

  it('are filled up to the limit, and nothing else changes', () => {
    fc.assert(
      fc.property(anyBits, connectivity, fc.constantFrom(0, 1, 3, Infinity), (mask, connected, limit) => {
        const expected = rleOf(filled(mask, limit, connected));
        expect(fillHoles(rleOf(mask), limit, connected)).toEqual(expected);
        expect(fillHoles(padded(rleOf(mask)), limit, connected)).toEqual(expected);
      }),
      { numRuns: 300 },
    );
  });

  it('a diagonal ring encloses only when corners connect', () => {
    const ring = rleOf(drawn('..#..', '.#.#.', '#...#', '.#.#.', '..#..'));
    expect(rowsOf(bitsOf(fillHoles(ring)))).toEqual(['..#..', '.###.', '#####', '.###.', '..#..']);
    expect(fillHoles(ring, Infinity, 4)).toEqual(ring);
  });
});

it('a 4096² mask of many specks is taken apart without decoding it', () => {
  const runs = Array.from({ length: 200_000 }, (_, i) => (i % 2 === 0 ? 80 : 3));
  const used = runs.reduce((sum, run) => sum + run, 0);
  const mask = { width: 4096, height: 4096, runs: [...runs, 4096 * 4096 - used] };
  expect(maskAreaPx(removeSpecks(mask, 1))).toBe(maskAreaPx(mask));
  expect(componentsOf(mask).reduce((sum, part) => sum + maskAreaPx(part), 0)).toBe(maskAreaPx(mask));
});
