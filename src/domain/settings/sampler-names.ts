import type { SamplerName, SchedulerName } from '../job/request.ts';

/** A sampler and its schedule by the names other tools give them. */
export interface NamedSampling {
  readonly sampler: SamplerName | null;
  readonly scheduler: SchedulerName | null;
  /** A name that means nothing here. */
  readonly unknownSampler: string | null;
  readonly unknownScheduler: string | null;
}

/** Names in lower case without spaces and underscores: A1111's labels, ComfyUI's and InvokeAI's ids. */
const SAMPLERS: ReadonlyMap<string, SamplerName> = new Map([
  ['euler', 'euler'],
  ['keuler', 'euler'],
  ['eulera', 'euler_ancestral'],
  ['eulerancestral', 'euler_ancestral'],
  ['keulera', 'euler_ancestral'],
  ['heun', 'heun'],
  ['kheun', 'heun'],
  ['dpm++2m', 'dpmpp_2m'],
  ['dpmpp2m', 'dpmpp_2m'],
  ['kdpmpp2m', 'dpmpp_2m'],
  ['lcm', 'lcm'],
]);

/** `uniform` is A1111's name for equal steps in time, ComfyUI's `normal`. */
const SCHEDULERS: ReadonlyMap<string, SchedulerName> = new Map([
  ['karras', 'karras'],
  ['normal', 'normal'],
  ['uniform', 'normal'],
  ['sgmuniform', 'sgm_uniform'],
  ['exponential', 'exponential'],
  ['simple', 'simple'],
]);

const keyOf = (name: string) => name.toLowerCase().replace(/[\s_]+/g, '');

/** Null names say nothing and leave what is set. */
export function samplingByName(sampler: string | null, scheduler: string | null): NamedSampling {
  const known = sampler === null ? undefined : SAMPLERS.get(keyOf(sampler));
  const spaced = scheduler === null ? undefined : SCHEDULERS.get(keyOf(scheduler));
  return {
    sampler: known ?? null,
    scheduler: spaced ?? null,
    unknownSampler: known ? null : sampler,
    unknownScheduler: spaced ? null : scheduler,
  };
}

const SCHEDULE_SUFFIX = / (Karras|Exponential|SGM Uniform|Simple|Normal|Uniform)$/i;

/**
 * A1111 wrote the schedule into the sampler's name ("DPM++ 2M Karras") until it got a field of its own, "Schedule type".
 * "Automatic" is the sampler's usual one: Karras for DPM++ 2M, equal steps in time for the others. LCM has steps of its own.
 */
export function samplingOfA1111(sampler: string | null, schedule: string | null): NamedSampling {
  const suffix = sampler === null ? null : (SCHEDULE_SUFFIX.exec(sampler)?.[1] ?? null);
  const name = sampler === null ? null : sampler.replace(SCHEDULE_SUFFIX, '');
  const automatic = schedule !== null && keyOf(schedule) === 'automatic';
  if ((schedule !== null && !automatic) || suffix !== null) return samplingByName(name, schedule ?? suffix);
  const known = samplingByName(name, null);
  if (known.sampler === null || known.sampler === 'lcm') return known;
  return { ...known, scheduler: automatic && known.sampler === 'dpmpp_2m' ? 'karras' : 'normal' };
}

/** InvokeAI's one name for both: `_k` is for Karras, "dpmpp_2m_k". */
export function samplingOfInvoke(scheduler: string | null): NamedSampling {
  if (scheduler === null) return samplingByName(null, null);
  const named = samplingByName(scheduler.replace(/_k$/, ''), null);
  if (named.sampler === null || named.sampler === 'lcm') return named;
  return { ...named, scheduler: scheduler.endsWith('_k') ? 'karras' : 'normal' };
}
