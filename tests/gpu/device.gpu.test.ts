import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { rect, size } from '#domain/geometry/rect.ts';
import { cropNormalise } from '#gpu/kernels/crop-normalise.ts';
import { GpuDevice, isSoftwareAdapter } from '#gpu/gpu-device.ts';
import { GpuPixelOps } from '#gpu/gpu-pixel-ops.ts';
import { MAX_BINDING_BYTES } from '#gpu/limits.ts';
import { randomRaster, testDevice } from './fixtures.ts';

let gpu: GpuDevice;

beforeEach(async () => {
  gpu = await testDevice();
});

afterEach(() => {
  gpu.destroy();
});

describe('GpuDevice', () => {
  it('knows a software adapter, raises limits, leaves subgroups out', async () => {
    const adapter = await navigator.gpu.requestAdapter();
    expect(gpu.isSoftware).toBe(true);
    expect(gpu.description).toMatch(/swiftshader/);
    expect(gpu.device.limits.maxBufferSize).toBe(adapter!.limits.maxBufferSize);
    expect(gpu.device.features.has('subgroups')).toBe(false);
  });

  it.each([
    [{ vendor: 'nvidia', architecture: 'ampere', description: '' }, false],
    [{ vendor: 'mesa', architecture: '', description: 'llvmpipe (LLVM 19.1.1, 256 bits)' }, true],
    [{ vendor: 'microsoft', architecture: '', description: 'Microsoft Basic Render Driver' }, true],
    [{ vendor: 'apple', architecture: 'metal-3', description: '' }, false],
  ])('%j is software: %s', (info, software) => {
    expect(isSoftwareAdapter({ device: '', isFallbackAdapter: false, ...info } as GPUAdapterInfo)).toBe(
      software,
    );
  });

  it('is null without WebGPU or adapter', async () => {
    expect(
      await GpuDevice.request({ requestAdapter: () => Promise.resolve(null) } as unknown as GPU),
    ).toBeNull();
  });

  it('reports a lost device as gpu-lost, then refuses work with the same error', async () => {
    gpu.device.destroy();
    const ops = new GpuPixelOps(gpu);
    await gpu.device.lost;
    await expect(ops.resize(randomRaster(4, 4, 1), size<'canvas'>(8, 8))).rejects.toMatchObject({
      code: 'gpu-lost',
    });
  });

  it('reports a loss in the middle of a call', async () => {
    const running = new GpuPixelOps(gpu).resize(randomRaster(64, 64, 1), size<'canvas'>(2048, 2048));
    const outcome = expect(running).rejects.toMatchObject({ code: 'gpu-lost' });
    gpu.device.destroy();
    await outcome;
  });

  it('turns validation errors into AppErrors and goes on', async () => {
    const misuse = gpu.compute(
      'a test',
      () => gpu.pool.acquire(64, GPUBufferUsage.UNIFORM),
      new Uint8Array(64),
    );
    await expect(misuse).rejects.toMatchObject({
      code: 'internal',
      message: expect.stringContaining('a test'),
    });
    expect((await new GpuPixelOps(gpu).resize(randomRaster(4, 4, 1), size<'canvas'>(8, 8))).width).toBe(8);
  });

  it('refuses bindings over 128 MiB', async () => {
    const large = gpu.compute(
      'a test',
      (commands) => commands.scratch(MAX_BINDING_BYTES + 4),
      new Uint8Array(4),
    );
    await expect(large).rejects.toThrow(/bands/);
  });

  it('runs overlapping calls independently, buffers re-used', async () => {
    const ops = new GpuPixelOps(gpu);
    const pictures = [1, 2, 3, 4].map((seed) => randomRaster(16, 16, seed));
    const alone = [];
    for (const picture of pictures) alone.push((await ops.resize(picture, size<'canvas'>(40, 24))).data);
    const together = await Promise.all(
      pictures.map((picture) => ops.resize(picture, size<'canvas'>(40, 24))),
    );
    expect(together.map((result) => result.data)).toEqual(alone);
  });

  it('runs the f16 variant where the adapter has shader-f16', async ({ skip }) => {
    if (!gpu.hasF16) skip('no shader-f16 here: compile-checked in tests/unit/shaders.test.ts');
    const picture = randomRaster(8, 8, 1);
    const halves = new Uint16Array(3 * 64);
    const encode = (commands: Parameters<Parameters<GpuDevice['compute']>[1]>[0]) =>
      cropNormalise(commands, {
        source: commands.upload(picture.data),
        sourceWidth: 8,
        area: rect<'canvas'>(0, 0, 8, 8),
        element: 'f16',
      });
    await gpu.compute('the f16 crop', encode, halves);
    halves.forEach((bits, i) => {
      const expected = picture.data[(i % 64) * 4 + Math.floor(i / 64)]! / 255;
      const value = 2 ** ((bits >> 10) - 25) * (1024 + (bits & 1023));
      expect(Math.abs((bits >> 10 === 0 ? (bits & 1023) * 2 ** -24 : value) - expected)).toBeLessThan(1e-3);
    });
  });
});
