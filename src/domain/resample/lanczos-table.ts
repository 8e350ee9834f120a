/** Lobes of the kernel: Lanczos-3. */
const LOBES = 3;

/**
 * The weights of a 1-D resize: output i is Σ_t weights[i·taps + t] · source[starts[i] + t]. Weights add up to 1, all
 * taps lie inside the source. The same table drives the CPU twin and the kernel.
 */
export interface ResampleTable {
  readonly taps: number;
  readonly starts: Uint32Array;
  readonly weights: Float32Array;
}

/** sinc(x)·sinc(x/3) inside |x| < 3, else 0. Duchon, "Lanczos Filtering in One and Two Dimensions", 1979. */
export function lanczos(x: number): number {
  if (x === 0) return 1;
  if (Math.abs(x) >= LOBES) return 0;
  const px = Math.PI * x;
  return (LOBES * Math.sin(px) * Math.sin(px / LOBES)) / (px * px);
}

/**
 * Lanczos-3 table for resizing `sourceLength` to `targetLength` samples, pixel centres aligned. On a downscale the
 * kernel widens by the factor (no aliasing); at borders the taps outside are dropped and the rest renormalised.
 * Equal lengths give the exact identity.
 */
export function lanczosTable(sourceLength: number, targetLength: number): ResampleTable {
  for (const length of [sourceLength, targetLength])
    if (!(length >= 1)) throw new RangeError(`cannot resize ${sourceLength} to ${targetLength} samples`);
  if (sourceLength === targetLength) return identityTable(sourceLength);
  const scale = sourceLength / targetLength;
  const widening = Math.max(1, scale);
  const reach = LOBES * widening;
  const taps = Math.min(sourceLength, Math.ceil(2 * reach));
  const starts = new Uint32Array(targetLength);
  const weights = new Float32Array(targetLength * taps);
  for (let i = 0; i < targetLength; i++) {
    const centre = (i + 0.5) * scale;
    const start = Math.min(sourceLength - taps, Math.max(0, Math.floor(centre - reach + 0.5)));
    starts[i] = start;
    fillWeights(weights.subarray(i * taps, (i + 1) * taps), start, centre, widening);
  }
  return { taps, starts, weights };
}

function fillWeights(weights: Float32Array, start: number, centre: number, widening: number): void {
  const raw = Array.from(weights, (_, t) => lanczos((start + t + 0.5 - centre) / widening));
  const sum = raw.reduce((total, weight) => total + weight, 0);
  raw.forEach((weight, t) => (weights[t] = weight / sum));
}

function identityTable(length: number): ResampleTable {
  return {
    taps: 1,
    starts: Uint32Array.from({ length }, (_, i) => i),
    weights: new Float32Array(length).fill(1),
  };
}

/** Source range [from, to) that outputs [start, end) read. */
export function sourceRange(table: ResampleTable, start: number, end: number): { from: number; to: number } {
  return { from: table.starts[start] ?? 0, to: (table.starts[end - 1] ?? 0) + table.taps };
}
