import { describe, expect, it } from 'vitest';
import { stack } from '#domain/tensor.ts';
import { SdxlDenoiser } from '#inference/denoiser.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import { adapter, config, denoise, item, maxDifference, noise, weights } from './denoiser-fixtures.ts';
import { overflowing } from './overflow-runtime.ts';

const unetOn = (device: NetworkRuntime) => new SdxlDenoiser(device, { config, weights, adapter });
const x = stack([noise('x0')]);

describe('a UNet that overflows in 16 bits', () => {
  it.each([
    ['its step', /denoiser/, 'run'],
    ['its keys and values', /conditioning/, 'run'],
    ['a weight of the step', /denoiser/, 'load'],
    ['a weight of the keys', /conditioning/, 'load'],
  ] as const)('runs in 32 bits from then on: %s', async (_, family, spoiled) => {
    const { log, device } = overflowing(family, ['f16'], spoiled);
    const model = unetOn(device);
    const result = await denoise([item('a')], [1], 4, model, x);
    expect(maxDifference(result, await denoise([item('a')], [1], 4))).toBeLessThan(1e-5);
    const loads = log.length;
    expect(log.slice(-2)).toEqual(['conditioning 77 f32', 'denoiser 8x8+77 f32']);
    await denoise([item('a')], [2], 4, model, x);
    expect(log).toHaveLength(loads);
    await model.release();
  });

  it('is named when 32 bits do not help', async () => {
    const { log, device } = overflowing(/denoiser/, ['f16', 'f32']);
    const model = unetOn(device);
    await expect(denoise([item('a')], [1], 4, model, x)).rejects.toMatchObject({
      code: 'model-corrupt',
      message: expect.stringContaining(`The UNet of "${weights.name}" gave values`) as string,
    });
    expect(log.filter((entry) => entry.startsWith('denoiser'))).toEqual([
      'denoiser 8x8+77 f16',
      'denoiser 8x8+77 f32',
    ]);
    await model.release();
  });
});
