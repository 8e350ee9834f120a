import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { LayerPaste } from '#domain/blend/layer-paste.ts';
import { quantiseResidual } from '#domain/blend/residual.ts';
import { canvasToLatent, rect, size } from '#domain/geometry/rect.ts';
import { regionArea } from '#domain/noise/region.ts';
import { GpuPixelOps } from '#gpu/gpu-pixel-ops.ts';
import type { GpuDevice } from '#gpu/gpu-device.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import type { PixelOps } from '#pipelines/services.ts';
import {
  checkRuns,
  expectClose,
  fieldOf,
  randomMask,
  randomRaster,
  randomTensor,
  testDevice,
} from './fixtures.ts';

const cpu: PixelOps = new CpuPixelOps();
let device: GpuDevice;
/** Bands of 1 KiB: every operation below runs in several. */
let banded: PixelOps;
let whole: PixelOps;

beforeAll(async () => {
  device = await testDevice();
  whole = new GpuPixelOps(device);
  banded = new GpuPixelOps(device, 1024);
});

afterAll(() => {
  device.destroy();
});

const side = fc.integer({ min: 1, max: 70 });
const seed = fc.nat(1000);

describe('resize', () => {
  it('agrees with the twin within one step of 255, in bands or not', () =>
    checkRuns(
      fc.tuple(side, side, side, side, seed),
      async ([w, h, tw, th, s]) => {
        const source = randomRaster(w, h, s);
        const expected = await cpu.resize(source, size<'canvas'>(tw, th));
        for (const ops of [whole, banded])
          expectClose((await ops.resize(source, size<'canvas'>(tw, th))).data, expected.data, 1);
      },
      40,
    ));

  it('returns an exact copy at equal sizes', async () => {
    const source = randomRaster(9, 7, 1);
    const copy = await whole.resize(source, size<'canvas'>(9, 7));
    expect(copy).toEqual(source);
    expect(copy.data).not.toBe(source.data);
  });

  it('makes 4096×4096 without a binding over 128 MiB', async () => {
    const source = randomRaster(64, 64, 2);
    const target = size<'canvas'>(4096, 4096);
    expectClose((await whole.resize(source, target)).data, (await cpu.resize(source, target)).data, 1);
  });
});

describe('cropToNchw', () => {
  it('agrees with the twin at 1:1 and resampled', () =>
    checkRuns(
      fc.tuple(
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 0, max: 20 }),
        fc.integer({ min: 1, max: 40 }),
        side,
        seed,
      ),
      async ([x, y, areaSide, sizePx, s]) => {
        const canvas = randomRaster(64, 61, s);
        const area = rect<'canvas'>(x, y, areaSide, areaSide);
        const exact = await whole.cropToNchw(canvas, area, areaSide);
        expectClose(exact.data, (await cpu.cropToNchw(canvas, area, areaSide)).data, 1e-6);
        const resized = await whole.cropToNchw(canvas, area, sizePx);
        const expected = await cpu.cropToNchw(canvas, area, sizePx);
        expect(resized.dims).toEqual(expected.dims);
        expectClose(resized.data, expected.data, 1.001 / 255);
      },
      30,
    ));
});

describe('pasteLayers', () => {
  /** A layer of random changes somewhere on a 70×64 canvas. */
  const layer = fc
    .record({
      x: fc.nat(16),
      y: fc.nat(16),
      sides: fc.constantFrom([32, 32] as const, [20, 44] as const, [50, 17] as const),
      sizePx: fc.constantFrom(32, 40, 25),
      gain: fc.constantFrom(0.3, 1, 2),
      seed,
    })
    .map(({ x, y, sides: [width, height], sizePx, gain, seed: s }): LayerPaste => {
      const [refined, base] = [1, 2].map((i) => randomTensor([3, sizePx, sizePx], s + i));
      const weight = { width, height, data: randomTensor([height * width], s).data };
      return { area: rect(x, y, width, height), weight, gain, residual: quantiseResidual(refined!, base!) };
    });
  const part = fc.record({
    x: fc.nat(40),
    y: fc.nat(40),
    width: fc.integer({ min: 1, max: 30 }),
    height: fc.integer({ min: 1, max: 24 }),
  });

  it('agrees with the twin on several layers and any part, at 1:1 and resampled, in bands or not', () =>
    checkRuns(
      fc.tuple(fc.array(layer, { maxLength: 3 }), part, seed),
      async ([layers, { x, y, width, height }, s]) => {
        const area = rect<'canvas'>(x, y, width, height);
        const expected = randomRaster(width, height, s);
        await cpu.pasteLayers(expected, area, layers);
        for (const ops of [whole, banded]) {
          const pixels = randomRaster(width, height, s);
          await ops.pasteLayers(pixels, area, layers);
          // One step for each layer: bytes are rounded after every one.
          expectClose(pixels.data, expected.data, Math.max(1, layers.length));
        }
      },
      30,
    ));

  it('keeps every byte where nothing was changed, however strong the layer', async () => {
    for (const sizePx of [32, 24, 47]) {
      const pixels = randomRaster(40, 40, 3);
      const tensor = randomTensor([3, sizePx, sizePx], 4);
      const weight = { width: 32, height: 32, data: randomTensor([1024], 5).data };
      const residual = quantiseResidual(tensor, tensor);
      await whole.pasteLayers(pixels, rect(0, 0, 40, 40), [
        { area: rect(8, 0, 32, 32), weight, gain: 2, residual },
      ]);
      expect(pixels.data).toEqual(randomRaster(40, 40, 3).data);
    }
  });
});

