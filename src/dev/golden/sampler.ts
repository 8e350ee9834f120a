import { readdir } from 'node:fs/promises';
import { preconditioning } from '#domain/sampling/scaling.ts';
import { dropsPenultimateSigma, isSamplerName, sample, type DenoiseFn } from '#domain/sampling/sample.ts';
import {
  scheduleSigmas,
  truncatedSigmas,
  turboSigmas,
  type AnySchedulerName,
} from '#domain/sampling/schedules.ts';
import {
  LCM_TABLE,
  modelSigmas,
  sigmaOfTimestep,
  timestepOfSigma,
  zeroTerminalSnrSigmas,
} from '#domain/sampling/sigmas.ts';
import { batchItem, type FloatTensor } from '#domain/tensor.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { compare } from './compare.ts';
import { openTensors } from './files.ts';
import { GoldenError, type GoldenContext } from './types.ts';

/** README of sampler: 1e-4 relative to max(1, |x|). */
const TOLERANCE = { maxAbs: 1e-4, scaled: true };

/** Tables that are inputs of other cases. */
const QUERIES = new Set(['sigma', 't_query', 'lcm.denoise_query_sigma']);

type Numbers = ArrayLike<number>;

/** Golden sampler: noise levels, schedules, scalings, distilled tables and whole trajectories. */
export async function run(context: GoldenContext): Promise<void> {
  const files = (await readdir(context.dir)).filter((name) => name.endsWith('.safetensors'));
  for (const name of files.filter((file) => !file.startsWith('traj_')).sort())
    await checkTables(context, await openTensors(context.dir, name));
  if (files.includes('traj_outputs.safetensors')) await checkTrajectories(context);
}

async function checkTables({ report }: GoldenContext, file: SafetensorsFile): Promise<void> {
  const read = async (name: string): Promise<Float32Array> => (await file.float(name)).data;
  for (const name of file.names.filter((each) => !QUERIES.has(each))) {
    const expected = await file.float(name);
    const data = scheduleCase(name) ?? (await scalingCase(name, read));
    report(compare(name, { dims: [data.length], data }, expected, TOLERANCE));
  }
}

/** `karras.steps20`, `denoise.karras.steps20.d0.35.euler`, `lcm.simple.steps4`, `sdturbo.steps2.d0.5`, … */
function scheduleCase(name: string): Numbers | null {
  const match =
    /^(?:(denoise|lcm|lightning|sdturbo)\.)?(?:([a-z_]+)\.)?steps(\d+)(?:\.d(\d+\.?\d*))?(?:\.([a-z_0-9]+))?$/.exec(
      name,
    );
  if (!match) return null;
  const [, family, scheduler = 'karras', stepText, strength = '1', sampler = 'euler'] = match;
  const schedule = scheduler as AnySchedulerName;
  const steps = Number(stepText);
  if (family === 'sdturbo') return turboSigmas(steps, Number(strength));
  if (family === 'lcm') return scheduleSigmas(schedule, steps, LCM_TABLE);
  if (family !== 'denoise') return scheduleSigmas(schedule, steps);
  const dropPenultimate = isSamplerName(sampler) && dropsPenultimateSigma(sampler);
  return truncatedSigmas(schedule, steps, Number(strength), { dropPenultimate });
}

async function scalingCase(name: string, read: (name: string) => Promise<Float32Array>): Promise<Numbers> {
  switch (name) {
    case 'sigmas':
      return modelSigmas();
    case 'log_sigmas':
      return modelSigmas().map(Math.log);
    case 'sigmas_zsnr':
      return zeroTerminalSnrSigmas();
    case 'lcm.model_sigmas':
      return LCM_TABLE.sigmas;
    case 'timestep':
      return (await read('sigma')).map((sigma) => timestepOfSigma(sigma));
    case 'sigma_of_t':
      return (await read('t_query')).map((t) => sigmaOfTimestep(t));
    case 'lcm.timestep':
      return (await read('lcm.denoise_query_sigma')).map((sigma) => timestepOfSigma(sigma, LCM_TABLE));
    case 'lcm.denoised_for_x2_out0.7':
      return (await read('lcm.denoise_query_sigma')).map((sigma) => {
        const { skip, out } = preconditioning('lcm', sigma, timestepOfSigma(sigma, LCM_TABLE));
        return skip * 2 + out * 0.7;
      });
    default:
      return preconditioningCase(name, await read('sigma'));
  }
}

