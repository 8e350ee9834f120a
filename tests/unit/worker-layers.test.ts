import { describe, expect, it, vi } from 'vitest';
import { StackMemory } from '#app/stack-update.ts';
import type { Layer } from '#domain/document/layer.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { LayerPixelStore } from '#storage/layer-pixels.ts';
import type { Backend } from '#worker/backend.ts';
import type { Document } from '#worker/document.ts';
import { Jobs } from '#worker/jobs.ts';
import { StudioLayers } from '#worker/layers.ts';
import type { Viewer } from '#worker/viewer.ts';
import { aLayer, aPainting } from './layer-fakes.ts';
import { request, testPicture } from './pipelines-fakes.ts';
import { FakeDisk } from './storage-fakes.ts';

const SMALL = { width: 32, height: 24 };
const LARGE = { width: 64, height: 48 };

/** A studio with a picture of 16×12 open, whose disk already holds the pixels of some layers. */
async function studio(painted: readonly Layer[], shown = true, disk = new FakeDisk()) {
  const store = new LayerPixelStore(disk.blobs, { id: 'tab', running: () => Promise.resolve(['tab']) });
  await store.opened;
  for (const { pixels, area } of painted) {
    const data = new Int16Array(area.width * area.height * 3).fill(3000);
    await store.put(pixels.id, { width: area.width, height: area.height, data });
  }
  const picture = { raster: testPicture(16, 12), sha256: '', texts: new Map<string, string>() };
  const document: Document = { name: 'a', picture, canvas: null, ran: null, painted: new Set() };
  const viewer = { setBase: vi.fn(), setRefined: vi.fn(), refreshArea: vi.fn() };
  const layers = new StudioLayers(
    {
      jobs: new Jobs(),
      opened: () => document,
      ready: () => ({ pixels: new CpuPixelOps() }) as unknown as Backend,
      viewerOf: () => (shown ? (viewer as unknown as Viewer) : null),
      made: () => ({
        app: 'Luna Studio',
        version: '',
        request: request(),
        source: { sha256: '', size: { width: 16, height: 12 } },
        models: [],
        runtime: '',
      }),
      learnPace: () => undefined,
    },
    store,
  );
  return { layers, document, viewer, store };
}

async function value<T>(
  result: Promise<{ ok: true; value: T } | { ok: false; error: { message: unknown } }>,
) {
  const answer = await result;
  if (!answer.ok) throw new Error(String(answer.error.message));
  return answer.value;
}

/** A stack sent as to a worker that knows none of it. */
const whole = (layers: readonly Layer[]) => ({ order: layers.map(({ id }) => id), layers });

const small = aLayer({ id: 'small', canvas: SMALL });
const large = aLayer({ id: 'large', canvas: LARGE });

