import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  clampCamera,
  fit,
  fitBeside,
  frame,
  pinch,
  scaleLimits,
  sideBySide,
  snapToDevice,
  toPicture,
  toScreen,
  zoomAt,
  zoomStep,
  zoomTo,
  type Camera,
} from '#app/camera.ts';

const camera = fc.record({
  scale: fc.double({ min: 0.02, max: 30, noNaN: true }),
  x: fc.double({ min: -5000, max: 5000, noNaN: true }),
  y: fc.double({ min: -5000, max: 5000, noNaN: true }),
});
const point = fc.record({
  x: fc.double({ min: -100, max: 2000, noNaN: true }),
  y: fc.double({ min: -100, max: 2000, noNaN: true }),
});
const extent = fc.record({
  width: fc.integer({ min: 1, max: 9000 }),
  height: fc.integer({ min: 1, max: 9000 }),
});
const limits = { min: 0.01, max: 64 };

function expectPoint(actual: { x: number; y: number }, expected: { x: number; y: number }): void {
  expect(actual.x).toBeCloseTo(expected.x, 4);
  expect(actual.y).toBeCloseTo(expected.y, 4);
}

describe('camera', () => {
  it('maps to the picture and back', () => {
    fc.assert(fc.property(camera, point, (c, p) => expectPoint(toScreen(c, toPicture(c, p)), p)));
  });

  it('keeps the picture point under the cursor while zooming', () => {
    fc.assert(
      fc.property(camera, point, fc.double({ min: 0.1, max: 10, noNaN: true }), (c, p, factor) => {
        const zoomed = zoomAt(c, p, factor, limits);
        expectPoint(toScreen(zoomed, toPicture(c, p)), p);
      }),
    );
  });

  it('fits the picture beside what lies over the edges, in the middle where there is room', () => {
    const viewport = { width: 870, height: 796 };
    const insets = { left: 65, bottom: 0 };
    const edges = (picture: { width: number; height: number }, over = insets) => {
      const { scale, x, y } = fitBeside(picture, viewport, 32, over);
      return [x, y, x + picture.width * scale, y + picture.height * scale].map(Math.round);
    };
    // As tall as it may be, and clear of the strip in the middle.
    expect(edges({ width: 100, height: 100 })).toEqual([69, 32, 801, 764]);
    // As wide as it may be: from the strip to the margin.
    expect(edges({ width: 300, height: 100 })).toEqual([65, 269, 838, 527]);
    expect(edges({ width: 100, height: 300 }, { left: 0, bottom: 120 })[3]).toBe(796 - 120);
    fc.assert(
      fc.property(extent, fc.nat(200), fc.nat(200), (picture, left, bottom) => {
        const [x, y, right, low] = edges(picture, { left, bottom });
        expect(x).toBeGreaterThanOrEqual(Math.max(left, 32) - 1);
        expect(y).toBeGreaterThanOrEqual(31);
        expect(right).toBeLessThanOrEqual(870 - 31);
        expect(low).toBeLessThanOrEqual(796 - Math.max(bottom, 32) + 1);
      }),
    );
  });

  it('stays within the scale limits', () => {
    const c: Camera = { scale: 1, x: 0, y: 0 };
    expect(zoomAt(c, { x: 5, y: 5 }, 1e6, limits).scale).toBe(64);
    expect(zoomAt(c, { x: 5, y: 5 }, 1e-6, limits).scale).toBe(0.01);
  });

  it('fits the whole picture inside the window, centred', () => {
    fc.assert(
      fc.property(extent, extent, (picture, viewport) => {
        const c = fit(picture, viewport, 0);
        const start = toScreen(c, { x: 0, y: 0 });
        const end = toScreen(c, { x: picture.width, y: picture.height });
        expect(start.x + end.x).toBeCloseTo(viewport.width, 4);
        expect(start.y + end.y).toBeCloseTo(viewport.height, 4);
        expect(end.x - start.x).toBeLessThanOrEqual(viewport.width + 1e-6);
        expect(end.y - start.y).toBeLessThanOrEqual(viewport.height + 1e-6);
      }),
    );
  });

  it('frames an area no larger than asked', () => {
    const c = frame({ x: 10, y: 20, width: 4, height: 4 }, { width: 800, height: 600 }, 100, 8);
    expect(c.scale).toBe(8);
    expectPoint(toScreen(c, { x: 12, y: 22 }), { x: 400, y: 300 });
  });

  it('never loses the picture, and clamping twice changes nothing more', () => {
    fc.assert(
      fc.property(camera, extent, extent, (c, picture, viewport) => {
        const once = clampCamera(c, picture, viewport);
        const twice = clampCamera(once, picture, viewport);
        expect(twice).toEqual(once);
        expect(once.x).toBeLessThan(viewport.width);
        expect(once.x + picture.width * once.scale).toBeGreaterThan(0);
        expect(once.y).toBeLessThan(viewport.height);
        expect(once.y + picture.height * once.scale).toBeGreaterThan(0);
      }),
    );
  });

  it('zooms to an absolute scale about the middle of the window', () => {
    const viewport = { width: 900, height: 500 };
    const c: Camera = { scale: 0.4, x: 33, y: -20 };
    const zoomed = zoomTo(c, viewport, 2, limits);
    expect(zoomed.scale).toBeCloseTo(2);
    expectPoint(toPicture(zoomed, { x: 450, y: 250 }), toPicture(c, { x: 450, y: 250 }));
  });

  it('keeps both finger points on the picture while pinching', () => {
    const c: Camera = { scale: 0.5, x: 10, y: 10 };
    const from = [
      { x: 100, y: 100 },
      { x: 300, y: 100 },
    ] as const;
    const to = [
      { x: 80, y: 150 },
      { x: 380, y: 150 },
    ] as const;
    const pinched = pinch(c, from, to, limits);
    expectPoint(toScreen(pinched, toPicture(c, from[0])), to[0]);
    expectPoint(toScreen(pinched, toPicture(c, from[1])), to[1]);
  });

  it('steps up and down the zoom ladder', () => {
    expect(zoomStep(1, 1)).toBe(1.5);
    expect(zoomStep(1, -1)).toBe(0.67);
    expect(zoomStep(0.7, 1)).toBe(1);
    expect(zoomStep(40, 1)).toBe(60);
    expect(zoomStep(0.01, -1)).toBeCloseTo(0.00667, 4);
  });

  it('lets every picture fit and be enlarged to single pixels', () => {
    const viewport = { width: 800, height: 600 };
    expect(scaleLimits({ width: 8192, height: 8192 }, viewport).min).toBeLessThan(0.03);
    expect(scaleLimits({ width: 8, height: 8 }, viewport).max).toBeGreaterThanOrEqual(32);
  });

  it('snaps by less than a device pixel, so that at 100 % every picture pixel begins on one', () => {
    const ratio = fc.constantFrom(1, 1.25, 1.5, 2, 2.625, 3);
    fc.assert(
      fc.property(camera, ratio, fc.nat(8000), (c, pixelRatio, pixel) => {
        const snapped = snapToDevice({ ...c, scale: 1 / pixelRatio }, pixelRatio);
        expect(Math.abs(snapped.x - c.x)).toBeLessThanOrEqual(0.5 / pixelRatio + 1e-9);
        const device = toScreen(snapped, { x: pixel, y: pixel }).x * pixelRatio;
        expect(Math.abs(device - Math.round(device))).toBeLessThan(1e-6);
        expect(snapToDevice(snapped, pixelRatio)).toEqual(snapped);
      }),
    );
  });

  it('halves the longer side for a side by side, both halves as far from the middle', () => {
    fc.assert(
      fc.property(extent, (viewport) => {
        const { pane, inset, shift } = sideBySide(viewport, true);
        const wide = viewport.width >= viewport.height;
        expect(wide ? shift.y : shift.x).toBe(0);
        expect(pane.width + 2 * inset.x).toBeCloseTo(viewport.width);
        expect(pane.height + 2 * inset.y).toBeCloseTo(viewport.height);
        // The first half begins at the edge, the second ends at the other.
        expect(inset.x - shift.x).toBeCloseTo(0);
        expect(inset.y - shift.y).toBeCloseTo(0);
      }),
    );
    const whole = { width: 300, height: 200 };
    expect(sideBySide(whole, false).pane).toEqual(whole);
  });
});
