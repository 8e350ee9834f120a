import { describe, expect, it, vi } from 'vitest';
import type { Recipe } from '#domain/job/request.ts';
import { RefineRun, type Document, type Refined } from '#worker/refine-run.ts';
import type { Viewer } from '#worker/viewer.ts';
import { request, testPicture } from './pipelines-fakes.ts';

const recipe: Recipe = {
  app: 'Luna Studio',
  version: '0',
  request: request(),
  source: { sha256: '', size: { width: 8, height: 8 } },
  models: [],
  runtime: 'test',
  complete: false,
};

const raster = (mark: number) => ({ width: 8, height: 8, data: new Uint8ClampedArray(256).fill(mark) });
const area = { kind: 'area', source: 'detail', area: { x: 0, y: 0, width: 8, height: 8 } } as const;

function setup(result: Refined | null) {
  const picture = { raster: testPicture(8, 8), sha256: '', texts: new Map<string, string>() };
  const document: Document = { name: 'a', picture, result };
  const viewer = { setRefined: vi.fn(), refreshArea: vi.fn() };
  const shown = { viewer: viewer as unknown as Viewer | null };
  return { document, viewer, shown, run: new RefineRun(document, recipe, () => shown.viewer) };
}

const ignore = () => undefined;

describe('a refinement of a document', () => {
  it('keeps the previous result when it fails before anything is painted', async () => {
    const before: Refined = { canvas: raster(1), recipe };
    const { document, viewer, run } = setup(before);
    const failing = run.follow(({ onCanvas }) => {
      onCanvas(raster(2));
      return Promise.reject(new Error('no memory'));
    }, ignore);
    await expect(failing).rejects.toThrow('no memory');
    expect(document.result).toBe(before);
    expect(viewer.setRefined).toHaveBeenLastCalledWith(before.canvas);
  });

  it('keeps what was painted when it is stopped, and the recipe says that it is not all', async () => {
    const { document, run } = setup(null);
    const canvas = raster(2);
    const stopped = run.follow(({ onCanvas, onEvent }) => {
      onCanvas(canvas);
      onEvent(area);
      return Promise.reject(new Error('stopped'));
    }, ignore);
    await expect(stopped).rejects.toThrow('stopped');
    expect(document.result).toEqual({ canvas, recipe: { ...recipe, complete: false } });
  });

  it('commits a finished run as complete', async () => {
    const { document, run } = setup(null);
    const canvas = raster(3);
    await run.follow(() => Promise.resolve(canvas), ignore);
    expect(document.result).toEqual({ canvas, recipe: { ...recipe, complete: true } });
  });

  it('never draws over a document opened meanwhile', async () => {
    const { viewer, shown, run } = setup(null);
    await run.follow(({ onCanvas, onEvent }) => {
      shown.viewer = null;
      onCanvas(raster(2));
      onEvent(area);
      return Promise.resolve(raster(2));
    }, ignore);
    expect(viewer.setRefined).not.toHaveBeenCalled();
    expect(viewer.refreshArea).not.toHaveBeenCalled();
  });
});
