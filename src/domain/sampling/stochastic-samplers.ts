import { ancestralSplit, eulerStep, weightedSum, type ItemSampler } from './item-sampler.ts';

/**
 * Samplers that add fresh noise at every step but the last. They are only as consistent between overlapping crops as
 * the noise they are given: pass scaffold slices. Noise strength eta is 1, the value recipes assume.
 */
const ETA = 1;

/** Euler down to the ancestral level, then noise back up. */
export const eulerAncestral: ItemSampler = () =>
  function* (x, s, n, noise) {
    const denoised = yield { x, sigma: s };
    if (n === 0) return denoised;
    const { down, up } = ancestralSplit(s, n, ETA);
    return weightedSum([1, eulerStep(x, denoised, s, down)], [up, noise()]);
  };

/** DPM-Solver-2 down to the ancestral level, then noise back up. */
export const dpm2Ancestral: ItemSampler = () =>
  function* (x, s, n, noise) {
    const denoised = yield { x, sigma: s };
    const { down, up } = ancestralSplit(s, n, ETA);
    if (down === 0) return n === 0 ? denoised : weightedSum([1, denoised], [up, noise()]);
    const middle = Math.sqrt(s * down);
    const x2 = eulerStep(x, denoised, s, middle);
    const denoised2 = yield { x: x2, sigma: middle };
    const slope = (down - s) / middle;
    return weightedSum([1, x], [slope, x2], [-slope, denoised2], [up, noise()]);
  };

/** DPM-Solver++(2S) to the ancestral level: the exponential midpoint rule in λ, then noise back up. */
export const dpmpp2sAncestral: ItemSampler = () =>
  function* (x, s, n, noise) {
    const denoised = yield { x, sigma: s };
    if (n === 0) return denoised;
    const { down, up } = ancestralSplit(s, n, ETA);
    const h = Math.log(s / down);
    const middle = Math.sqrt(s * down);
    const x2 = weightedSum([middle / s, x], [-Math.expm1(-h / 2), denoised]);
    const denoised2 = yield { x: x2, sigma: middle };
    return weightedSum([down / s, x], [-Math.expm1(-h), denoised2], [up, noise()]);
  };

/** SDE-DPM-Solver++ with a midpoint stage (r = ½); two noises per step, the midpoint's first. */
export const dpmppSde: ItemSampler = () =>
  function* (x, s, n, noise) {
    const denoised = yield { x, sigma: s };
    if (n === 0) return denoised;
    const middle = Math.sqrt(s * n);
    const first = ancestralSplit(s, middle, ETA);
    const x2 = weightedSum([1, eulerStep(x, denoised, s, first.down)], [first.up, noise()]);
    const denoised2 = yield { x: x2, sigma: middle };
    const second = ancestralSplit(s, n, ETA);
    return weightedSum([1, eulerStep(x, denoised2, s, second.down)], [second.up, noise()]);
  };

/** What multistep solvers remember of a step. */
interface PastStep {
  readonly denoised: Float32Array;
  /** Length of that step in λ = −ln σ. */
  readonly h: number;
}

/** Weights of D, D − D₁ and (D − D₁) − … differ per solver; the base step and the noise are shared. */
function sdeBase(s: number, n: number): { readonly h: number; readonly he: number; readonly noise: number } {
  const h = Math.log(s / n);
  return { h, he: h * (1 + ETA), noise: n * Math.sqrt(-Math.expm1(-2 * h * ETA)) };
}

/** SDE-DPM-Solver++(2M) (Lu et al. 2022b): `midpoint` or `heun` form of the second-order term. */
function dpmpp2mSdeOf(secondOrder: (he: number) => number): ItemSampler {
  return () => {
    let past: PastStep | undefined;
    return function* (x, s, n, noise) {
      const denoised = yield { x, sigma: s };
      if (n === 0) return denoised;
      const { h, he, noise: up } = sdeBase(s, n);
      const extra = past ? (secondOrder(he) * h) / past.h : 0;
      const result = weightedSum(
        [(n / s) * Math.exp(-h * ETA), x],
        [-Math.expm1(-he) + extra, denoised],
        [-extra, past?.denoised ?? denoised],
        [up, noise()],
      );
      past = { denoised, h };
      return result;
    };
  };
}

/** SDE-DPM-Solver++(2M), midpoint form of the second-order term. */
export const dpmpp2mSde = dpmpp2mSdeOf((he) => -Math.expm1(-he) / 2);
/** SDE-DPM-Solver++(2M), Heun form of the second-order term. */
export const dpmpp2mSdeHeun = dpmpp2mSdeOf((he) => Math.expm1(-he) / he + 1);

/** SDE-DPM-Solver++(3M): as 2M with a second difference once two past steps are known. */
export const dpmpp3mSde: ItemSampler = () => {
  let past: readonly PastStep[] = [];
  return function* (x, s, n, noise) {
    const denoised = yield { x, sigma: s };
    if (n === 0) return denoised;
    const { h, he, noise: up } = sdeBase(s, n);
    const correction = thirdOrderTerms(denoised, h, he, past);
    past = [{ denoised, h }, ...past.slice(0, 1)];
    return weightedSum([(n / s) * Math.exp(-h * ETA), x], [-Math.expm1(-he), denoised], ...correction, [
      up,
      noise(),
    ]);
  };
};

function thirdOrderTerms(
  denoised: Float32Array,
  h: number,
  he: number,
  [first, second]: readonly PastStep[],
): (readonly [number, Float32Array])[] {
  if (!first) return [];
  const phi2 = Math.expm1(-he) / he + 1;
  const r0 = first.h / h;
  if (!second) return differenceTerms(phi2 / r0, denoised, first.denoised);
  const phi3 = phi2 / he - 0.5;
  const r1 = second.h / h;
  const bend = (phi2 * r0 - phi3) / (r0 + r1);
  return [
    ...differenceTerms((phi2 + bend) / r0, denoised, first.denoised),
    ...differenceTerms(-bend / r1, first.denoised, second.denoised),
  ];
}

function differenceTerms(
  weight: number,
  a: Float32Array,
  b: Float32Array,
): (readonly [number, Float32Array])[] {
  return [
    [weight, a],
    [-weight, b],
  ];
}

/** Latent consistency sampling (Luo et al. 2023): jump to D, add noise of the next level. */
export const lcm: ItemSampler = () =>
  function* (x, s, n, noise) {
    const denoised = yield { x, sigma: s };
    return n === 0 ? denoised : weightedSum([1, denoised], [n, noise()]);
  };
