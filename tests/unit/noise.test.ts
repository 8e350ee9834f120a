import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { rect, type Rect } from '#domain/geometry/rect.ts';
import { areaTimesRatio, countNormalisedArea } from '#domain/noise/area-resample.ts';
import { boxMuller } from '#domain/noise/box-muller.ts';
import { philox4x32 } from '#domain/noise/philox.ts';
import { resampleNoise, resampleRatio } from '#domain/noise/resample.ts';
import { octaveWeights, scaffoldNoise, stepScaffold } from '#domain/noise/scaffold.ts';
import { noiseStatistics } from '#domain/noise/statistics.ts';
import { torchRandn } from '#domain/noise/torch-randn.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';

const white = (seed: number) => ({ seed, levels: 0, discount: 0 });
const seeds = fc.nat({ max: 0xffffffff });

/** Standard error of a std or correlation over n independent samples is about 1/√n; five of them. */
const within = (field: FloatTensor) => 5 / Math.sqrt(field.data.length);

function expectWhite(field: FloatTensor): void {
  const { mean, std, lag1X, lag1Y, lag1XY } = noiseStatistics(field);
  const limit = within(field);
  for (const value of [mean, std - 1, lag1X, lag1Y, lag1XY]) expect(Math.abs(value)).toBeLessThan(limit);
}

function slice(field: FloatTensor, area: Rect<'latent'>, from: Rect<'latent'>): FloatTensor {
  const channels = field.dims[0]!;
  const result = floatTensor([channels, area.height, area.width]);
  let out = 0;
  for (let c = 0; c < channels; c++)
    for (let y = area.y - from.y; y < area.y - from.y + area.height; y++)
      for (let x = area.x - from.x; x < area.x - from.x + area.width; x++)
        result.data[out++] = field.data[(c * from.height + y) * from.width + x]!;
  return result;
}

