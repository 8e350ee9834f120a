import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { planCanvas, planExport } from '#domain/geometry/canvas-size.ts';
import { planCrop } from '#domain/geometry/crop.ts';
import { contains, rect, size, unitToCanvas, wholeRect, type Rect } from '#domain/geometry/rect.ts';

const side = fc.integer({ min: 8, max: 1024 }).map((cells) => cells * 8);
const box = fc
  .tuple(fc.double({ min: 0, max: 0.99, noNaN: true }), fc.double({ min: 0, max: 0.99, noNaN: true }))
  .chain(([x, y]) =>
    fc
      .tuple(
        fc.double({ min: 0.001, max: 1 - x, noNaN: true }),
        fc.double({ min: 0.001, max: 1 - y, noNaN: true }),
      )
      .map(([width, height]) => rect<'unit'>(x, y, width, height)),
  );

/** A box given in pixels of a canvas. */
function pixels(
  canvas: { width: number; height: number },
  x: number,
  y: number,
  w: number,
  h: number,
): Rect<'unit'> {
  return rect(x / canvas.width, y / canvas.height, w / canvas.width, h / canvas.height);
}

describe('planCanvas', () => {
  it.each([
    [[1024, 1024], 4096, [4096, 4096]],
    [[1216, 832], 4096, [4096, 2800]],
    [[832, 1216], 4096, [2800, 4096]],
    [[1000, 333], 1024, [1024, 344]],
    [[3, 3000], 1024, [8, 1024]],
    [[640, 480], 6000, [6000, 4504]],
  ])('%j at %d px is %j', ([width, height], longSide, [w, h]) => {
    expect(planCanvas(size(width!, height!), longSide)).toEqual({ width: w, height: h });
  });

  it('is on the latent grid and keeps the aspect ratio within 4 px', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 9000 }),
        fc.integer({ min: 1, max: 9000 }),
        side,
        (w, h, longSide) => {
          const canvas = planCanvas(size(w, h), longSide);
          expect([canvas.width % 8, canvas.height % 8]).toEqual([0, 0]);
          expect(Math.max(canvas.width, canvas.height)).toBe(longSide);
          const scale = longSide / Math.max(w, h);
          expect(Math.abs(canvas.height - Math.max(h * scale, 8))).toBeLessThanOrEqual(4.001);
        },
      ),
    );
  });

  it('exports at the exact long side', () => {
    expect(planExport(size(1216, 832), 3001)).toEqual({ width: 3001, height: 2053 });
  });
});

describe('planCrop', () => {
  const canvas = size<'canvas'>(4096, 2800);

  it.each([
    ['small object, centred', [2000, 1000, 96, 96], 0, [1536, 536, 1024, 1024], 1024],
    ['exactly 1024', [1024, 1024, 1024, 1024], 0, [1024, 1024, 1024, 1024], 1024],
    ['object larger than 1024', [1000, 600, 1200, 800], 0, [832, 232, 1536, 1536], 1536],
    ['context makes it larger', [1000, 600, 800, 800], 0.25, [632, 232, 1536, 1536], 1536],
    ['larger still: own size', [800, 400, 1800, 1600], 0, [792, 288, 1824, 1824], 1536],
    ['larger than the canvas is high', [0, 0, 4096, 2800], 0.5, [648, 0, 2800, 2800], 1536],
    ['at the corner: shifted inside', [4000, 2700, 90, 90], 0.2, [3072, 1776, 1024, 1024], 1024],
    ['at the origin: shifted inside', [0, 0, 50, 50], 0.2, [0, 0, 1024, 1024], 1024],
  ])('%s', (_, [x, y, w, h], padding, [cx, cy, cw, ch], sizePx) => {
    const plan = planCrop(pixels(canvas, x!, y!, w!, h!), canvas, padding);
    expect(plan).toEqual({ area: rect(cx!, cy!, cw!, ch!), sizePx });
  });

  it.each([
    ['canvas smaller than 1024', [640, 512], [0, 0, 100, 100], [0, 0, 512, 512], 512],
    ['not a multiple of 64, small object', [1000, 1000], [900, 900, 50, 50], [40, 40, 960, 960], 960],
    ['not a multiple of 64, large object', [1000, 1000], [10, 10, 980, 980], [0, 0, 1000, 1000], 960],
    ['between 1024 and 1536', [1200, 1200], [0, 0, 1100, 900], [0, 0, 1152, 1152], 1536],
    ['tiny', [32, 48], [0, 0, 8, 8], [0, 0, 32, 32], 64],
  ])('%s', (_, [width, height], [x, y, w, h], [cx, cy, cw, ch], sizePx) => {
    const small = size<'canvas'>(width!, height!);
    const plan = planCrop(pixels(small, x!, y!, w!, h!), small, 0);
    expect(plan).toEqual({ area: rect(cx!, cy!, cw!, ch!), sizePx });
  });

  it('is square, inside, on the grid, and holds the object wherever the canvas has room', () => {
    fc.assert(
      fc.property(side, side, box, fc.double({ min: 0, max: 1, noNaN: true }), (w, h, unit, padding) => {
        const whole = size<'canvas'>(w, h);
        const { area, sizePx } = planCrop(unit, whole, padding);
        expect(area.width).toBe(area.height);
        expect([area.x % 8, area.y % 8, area.width % 8]).toEqual([0, 0, 0]);
        expect(contains(wholeRect(whole), area)).toBe(true);
        expect(sizePx === 1536 || sizePx === 1024 || (sizePx < 1024 && sizePx % 64 === 0)).toBe(true);
        const object = unitToCanvas(unit, whole);
        if (Math.max(object.width, object.height) <= Math.min(w, h) - 16) {
          const grown = rect<'canvas'>(area.x - 1e-3, area.y - 1e-3, area.width + 2e-3, area.height + 2e-3);
          expect(contains(grown, object)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