describe('the layers of an opened picture', () => {
  it('are found again by a worker that took over, and only what changed is sent to the viewer', async () => {
    const { layers, document, viewer } = await studio([large]);
    expect(await value(layers.show(whole([large])))).toMatchObject({ changed: large.area, missing: [] });
    expect(document.canvas?.base).toMatchObject(LARGE);
    expect(viewer.setRefined).toHaveBeenCalledExactlyOnceWith(document.canvas?.raster);
    expect(viewer.refreshArea).toHaveBeenCalledExactlyOnceWith(large.area);
    expect(await value(layers.show(whole([{ ...large, name: 'other' }])))).toMatchObject({ changed: null });
    expect(viewer.refreshArea).toHaveBeenCalledTimes(1);
  });

  it('are all missing where nothing was painted and nothing is stored', async () => {
    const { layers, document } = await studio([]);
    expect(await value(layers.show(whole([large, small])))).toMatchObject({
      changed: null,
      missing: ['large', 'small'],
    });
    expect(document.canvas).toBeNull();
    expect(await layers.merge([large], 'm')).toMatchObject({ ok: false, error: { code: 'bad-request' } });
  });

  it('follow the canvas size of what was painted last, there and back', async () => {
    const { layers, document } = await studio([small, large]);
    for (const { pixels } of [small, large]) document.painted.add(pixels.id);
    expect(await value(layers.show(whole([small, large])))).toMatchObject({ missing: ['small'] });
    expect(document.canvas?.base).toMatchObject(LARGE);
    expect(await value(layers.show(whole([small])))).toMatchObject({ missing: [] });
    expect(document.canvas?.base).toMatchObject(SMALL);
    await layers.show(whole([]));
    expect(document.canvas?.base).toMatchObject(SMALL);
  });

  it('are sent once: from then on only those that changed, and the order', async () => {
    const other = aLayer({ id: 'other', canvas: LARGE });
    const { layers, document } = await studio([large, other]);
    const sent = new StackMemory();
    const drawn = async (stack: readonly Layer[]) => {
      const update = sent.updateFor(stack);
      await value(layers.show(structuredClone(update)));
      expect(document.canvas?.layers).toEqual(stack);
      return update.layers.map(({ id }) => id);
    };
    expect(await drawn([large, other])).toEqual(['large', 'other']);
    const fainter = { ...other, opacity: 0.5 };
    expect(await drawn([large, fainter])).toEqual(['other']);
    expect(await drawn([fainter, large])).toEqual([]);
    expect(await drawn([fainter])).toEqual([]);
    expect(await drawn([large, other])).toEqual(['large', 'other']);
    sent.forget();
    expect(await drawn([large])).toEqual(['large']);
  });

  it('that were never sent are no stack, and the one before stays', async () => {
    const { layers, document } = await studio([large]);
    await layers.show(whole([large]));
    vi.spyOn(console, 'error').mockImplementationOnce(() => undefined);
    expect(await layers.show({ order: ['large', 'x'], layers: [] })).toMatchObject({ ok: false });
    expect(document.canvas?.layers).toEqual([large]);
    expect(await value(layers.show({ order: ['large'], layers: [] }))).toMatchObject({ missing: [] });
  });

  it('are found on the disk at every canvas size by a worker that took over', async () => {
    const { layers, document } = await studio([small, large]);
    expect(await value(layers.show(whole([large])))).toMatchObject({ missing: [] });
    expect(await value(layers.show(whole([small])))).toMatchObject({ missing: [] });
    expect(document.canvas?.base).toMatchObject(SMALL);
    expect(await value(layers.show(whole([small, large])))).toMatchObject({ missing: ['large'] });
  });

  it('keep pixels the page cannot know of yet, and lose those nothing names', async () => {
    const other = aLayer({ id: 'other', canvas: LARGE, pixels: aPainting('other pixels') });
    const { layers, store } = await studio([large, other]);
    await layers.show(whole([large, other]));
    const merged = await value(layers.merge([large, other], 'both'));
    await layers.keepPixels([large.pixels.id]);
    expect([large, other, merged].map(({ pixels }) => store.has(pixels.id))).toEqual([true, false, true]);
    expect(await value(layers.show(whole([merged, other])))).toMatchObject({ missing: ['other'] });
  });

  it('whose pixels had not, or not whole, reached the disk when their worker went are missing, and no others', async () => {
    const [half, never] = ['half', 'never'].map((id) => aLayer({ id, canvas: LARGE }));
    const disk = new FakeDisk();
    await (await studio([half!], true, disk)).store.settled();
    const [name, bytes] = [...disk.files][0]!;
    disk.files.set(name, bytes.slice(0, bytes.length - 2));
    const before = await studio([large], true, disk);
    await before.store.settled();
    const { layers, document } = await studio([], true, disk);
    expect(await value(layers.show(whole([large, half!, never!])))).toMatchObject({
      changed: large.area,
      missing: ['half', 'never'],
    });
    expect(document.canvas?.layers).toEqual([large]);
    const alone = await studio([], true, disk);
    await alone.layers.show(whole([large]));
    expect(document.canvas?.raster.data).toEqual(alone.document.canvas?.raster.data);
  });

  it('are previewed on what lies below, even while a worker that took over still reads that', async () => {
    const data = (picture: unknown) => [...(picture as { data: Uint8ClampedArray }).data];
    class Pixels {
      readonly data: Uint8ClampedArray;
      constructor(values: Uint8ClampedArray) {
        this.data = values;
      }
    }
    vi.stubGlobal('ImageData', Pixels);
    vi.stubGlobal('createImageBitmap', (pixels: Pixels) => Promise.resolve({ data: pixels.data }));
    const above = aLayer({
      id: 'above',
      canvas: LARGE,
      group: 'detail 1',
      pixels: aPainting('above pixels'),
    });
    const { layers } = await studio([large, above]);
    const showing = layers.show(whole([large, above]));
    const early = data(await value(layers.preview(above, above.pixels.id, 64)));
    await showing;
    expect(early).toEqual(data(await value(layers.preview(above, above.pixels.id, 64))));
    vi.unstubAllGlobals();
  });

  it('are not drawn over a document opened meanwhile', async () => {
    const { layers, viewer } = await studio([large], false);
    await layers.show(whole([large]));
    expect(viewer.setRefined).not.toHaveBeenCalled();
    expect(viewer.refreshArea).not.toHaveBeenCalled();
  });
});