describe('Philox4x32-10', () => {
  test.each([
    [
      [0, 0, 0, 0],
      [0, 0],
      [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8],
    ],
    [
      [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      [0xffffffff, 0xffffffff],
      [0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd],
    ],
    [
      [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      [0xa4093822, 0x299f31d0],
      [0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1],
    ],
  ])('known answers of Random123: %j', (counter, key, words) => {
    const out = new Uint32Array(4);
    philox4x32(out, counter as [number, number, number, number], key as [number, number]);
    expect([...out]).toEqual(words);
  });
});

describe('Box-Muller', () => {
  test('follows the exact formula to 1e-6 and is finite at the ends', () => {
    const ends = fc.oneof(
      fc.nat({ max: 0xffffffff }),
      fc.constantFrom(0, 0xff, 0xffffffff, 0xfffffe00, 0x40000000),
    );
    const out = new Float32Array(2);
    fc.assert(
      fc.property(ends, ends, (w0, w1) => {
        boxMuller(out, 0, w0, w1);
        const radius = Math.sqrt(-2 * Math.log(((w0 >>> 8) + 1) * 2 ** -24));
        const angle = 2 * Math.PI * (w1 >>> 8) * 2 ** -24;
        expect(Math.abs(out[0]! - radius * Math.cos(angle))).toBeLessThan(1e-6);
        expect(Math.abs(out[1]! - radius * Math.sin(angle))).toBeLessThan(1e-6);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('scaffold', () => {
  test('any area equals the same area of the whole, octaves included', () => {
    const whole = rect<'latent'>(0, 0, 37, 29);
    const area = fc
      .record({
        x: fc.nat(30),
        y: fc.nat(20),
        width: fc.integer({ min: 1, max: 37 }),
        height: fc.integer({ min: 1, max: 29 }),
      })
      .filter(({ x, y, width, height }) => x + width <= 37 && y + height <= 29);
    fc.assert(
      fc.property(area, seeds, fc.nat(3), (part, seed, levels) => {
        const spec = { seed, levels, discount: 0.6 };
        const expected = slice(scaffoldNoise(spec, whole, 3), part, whole);
        expect(scaffoldNoise(spec, part, 3)).toEqual(expected);
      }),
      { numRuns: 40 },
    );
  });

  test('is white with unit variance, and differs between seeds and channels', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        expectWhite(scaffoldNoise(white(seed), rect(5, 3, 96, 96), 4));
      }),
      { numRuns: 5, seed: 7 },
    );
    const [a, b] = [1, 2].map((seed) => scaffoldNoise(white(seed), rect(0, 0, 8, 8), 2));
    expect(a!.data).not.toEqual(b!.data);
    expect(a!.data.slice(0, 64)).not.toEqual(a!.data.slice(64));
  });

  test('octaves keep unit variance at every cell of their period', () => {
    const spec = { levels: 2, discount: 0.8 };
    const weights = octaveWeights({ seed: 0, ...spec });
    expect(weights.reduce((sum, weight) => sum + weight * weight, 0)).toBeCloseTo(1, 6);
    const squares = new Float64Array(16);
    const fields = 1500;
    for (let seed = 0; seed < fields; seed++)
      scaffoldNoise({ seed, ...spec }, rect(8, 8, 4, 4), 4).data.forEach((value, i) => {
        squares[i % 16]! += value * value;
      });
    for (const sum of squares) expect(Math.abs(sum / (4 * fields) - 1)).toBeLessThan(0.1);
  });

  test('step scaffolds are white and differ per draw', () => {
    const specs = [0, 1, 2].map((draw) => stepScaffold({ seed: 9, levels: 3, discount: 0.5 }, draw));
    expect(new Set(specs.map(({ seed }) => seed)).size).toBe(3);
    expect(specs.every(({ levels }) => levels === 0)).toBe(true);
  });
});

describe('exact resampling', () => {
  test('stays white with unit variance at any rational ratio', () => {
    const term = fc.integer({ min: 1, max: 9 });
    fc.assert(
      fc.property(term, term, term, term, seeds, (px, qx, py, qy, seed) => {
        const [gx, gy] = [Math.ceil(128 / Math.max(px, qx)), Math.ceil(128 / Math.max(py, qy))];
        const source = scaffoldNoise(white(seed), rect(0, 0, px * gx, py * gy), 2);
        expectWhite(resampleNoise(source, { width: qx * gx, height: qy * gy }, seed));
      }),
      { numRuns: 25, seed: 3 },
    );
  });

  test('equals area × ratio at integer ratios, whatever the seed', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 5 }), seeds, (kx, ky, seed) => {
        const source = scaffoldNoise(white(3), rect(0, 0, kx * 6, ky * 5), 2);
        const target = { width: 6, height: 5 };
        const exact = resampleNoise(source, target, seed);
        areaTimesRatio(source, target).data.forEach((value, i) =>
          expect(exact.data[i]).toBeCloseTo(value, 5),
        );
      }),
    );
  });

  test('sums back to the source over every p × q block', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 7 }), fc.integer({ min: 1, max: 7 }), seeds, (p, q, seed) => {
        const source = scaffoldNoise(white(seed), rect(0, 0, p, p), 1);
        const result = resampleNoise(source, { width: q, height: q }, seed);
        const total = (data: Float32Array) => data.reduce((sum, value) => sum + value, 0);
        expect(total(result.data) / q).toBeCloseTo(total(source.data) / p, 4);
      }),
    );
  });

  test('areas whose origins are multiples of p agree on their overlap', () => {
    const spec = white(11);
    const at = (x: number, y: number) =>
      resampleNoise(scaffoldNoise(spec, rect(x, y, 24, 24), 2), { width: 32, height: 32 }, 11, { x, y });
    const [a, b] = [at(0, 0), at(12, 6)];
    const overlap = rect<'latent'>(16, 8, 16, 24);
    expect(slice(a, overlap, rect(0, 0, 32, 32))).toEqual(slice(b, overlap, rect(16, 8, 32, 32)));
  });

  test('the formulas it replaces are not white off integer ratios', () => {
    const source = scaffoldNoise(white(1), rect(0, 0, 192, 192), 2);
    const target = { width: 128, height: 128 };
    expect(noiseStatistics(areaTimesRatio(source, target)).std).toBeCloseTo(0.75, 1);
    expect(noiseStatistics(countNormalisedArea(source, target)).lag1X).toBeGreaterThan(0.2);
    expect(() => resampleRatio(70001, 70003)).toThrow(RangeError);
    expect(() => resampleRatio(0, 4)).toThrow(RangeError);
  });
});

describe('statistics', () => {
  test('do not depend on scale or offset except for mean and std', () => {
    for (const [scale, offset] of [
      [1, 0],
      [3, 5],
    ] as const) {
      const data = Float32Array.from([-1, -1, 1, 1, 1, 1, -1, -1], (value) => value * scale + offset);
      const { mean, std, lag1X, lag1Y, lag1XY } = noiseStatistics({ dims: [1, 2, 4], data });
      [offset, scale, 1 / 3, -1, -1 / 3].forEach((expected, i) =>
        expect([mean, std, lag1X, lag1Y, lag1XY][i]).toBeCloseTo(expected, 6),
      );
    }
  });
});

describe('torch.randn', () => {
  test('manual_seed(42): PyTorch’s first numbers', () => {
    const values = torchRandn(42, 64);
    [1.9269, 1.4873, 0.9007, -2.1055].forEach((value, i) => expect(values[i]).toBeCloseTo(value, 4));
    expect(() => torchRandn(1, 15)).toThrow(RangeError);
  });
});
