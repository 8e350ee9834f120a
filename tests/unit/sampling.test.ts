import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { preconditioning, startFactor } from '#domain/sampling/scaling.ts';
import {
  isStochastic,
  sample,
  type AnySamplerName,
  type DenoiseFn,
  type SampleOptions,
} from '#domain/sampling/sample.ts';
import { scheduleSigmas, truncatedSigmas, type AnySchedulerName } from '#domain/sampling/schedules.ts';
import {
  LCM_TABLE,
  modelSigmas,
  sigmaOfTimestep,
  timestepOfSigma,
  ZSNR_TABLE,
} from '#domain/sampling/sigmas.ts';
import { batchItem, floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';

const SCHEDULERS: AnySchedulerName[] = [
  'karras',
  'normal',
  'sgm_uniform',
  'exponential',
  'simple',
  'ddim_uniform',
  'beta',
  'kl_optimal',
  'linear_quadratic',
];
const SAMPLERS: AnySamplerName[] = [
  'euler',
  'ddim',
  'euler_ancestral',
  'heun',
  'dpm_2',
  'dpm_2_ancestral',
  'dpmpp_2m',
  'dpmpp_2s_ancestral',
  'dpmpp_sde',
  'dpmpp_2m_sde',
  'dpmpp_2m_sde_heun',
  'dpmpp_3m_sde',
  'lcm',
];
const scheduler = fc.constantFrom(...SCHEDULERS);
const sampler = fc.constantFrom(...SAMPLERS);

describe('noise levels', () => {
  test('SDXL table', () => {
    const sigmas = modelSigmas();
    const known: [number, number][] = [
      [0, 0.0291672],
      [100, 0.34393],
      [500, 1.61828],
      [999, 14.6146412],
    ];
    for (const [t, sigma] of known) expect(sigmas[t]).toBeCloseTo(sigma, 4);
    expect(ZSNR_TABLE.sigmas[999]).toBeCloseTo(4518.76, 1);
    expect(LCM_TABLE.sigmas).toHaveLength(50);
  });

  test('timestep and sigma are inverse on the table', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 999 }), (t) => {
        expect(timestepOfSigma(sigmaOfTimestep(t))).toBe(t);
      }),
    );
    expect(timestepOfSigma(0)).toBe(0);
    expect(timestepOfSigma(sigmaOfTimestep(679, LCM_TABLE), LCM_TABLE)).toBe(679);
    expect(sigmaOfTimestep(-3)).toBe(sigmaOfTimestep(0));
  });

  test('a perfect network is recognised under every prediction', () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0.03, max: 14, noNaN: true }),
        fc.constantFrom('eps', 'v'),
        (sigma, kind) => {
          const [latent, noise] = [0.7, -1.3];
          const x = latent + sigma * noise;
          const { skip, out } = preconditioning(kind, sigma);
          const root = Math.sqrt(1 + sigma * sigma);
          const answer = kind === 'eps' ? noise : (noise - sigma * latent) / root;
          expect(skip * x + out * answer).toBeCloseTo(latent, 9);
        },
      ),
    );
    expect(startFactor(14.6146, 14.6146)).toBeCloseTo(Math.hypot(1, 14.6146), 6);
    expect(startFactor(2, 14.6146)).toBe(2);
  });
});

describe('schedules', () => {
  test('fall strictly to 0 and stay within the table', () => {
    fc.assert(
      fc.property(
        scheduler,
        fc.integer({ min: 1, max: 60 }),
        fc.double({ min: 0.1, max: 1, noNaN: true }),
        (name, steps, denoise) => {
          const sigmas = truncatedSigmas(name, steps, denoise);
          expect(sigmas.every((sigma, i) => i === 0 || sigma < sigmas[i - 1]!)).toBe(true);
          expect(sigmas.at(-1)).toBe(0);
          expect(sigmas[0]!).toBeLessThanOrEqual(14.6146412 * (1 + 1e-6));
        },
      ),
    );
  });

  test('strength never changes the number of steps, and more strength starts no lower', () => {
    const offered = fc.constantFrom<AnySchedulerName>(
      'karras',
      'normal',
      'sgm_uniform',
      'exponential',
      'simple',
    );
    const strength = fc.double({ min: 0.05, max: 1, noNaN: true });
    fc.assert(
      fc.property(offered, fc.integer({ min: 2, max: 60 }), strength, strength, (name, steps, a, b) => {
        const [weak, strong] = [Math.min(a, b), Math.max(a, b)].map((d) => truncatedSigmas(name, steps, d));
        expect([weak!.length, strong!.length]).toEqual([steps + 1, steps + 1]);
        expect(strong![0]!).toBeGreaterThanOrEqual(weak![0]! * (1 - 1e-9));
      }),
    );
  });

  test('strength 0 is no levels at all; 20 steps at 0.35 are the last of 57', () => {
    expect(truncatedSigmas('karras', 20, 0)).toHaveLength(0);
    expect(truncatedSigmas('karras', 20, 0.35)).toEqual(scheduleSigmas('karras', 57).slice(-21));
    expect(truncatedSigmas('karras', 20, 0.35)[0]).toBeCloseTo(0.46527, 5);
    expect(() => scheduleSigmas('karras', 0)).toThrow(RangeError);
    const many = scheduleSigmas('simple', 3000);
    expect(many.every((sigma, i) => i === 0 || sigma < many[i - 1]!)).toBe(true);
  });
});

/** A nonlinear stand-in for a network whose answer for an item depends on that item alone. */
const network: DenoiseFn = (x, sigmas) => {
  const stride = x.data.length / sigmas.length;
  const data = x.data.map((value, i) => {
    const sigma = sigmas[Math.floor(i / stride)]!;
    return Math.tanh(value / Math.sqrt(1 + sigma * sigma) + 0.1 * (i % stride));
  });
  return Promise.resolve({ dims: x.dims, data });
};

