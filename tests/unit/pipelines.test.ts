import { describe, expect, it } from 'vitest';
import { say } from '#domain/job/sentence.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import { EVERYTHING } from '#domain/job/target.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import type { LayerCanvas } from '#pipelines/layer-canvas.ts';
import { openCanvas, refine, planRefine, type RefineOptions } from '#pipelines/refine.ts';
import { concept, detection, fakeServices, request, testPicture, type FakeLog } from './pipelines-fakes.ts';

const PICTURE = testPicture(128, 96);

async function run(
  refineRequest: RefineRequest,
  options: RefineOptions = {},
  services = fakeServices(),
  onEvent: (event: JobEvent) => void = () => undefined,
): Promise<Raster8<'canvas'>> {
  const context = { signal: new AbortController().signal, onEvent };
  return (await refine(PICTURE, refineRequest, services, context, options)).canvas;
}

function largestDifference(a: Raster8, b: Raster8): number {
  let largest = 0;
  for (let i = 0; i < a.data.length; i++) largest = Math.max(largest, Math.abs(a.data[i]! - b.data[i]!));
  return largest;
}

/** Byte equality; a matcher would walk and print millions of elements. */
function sameBytes(a: Uint8ClampedArray, b: Uint8ClampedArray): boolean {
  return bytes(a).equals(bytes(b));
}

const bytes = (view: Uint8ClampedArray) => Buffer.from(view.buffer, view.byteOffset, view.byteLength);

const TWO = [detection('a', 0.1, 0.1, 0.2), detection('b', 0.6, 0.5, 0.25)];
const GLOBAL: Partial<RefineRequest> = { global: { ...request().global, enabled: true } };

