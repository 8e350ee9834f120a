import { describe, expect, it } from 'vitest';
import { say, Sentence } from '#domain/job/sentence.ts';
import { AppError } from '#domain/job/app-error.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { DetectRequest, RefineRequest } from '#domain/job/request.ts';
import type { ExecutionPlan } from '#domain/plan/types.ts';
import type { Raster8 } from '#domain/raster.ts';
import { detect } from '#pipelines/detect.ts';
import { ImageFeatures } from '#pipelines/image-features.ts';
import { MemoryLadder } from '#pipelines/memory-ladder.ts';
import { ProgressTracker } from '#pipelines/progress.ts';
import { refine } from '#pipelines/refine.ts';
import { batchLimit } from '#pipelines/repaint.ts';
import type { Segmenter, Services } from '#pipelines/services.ts';
import { concept, detection, fakeServices, request, testPicture, type FakeLog } from './pipelines-fakes.ts';

const PICTURE = testPicture(128, 96);
const REQUEST = request({
  detections: [detection('a', 0.1, 0.1, 0.2), detection('b', 0.6, 0.5, 0.25), detection('c', 0.35, 0.2, 0.2)],
  sampling: { sampler: 'euler', scheduler: 'karras', steps: 2, guidanceScale: 3 },
  global: { ...request().global, enabled: true },
  output: { canvasLongSidePx: 192, exportLongSidePx: 192 },
});
/** One crop: what does not fit cannot be halved. */
const SINGLE = { ...REQUEST, detections: REQUEST.detections.slice(0, 1) };
const PLAN: ExecutionPlan = {
  unet: { dtype: 'f16', linearBits: null },
  others: { dtype: 'f16', linearBits: null },
  codecTilePx: 512,
  batchItems: 4,
  batchBudgetBytes: 1,
  residency: 'all',
  residentBytes: 1,
  capture: false,
};

const oom = () => new AppError('gpu-out-of-memory', 'Not enough memory for running UNet.');

/** Called before every run of a network: throws what the test wants to go wrong. */
type Guard = (network: string, items: number) => void;

/** Services whose networks ask `guard` first. */
function guarded(guard: Guard, log?: FakeLog): Services {
  const services = fakeServices(log);
  const { codec, prompts, anchors, denoiser } = services;
  const before =
    <A extends unknown[], R>(name: string, call: (...args: A) => Promise<R>, items = 1) =>
    async (...args: A): Promise<R> => {
      guard(name, items);
      return call(...args);
    };
  return {
    ...services,
    codec: { ...codec, encode: before('encode', codec.encode), decode: before('decode', codec.decode) },
    prompts: { ...prompts, encode: before('prompt', prompts.encode) },
    anchors: anchors && {
      ...anchors,
      encode: before('anchor', anchors.encode),
      unconditional: before('blank', anchors.unconditional),
    },
    denoiser: {
      ...denoiser,
      prepare: async (items, latent, scale) => {
        guard('prepare', items.length);
        const prepared = await denoiser.prepare(items, latent, scale);
        return { ...prepared, denoise: before('step', prepared.denoise, items.length) };
      },
    },
  };
}

interface Outcome {
  readonly canvas: Raster8;
  readonly events: readonly JobEvent[];
  readonly notices: readonly string[];
}

async function run(
  services: Services,
  refineRequest: RefineRequest = REQUEST,
  controller = new AbortController(),
  events: JobEvent[] = [],
): Promise<Outcome> {
  const context = { signal: controller.signal, onEvent: (event: JobEvent) => void events.push(event) };
  const { canvas } = await refine(PICTURE, refineRequest, services, context);
  const notices = events.flatMap((event) => (event.kind === 'notice' ? [say(event.message)] : []));
  return { canvas, events, notices };
}

function largestDifference(a: Raster8, b: Raster8): number {
  let largest = 0;
  for (let i = 0; i < a.data.length; i++) largest = Math.max(largest, Math.abs(a.data[i]! - b.data[i]!));
  return largest;
}

/** Fails the nth call of any network, once. */
function failingAt(nth: number): { guard: Guard; failed: () => string | null } {
  let calls = 0;
  let failed: string | null = null;
  return {
    guard: (network) => {
      if (++calls !== nth) return;
      failed = network;
      throw oom();
    },
    failed: () => failed,
  };
}