const latents = (count: number) =>
  stack(
    Array.from({ length: count }, (_, i) =>
      floatTensor(
        [2, 2, 3],
        Float32Array.from({ length: 12 }, (__, j) => Math.sin(7 * i + j) * 3),
      ),
    ),
  );
const strengths = fc.array(fc.constantFrom(0, 0.1, 0.3, 0.5, 0.75, 1), { minLength: 1, maxLength: 5 });
const noiseOf =
  (ids: readonly number[]): NonNullable<SampleOptions['noise']> =>
  (item, draw) =>
    Float32Array.from({ length: 12 }, (_, j) => Math.cos(100 * ids[item]! + 13 * draw + j));

async function run(
  name: AnySamplerName,
  ids: readonly number[],
  all: FloatTensor,
  denoise: readonly number[],
) {
  const x = stack(ids.map((id) => batchItem(all, id)));
  const sigmas = ids.map((id) => truncatedSigmas('karras', 6, denoise[id]!));
  return sample(name, network, x, sigmas, { noise: noiseOf(ids) });
}

describe('sample', () => {
  test('batch invariance: every item equals itself alone, bit for bit, in any order', async () => {
    await fc.assert(
      fc.asyncProperty(sampler, strengths, async (name, denoise) => {
        const all = latents(denoise.length);
        const ids = denoise.map((_, i) => i);
        const together = await run(name, ids, all, denoise);
        const reversed = await run(name, [...ids].reverse(), all, denoise);
        for (const id of ids) {
          const alone = await run(name, [id], all, denoise);
          expect(batchItem(together, id).data).toEqual(alone.data);
          expect(batchItem(reversed, ids.length - 1 - id).data).toEqual(alone.data);
        }
      }),
    );
  });

  test('strength 0 returns the latent bit for bit, without a model call', async () => {
    const x = latents(2);
    const never: DenoiseFn = () => Promise.reject(new Error('called'));
    for (const name of SAMPLERS) {
      const result = await sample(name, never, x, [new Float64Array(0), Float64Array.of(0)]);
      expect(result).toEqual(x);
    }
  });

  test('a network that knows the answer is believed exactly', async () => {
    const x = latents(1);
    const answer = x.data.map((value) => value / 2);
    const oracle: DenoiseFn = (input) => Promise.resolve({ dims: input.dims, data: answer });
    for (const name of SAMPLERS) {
      const result = await sample(name, oracle, x, [truncatedSigmas('karras', 8, 0.5)], {
        noise: noiseOf([0]),
      });
      result.data.forEach((value, i) => expect(value).toBeCloseTo(answer[i]!, 4));
    }
  });

  test('follows the exact solution for Gaussian data, second-order samplers far more closely', async () => {
    const mu = 0.4;
    const gaussian: DenoiseFn = (x, sigmas) => {
      const s2 = sigmas[0]! ** 2;
      return Promise.resolve({ dims: x.dims, data: x.data.map((value) => (value + s2 * mu) / (1 + s2)) });
    };
    const x = latents(1);
    const sigmas = scheduleSigmas('karras', 40);
    const shrink = 1 / Math.sqrt(1 + sigmas[0]! ** 2);
    const error = async (name: AnySamplerName) => {
      const { data } = await sample(name, gaussian, x, [sigmas]);
      return Math.max(...data.map((value, i) => Math.abs(value - (mu + (x.data[i]! - mu) * shrink))));
    };
    const first = await error('euler');
    expect(first).toBeLessThan(0.03);
    for (const name of ['heun', 'dpm_2', 'dpmpp_2m'] as const)
      expect(await error(name)).toBeLessThan(first / 8);
  });

  test('as many model calls as steps for one-stage samplers; finished items are shown sigma 0', async () => {
    const seen: number[][] = [];
    const spy: DenoiseFn = (x, sigmas) => {
      seen.push([...sigmas]);
      return network(x, sigmas);
    };
    const sigmas = [truncatedSigmas('karras', 4, 1), Float64Array.of(2, 1, 0), new Float64Array(0)];
    await sample('euler', spy, latents(3), sigmas);
    expect(seen).toHaveLength(4);
    expect(seen.map((row) => row[1])).toEqual([2, 1, 0, 0]);
    expect(seen.every((row) => row[2] === 0)).toBe(true);
  });

  test('stops before the next model call and reports each step once', async () => {
    const steps: number[] = [];
    let calls = 0;
    const counting: DenoiseFn = (x, sigmas) => {
      calls++;
      return network(x, sigmas);
    };
    const options: SampleOptions = {
      onStep: (done) => steps.push(done),
      throwIfAborted: () => {
        if (steps.at(-1) === 3) throw new Error('stopped');
      },
    };
    const sigmas = [truncatedSigmas('karras', 9, 0.4), truncatedSigmas('karras', 9, 0.8)];
    await expect(sample('euler', counting, latents(2), sigmas, options)).rejects.toThrow('stopped');
    expect(steps).toEqual([0, 1, 2, 3]);
    expect(calls).toBe(3);
  });

  test('only stochastic samplers draw noise', async () => {
    for (const name of SAMPLERS) {
      let drawn = 0;
      const noise = () => {
        drawn++;
        return new Float32Array(12);
      };
      await sample(name, network, latents(1), [truncatedSigmas('karras', 3, 1)], { noise });
      expect([name, drawn > 0]).toEqual([name, isStochastic(name)]);
    }
    await expect(sample('lcm', network, latents(1), [truncatedSigmas('karras', 3, 1)])).rejects.toThrow(
      'noise',
    );
    await expect(sample('euler', network, latents(2), [])).rejects.toThrow(RangeError);
  });
});
