import { beforeEach, describe, expect, it } from 'vitest';
import { messages } from '#app/messages.ts';
import type { BrushStroke } from '#app/worker-client.ts';
import { rect } from '#domain/geometry/rect.ts';
import { maskAreaPx, rleBounds, rleCovers, sameMask, unionRle } from '#domain/mask/rle-algebra.ts';
import { pressFor } from '#ui/canvas/gestures-tools.ts';
import {
  boxed,
  client,
  names,
  ok,
  plain,
  said,
  selectedMask,
  settle,
  studio,
  use,
  withStudio,
} from './hand-studio.ts';

withStudio();

describe('strokes', () => {
  let strokes: BrushStroke[];
  beforeEach(() => {
    strokes = [];
    client.answers['paint'] = (stroke: BrushStroke) => {
      strokes.push(stroke);
      return ok(stroke.finished ? { mask: boxed(10, 10, 20, 20), box: rect(0.1, 0.1, 0.2, 0.2) } : null);
    };
    studio.view.setTool('brush');
  });

  it('with nothing selected make a region of a new concept, in one step', async () => {
    studio.document.updateConcept('concept-1', { phrase: 'face' });
    use([
      [10, 10],
      [20, 10],
    ]);
    await settle();
    expect(strokes[0]).toMatchObject({ mode: 'add', fresh: { width: 100, height: 80 } });
    expect(names()).toEqual(['update-concept', 'region']);
    expect(studio.document.concepts.map(({ id }) => id)).toEqual(['concept-1', 'concept-2']);
    expect(studio.document.selectedDetection).toMatchObject({
      conceptId: 'concept-2',
      enabled: true,
      edited: true,
    });
    expect(sameMask(selectedMask(), boxed(10, 10, 20, 20))).toBe(true);
    expect(studio.document.canRefine).toBe(true);
    await studio.undo();
    expect(studio.document.concepts).toHaveLength(1);
    expect(studio.document.detections).toEqual([]);
  });

  it('join the concept that looks for what they are called, in one step', async () => {
    studio.document.updateConcept('concept-1', { phrase: 'Face' });
    use([
      [10, 10],
      [20, 10],
    ]);
    await settle();
    studio.detections.operations.nameConcept('concept-2', ' face ');
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toEqual(['Face']);
    expect(studio.document.selectedDetection).toMatchObject({ conceptId: 'concept-1', enabled: true });
    await studio.undo();
    studio.detections.operations.nameConcept('concept-2', 'moon');
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toEqual(['Face', 'moon']);
  });

  it('go to the selected concept, and to a slot nobody has used', async () => {
    studio.document.updateConcept('concept-1', { phrase: 'face' });
    studio.document.select({ kind: 'concept', id: 'concept-1' });
    use([
      [10, 10],
      [20, 10],
    ]);
    await settle();
    expect(studio.document.selectedDetection?.conceptId).toBe('concept-1');
    studio.document.addConcept();
    studio.document.addConcept('cup');
    studio.document.select({ kind: 'document' });
    use([
      [10, 10],
      [20, 10],
    ]);
    await settle();
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toEqual(['face', 'cup', '']);
    expect(studio.document.selectedDetection?.conceptId).toBe('concept-3');
  });

  it('cannot erase nothing', async () => {
    use(
      [
        [10, 10],
        [20, 10],
      ],
      { ...plain, altKey: true },
    );
    await settle();
    expect(strokes).toEqual([]);
    expect(said[0]?.message).toBe(messages.tools.needsDetection);
  });

  it.each([
    ['a finger', { ...plain, altKey: true, pointerType: 'touch' }],
    ['Shift held', { shiftKey: true, altKey: true, button: 0 }],
  ])('say once per drag that there is nothing to erase: with %s', async (_, how) => {
    use(
      [10, 20, 30, 40, 50].map((x) => [x, 10] as const),
      how,
    );
    await settle();
    expect(said.map(({ message }) => message)).toEqual([messages.tools.needsDetection]);
  });

  it('too faint for a mask add up until they are a region, which is said once', async () => {
    studio.view.tools.setOpacity(0.4);
    client.answers['paint'] = (stroke: BrushStroke) => {
      strokes.push(stroke);
      const mask = strokes.length < 3 ? boxed(0, 0, 0, 0) : boxed(10, 10, 20, 20);
      return ok({ mask, box: rect(0, 0, 1, 1) });
    };
    for (let stroke = 0; stroke < 3; stroke++) {
      use([[10, 10]]);
      await settle();
    }
    expect(new Set(strokes.map(({ detectionId }) => detectionId)).size).toBe(1);
    // The viewer may have forgotten it meanwhile.
    expect(strokes.every(({ fresh }) => fresh?.width === 100)).toBe(true);
    expect(names()).toEqual(['region']);
    expect(studio.document.selectedDetection?.id).toBe(strokes[0]?.detectionId);
    expect(said.map(({ message }) => message)).toEqual([messages.tools.tooFaint(40)]);
  });

  it('that leave a mask as it was are no step', async () => {
    use([[10, 10]]);
    await settle();
    studio.view.tools.setOpacity(0.4);
    use([[15, 15]]);
    await settle();
    // More could not be added there.
    expect(said).toEqual([]);
    use([[60, 60]]);
    await settle();
    expect(names()).toEqual(['region']);
    expect(said.map(({ message }) => message)).toEqual([messages.tools.tooFaint(40)]);
    studio.view.tools.setOpacity(1);
    use([[10, 10]]);
    await settle();
    expect(said).toHaveLength(1);
    studio.document.tick(studio.document.selectedDetection!.id, false);
    use([[10, 10]]);
    await settle();
    expect(studio.document.selectedDetection?.enabled).toBe(true);
    expect(names()).toEqual(['region', 'tick', 'stroke']);
  });

  it('with Shift stay on an axis when dragged and draw a line when clicked', async () => {
    const shift = { ...plain, shiftKey: true };
    use(
      [
        [10, 10],
        [20, 12],
        [30, 19],
      ],
      shift,
    );
    await settle();
    expect(strokes.at(-1)?.points).toEqual([10, 20, 30].map((x) => expect.objectContaining({ x, y: 10 })));
    use([[50, 60]], shift);
    await settle();
    expect(strokes.at(-1)?.points).toEqual([
      expect.objectContaining({ x: 30, y: 10 }),
      expect.objectContaining({ x: 50, y: 60 }),
    ]);
  });

  it('carry the pen’s pressure and the tip’s settings', async () => {
    studio.view.tools.setHardness(0.4);
    studio.view.tools.setOpacity(0.6);
    const press = pressFor(studio, { x: 1, y: 1, pressure: 0.25 }, plain)!;
    press.move([{ x: 5, y: 1, pressure: 0.75 }], plain);
    press.up(false);
    await settle();
    expect(strokes.at(-1)).toMatchObject({
      hardness: 0.4,
      opacity: 0.6,
      points: [{ pressure: 0.25 }, { pressure: 0.75 }],
    });
  });

  it('are left alone by Alt and the right button, which set the tip', async () => {
    const { tools } = studio.view;
    use(
      [
        [10, 10],
        [15, 60],
      ],
      { shiftKey: false, altKey: true, button: 2 },
    );
    await settle();
    expect(strokes).toEqual([]);
    expect([tools.radiusPx, tools.hardness]).toEqual([7.5, 0.75]);
  });
});

