import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { HANDLES, moveFrame, resizeFrame, unitFrame } from '#app/tools-frame.ts';
import { OutlineDraft, outlineMask } from '#app/tools-outline.svelte.ts';
import { AxisLock, combineFor, erases, opacityOfDigit, squareCorner } from '#app/tools.ts';
import { ToolState } from '#app/tools.svelte.ts';
import { pickModeFor } from '#ui/canvas/gestures-tools.ts';
import { rect } from '#domain/geometry/rect.ts';
import { maskAreaPx, rleBounds } from '#domain/mask/rle-algebra.ts';

const keys = (held: { shiftKey?: boolean; altKey?: boolean; button?: number } = {}) => ({
  shiftKey: false,
  altKey: false,
  button: 0,
  ...held,
});

describe('modifiers', () => {
  it('take away with Alt or the right button, and intersect with Shift+Alt', () => {
    expect(combineFor('add', keys())).toBe('add');
    expect(combineFor('intersect', keys())).toBe('intersect');
    expect(combineFor('add', keys({ altKey: true }))).toBe('subtract');
    expect(combineFor('add', keys({ button: 2 }))).toBe('subtract');
    expect(combineFor('add', keys({ altKey: true, shiftKey: true }))).toBe('intersect');
    expect(combineFor('add', keys({ shiftKey: true }))).toBe('add');
  });

  it('make a brush erase, whatever Shift does', () => {
    expect(erases('brush', keys({ shiftKey: true }))).toBe(false);
    expect(erases('brush', keys({ altKey: true }))).toBe(true);
    expect(erases('brush', keys({ button: 2 }))).toBe(true);
    expect(erases('brush', keys({ button: 5 }))).toBe(true);
    expect(erases('eraser', keys())).toBe(true);
  });

  it('make a click speak for or against an object', () => {
    expect(pickModeFor('new', keys())).toBe('new');
    expect(pickModeFor('new', keys({ shiftKey: true }))).toBe('add');
    expect(pickModeFor('add', keys({ button: 2 }))).toBe('subtract');
    expect(pickModeFor('new', keys({ altKey: true, shiftKey: true }))).toBe('subtract');
  });

  it('lock the axis a stroke begins along, and keep to it', () => {
    const lock = new AxisLock({ x: 10, y: 10 }, 4);
    expect(lock.hold({ x: 12, y: 11 })).toEqual({ x: 10, y: 10 });
    expect(lock.hold({ x: 12, y: 15 })).toEqual({ x: 10, y: 15 });
    expect(lock.hold({ x: 90, y: 16 })).toEqual({ x: 10, y: 16 });
    expect(new AxisLock({ x: 0, y: 0 }, 4).hold({ x: -9, y: 3 })).toEqual({ x: -9, y: 0 });
  });

  it('make rectangles square towards the pointer', () => {
    expect(squareCorner({ x: 5, y: 5 }, { x: 8, y: -5 })).toEqual({ x: 15, y: -5 });
    expect(squareCorner({ x: 5, y: 5 }, { x: 1, y: 4 })).toEqual({ x: 1, y: 1 });
  });

  it('read digits as tenths, 0 as all', () => {
    expect(['1', '7', '0', 'a', '12'].map(opacityOfDigit)).toEqual([0.1, 0.7, 1, null, null]);
  });
});

describe('settings of tools', () => {
  it('are kept apart for brush and eraser, and grow with the picture', () => {
    const tools = new ToolState();
    tools.show({ width: 1000, height: 400 });
    tools.current = 'brush';
    tools.setRadius(50);
    tools.setHardness(0.3);
    tools.current = 'eraser';
    expect(tools.radiusPx).toBe(25);
    tools.setOpacity(0.5);
    tools.swap();
    expect([tools.current, tools.radiusPx, tools.hardness, tools.opacity]).toEqual(['brush', 50, 0.3, 1]);
    tools.show({ width: 4000, height: 400 });
    expect(tools.radiusPx).toBe(200);
    tools.reset();
    expect([tools.radiusPx, tools.hardness]).toEqual([100, 1]);
    tools.swap();
    expect(tools.opacity).toBe(0.5);
  });

  it('stay within their limits', () => {
    const tools = new ToolState();
    tools.show({ width: 1000, height: 400 });
    tools.setRadius(1e6);
    expect(tools.radiusPx).toBe(250);
    for (let i = 0; i < 99; i++) tools.resize(-1);
    expect(tools.radiusPx).toBe(0.5);
    for (let i = 0; i < 20; i++) tools.harden(-1);
    expect(tools.hardness).toBe(0);
    tools.harden(1);
    expect(tools.hardness).toBe(0.1);
  });

  it('swap adding and taking away of the shape in hand alone', () => {
    const tools = new ToolState();
    tools.current = 'lasso';
    tools.swap();
    expect(tools.combine).toEqual({ lasso: 'subtract', polygon: 'add', rectangle: 'add' });
    tools.swap();
    expect(tools.combine.lasso).toBe('add');
  });
});

