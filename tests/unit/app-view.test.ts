import fc from 'fast-check';
import { beforeEach, describe, expect, it } from 'vitest';
import { loupeFrame } from '#app/loupe.ts';
import { wheelWish, type WheelInput } from '#app/navigation.ts';
import { OverlayMemory } from '#app/overlay-update.ts';
import { COMPARE_MODES, ViewState } from '#app/view-state.svelte.ts';

const PICTURE = { width: 1000, height: 600 };
const turn = (patch: Partial<WheelInput> = {}): WheelInput => ({
  deltaX: 0,
  deltaY: 100,
  deltaMode: 0,
  ctrlKey: false,
  shiftKey: false,
  altKey: false,
  pinch: false,
  ...patch,
});

let view: ViewState;
beforeEach(() => {
  view = new ViewState();
  view.resize(900, 500, 1.5);
  view.show(PICTURE);
});

describe('the wheel', () => {
  it('zooms, sizes the brush and scrolls as the studio does', () => {
    expect(wheelWish('studio', turn())).toMatchObject({ kind: 'zoom' });
    expect(wheelWish('studio', turn({ ctrlKey: true }))).toEqual({ kind: 'brush-size', direction: -1 });
    expect(wheelWish('studio', turn({ shiftKey: true }))).toEqual({ kind: 'pan', x: -100, y: 0 });
  });

  it('scrolls, and zooms with Alt, as Photoshop does', () => {
    expect(wheelWish('photoshop', turn({ deltaX: 5 }))).toEqual({ kind: 'pan', x: -5, y: -100 });
    expect(wheelWish('photoshop', turn({ ctrlKey: true }))).toEqual({ kind: 'pan', x: -100, y: 0 });
    expect(wheelWish('photoshop', turn({ altKey: true }))).toMatchObject({ kind: 'zoom' });
  });

  it('zooms on a pinch whatever the habit, and never by much at once', () => {
    for (const name of ['studio', 'photoshop'] as const) {
      const wish = wheelWish(name, turn({ ctrlKey: true, pinch: true, deltaY: -9999 }));
      expect(wish).toEqual({ kind: 'zoom', factor: Math.exp(0.6) });
    }
  });

  it('sizes the brush only while there is one', () => {
    const { camera, tools } = view;
    const { radiusPx } = tools;
    view.wheel(turn({ ctrlKey: true, deltaY: -100 }), { x: 10, y: 10 });
    expect(view.camera.scale).toBeGreaterThan(camera.scale);
    expect(tools.radiusPx).toBe(radiusPx);
    const zoomed = view.camera;
    view.setTool('brush');
    view.wheel(turn({ ctrlKey: true, deltaY: -100 }), { x: 10, y: 10 });
    expect(view.camera).toEqual(zoomed);
    expect(tools.radiusPx).toBeGreaterThan(radiusPx);
  });
});

describe('the camera of a view', () => {
  it('stays on device pixels through any moves', () => {
    const move = fc.record({
      kind: fc.constantFrom('pan', 'zoom', 'actual', 'centre'),
      x: fc.double({ min: -900, max: 900, noNaN: true }),
      y: fc.double({ min: -500, max: 500, noNaN: true }),
    });
    fc.assert(
      fc.property(fc.array(move), (moves) => {
        for (const { kind, x, y } of moves)
          if (kind === 'pan') view.pan(x, y);
          else if (kind === 'zoom') view.zoomAt({ x: Math.abs(x), y: Math.abs(y) }, Math.exp(x / 900));
          else if (kind === 'centre') view.centreOn({ x: Math.abs(x), y: Math.abs(y) });
          else view.zoomTo(1, 1);
        const { camera, viewport } = view;
        for (const offset of [camera.x, camera.y])
          expect(offset * viewport.pixelRatio).toBeCloseTo(Math.round(offset * viewport.pixelRatio), 6);
      }),
    );
  });

  it('puts one document pixel on one device pixel at 100 %', () => {
    view.zoomTo(1, 4);
    expect(view.camera.scale * view.viewport.pixelRatio).toBeCloseTo(4);
    expect(view.zoom(4)).toBeCloseTo(1);
  });

  it('sees the same picture pixel at the same place of both halves, and zooms about it in either', () => {
    view.setCompare('side');
    const left = { x: 200, y: 130 };
    const right = { x: 200 + 451, y: 130 };
    const seen = view.pictureAt(left);
    expect(view.pictureAt(right).x).toBeCloseTo(seen.x);
    expect(view.pictureAt(right).y).toBeCloseTo(seen.y);
    expect(view.screenAt(seen).x).toBeCloseTo(left.x);
    view.zoomAt(right, 3);
    const after = view.pictureAt(right);
    expect(Math.hypot(after.x - seen.x, after.y - seen.y)).toBeLessThan(1);
  });

  it('fits the picture into one half of a side by side, and into the whole again', () => {
    const { scale } = view.camera;
    view.setCompare('side');
    expect(PICTURE.width * view.camera.scale).toBeLessThanOrEqual(449);
    expect(view.visibleArea.width).toBeGreaterThanOrEqual(PICTURE.width);
    view.setCompare('refined');
    expect(view.camera.scale).toBe(scale);
  });
});

