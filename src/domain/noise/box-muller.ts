const f = Math.fround;

const LN2 = f(Math.LN2);
const SQRT2 = f(Math.SQRT2);
const TURN = f((2 * Math.PI) / 2 ** 24);
const ATANH = [f(1 / 9), f(1 / 7), f(1 / 5), f(1 / 3)] as const;
const SIN = [f(1 / 362880), f(-1 / 5040), f(1 / 120), f(-1 / 6)] as const;
const COS = [f(1 / 40320), f(-1 / 720), f(1 / 24), f(-1 / 2)] as const;

/**
 * Two standard normal numbers from two random words (Box & Muller 1958): √(−2 ln u)·(cos 2πv, sin 2πv) with
 * u = ((w0 >> 8) + 1)·2⁻²⁴ in (0, 1] and v = (w1 >> 8)·2⁻²⁴ in [0, 1). The largest magnitude is 5.77.
 *
 * WGSL guarantees its own log, sin and cos to 2⁻²¹ and 2⁻¹¹ only, so both are spelled out here in float32 steps
 * (`f` rounds like an f32 operation) that a shader repeats line by line: the two then agree to about 1e-6. u and v
 * stay integers until the argument is reduced, which is exact.
 */
export function boxMuller(out: Float32Array, offset: number, w0: number, w1: number): void {
  const radius = f(Math.sqrt(f(-2 * logOfUnit((w0 >>> 8) + 1))));
  const turn = w1 >>> 8;
  const quadrant = (turn + 0x200000) >>> 22;
  const angle = f(f(turn - quadrant * 0x400000) * TURN);
  const z = f(angle * angle);
  const sine = f(angle * f(1 + f(z * horner(SIN, z))));
  const cosine = f(1 + f(z * horner(COS, z)));
  const swap = (quadrant & 1) === 1;
  const x = swap ? sine : cosine;
  const y = swap ? cosine : sine;
  out[offset] = f(radius * (quadrant === 1 || quadrant === 2 ? -x : x));
  out[offset + 1] = f(radius * (quadrant === 2 || quadrant === 3 ? -y : y));
}

/**
 * ln(k·2⁻²⁴) for an integer k in [1, 2²⁴]: k = m·2^e with m in [√½, √2), ln m = 2 artanh(s), s = (m−1)/(m+1).
 * Near 1 the result keeps its relative precision because e is 0 and m − 1 is exact.
 */
function logOfUnit(k: number): number {
  const bits = 31 - Math.clz32(k);
  const unscaled = f(k * 2 ** -bits);
  const above = unscaled >= SQRT2;
  const m = above ? f(unscaled * 0.5) : unscaled;
  const exponent = bits - 24 + (above ? 1 : 0);
  const s = f(f(m - 1) / f(m + 1));
  const z = f(s * s);
  const artanh = f(s * f(1 + f(z * horner(ATANH, z))));
  return f(f(exponent * LN2) + f(2 * artanh));
}

/** Cubic in z, highest coefficient first. */
function horner(c: readonly [number, number, number, number], z: number): number {
  return f(f(f(f(f(f(c[0] * z) + c[1]) * z) + c[2]) * z) + c[3]);
}