function preconditioningCase(name: string, sigmas: Float32Array): Numbers {
  const [prediction, quantity] = name.split(/\.(.*)/s);
  if (prediction !== 'eps' && prediction !== 'v')
    throw new GoldenError(`the sampler folder holds "${name}", which is no known case.`);
  return sigmas.map((sigma) => {
    const { skip, out, input } = preconditioning(prediction, sigma);
    const values: Readonly<Record<string, number>> = {
      c_skip: skip,
      c_out: out,
      c_in: input,
      model_input_for_x2: 2 * input,
      'denoised_for_x2_out0.7': 2 * skip + 0.7 * out,
    };
    return values[quantity ?? ''] ?? NaN;
  });
}

async function checkTrajectories({ dir, report }: GoldenContext): Promise<void> {
  const inputs = await openTensors(dir, 'traj_inputs.safetensors');
  const outputs = await openTensors(dir, 'traj_outputs.safetensors');
  for (const name of outputs.names) {
    const expected = await outputs.float(name);
    const states = await trajectory(name, inputs);
    report(compare(name, matching(states, expected), expected, TOLERANCE));
  }
}

/** The whole trajectory, or only its result where the reference holds no more. */
function matching(states: FloatTensor, expected: FloatTensor): FloatTensor {
  if (expected.data.length === states.data.length) return states;
  const result = batchItem(states, (states.dims[0] ?? 1) - 1);
  return expected.dims[0] === 1 ? { dims: [1, ...result.dims], data: result.data } : result;
}

/** x before every step and the result, [steps+1, N, C, h, w], of the case `<sigmas>.<denoiser>.<sampler>.…`. */
async function trajectory(name: string, inputs: SafetensorsFile): Promise<FloatTensor> {
  const [levels = '', denoiser = '', sampler = ''] = name.split('.');
  if (!isSamplerName(sampler))
    throw new GoldenError(`"${name}" needs the sampler "${sampler}", which is not known.`);
  const own = `sigmas.${levels}.${sampler}`;
  const sigmas = Float64Array.from((await inputs.float(inputs.has(own) ? own : `sigmas.${levels}`)).data);
  const start = await inputs.float(`x_init.${levels}`);
  const noise = await inputs.float('step_noise');
  const denoise = await referenceDenoiser(denoiser, inputs);
  const items = start.dims[0] ?? 0;
  const stride = start.data.length / items;
  const data = new Float32Array(sigmas.length * start.data.length);
  await sample(sampler, denoise, start, new Array<Float64Array>(items).fill(sigmas), {
    noise: (item, draw) => batchItem(batchItem(noise, draw), item).data,
    onItemState: (item, step, x) => data.set(x, step * start.data.length + item * stride),
  });
  return { dims: [sigmas.length, ...start.dims], data };
}

/** linear: D = (x + σ²µ)/(1 + σ²); tanh: D = tanh(x/√(1 + σ²)). */
async function referenceDenoiser(name: string, inputs: SafetensorsFile): Promise<DenoiseFn> {
  const mu = (await inputs.float('mu')).data;
  const formulas: Readonly<Record<string, (x: number, s2: number, mu: number) => number>> = {
    linear: (x, s2, m) => (x + s2 * m) / (1 + s2),
    tanh: (x, s2) => Math.tanh(x / Math.sqrt(1 + s2)),
  };
  const formula = formulas[name];
  if (!formula)
    throw new GoldenError(`the sampler folder asks for the denoiser "${name}", which is not known.`);
  return (x, sigmas) => {
    const stride = x.data.length / sigmas.length;
    const data = x.data.map((value, i) =>
      formula(value, (sigmas[Math.floor(i / stride)] as number) ** 2, mu[i] as number),
    );
    return Promise.resolve({ dims: x.dims, data });
  };
}