describe('outlines', () => {
  const picture = { width: 40, height: 20 };

  it('fill the same area on any grid', () => {
    const draft = new OutlineDraft();
    draft.begin('rectangle', 'add', { x: 30, y: 15 });
    draft.stretch({ x: 10, y: 5 });
    const outline = draft.close()!;
    expect(rleBounds(outlineMask(outline, picture, picture))).toEqual(rect(10, 5, 20, 10));
    const fine = { width: 80, height: 40 };
    expect(rleBounds(outlineMask(outline, picture, fine))).toEqual(rect(20, 10, 40, 20));
    expect(draft.close()).toBeNull();
  });

  it('leave no hole where a lasso crosses itself', () => {
    const draft = new OutlineDraft();
    draft.begin('lasso', 'add', { x: 0, y: 0 });
    const corners: readonly [number, number][] = [
      [20, 0],
      [20, 10],
      [0, 10],
      [0, 0],
      [20, 0],
      [20, 10],
      [0, 10],
    ];
    draft.add(corners.map(([x, y]) => ({ x, y })));
    expect(maskAreaPx(outlineMask(draft.close()!, picture, picture))).toBe(200);
  });

  it('take corners back one by one', () => {
    const draft = new OutlineDraft();
    draft.begin('polygon', 'add', { x: 0, y: 0 });
    draft.add([
      { x: 5, y: 5 },
      { x: 5, y: 5 },
      { x: 9, y: 5 },
    ]);
    expect(draft.shape?.points).toHaveLength(3);
    draft.back();
    expect(draft.shape?.points).toHaveLength(2);
    draft.back();
    draft.back();
    expect(draft.shape).toBeNull();
  });
});

describe('frames', () => {
  const picture = { width: 200, height: 100 };
  const frames = fc
    .record({
      x: fc.double({ min: 0, max: 180, noNaN: true }),
      y: fc.double({ min: 0, max: 80, noNaN: true }),
    })
    .map(({ x, y }) => rect<'image'>(x, y, 20, 20));
  const deltas = fc.record({
    x: fc.double({ min: -300, max: 300, noNaN: true }),
    y: fc.double({ min: -300, max: 300, noNaN: true }),
  });

  it('stay in the picture, with their size while they move and never below the smallest', () => {
    fc.assert(
      fc.property(frames, deltas, fc.constantFrom(...HANDLES), (frame, delta, handle) => {
        const moved = moveFrame(frame, delta, picture, 5);
        expect([moved.width, moved.height]).toEqual([20, 20]);
        for (const result of [moved, resizeFrame(frame, handle, delta, picture, 5)]) {
          expect(result.x).toBeGreaterThanOrEqual(0);
          expect(result.y).toBeGreaterThanOrEqual(0);
          expect(result.x + result.width).toBeLessThanOrEqual(200 + 1e-9);
          expect(result.y + result.height).toBeLessThanOrEqual(100 + 1e-9);
          expect(Math.min(result.width, result.height)).toBeGreaterThanOrEqual(8 - 1e-9);
        }
      }),
    );
  });

  it('move only the edges of their handle, and snap to the picture', () => {
    const frame = rect<'image'>(50, 40, 20, 20);
    const [nw, n] = HANDLES;
    expect(resizeFrame(frame, n, { x: 9, y: -10 }, picture, 4)).toEqual(rect(50, 30, 20, 30));
    expect(resizeFrame(frame, nw, { x: -47, y: 5 }, picture, 4)).toEqual(rect(0, 45, 70, 15));
    expect(moveFrame(frame, { x: 127, y: 0 }, picture, 4)).toEqual(rect(180, 40, 20, 20));
    expect(unitFrame(frame, picture)).toEqual(rect(0.25, 0.4, 0.1, 0.2));
  });
});