describe('running out of memory once', () => {
  it('changes nothing but time, whichever call of whichever network it hits', async () => {
    const clean = (await run(fakeServices())).canvas;
    const untouched = (await run(fakeServices(), request({ output: REQUEST.output }))).canvas;
    expect(largestDifference(clean, untouched)).toBeGreaterThan(8);
    const hit = new Set<string>();
    for (let nth = 1; ; nth++) {
      const { guard, failed } = failingAt(nth);
      const services: Services = { ...guarded(guard), plan: PLAN };
      const smaller: Services = { ...guarded(guard), plan: { ...PLAN, batchItems: 1 } };
      const outcome = await run({ ...services, stepDown: () => Promise.resolve(smaller) });
      expect(largestDifference(outcome.canvas, clean)).toBeLessThanOrEqual(1);
      const network = failed();
      if (network === null) {
        expect(outcome.notices).toEqual([]);
        break;
      }
      hit.add(network);
      expect(outcome.notices).toHaveLength(1);
    }
    expect([...hit].sort()).toEqual(['anchor', 'blank', 'decode', 'encode', 'prepare', 'prompt', 'step']);
  }, 120_000);
});

describe('a batch that is too large', () => {
  it.each(['step', 'prepare'])(
    'is halved until its %s fits, and stays so for the rest of the job',
    async (network) => {
      const log: FakeLog = { calls: 0, batchSizes: [] };
      const services = guarded((name, items) => {
        if (name === network && items > 1) throw oom();
      }, log);
      const four = [...REQUEST.detections, detection('d', 0.1, 0.6, 0.2)];
      const { notices } = await run(services, { ...REQUEST, detections: four });
      expect(notices).toEqual([
        'Not enough memory for 4 crops at once: going on with 2 at a time.',
        'Not enough memory for 2 crops at once: going on with 1 at a time.',
      ]);
      const fitting = log.batchSizes.slice(network === 'step' ? 2 : 0);
      expect(new Set(fitting)).toEqual(new Set([1]));
    },
  );

  it('is tried whole again on smaller services', async () => {
    const log: FakeLog = { calls: 0, batchSizes: [] };
    const smaller: Services = {
      ...fakeServices(log),
      plan: { ...PLAN, unet: { dtype: 'f16', linearBits: 8 } },
    };
    const services: Services = {
      ...guarded(() => {
        throw oom();
      }),
      prompts: smaller.prompts,
      plan: PLAN,
      stepDown: () => Promise.resolve(smaller),
    };
    const { notices } = await run(services);
    expect(log.batchSizes[0]).toBe(3);
    expect(notices.at(-1)).toBe('Not enough memory: going on with the model in 8 bit.');
  });
});

describe('stepping down', () => {
  const failing = (network: string, next: Services | null): Services => ({
    ...guarded((name) => {
      if (name === network) throw oom();
    }),
    plan: PLAN,
    stepDown: () => Promise.resolve(next),
  });

  it.each(['prompt', 'encode', 'decode', 'anchor', 'blank', 'prepare', 'step'])(
    'goes through several plans when %s does not fit, and says what each changed',
    async (network) => {
      const clean = (await run(fakeServices())).canvas;
      const last: Services = { ...fakeServices(), plan: { ...PLAN, residency: 'one', codecTilePx: 256 } };
      const middle: Services = { ...failing(network, last), plan: { ...PLAN, residency: 'sampler' } };
      const { canvas, notices } = await run(failing(network, middle));
      expect(largestDifference(canvas, clean)).toBeLessThanOrEqual(1);
      expect(notices.filter((notice) => !notice.includes('at once'))).toEqual([
        'Not enough memory: going on with fewer models kept loaded.',
        'Not enough memory: going on with each model loaded only while it runs, tiles of 256 px for the autoencoder.',
      ]);
    },
  );

  it('ends with the planner’s advice when nothing smaller is left', async () => {
    const services = {
      ...failing('step', null),
      memoryAdvice: new Sentence('These models fit a graphics card with 6 GB.'),
    };
    await expect(run(services)).rejects.toMatchObject({
      code: 'gpu-out-of-memory',
      message: 'Not enough memory for running UNet. These models fit a graphics card with 6 GB.',
    });
  });

  it('ends with the error itself where nobody planned', async () => {
    const error = oom();
    const services = guarded(() => {
      throw error;
    });
    await expect(run(services)).rejects.toBe(error);
  });

  it('is not asked for other errors', async () => {
    const lost = new AppError('gpu-lost', 'The graphics device was lost.');
    let asked = 0;
    const services: Services = {
      ...guarded((name) => {
        if (name === 'step') throw lost;
      }),
      stepDown: () => Promise.resolve((asked++, null)),
    };
    await expect(run(services)).rejects.toBe(lost);
    expect(asked).toBe(0);
  });

  it('ends at once when the job is stopped meanwhile', async () => {
    const controller = new AbortController();
    const stopped = new AppError('aborted', 'Stopped.');
    const events: JobEvent[] = [];
    const services: Services = {
      ...failing('step', null),
      stepDown: () => {
        controller.abort(stopped);
        return Promise.resolve(fakeServices());
      },
    };
    await expect(run(services, SINGLE, controller, events)).rejects.toBe(stopped);
    expect(events.filter(({ kind }) => kind === 'notice')).toEqual([]);
  });

  it('is not begun for a job that was stopped while its memory ran out', async () => {
    const controller = new AbortController();
    const stopped = new AppError('aborted', 'Stopped.');
    let asked = 0;
    const services: Services = {
      ...guarded((name) => {
        if (name !== 'step') return;
        controller.abort(stopped);
        throw oom();
      }),
      stepDown: () => Promise.resolve((asked++, null)),
    };
    await expect(run(services, SINGLE, controller)).rejects.toBe(stopped);
    expect(asked).toBe(0);
  });

  it('keeps the progress from going back', async () => {
    const { events } = await run(failing('step', fakeServices()));
    const fractions = events.flatMap((event) => (event.kind === 'progress' ? [event.fraction] : []));
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeGreaterThan(0.9);
  });
});

