import { expect, it } from 'vitest';
import { pressFor } from '#ui/canvas/gestures-tools.ts';
import { client, names, ok, plain, settle, studio, use, withStudio, boxed } from './hand-studio.ts';

withStudio();
const touch = { ...plain, pointerType: 'touch' };

function brush(): { finished: boolean }[] {
  const pieces: { finished: boolean }[] = [];
  client.answers['paint'] = ((piece: { finished: boolean }) => {
    pieces.push(piece);
    return ok(piece.finished ? { mask: boxed(1, 1, 5, 5), box: { x: 0, y: 0, width: 1, height: 1 } } : null);
  }) as never;
  studio.view.setTool('brush');
  return pieces;
}

it('paints nothing with the first of two fingers', async () => {
  const pieces = brush();
  const press = pressFor(studio, { x: 10, y: 10 }, touch);
  press?.move([{ x: 11, y: 10 }], touch);
  press?.cancel();
  await settle();
  expect(pieces).toEqual([]);
  expect(names()).toEqual([]);
});

it('paints with one finger that taps, or goes somewhere', async () => {
  const pieces = brush();
  use([[10, 10]], touch);
  await settle();
  expect(pieces.filter(({ finished }) => finished)).toHaveLength(1);
  use(
    [
      [10, 10],
      [30, 10],
    ],
    touch,
  );
  await settle();
  expect(pieces.filter(({ finished }) => finished)).toHaveLength(2);
});

it('sets no corner of a polygon with the first of two fingers', () => {
  studio.view.setTool('polygon');
  const press = pressFor(studio, { x: 10, y: 10 }, touch);
  press?.cancel();
  expect(studio.masks.draft.shape).toBeNull();
  use([[10, 10]], touch);
  expect(studio.masks.draft.shape?.points).toHaveLength(1);
});

it('leaves a shape and a preview behind with the tool they belong to', () => {
  studio.view.setTool('polygon');
  use([[10, 10]]);
  studio.masks.took('hand');
  studio.masks.took('polygon');
  expect(studio.masks.draft.shape).not.toBeNull();
  studio.masks.picks.preview = boxed(0, 0, 5, 5);
  studio.masks.took('brush');
  expect(studio.masks.draft.shape).toBeNull();
  expect(studio.masks.picks.preview).toBeNull();
});

it('forgets with the picture what was found in it', async () => {
  const { looks } = studio.detections;
  looks.looks = { 'concept-1': { kind: 'waiting' } };
  await studio.open(new Blob(), 'b.png');
  expect(looks.looks).toEqual({});
});
