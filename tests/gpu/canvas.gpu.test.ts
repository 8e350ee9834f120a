import { describe, expect, it } from 'vitest';
import type { Rect } from '#domain/geometry/rect.ts';
import { rect } from '#domain/geometry/rect.ts';
import { HEAT_RAMP } from '#domain/image/heat-ramp.ts';
import { encodeRle } from '#domain/mask/rle.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { OverlayItem, ViewState } from '#worker/api.ts';
import { ViewerWorker } from '#worker/drawing/viewer-worker.ts';
import { Viewer } from '#worker/viewer.ts';
import { randomRaster } from './fixtures.ts';

type Colour = readonly [number, number, number];

const BLACK: Colour = [0, 0, 0];
const TABLE: Colour = [22, 22, 22];

function opaque(raster: Raster8<'canvas'>): Raster8<'canvas'> {
  for (let i = 3; i < raster.data.length; i += 4) raster.data[i] = 255;
  return raster;
}

function plain(width: number, height: number, [r, g, b]: Colour): Raster8<'canvas'> {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < data.length; i += 4) data.set([r, g, b, 255], i);
  return { width, height, data };
}

function paintArea({ width, data }: Raster8, area: Rect<'canvas'>, [r, g, b]: Colour): void {
  for (let y = area.y; y < area.y + area.height; y++)
    for (let x = area.x; x < area.x + area.width; x++) data.set([r, g, b, 255], (y * width + x) * 4);
}

function view(patch: Partial<ViewState> = {}): ViewState {
  return {
    viewport: { width: 200, height: 100, pixelRatio: 1 },
    camera: { scale: 1, x: 0, y: 0 },
    compare: { mode: 'refined', split: 0.5, swapped: false, gain: 1 },
    masksVisible: false,
    quickMask: false,
    loupe: null,
    ...patch,
  };
}

const compare = (mode: ViewState['compare']['mode'], gain = 1) => ({
  compare: { mode, split: 0.5, swapped: false, gain },
});

/** The drawing worker's code in this page, with the GPU worker's end of it and eyes on the canvas. */
class Drawing {
  readonly canvas = new OffscreenCanvas(1, 1);
  readonly worker = new ViewerWorker();
  readonly sender: Viewer;
  readonly #channel = new MessageChannel();