describe('masks', () => {
  it('crop agrees with the twin', () =>
    checkRuns(
      fc.tuple(side, side, fc.integer({ min: 40, max: 90 }), fc.nat(20), seed),
      async ([w, h, canvasSide, x, s]) => {
        const mask = randomMask(w, h, s);
        const canvas = size<'canvas'>(canvasSide, canvasSide + 7);
        const area = rect<'canvas'>(x, 3, 20, 37);
        const expected = (await cpu.cropMask(mask, canvas, area)).data;
        expectClose((await whole.cropMask(mask, canvas, area)).data, expected, 1e-4);
        expectClose((await banded.cropMask(mask, canvas, area)).data, expected, 1e-4);
      },
      30,
    ));

  it('grow and feather agree with the exact distance transform', () =>
    checkRuns(
      fc.tuple(side, side, fc.integer({ min: -12, max: 12 }), fc.constantFrom(0, 1, 7, 24), seed),
      async ([w, h, growPx, featherPx, s]) => {
        const mask = fieldOf(randomMask(w, h, s));
        const expected = (await cpu.featherMask(mask, growPx + 0.25, featherPx)).data;
        expectClose((await whole.featherMask(mask, growPx + 0.25, featherPx)).data, expected, 1e-4);
        expectClose((await banded.featherMask(mask, growPx + 0.25, featherPx)).data, expected, 1e-4);
      },
      30,
    ));
});

describe('noise', () => {
  const area = fc.tuple(
    fc.nat(70),
    fc.nat(70),
    fc.integer({ min: 1, max: 40 }),
    fc.integer({ min: 1, max: 40 }),
  );
  const seed32 = fc.integer({ min: 0, max: 2 ** 32 - 1 });

  it("is the twin's scaffold to 2e-6, octaves included", () =>
    checkRuns(
      fc.tuple(area, seed32, fc.integer({ min: 0, max: 3 }), fc.constantFrom(0.25, 0.8, 1)),
      async ([[x, y, w, h], s, levels, discount]) => {
        const spec = { seed: s, levels, discount };
        const place = rect<'latent'>(x, y, w, h);
        const actual = await whole.scaffoldNoise(spec, place, 3);
        expect(actual.dims).toEqual([3, h, w]);
        expectClose(actual.data, (await cpu.scaffoldNoise(spec, place, 3)).data, 2e-6);
      },
      40,
    ));

  it('is the twin’s far out too, where other regions of the scaffold lie', async () => {
    const spec = { seed: 9, levels: 3, discount: 0.7 };
    // Canvases of 8192 px: the last of a row, 200 rows down.
    const canvas = size<'canvas'>(8192, 8192);
    const place = canvasToLatent(regionArea(rect<'canvas'>(8000, 7992, 64, 48), canvas, 200 * 256 + 255));
    const actual = await whole.scaffoldNoise(spec, place, 2);
    expectClose(actual.data, (await cpu.scaffoldNoise(spec, place, 2)).data, 2e-6);
  });

  it('is one field: a slice of a large area is the area of the slice', async () => {
    const spec = { seed: 7, levels: 2, discount: 0.5 };
    const large = await whole.scaffoldNoise(spec, rect(10, 20, 64, 48), 2);
    const slice = await whole.scaffoldNoise(spec, rect(27, 31, 18, 9), 2);
    slice.data.forEach((value, i) => {
      const [c, y, x] = [Math.floor(i / 162), Math.floor(i / 18) % 9, i % 18];
      expect(value).toBe(large.data[(c * 48 + y + 11) * 64 + x + 17]);
    });
  });

  it('is resampled as by the twin at integer and rational ratios, up and down', () =>
    checkRuns(
      fc.tuple(area, fc.integer({ min: 1, max: 40 }), fc.integer({ min: 1, max: 40 }), seed32),
      async ([[x, y, w, h], tw, th, s]) => {
        const spec = { seed: s, levels: 0, discount: 0 };
        const [place, target] = [rect<'latent'>(x, y, w, h), size<'latent'>(tw, th)];
        const actual = await whole.resampledNoise(spec, place, target, 2);
        expect(actual.dims).toEqual([2, th, tw]);
        expectClose(actual.data, (await cpu.resampledNoise(spec, place, target, 2)).data, 4e-6);
      },
      40,
    ));
});
