import type { SamplerName } from '../job/request.ts';
import { batchItem, floatTensor, stack, type FloatTensor } from '../tensor.ts';
import { dpm2, dpmpp2m, euler, heun } from './deterministic-samplers.ts';
import type { ItemSampler, ModelCall, NoiseSource, StepRoutine } from './item-sampler.ts';
import {
  dpm2Ancestral,
  dpmpp2mSde,
  dpmpp2mSdeHeun,
  dpmpp2sAncestral,
  dpmpp3mSde,
  dpmppSde,
  eulerAncestral,
  lcm,
} from './stochastic-samplers.ts';

/** denoised = model(x, sigma): x [N,C,h,w], one noise level per item; an item with sigma 0 is not looked at. */
export type DenoiseFn = (x: FloatTensor, sigmas: Float32Array) => Promise<FloatTensor>;

/** The studio offers {@link SamplerName}; the others complete what recipes from elsewhere may ask for. */
export type AnySamplerName =
  | SamplerName
  | 'ddim'
  | 'dpm_2'
  | 'dpm_2_ancestral'
  | 'dpmpp_2s_ancestral'
  | 'dpmpp_sde'
  | 'dpmpp_2m_sde'
  | 'dpmpp_2m_sde_heun'
  | 'dpmpp_3m_sde';

const SAMPLERS: Readonly<Record<AnySamplerName, ItemSampler>> = {
  euler,
  ddim: euler,
  euler_ancestral: eulerAncestral,
  heun,
  dpm_2: dpm2,
  dpm_2_ancestral: dpm2Ancestral,
  dpmpp_2m: dpmpp2m,
  dpmpp_2s_ancestral: dpmpp2sAncestral,
  dpmpp_sde: dpmppSde,
  dpmpp_2m_sde: dpmpp2mSde,
  dpmpp_2m_sde_heun: dpmpp2mSdeHeun,
  dpmpp_3m_sde: dpmpp3mSde,
  lcm,
};

/** Narrows a name from a recipe or file. */
export function isSamplerName(name: string): name is AnySamplerName {
  return Object.hasOwn(SAMPLERS, name);
}

/** True for samplers whose schedule must be built with `dropPenultimate` (see truncatedSigmas). */
export function dropsPenultimateSigma(sampler: AnySamplerName): boolean {
  return sampler === 'dpm_2' || sampler === 'dpm_2_ancestral';
}

/** True for samplers that call {@link SampleOptions.noise}. */
export function isStochastic(sampler: AnySamplerName): boolean {
  return !['euler', 'ddim', 'heun', 'dpm_2', 'dpmpp_2m'].includes(sampler);
}

export interface SampleOptions {
  /**
   * The `draw`-th noise of an item, standard normal [C,h,w]. It depends on the item's own history only, never on its
   * batch mates; deterministic samplers do not ask.
   */
  readonly noise?: (item: number, draw: number) => Float32Array;
  /** Once before the first step (done = 0) and after each step of the item with the most steps. */
  readonly onStep?: (done: number, steps: number) => void;
  /** An item's x before each of its steps (step = 0, 1, …) and its result (step = its number of steps). */
  readonly onItemState?: (item: number, step: number, x: Float32Array) => void;
  /** Called before every model call; throws to stop. */
  readonly throwIfAborted?: () => void;
}

/**
 * Runs a true batch: x [N,C,h,w] at each item's own first noise level, `sigmas[item]` its own falling levels
 * ending in 0 (from {@link truncatedSigmas}, so all have the same number of steps whatever their strength). Items
 * with fewer than two levels are returned bit for bit. Each item is a coroutine of its own and the driver only packs
 * their model calls together, so an item's result does not depend on batch size or order. Items that finish early
 * keep their place with sigma 0.
 */
export async function sample(
  sampler: AnySamplerName,
  denoise: DenoiseFn,
  x: FloatTensor,
  sigmas: readonly Float64Array[],
  options: SampleOptions = {},
): Promise<FloatTensor> {
  if (sigmas.length !== x.dims[0])
    throw new RangeError(`${x.dims[0]} latents need as many sigma schedules, not ${sigmas.length}`);
  const itemDims = x.dims.slice(1);
  const progress = trackProgress(sigmas, options);
  const routines = sigmas.map((levels, item) =>
    itemRoutine(SAMPLERS[sampler](), batchItem(x, item).data.slice(), levels, item, options, progress),
  );
  let states = routines.map((routine) => routine.next());
  while (states.some(({ done }) => !done)) {
    options.throwIfAborted?.();
    const calls = states.map((state): ModelCall => (state.done ? { x: state.value, sigma: 0 } : state.value));
    const denoised = await denoise(
      stack(calls.map((call) => floatTensor(itemDims, call.x))),
      Float32Array.from(calls, (call) => call.sigma),
    );
    states = states.map((state, item) =>
      state.done ? state : (routines[item] as StepRoutine).next(batchItem(denoised, item).data.slice()),
    );
  }
  return stack(states.map((state) => floatTensor(itemDims, state.value as Float32Array)));
}

/** All steps of one item. */
function* itemRoutine(
  step: ReturnType<ItemSampler>,
  start: Float32Array,
  levels: Float64Array,
  item: number,
  options: SampleOptions,
  progress: (done: number) => void,
): StepRoutine {
  let x = start;
  let draws = 0;
  const noise: NoiseSource = () => {
    if (!options.noise) throw new Error('a stochastic sampler needs noise');
    return options.noise(item, draws++);
  };
  for (let i = 0; i + 1 < levels.length; i++) {
    options.onItemState?.(item, i, x);
    x = yield* step(x, levels[i] as number, levels[i + 1] as number, noise);
    progress(i + 1);
  }
  options.onItemState?.(item, Math.max(0, levels.length - 1), x);
  return x;
}

/** Reports the furthest item's step, each number once. */
function trackProgress(sigmas: readonly Float64Array[], { onStep }: SampleOptions): (done: number) => void {
  const steps = Math.max(0, ...sigmas.map((levels) => levels.length - 1));
  let reported = 0;
  onStep?.(0, steps);
  return (done) => {
    if (done <= reported) return;
    reported = done;
    onStep?.(done, steps);
  };
}