describe('the main job', () => {
  it('returns the upscaled picture bit for bit when every denoise is 0', async () => {
    const plain = await run(request({ detections: [] }));
    const zero = await run(
      request({
        concepts: [concept({ denoise: 0 })],
        detections: TWO,
        global: { ...request().global, enabled: true, denoise: 0 },
      }),
    );
    expect(sameBytes(zero.data, plain.data)).toBe(true);
  });

  it('changes the picture inside the masks and nowhere else', async () => {
    const plain = await run(request());
    const painted = await run(request({ detections: TWO }));
    expect(largestDifference(plain, painted)).toBeGreaterThan(8);
    const corner = (raster: Raster8) => raster.data.slice(0, 4 * 64);
    expect(sameBytes(corner(painted), corner(plain))).toBe(true);
  });

  it('gives the same pixels whatever the batch size', async () => {
    const items = [...TWO, detection('c', 0.35, 0.2, 0.2)];
    const log: FakeLog = { calls: 0, batchSizes: [] };
    const one = await run(request({ detections: items, batchLimit: 1 }));
    const four = await run(request({ detections: items, batchLimit: 4 }), {}, fakeServices(log));
    expect(log.batchSizes).toEqual([3]);
    expect(largestDifference(one, four)).toBeLessThanOrEqual(1);
  });

  it('gives the same pixels whatever the order of the detections', async () => {
    const overlapping = [detection('a', 0.2, 0.2, 0.3), detection('b', 0.3, 0.3, 0.3)];
    const forward = await run(request({ detections: overlapping }));
    const backward = await run(request({ detections: [...overlapping].reverse() }));
    expect(largestDifference(forward, backward)).toBeLessThanOrEqual(1);
  });

  it('paints an item the same with or without its siblings', async () => {
    const both = await run(request({ detections: TWO }));
    const alone = await run(request({ detections: [TWO[0]!] }));
    const rows = 1536 / 4;
    expect(sameBytes(both.data.subarray(0, 2048 * 4 * rows), alone.data.subarray(0, 2048 * 4 * rows))).toBe(
      true,
    );
  });

  it('lets items of a batch keep their own denoise', async () => {
    const concepts = [concept(), concept({ id: 'weak', denoise: 0.1 })];
    const detections = [TWO[0]!, { ...TWO[1]!, conceptId: 'weak' }];
    const together = await run(request({ concepts, detections }));
    const apart = await run(request({ concepts, detections, batchLimit: 1 }));
    expect(largestDifference(together, apart)).toBeLessThanOrEqual(1);
  });

  it('shows later layers what earlier ones painted', async () => {
    const concepts = [concept(), concept({ id: 'eyes', layer: 1, prompt: 'eye' })];
    const eye = detection('e', 0.15, 0.15, 0.1, { conceptId: 'eyes' });
    const layered = await run(request({ concepts, detections: [TWO[0]!, eye] }));
    const flat = await run(
      request({ concepts: [concept(), concept({ id: 'eyes', prompt: 'eye' })], detections: [TWO[0]!, eye] }),
    );
    expect(largestDifference(layered, flat)).toBeGreaterThan(1);
  });

  it('paints a tile of the first colour alone exactly as in the full run', async () => {
    const refineRequest = request(GLOBAL);
    const { tiles, canvas } = planRefine(refineRequest, PICTURE);
    expect(tiles.length).toBeGreaterThan(3);
    const alone = await run(refineRequest, { target: { ...EVERYTHING, tiles: [{ index: 0 }] } });
    const full = await run(refineRequest);
    const nextStart = (axis: 'x' | 'y') =>
      Math.min(...tiles.map(({ area }) => area[axis]).filter((start) => start > 0));
    const inside = nextStart('x');
    for (let y = 0; y < nextStart('y'); y += 37) {
      const begin = y * canvas.width * 4;
      const end = begin + inside * 4;
      expect(sameBytes(alone.data.subarray(begin, end), full.data.subarray(begin, end))).toBe(true);
    }
  });

  it('changes already refined areas less in the global pass', async () => {
    const big = [detection('a', 0.1, 0.1, 0.8)];
    const detail = { ...request().detail, featherPx: 8 };
    const concepts = [concept({ denoise: 0.01 })];
    const soft = await run(request({ ...GLOBAL, concepts, detail, detections: big }));
    const full = await run(
      request({ concepts, detail, detections: big, global: { ...GLOBAL.global!, refinedFactor: 1 } }),
    );
    const plain = await run(request());
    const centre = (raster: Raster8) =>
      raster.data.subarray((768 * 2048 + 1024) * 4, (768 * 2048 + 1100) * 4);
    const change = (raster: Raster8) =>
      centre(raster).reduce((sum, value, i) => sum + Math.abs(value - centre(plain)[i]!), 0);
    expect(change(soft)).toBeLessThan(change(full));
  });

  it('reads all anchors of a layer before its batches, so that the vision tower is loaded once for them', async () => {
    const order: string[] = [];
    const services = fakeServices();
    const anchors = {
      ...services.anchors!,
      encode: (image: FloatTensor) => {
        order.push('anchor');
        return services.anchors!.encode(image);
      },
      rest: () => Promise.resolve(void order.push('rest')),
    };
    const prepare: typeof services.denoiser.prepare = (...args) => {
      order.push('batch');
      return services.denoiser.prepare(...args);
    };
    const noting = { ...services, anchors, denoiser: { ...services.denoiser, prepare } };
    await run(request({ detections: TWO, batchLimit: 1 }), {}, noting);
    // And once more when all is painted, to compare.
    expect(order).toEqual(['anchor', 'anchor', 'rest', 'batch', 'batch', 'rest']);
  });

  it('says aloud that it works from text alone when the adapter is missing', async () => {
    const notices: string[] = [];
    const services = { ...fakeServices(), anchors: null };
    await run(request({ detections: TWO }), {}, services, (event) => {
      if (event.kind === 'notice') notices.push(say(event.message));
    });
    expect(notices).toEqual([expect.stringContaining('text alone')]);
  });

  it('reports progress that never goes backwards and ends with nothing left', async () => {
    const events: JobEvent[] = [];
    await run(request({ ...GLOBAL, detections: TWO }), {}, fakeServices(), (event) => events.push(event));
    const progress = events.filter((event) => event.kind === 'progress');
    const fractions = progress.map(({ fraction }) => fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeCloseTo(1, 5);
    expect(progress.at(-1)?.remainingMs).toBe(0);
  });

  it('stops before the next model call after an abort and keeps the canvas', async () => {
    const controller = new AbortController();
    const log: FakeLog = { calls: 0, batchSizes: [] };
    let canvas: LayerCanvas | undefined;
    const job = refine(
      PICTURE,
      request({ ...GLOBAL, detections: TWO }),
      fakeServices(log),
      {
        signal: controller.signal,
        onEvent: (event) => {
          if (event.kind === 'progress' && log.calls === 2) controller.abort(new Error('stopped'));
        },
      },
      { canvasFor: async (size) => (canvas = await openCanvas(PICTURE, size, new CpuPixelOps())) },
    );
    await expect(job).rejects.toThrow('stopped');
    expect(log.calls).toBe(2);
    expect(canvas?.layers).toEqual([]);
    expect(sameBytes(canvas!.raster.data, canvas!.base.data)).toBe(true);
  });
});
