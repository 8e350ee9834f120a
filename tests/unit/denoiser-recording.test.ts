import { describe, expect, it } from 'vitest';
import { SdxlDenoiser } from '#inference/denoiser.ts';
import {
  adapter,
  config,
  denoise,
  item,
  maxDifference,
  watchedRuntime,
  weights,
} from './denoiser-fixtures.ts';

describe('recorded steps', () => {
  /** Denoises batches of these sizes one after the other, recorded; the numbers must be those of unrecorded calls. */
  async function recordedLoads(counts: readonly number[]): Promise<string[]> {
    const { log, feeds, watched } = watchedRuntime();
    const model = new SdxlDenoiser(watched, { config, weights, adapter }, { capture: true });
    for (const count of counts) {
      const items = Array.from({ length: count }, (_, i) => item(`p${i}`));
      const sigmas = items.map((_, i) => 1 + i);
      const recorded = await denoise(items, sigmas, 4, model);
      expect(maxDifference(recorded, await denoise(items, sigmas, 4))).toBeLessThan(1e-4);
    }
    const rows = feeds.filter((one) => 'x' in one).map(({ x }) => x?.dims[0]);
    expect(rows).toEqual(rows.map((count, i) => Math.max(count ?? 0, ...rows.slice(0, i).map(Number))));
    await model.release();
    return log.filter((entry) => entry.startsWith('load denoiser'));
  }

  it('pads smaller batches up to the recorded rows instead of loading again', async () => {
    expect(await recordedLoads([4, 1, 4, 3])).toEqual(['load denoiser 8x8+77*8 captured']);
  });

  it('records anew for a larger batch, and then stays with that', async () => {
    expect(await recordedLoads([1, 2, 1])).toEqual([
      'load denoiser 8x8+77*2 captured',
      'load denoiser 8x8+77*4 captured',
    ]);
  });
});
