import { describe, expect, it, vi } from 'vitest';
import type { Layer } from '#domain/document/layer.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { openCanvas } from '#pipelines/refine.ts';
import { latestPainted, type Document } from '#worker/document.ts';
import { RefineRun } from '#worker/refine-run.ts';
import { aLayer } from './layer-fakes.ts';
import { request, testPicture } from './pipelines-fakes.ts';

const made: NonNullable<Document['ran']> = {
  app: 'Luna Studio',
  version: '0',
  request: request(),
  source: { sha256: '', size: { width: 8, height: 8 } },
  models: [],
  runtime: 'test',
};

const open = (size: Size<'canvas'>) => openCanvas(testPicture(8, 8), size, new CpuPixelOps());
const SIZE = { width: 16, height: 16 };

async function setup(present: Size<'canvas'> | null) {
  const picture = { raster: testPicture(8, 8), sha256: '', texts: new Map<string, string>() };
  const canvas = present && (await open(present));
  const document: Document = { name: 'a', picture, canvas, ran: null, painted: new Set() };
  const show = vi.fn();
  return { document, show, run: new RefineRun(document, made, open, show) };
}

const painted = (layer: Layer) => ({ kind: 'layer', layer, order: [layer.id] }) as const;
const ignore = () => undefined;

describe('a refinement of a document', () => {
  it('paints on the canvas that is there when its size fits', async () => {
    const { document, show, run } = await setup(SIZE);
    const before = document.canvas;
    await run.follow(({ canvasFor }) => canvasFor(SIZE), ignore);
    expect(document.canvas).toBe(before);
    expect(show).not.toHaveBeenCalled();
  });

  it('puts the previous canvas back when it fails before anything is painted', async () => {
    const { document, show, run } = await setup({ width: 8, height: 8 });
    const before = document.canvas;
    const failing = run.follow(async ({ canvasFor }) => {
      await canvasFor(SIZE);
      expect(document.canvas?.base.width).toBe(16);
      throw new Error('no memory');
    }, ignore);
    await expect(failing).rejects.toThrow('no memory');
    expect(document.canvas).toBe(before);
    expect(show).toHaveBeenLastCalledWith(before);
    expect(document.ran).toBeNull();
  });

  it('keeps what was painted when it is stopped, and remembers what made it', async () => {
    const { document, run } = await setup(null);
    const layer = aLayer({ id: 'l', canvas: SIZE });
    const stopped = run.follow(async ({ canvasFor, onEvent }) => {
      await canvasFor(SIZE);
      onEvent(painted(layer));
      throw new Error('stopped');
    }, ignore);
    await expect(stopped).rejects.toThrow('stopped');
    expect(document.canvas?.base.width).toBe(16);
    expect(document.ran).toBe(made);
    expect([...document.painted]).toEqual([layer.pixels.id]);
  });

  it('hands every event on', async () => {
    const { run } = await setup(null);
    const seen: string[] = [];
    await run.follow(
      ({ onEvent }) => {
        onEvent({ kind: 'notice', message: 'careful' });
        onEvent(painted(aLayer({ id: 'l', canvas: SIZE })));
        return Promise.resolve();
      },
      ({ kind }) => void seen.push(kind),
    );
    expect(seen).toEqual(['notice', 'layer']);
  });
});

describe('the canvas a stack belongs to', () => {
  it('is that of its latest painting, so that undo and redo across a change of size find theirs', async () => {
    const { document } = await setup(null);
    const old = aLayer({ id: 'old', canvas: { width: 8, height: 8 } });
    const fresh = aLayer({ id: 'new', canvas: SIZE });
    for (const { pixels } of [old, fresh]) document.painted.add(pixels.id);
    expect(latestPainted(document, [old, fresh])).toBe(fresh);
    expect(latestPainted(document, [fresh, old])).toBe(fresh);
    expect(latestPainted(document, [old])).toBe(old);
    expect(latestPainted(document, [aLayer({ id: 'foreign' })])).toBeNull();
  });
});
