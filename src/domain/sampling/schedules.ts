import type { SchedulerName } from '../job/request.ts';
import { symmetricBetaQuantile } from './beta-quantile.ts';
import { SDXL_TABLE, sigmaOfTimestep, type SigmaTable } from './sigmas.ts';

/** The studio offers {@link SchedulerName}; the others complete what recipes from elsewhere may ask for. */
export type AnySchedulerName = SchedulerName | 'ddim_uniform' | 'beta' | 'kl_optimal' | 'linear_quadratic';

const KARRAS_RHO = 7;
const BETA_SHAPE = 0.6;
const LINEAR_QUADRATIC_THRESHOLD = 0.025;
const TURBO_LEVELS = 10;

/** Noise levels for n steps without the final 0, largest first. */
type Schedule = (steps: number, table: SigmaTable) => number[];

/** Formulas: spec/sdxl.md F.3. */
const SCHEDULES: Readonly<Record<AnySchedulerName, Schedule>> = {
  /** Karras et al. 2022, eq. 5: σ^(1/7) falls linearly. */
  karras: (steps, table) => {
    const [max, min] = [largest(table) ** (1 / KARRAS_RHO), smallest(table) ** (1 / KARRAS_RHO)];
    return ramp(steps).map((f) => (max + f * (min - max)) ** KARRAS_RHO);
  },
  exponential: (steps, table) => {
    const [max, min] = [Math.log(largest(table)), Math.log(smallest(table))];
    return ramp(steps).map((f) => Math.exp(max + f * (min - max)));
  },
  normal: (steps, table) => ramp(steps).map((f) => sigmaOfTimestep(timestepAt(f, table), table)),
  /** As `normal` over one step more, whose last level is dropped: distilled models expect these levels. */
  sgm_uniform: (steps, table) =>
    ramp(steps + 1)
      .slice(0, -1)
      .map((f) => sigmaOfTimestep(timestepAt(f, table), table)),
  /** Entries of the table at equal distances; with more steps than entries, between them, so that none repeats. */
  simple: (steps, table) => {
    const { sigmas } = table;
    if (steps > sigmas.length)
      return range(steps).map((i) => sigmaOfTimestep(timestepAt(i / steps, table), table));
    return range(steps).map(
      (i) => sigmas[sigmas.length - 1 - Math.floor((i * sigmas.length) / steps)] as number,
    );
  },
  /** DDIM's spacing; the number of levels is the table's length over the stride, so it may be n + 1. */
  ddim_uniform: (steps, { sigmas }) => {
    const stride = Math.max(1, Math.floor(sigmas.length / steps));
    return [...sigmas].filter((_, t) => t >= 1 && (t - 1) % stride === 0).reverse();
  },
  /** Timesteps at quantiles of Beta(0.6, 0.6): dense at both ends (Lee et al. 2024). Repeats are dropped. */
  beta: (steps, { sigmas }) => {
    const last = sigmas.length - 1;
    const indices = range(steps).map((i) =>
      Math.round(last * symmetricBetaQuantile(1 - i / steps, BETA_SHAPE)),
    );
    return [...new Set(indices)].map((index) => sigmas[index] as number);
  },
  /** Sabour et al. 2024 (Align Your Steps), eq. 25: arctan σ falls linearly. */
  kl_optimal: (steps, table) => {
    const [max, min] = [Math.atan(largest(table)), Math.atan(smallest(table))];
    return ramp(steps).map((f) => Math.tan(max + f * (min - max)));
  },
  /** Half of the steps fall linearly to 97.5 %, the rest goes on to 0 as a parabola of equal value and slope. */
  linear_quadratic: (steps, table) => {
    const linear = Math.floor(steps / 2);
    const slope = linear === 0 ? 0 : LINEAR_QUADRATIC_THRESHOLD / linear;
    const curve = (1 - slope * steps) / (steps - linear) ** 2;
    return range(steps).map((i) => largest(table) * (1 - slope * i - curve * Math.max(0, i - linear) ** 2));
  },
};

/** n steps -> noise levels, strictly falling, ending in 0 (n + 1 of them; ddim_uniform and beta may differ). */
export function scheduleSigmas(
  scheduler: AnySchedulerName,
  steps: number,
  table: SigmaTable = SDXL_TABLE,
): Float64Array {
  if (!Number.isInteger(steps) || steps < 1)
    throw new RangeError(`a schedule needs whole steps, not ${steps}`);
  return Float64Array.from([...SCHEDULES[scheduler](steps, table), 0]);
}

/** What a cut schedule depends on besides steps and denoise. */
export interface TruncationOptions {
  readonly table?: SigmaTable;
  /** True for samplers that look between two levels (dpm_2): one step more, whose last level before 0 is removed. */
  readonly dropPenultimate?: boolean;
}

/**
 * img2img strength, ComfyUI's rule (spec/sdxl.md F.4): the last steps + 1 levels of a schedule of ⌊steps / denoise⌋
 * steps, so the number of model calls stays `steps` whatever the strength. denoise ≤ 0: no levels, nothing to do.
 */
export function truncatedSigmas(
  scheduler: AnySchedulerName,
  steps: number,
  denoise: number,
  { table = SDXL_TABLE, dropPenultimate = false }: TruncationOptions = {},
): Float64Array {
  if (!(denoise > 0)) return new Float64Array(0);
  const total = denoise > 0.9999 ? steps : Math.floor(steps / denoise);
  const all = scheduleSigmas(scheduler, dropPenultimate ? total + 1 : total, table);
  const kept = dropPenultimate ? all.filter((_, i) => i !== all.length - 2) : all;
  return total === steps ? kept : kept.slice(-(steps + 1));
}

/** SDXL Turbo's trained levels: timesteps 999, 899, …; a strength skips the first ones (spec/sdxl.md F.7). */
export function turboSigmas(steps: number, denoise: number): Float64Array {
  const start = TURBO_LEVELS - Math.floor(TURBO_LEVELS * denoise);
  const timesteps = range(TURBO_LEVELS).map((i) => (TURBO_LEVELS - i) * 100 - 1);
  const levels = timesteps.slice(start, start + steps).map((t) => sigmaOfTimestep(t));
  return Float64Array.from([...levels, 0]);
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, i) => i);
}

/** n numbers from 0 to 1; a single one is 0. */
function ramp(count: number): number[] {
  return range(count).map((i) => i / Math.max(1, count - 1));
}

function largest({ sigmas }: SigmaTable): number {
  return sigmas[sigmas.length - 1] as number;
}

function smallest({ sigmas }: SigmaTable): number {
  return sigmas[0] as number;
}

/** Timestep a fraction of the way from the noisiest to the cleanest level. */
function timestepAt(fraction: number, { sigmas, stride }: SigmaTable): number {
  return (sigmas.length - 1) * stride * (1 - fraction) + stride - 1;
}
