import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rect, size } from '#domain/geometry/rect.ts';
import type { Raster8 } from '#domain/raster.ts';
import { cropRaster, cropToNchw, rasterToNchw } from '#domain/resample/crop-normalise.ts';
import { lanczos, lanczosTable } from '#domain/resample/lanczos-table.ts';
import { resizePlane, resizeRaster } from '#domain/resample/resize.ts';

const length = fc.integer({ min: 1, max: 40 });

function solid(width: number, height: number, pixel: readonly number[]): Raster8<'canvas'> {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < data.length; i++) data[i] = pixel[i % 4]!;
  return { width, height, data };
}

describe('Lanczos table', () => {
  it('weights add up to 1 and stay inside the source', () => {
    fc.assert(
      fc.property(length, length, (from, to) => {
        const { taps, starts, weights } = lanczosTable(from, to);
        for (let i = 0; i < to; i++) {
          const own = Array.from(weights.subarray(i * taps, (i + 1) * taps));
          expect(own.reduce((sum, weight) => sum + weight, 0)).toBeCloseTo(1, 5);
          expect(starts[i]! + taps).toBeLessThanOrEqual(from);
        }
      }),
    );
  });

  it('misses no weight of the kernel', () => {
    fc.assert(
      fc.property(length, length, (from, to) => {
        if (from === to) return;
        const { taps, starts, weights } = lanczosTable(from, to);
        const widening = Math.max(1, from / to);
        for (let i = 0; i < to; i++) {
          const all = Array.from({ length: from }, (_, j) =>
            lanczos((j + 0.5 - ((i + 0.5) * from) / to) / widening),
          );
          const sum = all.reduce((a, b) => a + b, 0);
          all.forEach((weight, j) => {
            const t = j - starts[i]!;
            expect(t >= 0 && t < taps ? weights[i * taps + t]! : 0).toBeCloseTo(weight / sum, 5);
          });
        }
      }),
    );
  });
});

describe('resizeRaster', () => {
  const pixel = fc.tuple(
    ...Array.from({ length: 3 }, () => fc.integer({ min: 0, max: 255 })),
    fc.integer({ min: 8, max: 255 }),
  );

  it('keeps a constant picture constant', () => {
    fc.assert(
      fc.property(length, length, length, length, pixel, (w, h, tw, th, colour) => {
        const { data } = resizeRaster(solid(w, h, colour), size<'canvas'>(tw, th));
        data.forEach((v, i) => expect(v).toBe(colour[i % 4]));
      }),
    );
  });

  it('does not let the colour of transparent pixels bleed', () => {
    const source = solid(8, 1, [10, 200, 30, 255]);
    for (let i = 16; i < 32; i += 4) source.data.set([255, 0, 255, 0], i);
    const { data } = resizeRaster(source, size<'canvas'>(32, 1));
    for (let i = 0; i < data.length; i += 4)
      if (data[i + 3]! > 0) expect([...data.slice(i, i + 3)]).toEqual([10, 200, 30]);
  });

  it('agrees with the two-dimensional sum', () => {
    const source: Raster8<'canvas'> = { width: 7, height: 5, data: new Uint8ClampedArray(140) };
    for (let i = 0; i < 140; i++) source.data[i] = i % 4 === 3 ? 255 : (i * 73) % 256;
    for (const [tw, th] of [
      [13, 3],
      [4, 11],
      [7, 9],
    ] as const) {
      const result = resizeRaster(source, size<'canvas'>(tw, th));
      const [across, down] = [lanczosTable(7, tw), lanczosTable(5, th)];
      for (let i = 0; i < tw * th * 4; i++) {
        const [c, x, y] = [i % 4, Math.floor(i / 4) % tw, Math.floor(i / 4 / tw)];
        let sum = 0;
        for (let v = 0; v < down.taps; v++)
          for (let u = 0; u < across.taps; u++)
            sum +=
              down.weights[y * down.taps + v]! *
              across.weights[x * across.taps + u]! *
              source.data[((down.starts[y]! + v) * 7 + across.starts[x]! + u) * 4 + c]!;
        expect(Math.abs(result.data[i]! - Math.min(255, Math.max(0, sum)))).toBeLessThanOrEqual(0.51);
      }
    }
  });

  it('works in bands that do not show', () => {
    const source: Raster8<'canvas'> = { width: 3, height: 300, data: new Uint8ClampedArray(3600) };
    for (let i = 0; i < 3600; i++) source.data[i] = i % 4 === 3 ? 255 : (i * i * 7) % 256;
    const tall = resizeRaster(source, size<'canvas'>(3, 700));
    const plane = Float32Array.from({ length: 900 }, (_, i) => source.data[i * 4]!);
    const expected = resizePlane(plane, size(3, 300), size(3, 700));
    expected.forEach((v, i) =>
      expect(Math.abs(tall.data[i * 4]! - Math.min(255, Math.max(0, v)))).toBeLessThan(0.51),
    );
  });

  it('enlarges 1024² to 4096² in seconds', { timeout: 30_000 }, () => {
    const big = resizeRaster(solid(1024, 1024, [1, 2, 3, 255]), size<'canvas'>(4096, 4096));
    expect(big.data.length).toBe(4096 * 4096 * 4);
    expect([...big.data.slice(-4)]).toEqual([1, 2, 3, 255]);
  });
});

describe('crop and normalise', () => {
  it('is a plain read at 1:1', () => {
    const canvas = solid(6, 5, [255, 0, 51, 255]);
    canvas.data.set([102, 153, 204, 255], (2 * 6 + 3) * 4);
    const { dims, data } = cropToNchw(canvas, rect(3, 2, 2, 2), 2);
    expect(dims).toEqual([3, 2, 2]);
    expect(Array.from(data, (v) => Math.round(v * 255))).toEqual([
      102, 255, 255, 255, 153, 0, 0, 0, 204, 51, 51, 51,
    ]);
  });

  it('resamples the area when its side differs', () => {
    const canvas = solid(16, 16, [255, 0, 51, 255]);
    const tensor = cropToNchw(canvas, rect(8, 0, 8, 8), 4);
    expect(tensor).toEqual(rasterToNchw(solid(4, 4, [255, 0, 51, 255])));
  });

  it('refuses areas outside the canvas', () => {
    expect(() => cropRaster(solid(4, 4, [0, 0, 0, 0]), rect(2, 2, 4, 4))).toThrow(/4×4 canvas/);
  });
});
