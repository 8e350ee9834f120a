import { beforeEach, describe, expect, it } from 'vitest';
import { messages } from '#app/messages.ts';
import { rect } from '#domain/geometry/rect.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { maskAreaPx, rleBounds, sameMask } from '#domain/mask/rle-algebra.ts';
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

describe('clicks', () => {
  const asked: { points: unknown[]; mask: MaskRle | null }[] = [];
  const answer = (mask: MaskRle, others: MaskRle[] = []) => {
    const alternatives = others.map((other) => ({ mask: other, score: 0.5 }));
    client.answers['pick'] = (prompt: never) => {
      asked.push(prompt);
      return ok({ mask, score: 0.9, object: 1, alternatives });
    };
  };
  beforeEach(() => {
    asked.length = 0;
    client.answers['canPick'] = () => true;
    studio.view.setTool('click');
  });

  it('make an object, whose other readings can be taken', async () => {
    answer(boxed(0, 0, 10, 10), [boxed(0, 0, 20, 20), boxed(0, 0, 30, 30)]);
    use([[5, 5]]);
    await settle();
    expect(asked).toEqual([{ points: [{ x: 0.05, y: 0.0625, positive: true }], box: null, mask: null }]);
    expect(maskAreaPx(selectedMask())).toBe(100);
    studio.masks.picks.cycle(-1);
    expect(maskAreaPx(selectedMask())).toBe(900);
    await studio.undo();
    expect(studio.document.detections).toEqual([]);
  });

  it('with Shift and Alt go on with the same object', async () => {
    answer(boxed(0, 0, 10, 10));
    use([[5, 5]]);
    await settle();
    use([[20, 5]], { ...plain, shiftKey: true });
    await settle();
    use([[40, 5]], { ...plain, altKey: true });
    await settle();
    expect(studio.document.detections).toHaveLength(1);
    expect(asked.at(-1)).toMatchObject({
      points: [{ positive: true }, { positive: true }, { positive: false }],
      mask: null,
    });
  });

  it('correct another detection from its mask, as edits, and begin anew after an undo', async () => {
    studio.view.setTool('rectangle');
    use([
      [10, 10],
      [30, 30],
    ]);
    studio.view.setTool('click');
    answer(boxed(12, 12, 10, 10));
    use([[40, 5]], { ...plain, altKey: true });
    await settle();
    expect(asked[0]).toMatchObject({ points: [{ positive: false }], mask: boxed(10, 10, 20, 20) });
    expect(sameMask(selectedMask(), boxed(12, 12, 10, 10))).toBe(true);
    await studio.undo();
    expect(maskAreaPx(selectedMask())).toBe(400);
    use([[40, 5]], { ...plain, altKey: true });
    await settle();
    expect(asked.at(-1)?.points).toHaveLength(1);
  });

  it('begin anew after an undo and another step, and take no other reading over that', async () => {
    studio.view.setTool('rectangle');
    use([
      [10, 10],
      [30, 30],
    ]);
    studio.view.setTool('click');
    answer(boxed(12, 12, 10, 10), [boxed(0, 0, 30, 30)]);
    use([[15, 15]], { ...plain, shiftKey: true });
    await settle();
    const { cursor } = studio.document.history;
    await studio.undo();
    studio.document.patchParameters({ batchLimit: 2 });
    expect(studio.document.history.cursor).toBe(cursor);
    studio.masks.picks.cycle(1);
    expect(maskAreaPx(selectedMask())).toBe(400);
    use([[20, 20]], { ...plain, shiftKey: true });
    await settle();
    expect(asked.at(-1)?.points).toHaveLength(1);
    studio.masks.picks.cycle(1);
    expect(maskAreaPx(selectedMask())).toBe(900);
  });

  it('correct what is selected, until a new object is asked for', async () => {
    const { picks } = studio.masks;
    expect(picks.mode).toBe('new');
    answer(boxed(0, 0, 10, 10));
    use([[5, 5]]);
    await settle();
    expect(picks.mode).toBe('add');
    answer(boxed(0, 0, 20, 10));
    use([[15, 5]]);
    await settle();
    expect(studio.document.detections).toHaveLength(1);
    expect(asked.at(-1)?.points).toHaveLength(2);
    const [first] = studio.document.detections;
    picks.setMode('new');
    expect([picks.mode, studio.document.selectedConcept?.id]).toEqual(['new', first?.conceptId]);
    use([[60, 60]]);
    await settle();
    expect(studio.document.detections.map(({ conceptId }) => conceptId)).toEqual([
      first?.conceptId,
      first?.conceptId,
    ]);
    expect(asked.at(-1)).toMatchObject({ points: [{ positive: true }], mask: null });
  });

  it('keep what was drawn by hand: what is added joins it, what is taken away adds nothing', async () => {
    studio.view.setTool('rectangle');
    use([
      [50, 50],
      [60, 60],
    ]);
    studio.view.setTool('click');
    answer(boxed(0, 0, 10, 10));
    use([[5, 5]]);
    await settle();
    expect(maskAreaPx(selectedMask())).toBe(200);
    answer(boxed(50, 50, 40, 5));
    use([[5, 5]], { ...plain, altKey: true });
    await settle();
    expect(rleBounds(selectedMask())).toEqual(rect(50, 50, 10, 5));
    expect(asked.at(-1)).toMatchObject({ points: [{ positive: false }] });
    expect(maskAreaPx(asked.at(-1)?.mask as MaskRle)).toBe(200);
  });

  it('take away by choice or by X, and with nothing selected say that there is nothing to take from', async () => {
    answer(boxed(0, 0, 10, 10));
    use([[5, 5]], { ...plain, altKey: true });
    await settle();
    expect(said.at(-1)?.message).toBe(messages.tools.pick.needsObject);
    use([[5, 5]], { ...plain, shiftKey: true });
    await settle();
    expect(studio.document.detections).toHaveLength(1);
    studio.view.tools.swap();
    use([[8, 8]]);
    await settle();
    expect(asked.at(-1)).toMatchObject({ points: [{ positive: true }, { positive: false }] });
  });

  it('end with Escape, which leaves the tool only when no object is being clicked together', async () => {
    answer(boxed(0, 0, 10, 10));
    use([[5, 5]]);
    await settle();
    studio.masks.leave();
    expect([studio.view.tool, studio.masks.picks.mode]).toEqual(['click', 'new']);
    studio.masks.leave();
    expect(studio.view.tool).toBe('select');
  });

  it('dragged add what is in the box to the selected mask, or take it away', async () => {
    answer(boxed(0, 0, 10, 10));
    use([[5, 5]]);
    await settle();
    answer(boxed(20, 0, 10, 10), [boxed(20, 0, 20, 10)]);
    use([
      [18, 0],
      [45, 12],
    ]);
    await settle();
    expect(asked.at(-1)).toMatchObject({ points: [], mask: null });
    expect(maskAreaPx(selectedMask())).toBe(200);
    studio.masks.picks.cycle(1);
    expect(maskAreaPx(selectedMask())).toBe(300);
    // A click after it corrects the whole of it.
    answer(boxed(0, 0, 50, 10));
    use([[48, 5]]);
    await settle();
    expect(asked.at(-1)).toMatchObject({ points: [{ positive: true }], box: null });
    expect(maskAreaPx(asked.at(-1)?.mask as MaskRle)).toBe(300);
    answer(boxed(0, 0, 25, 10));
    use(
      [
        [0, 0],
        [25, 10],
      ],
      { ...plain, altKey: true },
    );
    await settle();
    expect(rleBounds(selectedMask())).toEqual(rect(25, 0, 25, 10));
    expect(studio.document.detections).toHaveLength(1);
  });

  it('dragged draw a box around the object', async () => {
    answer(boxed(12, 12, 10, 10));
    use([
      [75, 40],
      [25, 8],
    ]);
    await settle();
    expect(asked[0]).toMatchObject({ points: [], box: { x: 0.25, y: 0.1, width: 0.5, height: 0.4 } });
  });

  it('are previewed where the pointer is, until one is made', async () => {
    const { picks } = studio.masks;
    await picks.check();
    answer(boxed(0, 0, 10, 10));
    client.answers['hover'] = () => ok(boxed(0, 0, 5, 5));
    picks.hover({ x: 3, y: 3 });
    await settle();
    expect(picks.overlay).toHaveLength(1);
    picks.hover({ x: 300, y: 3 });
    expect(picks.overlay).toEqual([]);
    let late: (answer: unknown) => void = () => undefined;
    client.answers['hover'] = () => new Promise((settled) => (late = settled));
    picks.hover({ x: 4, y: 4 });
    use([[4, 4]]);
    await settle();
    late(ok(boxed(0, 0, 5, 5)));
    await settle();
    expect(picks.overlay).toEqual([]);
    expect(studio.document.detections).toHaveLength(1);
  });

  it('without a predictor say what to do instead', async () => {
    client.answers['canPick'] = () => false;
    answer(boxed(0, 0, 10, 10));
    use([[5, 5]]);
    await settle();
    expect(asked).toEqual([]);
    expect(said.at(-1)?.message).toBe(messages.tools.pick.unavailable);
  });
});

