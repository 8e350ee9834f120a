import { eulerStep, weightedSum, type ItemSampler } from './item-sampler.ts';

/** Euler on dx/dσ = (x − D)/σ (Karras et al. 2022, algorithm 2 without churn); DDIM is the same step. */
export const euler: ItemSampler = () =>
  function* (x, s, n) {
    return eulerStep(x, yield { x, sigma: s }, s, n);
  };

/** Heun's second-order correction, one more model call except for the last step (Karras et al. 2022, algorithm 1). */
export const heun: ItemSampler = () =>
  function* (x, s, n) {
    const denoised = yield { x, sigma: s };
    const predicted = eulerStep(x, denoised, s, n);
    if (n === 0) return predicted;
    const corrected = yield { x: predicted, sigma: n };
    const h = (n - s) / 2;
    return weightedSum([1 + h / s, x], [-h / s, denoised], [h / n, predicted], [-h / n, corrected]);
  };

/** DPM-Solver-2 (Lu et al. 2022): the slope is taken at the geometric mean of the two levels. */
export const dpm2: ItemSampler = () =>
  function* (x, s, n) {
    const denoised = yield { x, sigma: s };
    if (n === 0) return denoised;
    const middle = Math.sqrt(s * n);
    const x2 = eulerStep(x, denoised, s, middle);
    const denoised2 = yield { x: x2, sigma: middle };
    const slope = (n - s) / middle;
    return weightedSum([1, x], [slope, x2], [-slope, denoised2]);
  };

/** DPM-Solver++(2M) (Lu et al. 2022b, algorithm 2): extrapolates D linearly in λ = −ln σ from the step before. */
export const dpmpp2m: ItemSampler = () => {
  let before: { readonly denoised: Float32Array; readonly sigma: number } | undefined;
  return function* (x, s, n) {
    const denoised = yield { x, sigma: s };
    const previous = before;
    before = { denoised, sigma: s };
    if (n === 0) return denoised;
    const h = Math.log(s / n);
    const slope = previous ? h / Math.log(previous.sigma / s) / 2 : 0;
    const gain = -Math.expm1(-h);
    return weightedSum(
      [n / s, x],
      [gain * (1 + slope), denoised],
      [-gain * slope, previous?.denoised ?? denoised],
    );
  };
};