describe('work that is done again', () => {
  it('counts as work still to do', async () => {
    const context = { signal: new AbortController().signal, onEvent: () => undefined };
    const tracker = new ProgressTracker({ step: 4 }, context);
    const work = (units: number) =>
      tracker.work('step', units, 'detail', '', () => new Promise((r) => setTimeout(r, 20)));
    await work(1);
    const mark = tracker.mark();
    await work(3);
    expect(tracker.remainingMs()).toBe(0);
    tracker.undo(mark);
    expect(tracker.remainingMs()).toBeGreaterThan(0);
    await work(3);
    expect(tracker.remainingMs()).toBe(0);
  });
});

describe('batches by plan', () => {
  const limit = (guidanceScale: number, batchItems: number, most = 8) =>
    batchLimit(request({ batchLimit: most, sampling: { ...request().sampling, guidanceScale } }), {
      ...fakeServices(),
      plan: { ...PLAN, batchItems },
    });

  it('hold as many crops as the plan says, twice as many without guidance, never more than asked for', () => {
    expect([limit(3, 2), limit(1, 2), limit(3, 4.5), limit(1, 8), limit(3, 1)]).toEqual([2, 4, 4.5, 8, 1]);
  });

  it('put two crops of 1536 px together where the plan was made for two', () => {
    const ladder = new MemoryLadder(
      { ...fakeServices(), plan: { ...PLAN, batchItems: 4.5 } },
      { signal: new AbortController().signal, onEvent: () => undefined },
    );
    const wide = request({ batchLimit: 8, sampling: { ...request().sampling, guidanceScale: 3 } });
    expect(ladder.itemsAtOnce(wide, { sizePx: 1536 })).toBe(2);
    expect(ladder.itemsAtOnce(wide, { sizePx: 1024 })).toBe(4);
  });
});

describe('detecting', () => {
  it('looks again with a smaller detector, encoding the picture anew', async () => {
    let encoded = 0;
    const segmenter = (fits: boolean): Segmenter => ({
      encodeImage: () => {
        encoded++;
        return Promise.resolve({
          bytes: 0,
          pick: () => Promise.reject(oom()),
          detect: () =>
            fits ? Promise.resolve({ presence: 1, detections: [], readAs: null }) : Promise.reject(oom()),
          dispose: () => undefined,
        });
      },
    });
    const smaller = { ...fakeServices(), segmenter: segmenter(true) };
    const services: Services = {
      ...fakeServices(),
      segmenter: segmenter(false),
      stepDown: () => Promise.resolve(smaller),
    };
    const context = { signal: new AbortController().signal, onEvent: () => undefined };
    const features = new ImageFeatures();
    const detectRequest: DetectRequest = { concepts: [concept()] };
    const outcome = await new MemoryLadder(services, context).retry((current) =>
      detect(PICTURE, detectRequest, current.segmenter, features, context),
    );
    expect(outcome.presence).toEqual({ c: 1 });
    expect(encoded).toBe(2);
  });
});