describe('files', () => {
  /** Text is told to hold masks by the words of COCO; a picture by what the worker reads in it. */
  const file = (name: string, type = 'image/png') => new File(['{"annotations":[]}'], name, { type });
  const holding = (looksLikeMask: boolean, ...masks: { name: string; mask: MaskRle }[]) => {
    client.answers['read'] = () => ok({ masks, looksLikeMask });
  };

  it('give the selected detection their mask after asking', async () => {
    studio.view.setTool('rectangle');
    use([
      [10, 10],
      [30, 30],
    ]);
    holding(true, { name: '', mask: boxed(50, 50, 5, 5) });
    await studio.takeFile(file('mask.png'));
    expect(said[0]?.offers.map(({ label }) => label)).toEqual([
      messages.tools.files.asMask,
      messages.tools.files.asPicture,
    ]);
    said[0]?.offers[0]?.run();
    expect(rleBounds(selectedMask())).toEqual(rect(50, 50, 5, 5));
    expect(names().at(-1)).toBe('import-masks');
  });

  it('that are pictures are opened as before', async () => {
    studio.view.setTool('rectangle');
    use([
      [10, 10],
      [30, 30],
    ]);
    holding(false, { name: '', mask: boxed(50, 50, 5, 5) });
    await studio.takeFile(file('photo.png'));
    expect(said.map(({ message }) => message)).toEqual([messages.app.left('a.png')]);
    expect(studio.document.detections).toEqual([]);
  });

  it('of another shape are refused, of another size scaled if wanted', async () => {
    holding(true, { name: '', mask: { width: 80, height: 80, runs: [0, 6400] } });
    await studio.takeFile(file('wide.json'));
    const sizes = [messages.app.pictureSize(80, 80), messages.app.pictureSize(100, 80)] as const;
    expect(said).toEqual([{ message: messages.tools.files.otherAspect('wide.json', ...sizes), offers: [] }]);
    holding(true, { name: '', mask: { width: 50, height: 40, runs: [0, 50, 1950] } });
    await studio.takeFile(file('half.json'));
    expect(studio.document.detections).toEqual([]);
    said[1]?.offers[0]?.run();
    expect(rleBounds(studio.document.detections[0]!.mask)).toEqual(rect(0, 0, 100, 2));
  });

  it('are for the picture they were offered for, and none that is opened after it', async () => {
    studio.view.setTool('rectangle');
    use([
      [10, 10],
      [30, 30],
    ]);
    holding(true, { name: '', mask: { width: 50, height: 40, runs: [0, 50, 1950] } });
    await studio.takeFile(file('mask.png'));
    await studio.takeFile(file('half.json'));
    studio.document.tick(studio.document.detections[0]!.id, false);
    await studio.masks.files.exportAll('png');
    const mine = said.map(({ offers }) => offers[0]!);
    expect(mine.map(({ label }) => label)).toEqual([
      messages.tools.files.asMask,
      messages.tools.files.scale,
      messages.tools.files.saveEach(1),
    ]);
    let withdrawn = 0;
    for (const { until } of mine) until?.(() => withdrawn++);
    expect(withdrawn).toBe(0);
    await studio.open(new Blob(), 'a.png');
    expect(withdrawn).toBe(3);
    use([
      [40, 40],
      [60, 60],
    ]);
    const { cursor } = studio.document.history;
    const heard = said.length;
    let saved = 0;
    client.answers['png'] = () => ok(saved++);
    for (const { run } of mine) run();
    await settle();
    expect([studio.document.history.cursor, said.length, saved]).toEqual([cursor, heard, 0]);
  });

  it('that come back bring nothing twice, and scores along', async () => {
    studio.document.updateConcept('concept-1', { phrase: 'Face' });
    const face = { name: 'face', mask: boxed(0, 0, 9, 9), score: 0.7 };
    const both = [face, { name: 'face', mask: boxed(20, 0, 9, 9) }];
    holding(true, ...both);
    await studio.takeFile(file('masks.json'));
    expect(studio.document.detections.map(({ score }) => score)).toEqual([0.7, 1]);
    const { cursor } = studio.document.history;
    studio.document.select({ kind: 'document' });
    await studio.takeFile(file('masks.json'));
    expect([studio.document.detections.length, studio.document.history.cursor]).toEqual([2, cursor]);
    expect(said.at(-1)?.message).toBe(messages.own.alreadyListed(2));
    holding(true, { ...face, name: 'hand' });
    await studio.takeFile(file('other.json'));
    expect(studio.document.detections).toHaveLength(3);
  });

  it('with several masks bring their concepts along, in one step', async () => {
    studio.document.updateConcept('concept-1', { phrase: 'Face' });
    holding(
      true,
      { name: 'face', mask: boxed(0, 0, 9, 9) },
      { name: 'hand', mask: boxed(20, 0, 9, 9) },
      { name: 'cup', mask: boxed(40, 0, 9, 9) },
      { name: 'hand', mask: boxed(60, 0, 9, 9) },
    );
    await studio.takeFile(file('all.json'));
    expect(studio.document.concepts.map(({ phrase }) => phrase)).toEqual(['Face', 'hand', 'cup']);
    expect(studio.document.candidates.map(({ conceptId }) => conceptId)).toEqual(
      [1, 2, 3, 2].map((n) => `concept-${n}`),
    );
    expect(names()).toEqual(['update-concept', 'import-masks']);
  });
});
