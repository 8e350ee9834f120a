import * as Comlink from 'comlink';
import { encodeRle } from '#domain/mask/rle.ts';
import type { MaskRle } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { OverlayItem, ViewState } from '#worker/api.ts';
import type { ViewerApi } from '#worker/api-viewer.ts';
import { Viewer } from '#worker/viewer.ts';

/** Milliseconds of single events, in the order they happened. */
export interface CanvasTimes {
  /** From a camera move to its drawing. */
  readonly draws: readonly number[];
  /** From one drawing to the next while the camera moves all the time. */
  readonly frames: readonly number[];
  /** The same with masks on the picture. */
  readonly framesWithMasks: readonly number[];
  readonly brush: readonly number[];
  readonly toggles: readonly number[];
}

const VIEWPORT = { width: 1200, height: 800, pixelRatio: 1 };
const FRAMES = 120;
const STROKES = 60;
const MASKS = 1000;
const TOGGLES = 20;

/** Runs inside Chromium: see canvas.ts. The product's viewer worker with a picture of `side` pixels square. */
export async function measureCanvas(side: number): Promise<CanvasTimes> {
  const { viewer, end } = start(side);
  await drawn(viewer, side);
  const moved = await move(viewer, side, false);
  await setOverlay(viewer, masks(side));
  const withMasks = await move(viewer, side, true);
  const toggles = await timed(TOGGLES, (i) =>
    viewer.setView({ ...viewOf(fitScale(side), 0, 0), masksVisible: i % 2 === 0 }),
  );
  await setOverlay(viewer, [item('brushed', disc(side, side / 2, side / 2, side / 4), 0)]);
  await viewer.setView({ ...viewOf(fitScale(side), 0, 0), masksVisible: true });
  const brush = await timed(STROKES, (i) => viewer.paint(stroke(side, i)));
  end();
  return { draws: moved.draws, frames: moved.frames, framesWithMasks: withMasks.frames, brush, toggles };
}

function start(side: number): { viewer: Comlink.Remote<ViewerApi>; end: () => void } {
  const canvas = document.body.appendChild(document.createElement('canvas'));
  canvas.style.width = `${VIEWPORT.width}px`;
  canvas.style.height = `${VIEWPORT.height}px`;
  const worker = new Worker(new URL('../../worker/viewer-entry.ts', import.meta.url), { type: 'module' });
  const viewer = Comlink.wrap<ViewerApi>(worker);
  const { port1, port2 } = new MessageChannel();
  const offscreen = canvas.transferControlToOffscreen();
  void viewer.start(Comlink.transfer(offscreen, [offscreen]), Comlink.transfer(port1, [port1]));
  const sender = new Viewer(port2);
  const raster = picture(side);
  sender.setOriginal(raster);
  sender.setRefined(raster as unknown as Raster8<'canvas'>);
  const end = () => {
    worker.terminate();
    canvas.remove();
  };
  return { viewer, end };
}

/** Waits until all pixels have been taken in: they come in slices of a few milliseconds each. */
async function drawn(viewer: Comlink.Remote<ViewerApi>, side: number): Promise<void> {
  const pieces = 2 * (side / 1024) ** 2;
  for (let i = 0; i < Math.max(60, pieces * 2); i++) {
    await viewer.setView(viewOf(fitScale(side), 0, 0));
    await nextFrame();
  }
}

async function move(
  viewer: Comlink.Remote<ViewerApi>,
  side: number,
  masksVisible: boolean,
): Promise<{ draws: number[]; frames: number[] }> {
  const draws: number[] = [];
  const frames: number[] = [];
  let last = 0;
  for (let i = 0; i < FRAMES; i++) {
    await nextFrame();
    const begin = performance.now();
    await viewer.setView({ ...cameraAt(side, i / FRAMES), masksVisible });
    const end = performance.now();
    draws.push(end - begin);
    if (last > 0) frames.push(end - last);
    last = end;
  }
  return { draws, frames };
}

/** In from the whole picture to 100 % and across it, then on to 400 %. */
function cameraAt(side: number, at: number): ViewState {
  const fit = fitScale(side);
  const scale = fit * (4 / fit) ** at;
  const x = VIEWPORT.width / 2 - side * scale * (0.3 + 0.4 * at);
  return viewOf(scale, Math.round(x), Math.round(VIEWPORT.height / 2 - side * scale * 0.5));
}

function viewOf(scale: number, x: number, y: number): ViewState {
  return {
    viewport: VIEWPORT,
    camera: { scale, x, y },
    compare: { mode: 'refined', split: 0.5, swapped: false, gain: 1 },
    masksVisible: false,
    quickMask: false,
    loupe: null,
  };
}

const fitScale = (side: number): number => VIEWPORT.height / side;

async function timed(count: number, run: (index: number) => Promise<unknown>): Promise<number[]> {
  const result: number[] = [];
  for (let i = 0; i < count; i++) {
    await nextFrame();
    const begin = performance.now();
    await run(i);
    result.push(performance.now() - begin);
  }
  return result;
}

const nextFrame = () => new Promise((resolve) => requestAnimationFrame(resolve));

function stroke(side: number, i: number) {
  const radiusPx = side / 60;
  const x = side * (0.2 + (0.6 * i) / STROKES);
  const at = (dx: number) => ({ x: x + dx, y: side * (0.5 + 0.1 * Math.sin(i / 5)) });
  const points = [at(0), at(side / 200), at(side / 100)];
  return {
    detectionId: 'brushed',
    mode: i % 2 ? 'add' : 'erase',
    radiusPx,
    points,
    finished: false,
  } as const;
}

function setOverlay(viewer: Comlink.Remote<ViewerApi>, items: readonly OverlayItem[]): Promise<void> {
  const looks = items.map(({ mask: _mask, ...look }) => look);
  return viewer.setOverlay({ looks, masks: items.map(({ id, mask }) => ({ id, mask })) });
}

/** A thousand discs over the picture, on the grid a segmenter's masks have. */
function masks(side: number): OverlayItem[] {
  const grid = Math.min(side, 1024);
  const perRow = Math.ceil(Math.sqrt(MASKS));
  return Array.from({ length: MASKS }, (_, i) => {
    const x = ((i % perRow) + 0.5) * (grid / perRow);
    const y = (Math.floor(i / perRow) + 0.5) * (grid / perRow);
    return item(String(i), disc(grid, x, y, grid / perRow / 1.5), i);
  });
}

function item(id: string, mask: MaskRle, i: number): OverlayItem {
  return { id, mask, hue: (i * 47) % 360, pattern: i % 4, enabled: i % 5 > 0, selected: i === 0 };
}

function disc(side: number, centreX: number, centreY: number, radius: number): MaskRle {
  const data = new Uint8Array(side * side);
  const top = Math.max(0, Math.ceil(centreY - radius));
  for (let y = top; y < Math.min(side, centreY + radius); y++) {
    const half = Math.sqrt(Math.max(0, radius ** 2 - (y - centreY) ** 2));
    const begin = Math.max(0, Math.round(centreX - half));
    data.fill(255, y * side + begin, y * side + Math.min(side, Math.round(centreX + half)));
  }
  return encodeRle({ width: side, height: side, data });
}

/** Nothing a shortcut could be taken for: every pixel is another. */
function picture(side: number): Raster8<'image'> {
  const data = new Uint32Array(side * side);
  for (let i = 0; i < data.length; i++) data[i] = Math.imul(i, 2654435761) | 0xff000000;
  return { width: side, height: side, data: new Uint8ClampedArray(data.buffer) };
}
