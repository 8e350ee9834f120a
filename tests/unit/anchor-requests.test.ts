import { describe, expect, it, vi } from 'vitest';
import { refine } from '#pipelines/refine.ts';
import { concept, detection, fakeServices, request, testPicture } from './pipelines-fakes.ts';

/** Both details before and after, in the end, and once what the tower thinks of two pictures that are unlike. */
const COMPARED = [...Array<string>(6).fill('embed'), 'rest'];

/** What a job asks of the networks for its image anchors. */
async function asked(anchorScale: number, guidanceScale: number) {
  const fakes = fakeServices();
  const order: string[] = [];
  const anchors = {
    encode: vi.fn((image: Parameters<NonNullable<typeof fakes.anchors>['encode']>[0]) => {
      order.push('encode');
      return fakes.anchors!.encode(image);
    }),
    unconditional: vi.fn(() => {
      order.push('blank');
      return fakes.anchors!.unconditional();
    }),
    embed: vi.fn((image: Parameters<NonNullable<typeof fakes.anchors>['embed']>[0]) => {
      order.push('embed');
      return fakes.anchors!.embed(image);
    }),
    rest: vi.fn(() => {
      order.push('rest');
      return Promise.resolve();
    }),
  };
  const prepare = vi.fn((...args: Parameters<typeof fakes.denoiser.prepare>) => {
    order.push('prepare');
    return fakes.denoiser.prepare(...args);
  });
  const job = request({
    concepts: [concept({ anchorScale })],
    detections: [detection('d', 0.25, 0.25, 0.25), detection('e', 0.5, 0.5, 0.25)],
    sampling: { sampler: 'euler', scheduler: 'karras', steps: 1, guidanceScale },
    anchor: { preset: 'style', start: 0.1, end: 0.7 },
    output: { canvasLongSidePx: 256, exportLongSidePx: 256 },
  });
  const context = { signal: new AbortController().signal, onEvent: () => undefined };
  await refine(
    testPicture(64, 64),
    job,
    { ...fakes, anchors, denoiser: { ...fakes.denoiser, prepare } },
    context,
  );
  return { order, items: prepare.mock.calls.flatMap(([items]) => items) };
}

describe('image anchors of a job', () => {
  it('carry the request’s preset and range, and let the vision model go before sampling', async () => {
    const { order, items } = await asked(0.8, 3);
    expect(order).toEqual(['encode', 'encode', 'blank', 'rest', 'prepare', ...COMPARED]);
    expect(items).toHaveLength(2);
    for (const item of items) {
      expect(item).toMatchObject({
        anchorScale: 0.8,
        anchorPreset: 'style',
        anchorRange: { start: 0.1, end: 0.7 },
      });
      expect(item.anchorNegative).not.toBeNull();
    }
  });

  it('need no blank picture without guidance, and nothing at all at scale 0', async () => {
    const unguided = await asked(0.8, 1);
    expect(unguided.order).toEqual(['encode', 'encode', 'rest', 'prepare', ...COMPARED]);
    expect(unguided.items[0]?.anchorNegative).toBeNull();
    const off = await asked(0, 3);
    expect(off.order).toEqual(['prepare']);
    expect(off.items[0]).toMatchObject({ anchor: null, anchorNegative: null, anchorScale: 0 });
  });
});
