import fc from 'fast-check';
import { expect } from 'vitest';
import type { Field, Mask, Raster8 } from '#domain/raster.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { GpuDevice } from '#gpu/gpu-device.ts';

/** The browser's device; the project's launch flags make it SwiftShader. */
export async function testDevice(): Promise<GpuDevice> {
  const gpu = await GpuDevice.request();
  if (!gpu) throw new Error('headless Chromium gave no WebGPU adapter: see src/dev/chromium.ts');
  return gpu;
}

/** Small deterministic generator, so that large pictures cost fast-check nothing. */
function* values(seed: number): Generator<number, never> {
  let state = seed * 2 + 1;
  for (;;) {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    yield state / 2 ** 32;
  }
}

/** Random RGBA, some of it transparent. */
export function randomRaster(width: number, height: number, seed: number): Raster8<'canvas'> {
  const next = values(seed);
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < data.length; i++) {
    const value = next.next().value;
    data[i] = i % 4 === 3 ? Math.min(255, 32 + value * 400) : value * 256;
  }
  return { width, height, data };
}

/** A few discs and rectangles: the shape of real masks, with soft and hard pixels. */
export function randomMask(width: number, height: number, seed: number): Mask<'image'> {
  const next = values(seed);
  const random = () => next.next().value;
  const data = new Uint8Array(width * height);
  for (let blob = 0; blob < 3; blob++) {
    const [cx, cy, r] = [
      random() * width,
      random() * height,
      (0.1 + random() * 0.3) * Math.min(width, height),
    ];
    data.forEach((_, i) => {
      if (Math.hypot((i % width) - cx, Math.floor(i / width) - cy) < r) data[i] = 255 - (blob === 0 ? 40 : 0);
    });
  }
  return { width, height, data };
}

export function fieldOf(mask: Mask<'image'>): Field<'canvas'> {
  return { width: mask.width, height: mask.height, data: Float32Array.from(mask.data, (v) => v / 255) };
}

export function randomTensor(dims: readonly number[], seed: number): FloatTensor {
  const next = values(seed);
  const tensor = floatTensor(dims);
  for (let i = 0; i < tensor.data.length; i++) tensor.data[i] = next.next().value;
  return tensor;
}

/** Checks two fields of numbers; a failure names the worst place and how many are off. */
export function expectClose(actual: ArrayLike<number>, expected: ArrayLike<number>, tolerance: number): void {
  expect(actual.length).toBe(expected.length);
  let [worst, at, off] = [0, -1, 0];
  for (let i = 0; i < actual.length; i++) {
    const difference = Math.abs(actual[i]! - expected[i]!);
    if (!(difference <= tolerance)) off++;
    if (!(difference <= worst)) [worst, at] = [difference, i];
  }
  if (off > 0)
    throw new Error(
      `${off} of ${actual.length} differ by more than ${tolerance}; at ${at}: ${actual[at]} for ${expected[at]}`,
    );
}

/** fast-check over an asynchronous law, few runs: every one is a GPU round trip. */
export function checkRuns<T>(
  arbitrary: fc.Arbitrary<T>,
  law: (value: T) => Promise<void>,
  numRuns: number,
): Promise<void> {
  return fc.assert(fc.asyncProperty(arbitrary, law), { numRuns }) as Promise<void>;
}