describe('an undo', () => {
  /** A viewer that paints 10 px squares at the ends of strokes, and answers when it is let. */
  let answer: Promise<void>;
  let strokes: BrushStroke[];
  const painted = (...corners: readonly number[]) =>
    corners.map((x) => boxed(x, 10, 10, 10)).reduce((a, b) => unionRle(a, b));

  beforeEach(() => {
    answer = Promise.resolve();
    strokes = [];
    let seen = boxed(0, 0, 0, 0);
    client.answers['paint'] = async (stroke: BrushStroke) => {
      strokes.push(stroke);
      if (!stroke.finished) return ok(null);
      // Drawn on what the viewer saw when the stroke began.
      seen = studio.document.selectedDetection?.mask ?? seen;
      const mask = unionRle(seen, boxed(stroke.points.at(-1)!.x, 10, 10, 10));
      await answer;
      return ok({ mask, box: rect(0, 0, 1, 1) });
    };
    studio.view.setTool('brush');
  });

  const pressed = async (modifiers = plain) => {
    use([
      [10, 10],
      [20, 10],
    ]);
    await settle();
    use([
      [40, 10],
      [50, 10],
    ]);
    await settle();
    expect(sameMask(selectedMask(), painted(20, 50))).toBe(true);
    const press = pressFor(studio, { x: 60, y: 10 }, modifiers)!;
    press.move([{ x: 70, y: 10 }], modifiers);
    return press;
  };

  it.each([
    ['a mouse', plain],
    ['a finger', { ...plain, pointerType: 'touch' }],
    ['Shift held', { ...plain, shiftKey: true }],
  ])(
    'takes back the stroke under the hand, and the rest of its way paints nothing: with %s',
    async (_, how) => {
      const press = await pressed(how);
      await studio.undo();
      expect(sameMask(selectedMask(), painted(20, 50))).toBe(true);
      const { length } = strokes;
      press.move([{ x: 80, y: 10 }], how);
      press.up(false);
      await settle();
      expect(strokes).toHaveLength(length);
      expect(names()).toEqual(['region', 'stroke', 'stroke']);
      expect(studio.document.history.cursor).toBe(2);
      await studio.redo();
      expect(sameMask(selectedMask(), painted(20, 50, 70))).toBe(true);
    },
  );

  it('waits for a stroke that is not yet a step, and two take back two', async () => {
    const press = await pressed();
    let arrive!: () => void;
    answer = new Promise((resolve) => (arrive = resolve));
    press.up(false);
    const undone = [studio.undo(), studio.undo()];
    await settle();
    expect(studio.document.history.cursor).toBe(2);
    arrive();
    await Promise.all(undone);
    expect(names()).toEqual(['region', 'stroke', 'stroke']);
    expect(studio.document.history.cursor).toBe(1);
    expect(sameMask(selectedMask(), painted(20))).toBe(true);
  });

  it('lets the history be left for any of its steps while a stroke is held', async () => {
    await pressed();
    await studio.goTo(1);
    await settle();
    expect(studio.document.history.cursor).toBe(1);
    expect(sameMask(selectedMask(), painted(20))).toBe(true);
    expect(names()).toEqual(['region', 'stroke', 'stroke']);
  });
});