  constructor() {
    void this.worker.start(this.canvas, this.#channel.port1);
    this.sender = new Viewer(this.#channel.port2);
  }

  /** Draws until what was sent has arrived, i.e. `expected` is seen; fails after a while. */
  async see(state: ViewState, seen: () => void): Promise<void> {
    await expect
      .poll(
        async () => {
          await this.worker.setView(state);
          seen();
          return true;
        },
        { timeout: 10_000 },
      )
      .toBe(true);
  }

  pixel(x: number, y: number): Colour {
    const context = this.canvas.getContext('2d');
    const [r = 0, g = 0, b = 0] = context?.getImageData(x, y, 1, 1).data ?? [];
    return [r, g, b];
  }

  pixels(): Uint8ClampedArray {
    const { width, height } = this.canvas;
    return this.canvas.getContext('2d')?.getImageData(0, 0, width, height).data ?? new Uint8ClampedArray();
  }

  close(): void {
    this.#channel.port1.close();
  }
}

async function opened(original: Raster8<'canvas'>, refined?: Raster8<'canvas'>): Promise<Drawing> {
  const drawing = new Drawing();
  drawing.sender.setOriginal(original as unknown as Raster8<'image'>);
  if (refined) drawing.sender.setRefined(refined);
  const { width, height } = refined ?? original;
  const wanted = pixelOf(refined ?? original, width - 1, height - 1);
  const scale = original.width / width;
  const camera = { scale: 1 / scale, x: 100 - width, y: 50 - height };
  await drawing.see(view({ camera }), () => expect(drawing.pixel(99, 49)).toEqual(wanted));
  return drawing;
}

function pixelOf({ width, data }: Raster8, x: number, y: number): Colour {
  const at = (y * width + x) * 4;
  return [data[at] ?? -1, data[at + 1] ?? -1, data[at + 2] ?? -1];
}

function square(size: number, area: Rect<'image'>, patch: Partial<OverlayItem> = {}): OverlayItem {
  const data = new Uint8Array(size * size);
  for (let y = area.y; y < area.y + area.height; y++)
    data.fill(255, y * size + area.x, y * size + area.x + area.width);
  const mask = encodeRle({ width: size, height: size, data });
  return { id: 'a', mask, hue: 190, pattern: 0, enabled: true, selected: false, ...patch };
}

async function show(drawing: Drawing, items: readonly OverlayItem[]): Promise<void> {
  const looks = items.map(({ mask: _mask, ...look }) => look);
  await drawing.worker.setOverlay({ looks, masks: items.map(({ id, mask }) => ({ id, mask })) });
}

/** Device columns of a row that are not the picture's own colour. */
function changedColumns(drawing: Drawing, y: number, own: Colour): number[] {
  const columns: number[] = [];
  for (let x = 0; x < drawing.canvas.width; x++)
    if (drawing.pixel(x, y).some((value, i) => value !== own[i])) columns.push(x);
  return columns;
}

describe('the picture', () => {
  it('is shown pixel for pixel at 100 %, also where its pages meet and on a screen of 1.5 pixels each', async () => {
    const picture = opaque(randomRaster(1100, 1060, 3));
    const drawing = await opened(picture);
    const viewport = { width: 100, height: 50, pixelRatio: 1.5 };
    await drawing.worker.setView(
      view({ viewport, camera: { scale: 1 / 1.5, x: -980 / 1.5, y: -1000 / 1.5 } }),
    );
    const shown = drawing.pixels();
    for (let y = 0; y < 60; y++)
      for (let x = 0; x < 120; x++)
        expect(pixelOf({ width: 150, height: 75, data: shown }, x, y)).toEqual(
          pixelOf(picture, 980 + x, 1000 + y),
        );
    expect(drawing.pixel(121, 10)).toEqual(TABLE);
    drawing.close();
  });

  it('is the mean of all its pixels when it is small, and follows a change of one area', async () => {
    const picture = plain(2048, 800, [10, 20, 30]);
    // One of the sixteen under device pixel 55, in the corner farthest from its middle.
    paintArea(picture, rect(1020, 0, 1, 1), [170, 20, 30]);
    const drawing = await opened(picture, picture);
    const quarter = view({ camera: { scale: 0.25, x: -200, y: 0 } });
    await drawing.worker.setView(quarter);
    expect(drawing.pixel(55, 0)).toEqual([20, 20, 30]);
    expect(drawing.pixel(56, 0)).toEqual([10, 20, 30]);
    paintArea(picture, rect(1000, 100, 60, 60), [200, 0, 0]);
    drawing.sender.refreshArea(rect(1000, 100, 60, 60));
    await drawing.see(quarter, () => expect(drawing.pixel(57, 30)).toEqual([200, 0, 0]));
    expect(drawing.pixel(66, 30)).toEqual([10, 20, 30]);
    drawing.close();
  });

  it('is not replaced by a result before that is whole', async () => {
    const drawing = await opened(plain(64, 64, [9, 9, 9]));
    const channel = new MessageChannel();
    const worker = new ViewerWorker();
    void worker.start(drawing.canvas, channel.port1);
    const post = (name: string, area: Rect<'canvas'>, value: number) =>
      channel.port2.postMessage({
        kind: 'pixels',
        name,
        area,
        data: plain(area.width, area.height, [value, value, value]).data,
      });
    channel.port2.postMessage({ kind: 'picture', name: 'original', size: { width: 64, height: 64 } });
    post('original', rect(0, 0, 64, 64), 255);
    channel.port2.postMessage({ kind: 'picture', name: 'refined', size: { width: 64, height: 64 } });
    post('refined', rect(0, 0, 64, 32), 254);
    const seen = async (value: number) => {
      await worker.setView(view());
      return drawing.pixel(5, 5)[0] === value;
    };
    await expect.poll(() => seen(255)).toBe(true);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(await seen(255)).toBe(true);
    post('refined', rect(0, 32, 64, 32), 254);
    await expect.poll(() => seen(254)).toBe(true);
    channel.port1.close();
    drawing.close();
  });
});

describe('comparing', () => {
  it('shows no difference where nothing was refined, and the ramp where something was', async () => {
    // Upscaling changes a picture: what is compared is the upscaled one, not the original under it.
    const upscaled = () => plain(200, 100, [40, 80, 120]);
    const refined = upscaled();
    paintArea(refined, rect(100, 20, 40, 40), [90, 130, 170]);
    const drawing = await opened(plain(100, 50, [45, 85, 125]), refined);
    drawing.sender.setBase(upscaled());
    const heat = view({ ...compare('difference', 2), camera: { scale: 2, x: 0, y: 0 } });
    await drawing.see(heat, () => expect(drawing.pixel(50, 40)).toEqual(BLACK));
    expect(drawing.pixel(120, 40)).toEqual(HEAT_RAMP[100]);
    expect(drawing.pixel(99, 40)).toEqual(BLACK);
    paintArea(refined, rect(10, 10, 10, 10), [60, 100, 140]);
    drawing.sender.refreshArea(rect(10, 10, 10, 10));
    await drawing.see(heat, () => expect(drawing.pixel(15, 15)).toEqual(HEAT_RAMP[40]));
    drawing.close();
  });

  it('puts the same place of both into the middles of two halves, also swapped', async () => {
    const first = plain(200, 100, BLACK);
    const second = plain(200, 100, [1, 1, 1]);
    paintArea(first, rect(100, 50, 1, 1), [255, 0, 0]);
    paintArea(second, rect(100, 50, 1, 1), [0, 255, 0]);
    const drawing = await opened(first, second);
    await drawing.worker.setView(view(compare('side')));
    const halves = () => {
      const shown = drawing.pixels();
      const find = (channel: number) => {
        for (let i = 0; i < shown.length; i += 4)
          if (shown[i + channel] === 255) return { x: (i / 4) % 200, y: Math.floor(i / 800) };
        return null;
      };
      return [find(0), find(1)];
    };
    const [red, green] = halves();
    expect(red?.y).toBe(50);
    expect(green?.y).toBe(50);
    expect((green?.x ?? 0) - (red?.x ?? 0)).toBe(101);
    expect(Math.abs((red?.x ?? 0) - 50)).toBeLessThanOrEqual(1);
    await drawing.worker.setView(view({ compare: { ...compare('side').compare, swapped: true } }));
    expect(halves()[0]?.x).toBe(green?.x);
    drawing.close();
  });

  it('shows the same place of both in the two glasses of the loupe', async () => {
    const first = plain(200, 100, [10, 0, 0]);
    const second = plain(200, 100, [0, 10, 0]);
    paintArea(first, rect(70, 60, 4, 4), [255, 0, 0]);
    paintArea(second, rect(70, 60, 4, 4), [0, 255, 0]);
    const drawing = await opened(first, second);
    const loupe = { at: { x: 72, y: 62 }, left: 20, top: 10, side: 60, gap: 4, zoom: 4, glasses: 2 as const };
    await drawing.worker.setView(view({ loupe }));
    expect([drawing.pixel(50, 40), drawing.pixel(114, 40)]).toEqual([
      [255, 0, 0],
      [0, 255, 0],
    ]);
    // 4 pixels are 16 now: 8 on each side of the middle.
    expect([drawing.pixel(43, 40), drawing.pixel(41, 40)]).toEqual([
      [255, 0, 0],
      [10, 0, 0],
    ]);
    expect(drawing.pixel(82, 40)).toEqual([0, 10, 0]);
    await drawing.worker.setView(view({ loupe: { ...loupe, glasses: 1 } }));
    expect([drawing.pixel(50, 40), drawing.pixel(114, 40)]).toEqual([
      [255, 0, 0],
      [0, 10, 0],
    ]);
    drawing.close();
  });
});

describe('masks', () => {
  const GREY: Colour = [100, 100, 100];
  const grey = () => plain(200, 200, GREY);

  it('have outlines of the same width at every zoom', async () => {
    const drawing = await opened(grey());
    await show(drawing, [square(200, rect(20, 20, 10, 10), { enabled: false })]);
    for (const scale of [1, 4, 8]) {
      await drawing.worker.setView(view({ masksVisible: true, camera: { scale, x: 0, y: -15 * scale } }));
      const beside = changedColumns(drawing, Math.round(9.5 * scale), GREY);
      expect(beside.length, `at ${scale}`).toBeGreaterThan(0);
      expect(beside.at(0), `at ${scale}`).toBeGreaterThanOrEqual(20 * scale - 1);
      expect(beside.at(-1), `at ${scale}`).toBeLessThanOrEqual(30 * scale + 1);
    }
    drawing.close();
  });

  it('look the same after a stroke as if they were drawn anew', async () => {
    const drawing = await opened(grey());
    const item = square(200, rect(20, 20, 30, 30), { selected: true });
    const other = square(200, rect(40, 10, 60, 60), { id: 'b', hue: 20, pattern: 1 });
    await show(drawing, [item, other]);
    const state = view({ masksVisible: true, camera: { scale: 1.7, x: 3, y: -4 } });
    await drawing.worker.setView(state);
    const before = drawing.pixels().slice();
    const stroke = { detectionId: 'a', mode: 'add', radiusPx: 6 } as const;
    const points = [
      { x: 50, y: 35 },
      { x: 75, y: 40 },
    ];
    await drawing.worker.paint({ ...stroke, points, finished: false });
    const painted = await drawing.worker.paint({ ...stroke, points: points.slice(1), finished: true });
    const after = drawing.pixels().slice();
    expect(after).not.toEqual(before);
    const mask = painted.ok && painted.value ? painted.value.mask : item.mask;
    const fresh = await opened(grey());
    await show(fresh, [{ ...item, mask }, other]);
    await fresh.worker.setView(state);
    expect(after).toEqual(fresh.pixels());
    drawing.close();
    fresh.close();
  });

  it('stay clear while everything else lies under the veil', async () => {
    const drawing = await opened(grey());
    await show(drawing, [square(200, rect(40, 40, 40, 40), { selected: true })]);
    await drawing.worker.setView(view({ quickMask: true }));
    expect(drawing.pixel(60, 60)).toEqual(GREY);
    const [red, green] = drawing.pixel(150, 60);
    expect(red).toBeGreaterThan(green + 40);
    drawing.close();
  });

  it('of a detection nobody has are refused with a sentence', async () => {
    const drawing = await opened(grey());
    const stroke = { detectionId: 'gone', mode: 'add', radiusPx: 6, points: [], finished: true } as const;
    expect(await drawing.worker.paint(stroke)).toMatchObject({ ok: false, error: { code: 'bad-request' } });
    drawing.close();
  });
});
