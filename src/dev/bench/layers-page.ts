import { GpuDevice } from '#gpu/gpu-device.ts';
import { GpuPixelOps } from '#gpu/gpu-pixel-ops.ts';
import { blendTimes, type BlendTimes } from './layers-blend.ts';

/** Runs inside Chromium: see layers.ts. */
export async function measureBlend(): Promise<{ adapter: string; times: BlendTimes }> {
  const gpu = await GpuDevice.request();
  if (!gpu) throw new Error('WebGPU is not available in this browser');
  return { adapter: gpu.description, times: await blendTimes(new GpuPixelOps(gpu)) };
}
