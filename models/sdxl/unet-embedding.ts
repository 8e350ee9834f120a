/** Width of one size value's embedding inside the label vector (spec/sdxl.md A.3). */
export const SIZE_EMBED_DIM = 256;
/** [original h, original w, crop top, crop left, target h, target w] in pixels. */
export const SIZE_ID_COUNT = 6;

const { fround } = Math;

/**
 * Sinusoidal embedding of scalars, cosines first: [cos(v·f_0..), sin(v·f_0..)], f_i = 10000^(−i/half).
 * Every step is rounded to float32, as the reference does, because v reaches thousands. Result [values, dim].
 */
export function sinusoidalEmbedding(values: ArrayLike<number>, dim: number): Float32Array<ArrayBuffer> {
  const half = dim >> 1;
  const result = new Float32Array(values.length * dim);
  const logPeriod = fround(-Math.log(10000));
  for (let i = 0; i < half; i++) {
    const frequency = exp32(fround(fround(logPeriod * i) / half));
    for (let n = 0; n < values.length; n++) {
      const angle = fround(fround(values[n] as number) * frequency);
      result[n * dim + i] = Math.cos(angle);
      result[n * dim + half + i] = Math.sin(angle);
    }
  }
  return result;
}

/** Coefficients of exp's series beyond 1 + s, as a minimax fit over |s| <= ln2/2. */
const EXP_SERIES = [0.00019852762, 0.0013930436, 0.008333361, 0.041666485, 0.16666667, 0.5] as const;
/** ln 2 in two parts, the first with few enough bits that its multiples are exact. */
const LN2_HIGH = 0.693145751953125;
const LN2_LOW = 1.4286068e-6;

/**
 * exp in float32 with the rounding of PyTorch's vectorised exp, which made the references (reduction by multiples of ln 2,
 * degree 6 series, fused multiply-adds; the scheme of SLEEF's expf_u10). One unit in the last place of a frequency
 * turns into 1e-4 rad at 4096 px, so even a correctly rounded exp is too far from them.
 */
function exp32(x: number): number {
  const fma = (a: number, b: number, c: number) => fround(a * b + c);
  const power = Math.round(fround(x * fround(Math.LOG2E)));
  const s = fma(power, -fround(LN2_LOW), fma(power, -fround(LN2_HIGH), x));
  const series = EXP_SERIES.map(fround).reduce((sum, coefficient) => fma(sum, s, coefficient));
  return fround(1 + fma(fround(s * s), series, s)) * 2 ** power;
}

/** The label vector y of one item: pooled text [P] followed by the six size embeddings. */
export function labelVector(pooled: Float32Array, sizeIds: ArrayLike<number>): Float32Array<ArrayBuffer> {
  const sizes = sinusoidalEmbedding(sizeIds, SIZE_EMBED_DIM);
  const y = new Float32Array(pooled.length + sizes.length);
  y.set(pooled);
  y.set(sizes, pooled.length);
  return y;
}
