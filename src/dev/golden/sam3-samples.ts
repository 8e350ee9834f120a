import type { FloatTensor } from '#domain/tensor.ts';
import { compare, checkExact, type Tolerance } from './compare.ts';
import type { CaseResult } from './types.ts';

/** Tensors up to this size are stored whole; beyond, about this fraction of 1024 values (spec/sam3.md appendix B). */
const KEPT = 1024;

/**
 * Sub-sampling stride of the flattened array with which `stored` of `count` values were kept: count/1024 rounded
 * down to an odd number if that gives the stored length, else the smallest stride that does. Null when none does.
 */
export function sampleStride(count: number, stored: number): number | null {
  if (stored === count) return 1;
  const fits = (stride: number) => Math.ceil(count / stride) === stored;
  const usual = Math.floor(count / KEPT) | 1;
  if (fits(usual)) return usual;
  for (let stride = 2; stride <= count; stride++) {
    if (fits(stride)) return stride;
    if (Math.ceil(count / stride) < stored) return null;
  }
  return null;
}

/** {@link compare} with a reference that may be a sub-sample of the flattened result. */
export function compareSampled(
  name: string,
  actual: FloatTensor,
  expected: FloatTensor,
  tolerance: Tolerance,
): CaseResult {
  const stride = sampleStride(actual.data.length, expected.data.length);
  if (stride === null || stride === 1) return compare(name, actual, expected, tolerance);
  const data = Float32Array.from(expected.data, (_, i) => actual.data[i * stride] as number);
  return compare(name, { dims: expected.dims, data }, expected, tolerance);
}

/** A reference that the folder should hold and does not. */
export function absent(name: string, what: string): CaseResult {
  return checkExact(name, 1, `the folder has no "${what}"`);
}