describe('shapes', () => {
  const drawn = (from: [number, number], to: [number, number], modifiers = plain) => {
    studio.view.setTool('rectangle');
    use([from, to], modifiers);
  };

  it('add, take away and intersect, each in one step', async () => {
    drawn([10, 10], [50, 50]);
    drawn([40, 40], [60, 60]);
    expect(maskAreaPx(selectedMask())).toBe(1600 + 400 - 100);
    drawn([10, 10], [20, 20], { ...plain, altKey: true });
    expect(maskAreaPx(selectedMask())).toBe(1800);
    drawn([30, 30], [70, 70], { ...plain, altKey: true, shiftKey: true });
    expect(rleBounds(selectedMask())).toEqual(rect(30, 30, 30, 30));
    expect(names()).toEqual(['region', 'shape', 'shape', 'shape']);
    await studio.undo();
    expect(maskAreaPx(selectedMask())).toBe(1800);
  });

  it('are drawn by clicks too: two corners, or a polygon closed on its first corner', () => {
    studio.view.setTool('rectangle');
    use([[10, 10]]);
    expect(studio.document.detections).toEqual([]);
    use([[20, 30]]);
    expect(rleBounds(selectedMask())).toEqual(rect(10, 10, 10, 20));
    studio.view.setTool('polygon');
    for (const corner of [
      [60, 10],
      [80, 10],
      [80, 30],
      [60, 30],
      [61, 11],
    ] as const)
      use([corner]);
    expect(studio.masks.draft.shape).toBeNull();
    expect(maskAreaPx(selectedMask())).toBe(200 + 400);
  });

  it('are left by Escape before the tool is', () => {
    studio.view.setTool('polygon');
    use([[60, 10]]);
    studio.masks.leave();
    expect([studio.masks.draft.shape, studio.view.tool]).toEqual([null, 'polygon']);
    studio.masks.leave();
    expect(studio.view.tool).toBe('select');
  });
});

describe('mask commands', () => {
  beforeEach(() => {
    studio.view.setTool('rectangle');
    use([
      [10, 10],
      [30, 30],
    ]);
  });

  it('invert, grow and combine the selected mask', () => {
    const first = studio.document.selectedDetection!.id;
    studio.document.select({ kind: 'document' });
    use([
      [20, 20],
      [40, 40],
    ]);
    studio.masks.combineWith(first, 'subtract');
    expect(maskAreaPx(selectedMask())).toBe(300);
    studio.masks.invert();
    expect(maskAreaPx(selectedMask())).toBe(7700);
    studio.masks.invert();
    studio.view.tools.growStepPx = 2;
    studio.masks.grow(1);
    expect(rleCovers(selectedMask(), 41.5, 35)).toBe(true);
    expect(names().slice(-4)).toEqual(['mask', 'mask', 'mask', 'mask']);
  });

  it('tick all, none and the others', () => {
    studio.document.select({ kind: 'document' });
    use([
      [50, 50],
      [60, 60],
    ]);
    const ticks = () => studio.document.detections.map(({ enabled }) => enabled);
    studio.masks.tick('none');
    expect(ticks()).toEqual([false, false]);
    studio.document.tick(studio.document.detections[0]!.id, true);
    studio.masks.tick('inverse');
    expect(ticks()).toEqual([false, true]);
    studio.masks.tick('all');
    expect(ticks()).toEqual([true, true]);
  });
});
