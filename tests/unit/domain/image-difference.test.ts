import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { differenceMap, pixelDifference } from '#domain/image/difference.ts';
import { HEAT_RAMP, HEAT_STEPS } from '#domain/image/heat-ramp.ts';

const pixels = fc.uint8Array({ minLength: 16, maxLength: 16 });

describe('the heat map', () => {
  it('is black exactly where two pictures are equal, at any gain', () => {
    fc.assert(
      fc.property(pixels, fc.integer({ min: 1, max: 16 }), (a, gain) => {
        const map = differenceMap(a, a, gain);
        for (let i = 0; i < map.length; i += 4) expect([...map.subarray(i, i + 4)]).toEqual([0, 0, 0, 255]);
      }),
    );
    const shifted = new Uint8Array(4).fill(3);
    expect([...differenceMap(new Uint8Array(4), shifted, 1)].slice(0, 3)).toEqual([...(HEAT_RAMP[3] ?? [])]);
    expect(HEAT_RAMP[3]).not.toEqual([0, 0, 0]);
  });

  it('weighs green most and blue least, the same in both directions', () => {
    const of = (r: number, g: number, b: number) => pixelDifference([0, 0, 0, 0], [r, g, b, 255], 0);
    expect(of(255, 255, 255)).toBeCloseTo(255);
    expect(of(0, 255, 0)).toBeGreaterThan(of(255, 0, 0));
    expect(of(255, 0, 0)).toBeGreaterThan(of(0, 0, 255));
    fc.assert(
      fc.property(pixels, pixels, (a, b) => {
        expect(pixelDifference(a, b, 4)).toBe(pixelDifference(b, a, 4));
      }),
    );
  });

  it('has colours that grow lighter step by step, from black to nearly white', () => {
    const luminance = HEAT_RAMP.map(([r, g, b]) => 0.2126 * r + 0.7152 * g + 0.0722 * b);
    expect(HEAT_RAMP).toHaveLength(HEAT_STEPS);
    expect(HEAT_RAMP[0]).toEqual([0, 0, 0]);
    for (let i = 4; i < luminance.length; i += 4)
      expect(luminance[i], `step ${i}`).toBeGreaterThan(luminance[i - 4]!);
    expect(luminance.at(-1)).toBeGreaterThan(215);
  });
});
