import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { messages } from '#app/messages.ts';
import { Studio, type Offer } from '#app/studio.ts';
import { WorkerClient, type BrushStroke, type Result, type RuntimeInfo } from '#app/worker-client.ts';
import { rect } from '#domain/geometry/rect.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { maskAreaPx, rleBounds, rleCovers, sameMask } from '#domain/mask/rle-algebra.ts';
import { rectToRle } from '#domain/mask/shapes.ts';
import { pressFor } from '#ui/canvas/gestures-tools.ts';

const size = { width: 100, height: 80 };
const RUNTIME: RuntimeInfo = { networks: '', kernels: '', accelerated: false, models: [] };
const plain = { shiftKey: false, altKey: false, button: 0 };
const boxed = (x: number, y: number, width: number, height: number): MaskRle =>
  rectToRle(rect(x, y, width, height), size);

type Method = (...args: never[]) => unknown;

/** A worker that answers at once with what the test laid down. */
class ReadyClient extends WorkerClient {
  readonly answers: Record<string, Method> = {};

  override start(): Promise<Result<RuntimeInfo>> {
    return Promise.resolve({ ok: true, value: RUNTIME });
  }

  override async call<T>(request: (api: never, viewer: never) => Promise<Result<T>>): Promise<Result<T>> {
    return request(this.#api as never, this.#api as never);
  }

  override send(): Promise<void> {
    return Promise.resolve();
  }

  readonly #api: object = new Proxy(
    {},
    {
      get: (_target, name) => {
        const key = String(name);
        if (['models', 'layers', 'concepts', 'masks'].includes(key)) return this.#api;
        return (...args: never[]) => Promise.resolve(this.answers[key]?.(...args));
      },
    },
  );
}

let client: ReadyClient;
let studio: Studio;
const said: { message: string; offers: readonly Offer[] }[] = [];
const ok = (value: unknown) => ({ ok: true, value });
const settle = () => vi.advanceTimersByTimeAsync(50);
const names = () => studio.document.history.steps.map(({ name }) => name);
const selectedMask = () => studio.document.selectedDetection!.mask;

beforeEach(async () => {
  vi.useFakeTimers();
  vi.stubGlobal('requestAnimationFrame', () => 1);
  vi.stubGlobal('cancelAnimationFrame', () => undefined);
  said.length = 0;
  const notifier = {
    info: (message: string, ...offers: (Offer | undefined)[]) =>
      void said.push({ message, offers: offers.filter((offer) => offer !== undefined) }),
    error: (message: string) => void said.push({ message, offers: [] }),
  };
  studio = new Studio(notifier, DEFAULTS, (onCrash) => (client = new ReadyClient(onCrash)));
  client.answers['openImage'] = () => ok({ name: 'a.png', size, sha256: '', recipe: null, parameters: null });
  await studio.open(new Blob(), 'a.png');
  studio.view.resize(100, 80, 1);
  studio.view.camera = { scale: 1, x: 0, y: 0 };
});
afterEach(() => {
  vi.unstubAllGlobals();
  vi.useRealTimers();
});

/** Uses the tool in hand: down, along the points, up. */
function use(points: readonly (readonly [number, number])[], modifiers = plain): void {
  const [first, ...rest] = points.map(([x, y]) => ({ x, y }));
  const press = pressFor(studio, first!, modifiers);
  for (const point of rest) press?.move([point], modifiers);
  press?.up(rest.length === 0);
}

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
  const file = (name: string, type = 'image/png') => new File(['x'], name, { type });
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
    expect(said).toEqual([]);
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
