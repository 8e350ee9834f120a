import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addHadamard,
  addKronecker,
  addScaled,
  allFinite,
  rescaleToMagnitudes,
  transposedMatrix,
  tuckerProduct,
} from '#inference/lora-delta.ts';
import { addProduct, addProductPlain } from '#inference/matrix-product.ts';
import { simdTiles } from '#inference/simd-tile.ts';
import { generator } from './unet-keymaps.ts';

/** Reproducible numbers of either sign. */
function values(count: number, seed: string): Float32Array {
  const next = generator(seed);
  return Float32Array.from({ length: count }, next);
}

function expectClose(actual: Float32Array, expected: readonly number[]): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((value, i) => {
    expect(Math.abs(value - expected[i]!)).toBeLessThanOrEqual(1e-5 * (1 + Math.abs(expected[i]!)));
  });
}

const side = (max: number) => fc.integer({ min: 1, max });

describe('LoRA arithmetic, against the formulas written plainly', () => {
  const products = [
    ['SIMD', addProduct],
    ['plain', addProductPlain],
  ] as const;

  it.each(products)('adds a scaled matrix product, whatever its tiles leave over (%s)', (_, product) => {
    fc.assert(
      fc.property(side(11), side(9), side(40), fc.string(), (rows, inner, columns, seed) => {
        const [a, b] = [values(rows * inner, `a${seed}`), values(inner * columns, `b${seed}`)];
        const target = values(rows * columns, `t${seed}`);
        const expected = [...target].map((start, at) => {
          const [i, j] = [Math.floor(at / columns), at % columns];
          let sum = 0;
          for (let k = 0; k < inner; k++) sum += a[i * inner + k]! * b[k * columns + j]!;
          return start - 0.7 * sum;
        });
        product(target, a, b, { rows, inner, columns }, -0.7);
        expectClose(target, expected);
      }),
      { numRuns: 60 },
    );
  });

  it('has SIMD here, so that its twin is really compared with something else', () => {
    expect(simdTiles()).not.toBeNull();
  });

  it.each([
    [3, 64, 1030],
    [5, 300, 61],
    [2, 20_000, 3],
    [1280, 64, 40],
  ])(
    'adds a product of [%i,%i] with %i columns, in several blocks, as its twin does',
    (rows, inner, columns) => {
      const [a, b] = [values(rows * inner, 'a'), values(inner * columns, 'b')];
      const [target, twin] = [new Float32Array(rows * columns), new Float32Array(rows * columns)];
      addProduct(target, a, b, { rows, inner, columns }, 1 / inner);
      addProductPlain(twin, a, b, { rows, inner, columns }, 1 / inner);
      expectClose(target, [...twin]);
    },
  );

  it('adds a Kronecker product', () => {
    fc.assert(
      fc.property(side(4), side(4), side(5), side(7), (rowsX, columnsX, rowsY, columnsY) => {
        const [x, y] = [values(rowsX * columnsX, 'x'), values(rowsY * columnsY, 'y')];
        const columns = columnsX * columnsY;
        const target = values(rowsX * rowsY * columns, 't');
        const expected = [...target].map((start, at) => {
          const [row, column] = [Math.floor(at / columns), at % columns];
          const fromX = Math.floor(row / rowsY) * columnsX + Math.floor(column / columnsY);
          return start + 0.3 * x[fromX]! * y[(row % rowsY) * columnsY + (column % columnsY)]!;
        });
        addKronecker(target, { data: x, columns: columnsX }, { data: y, columns: columnsY }, 0.3);
        expectClose(target, expected);
      }),
      { numRuns: 40 },
    );
  });

  it('adds element-wise products and multiples', () => {
    const [x, y] = [values(9, 'x'), values(9, 'y')];
    const target = values(9, 't');
    const start = [...target];
    addHadamard(target, x, y, 2);
    addScaled(target, x, -3);
    expectClose(
      target,
      start.map((value, i) => value + 2 * x[i]! * y[i]! - 3 * x[i]!),
    );
  });

  it('joins a Tucker core with its two matrices', () => {
    const sizes = fc.tuple(side(6), side(4), side(4), side(9), side(6));
    fc.assert(
      fc.property(sizes, ([out, i, j, kernel, input]) => {
        const [a, core, b] = [values(out * i, 'a'), values(i * j * kernel, 'c'), values(j * input, 'b')];
        const expected: number[] = [];
        for (let o = 0; o < out; o++)
          for (let c = 0; c < input; c++)
            for (let k = 0; k < kernel; k++) {
              let sum = 0;
              for (let p = 0; p < i; p++)
                for (let q = 0; q < j; q++)
                  sum += a[o * i + p]! * core[(p * j + q) * kernel + k]! * b[q * input + c]!;
              expected.push(sum);
            }
        expectClose(tuckerProduct(a, core, b, { out, i, j, kernel, input }), expected);
      }),
      { numRuns: 40 },
    );
  });

  it('sees the one value that is no number', () => {
    expect(allFinite(Float32Array.of(0, -0, 3e38, 1e-45))).toBe(true);
    for (const value of [NaN, Infinity, -Infinity])
      expect(allFinite(Float32Array.of(1, value, 2))).toBe(false);
  });

  it('transposes', () => {
    expect([...transposedMatrix(Float32Array.of(1, 2, 3, 4, 5, 6), 3)]).toEqual([1, 4, 2, 5, 3, 6]);
  });

  it.each(['row', 'column'] as const)('gives each %s the magnitude it was trained to', (axis) => {
    const [rows, columns, kernel] = [3, 4, 2];
    const merged = values(rows * columns * kernel, 'm');
    const before = merged.slice();
    const magnitudes = values(axis === 'row' ? rows : columns, 'g').map(Math.abs);
    rescaleToMagnitudes(merged, magnitudes, axis, { rows, columns, kernel });
    const groupOf = (at: number) =>
      axis === 'row' ? Math.floor(at / (columns * kernel)) : Math.floor(at / kernel) % columns;
    magnitudes.forEach((magnitude, group) => {
      const own = [...merged.keys()].filter((at) => groupOf(at) === group);
      expect(Math.hypot(...own.map((at) => merged[at]!))).toBeCloseTo(magnitude, 5);
      const ratios = own.map((at) => merged[at]! / before[at]!);
      for (const ratio of ratios) expect(ratio).toBeCloseTo(ratios[0]!, 5);
    });
  });

  it('keeps a row of zeros zero', () => {
    const merged = Float32Array.of(0, 0, 3, 4);
    rescaleToMagnitudes(merged, Float32Array.of(2, 1), 'row', { rows: 2, columns: 2, kernel: 1 });
    expect([...merged.subarray(0, 2)]).toEqual([0, 0]);
    expect(merged[3]).toBeCloseTo(0.8, 6);
  });
});