describe('comparing', () => {
  it('goes through every mode and round again', () => {
    const seen = COMPARE_MODES.map(() => {
      view.nextCompare();
      return view.compare;
    });
    expect(new Set(seen)).toEqual(new Set(COMPARE_MODES));
    expect(view.compare).toBe('refined');
  });

  it('exchanges sides, or shows the other where there is one side', () => {
    view.swapSides();
    expect(view.compare).toBe('original');
    view.swapSides();
    expect(view.compare).toBe('refined');
    view.setCompare('blink');
    expect(view.worker.compare.mode).toBe('refined');
    view.swapSides();
    expect(view.worker.compare.mode).toBe('original');
    view.setCompare('slider');
    view.swapSides();
    expect(view.worker.compare).toMatchObject({ mode: 'slider', swapped: true });
  });

  it('hides masks and veil while a picture is judged', () => {
    view.quickMask = true;
    expect(view.worker).toMatchObject({ masksVisible: true, quickMask: true });
    for (const mode of ['slider', 'side', 'blink', 'difference', 'original'] as const) {
      view.setCompare(mode);
      expect(view.worker, mode).toMatchObject({ masksVisible: false, quickMask: false });
    }
    view.setCompare('refined');
    view.peeking = true;
    expect(view.worker).toMatchObject({ masksVisible: false, quickMask: false });
  });
});

describe('the loupe', () => {
  it('lies on the canvas wherever the pointer is', () => {
    const place = fc.record({ x: fc.integer({ min: 0, max: 900 }), y: fc.integer({ min: 0, max: 500 }) });
    const viewports = fc.constantFrom({ width: 900, height: 500 }, { width: 390, height: 420 });
    fc.assert(
      fc.property(place, viewports, fc.constantFrom(1, 2), (point, viewport, glasses) => {
        const { left, top, side, gap } = loupeFrame(point, viewport, glasses);
        expect(left).toBeGreaterThanOrEqual(0);
        expect(top).toBeGreaterThanOrEqual(0);
        expect(left + glasses * side + (glasses - 1) * gap).toBeLessThanOrEqual(viewport.width);
        expect(top + side).toBeLessThanOrEqual(viewport.height);
      }),
    );
  });

  it('has one glass until there is a result, around the point itself', () => {
    view.pointTo({ x: 450, y: 250 });
    view.holdLoupe(true);
    const middle = () => (view.worker.loupe?.left ?? 0) + (view.worker.loupe?.side ?? 0) / 2;
    expect(view.worker.loupe?.glasses).toBe(1);
    expect(middle()).toBeCloseTo(450, 0);
    view.comparable = true;
    expect(view.worker.loupe?.glasses).toBe(2);
    expect(middle()).toBeLessThan(450);
  });

  it('appears under the pointer while its key is held, and is moved by keys when it is pinned', () => {
    view.pointTo({ x: 300, y: 200 });
    expect(view.worker.loupe).toBeNull();
    view.holdLoupe(true);
    expect(view.worker.masksVisible).toBe(false);
    expect(view.worker.loupe?.at).toEqual(view.pictureAt({ x: 300, y: 200 }));
    view.holdLoupe(false);
    expect(view.worker.loupe).toBeNull();
    view.toggleLoupe();
    const before = view.worker.loupe?.at;
    view.moveLoupe(10, 0);
    expect((view.worker.loupe?.at.x ?? 0) - (before?.x ?? 0)).toBeCloseTo(10 / view.camera.scale);
    view.moveLoupe(1e9, 0);
    expect(view.worker.loupe?.at.x).toBe(PICTURE.width);
  });
});

describe('what is sent to be drawn', () => {
  const mask = { width: 1, height: 1, runs: [0, 1] };
  const item = (id: string, patch = {}) => ({
    id,
    mask,
    hue: 1,
    pattern: 0,
    enabled: true,
    selected: false,
    ...patch,
  });

  it('holds a mask only once, until it is another or its detection was gone', () => {
    const memory = new OverlayMemory();
    expect(memory.updateFor([item('a'), item('b')]).masks).toHaveLength(2);
    const chosen = memory.updateFor([item('a', { selected: true }), item('b')]);
    expect(chosen.masks).toEqual([]);
    expect(chosen.looks[0]).toEqual({ id: 'a', hue: 1, pattern: 0, enabled: true, selected: true });
    expect(memory.updateFor([item('a', { mask: { ...mask } }), item('b')]).masks).toHaveLength(1);
    memory.updateFor([item('b')]);
    expect(memory.updateFor([item('a'), item('b')]).masks).toHaveLength(1);
    memory.forget();
    expect(memory.updateFor([item('a'), item('b')]).masks).toHaveLength(2);
  });
});
