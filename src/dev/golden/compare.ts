import type { CaseResult } from './types.ts';

/** Numbers with a shape: a FloatTensor, a HostTensor, or plain arrays. */
export interface Compared {
  readonly dims: readonly number[];
  readonly data: ArrayLike<number>;
}

/** Largest allowed absolute error; as an object also relative forms some READMEs state. */
export type Tolerance =
  | number
  | {
      /** Limit of |actual − expected|, divided by max(1,|expected|) if `scaled`. */
      readonly maxAbs: number;
      readonly scaled?: boolean;
    };

/**
 * Compares a result with its reference. A NaN or infinity anywhere, another shape, or an empty tensor is a failure.
 * @param tolerance never looser than the folder's README.
 */
export function compare(
  name: string,
  actual: Compared,
  expected: Compared,
  tolerance: Tolerance,
): CaseResult {
  const impossible = mismatch(actual, expected);
  if (impossible) return { name, maxAbs: Infinity, relRms: Infinity, pass: false, note: impossible };
  const scaled = typeof tolerance === 'object' && tolerance.scaled === true;
  const limit = typeof tolerance === 'number' ? tolerance : tolerance.maxAbs;
  const { maxAbs, worst, relRms } = differences(actual.data, expected.data, scaled);
  const pass = worst <= limit && Number.isFinite(relRms);
  const note = Number.isFinite(maxAbs) ? '' : 'the result holds values that are not finite';
  return { name, maxAbs, relRms, pass, ...(note && { note }) };
}

/** What a README allows a 16-bit graph. */
interface HalfTolerance {
  readonly maxAbs: number;
  readonly relRms: number;
}

/** README of every tiny network: 16-bit graph with 32-bit sums. */
const NETWORK: HalfTolerance = { maxAbs: 2e-2, relRms: 5e-3 };

/** Kinds whose results come out of networks. All others are computed on the host, whatever the graphs' precision. */
const HALF_TOLERANCES: Readonly<Record<string, HalfTolerance>> = {
  clip_l: NETWORK,
  clip_g: NETWORK,
  clip_vision: NETWORK,
  ip_adapter: NETWORK,
  ip_adapter_base: NETWORK,
  // Its README states nothing for 16 bits; it allows mask logits, which reach ±12, ten times the rest in 32.
  sam3: { ...NETWORK, maxAbs: 2e-1 },
  taesd: NETWORK,
  text_cond: NETWORK,
  unet: NETWORK,
  vae: NETWORK,
  // Every step of a sampler adds to the error of the one before: its README states relative RMS alone.
  e2e: { maxAbs: Infinity, relRms: 2e-2 },
};

/** The result of a 16-bit network judged by what its README allows one; exact checks stay exact. */
export function judgedInHalf(kind: string, result: CaseResult): CaseResult {
  const tolerance = HALF_TOLERANCES[kind];
  if (!tolerance || result.exact) return result;
  const pass = result.maxAbs <= tolerance.maxAbs && result.relRms <= tolerance.relRms;
  return { ...result, pass };
}

/** A yes/no check (ids, key lists) in the same form: maxAbs counts the differences. */
export function checkExact(name: string, differenceCount: number, note?: string): CaseResult {
  const pass = differenceCount === 0;
  return { name, maxAbs: differenceCount, relRms: 0, pass, exact: true, ...(note && !pass && { note }) };
}

function mismatch(actual: Compared, expected: Compared): string | null {
  const same =
    actual.dims.length === expected.dims.length && actual.dims.every((dim, i) => dim === expected.dims[i]);
  if (!same) return `shape [${actual.dims.join(', ')}] where the reference has [${expected.dims.join(', ')}]`;
  if (expected.data.length === 0 || actual.data.length !== expected.data.length)
    return `${actual.data.length} values where the reference has ${expected.data.length}`;
  return null;
}

function differences(actual: ArrayLike<number>, expected: ArrayLike<number>, scaled: boolean) {
  let maxAbs = 0;
  let worst = 0;
  let errorSquares = 0;
  let squares = 0;
  for (let i = 0; i < expected.length; i++) {
    const reference = expected[i] as number;
    const error = Math.abs((actual[i] as number) - reference);
    // `!(a <= b)` also catches NaN, which Math.max would drop or keep depending on the order.
    if (!(error <= maxAbs)) maxAbs = error;
    const judged = scaled ? error / Math.max(1, Math.abs(reference)) : error;
    if (!(judged <= worst)) worst = judged;
    if (Number.isNaN(error)) return { maxAbs: NaN, worst: NaN, relRms: NaN };
    errorSquares += error * error;
    squares += reference * reference;
  }
  const relRms = errorSquares === 0 ? 0 : Math.sqrt(errorSquares / squares);
  return { maxAbs, worst, relRms: squares === 0 && errorSquares > 0 ? maxAbs : relRms };
}
