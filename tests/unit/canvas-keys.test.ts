import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Tool } from '#app/tools.ts';
import type { BrushStroke } from '#app/worker-client.ts';
import { rect } from '#domain/geometry/rect.ts';
import { CanvasKeys } from '#ui/canvas/gestures-keys.svelte.ts';
import { boxed, client, ok, settle, studio, withStudio } from './hand-studio.ts';

withStudio();

describe('keys on the canvas', () => {
  let keys: CanvasKeys;
  let strokes: BrushStroke[];
  let picked: number;
  beforeEach(() => {
    picked = 0;
    strokes = [];
    keys = new CanvasKeys(studio, () => picked++);
    client.answers['paint'] = (stroke: BrushStroke) => {
      strokes.push(stroke);
      return ok({ mask: boxed(10, 10, 20, 20), box: rect(0, 0, 1, 1) });
    };
  });

  const take = (tool: Tool) => {
    studio.view.setTool(tool);
    keys.took(tool);
  };
  /** Whether the canvas kept the key for itself. */
  const press = (key: string, modifiers = {}): boolean => {
    const preventDefault = vi.fn();
    const none = { altKey: false, shiftKey: false, ctrlKey: false, metaKey: false };
    keys.press({
      key,
      ...none,
      ...modifiers,
      preventDefault,
      stopPropagation: vi.fn(),
    } as unknown as KeyboardEvent);
    return preventDefault.mock.calls.length > 0;
  };

  it('use the tool in hand at the crosshair that an arrow begins', async () => {
    take('brush');
    expect(press('Enter')).toBe(false);
    expect(press('ArrowRight')).toBe(true);
    expect(keys.crosshair).toEqual({ x: 58, y: 40 });
    expect(press('Enter')).toBe(true);
    await settle();
    expect(strokes.at(-1)?.points).toEqual([{ x: 58, y: 40 }]);
    take('picker');
    expect(keys.crosshair).not.toBeNull();
    expect(press(' ')).toBe(true);
    expect(picked).toBe(1);
  });

  it.each(['select', 'hand'] as const)('belong to the page again with %s in hand', (tool) => {
    take('lasso');
    press('ArrowUp');
    studio.view.setTool(tool);
    // Even before the crosshair is gone.
    expect([press('Enter'), press(' ')]).toEqual([false, false]);
    keys.took(tool);
    expect(keys.crosshair).toBeNull();
  });

  it.each(['brush', 'polygon', 'click'] as const)(
    'leave Alt and Enter to the run with %s in hand',
    async (tool) => {
      take(tool);
      press('ArrowUp');
      const at = keys.crosshair;
      expect(press('Enter', { altKey: true })).toBe(false);
      await settle();
      expect([strokes, studio.masks.draft.shape]).toEqual([[], null]);
      expect(keys.crosshair).toBe(at);
    },
  );
});
