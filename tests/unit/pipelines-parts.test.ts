import { afterEach, describe, expect, it, vi } from 'vitest';
import type { JobEvent, ProgressEvent } from '#domain/job/events.ts';
import { floatTensor } from '#domain/tensor.ts';
import { announceMissing, PromptLibrary } from '#pipelines/conditioning.ts';
import { differentialDenoise } from '#pipelines/differential.ts';
import { ProgressTracker, type JobContext } from '#pipelines/progress.ts';
import type { Services } from '#pipelines/services.ts';
import { fakeServices } from './pipelines-fakes.ts';

function recording(signal = new AbortController().signal): JobContext & { readonly events: JobEvent[] } {
  const events: JobEvent[] = [];
  return { signal, events, onEvent: (event) => events.push(event) };
}

describe('prompts of a job', () => {
  it('are encoded once each, in the asked syntax', async () => {
    const asked: string[] = [];
    const encoder = {
      encode: (prompt: string, syntax: string) => {
        asked.push(`${syntax}:${prompt}`);
        const vector = floatTensor([1], Float32Array.of(prompt.length));
        return Promise.resolve({ context: vector, pooled: vector });
      },
      rest: () => Promise.resolve(void asked.push('rest')),
    };
    const tracker = new ProgressTracker({ prompt: 2 }, recording());
    const library = await PromptLibrary.encode(['face', '', 'face'], 'a1111', encoder, tracker);
    expect(asked).toEqual(['a1111:face', 'a1111:', 'rest']);
    expect((await library.get('face')).pooled.data[0]).toBe(4);
    await expect(library.get('eye')).rejects.toThrow('prompt was not encoded: "eye"');
  });

  it('are announced to stand alone only when anchors are wanted and cannot be had', () => {
    const whole = fakeServices();
    const withoutAdapter: Services = { ...whole, denoiser: { ...whole.denoiser, supportsAnchor: false } };
    const notices = (services: Services, wanted: boolean) => {
      const context = recording();
      announceMissing(services, wanted, context);
      return context.events.length;
    };
    expect(notices(whole, true)).toBe(0);
    expect(notices({ ...whole, anchors: null }, false)).toBe(0);
    expect(notices({ ...whole, anchors: null }, true)).toBe(1);
    expect(notices(withoutAdapter, true)).toBe(1);
  });
});

describe('differential denoise', () => {
  const DIMS = [2, 2, 1, 2];
  const of = (value: (index: number) => number) =>
    floatTensor(
      DIMS,
      Float32Array.from({ length: 8 }, (_, i) => value(i)),
    );
  const latent = of((i) => 100 + i);
  const noise = of((i) => i + 1);
  const x = of((i) => -i);
  /** Item 0: cell 0 starts at 1, cell 1 at 5; item 1 the other way round. */
  const start = [Float32Array.of(1, 5), Float32Array.of(5, 1)];

  async function call(sigmas: number[]) {
    let seen: Float32Array = new Float32Array();
    const denoise = differentialDenoise(
      (mixed) => {
        seen = mixed.data;
        return Promise.resolve(
          floatTensor(
            DIMS,
            mixed.data.map((value) => value + 0.5),
          ),
        );
      },
      latent,
      noise,
      start,
    );
    const { data } = await denoise(x, Float32Array.from(sigmas));
    return { seen: [...seen], denoised: [...data] };
  }

  it('holds a cell at its freshly noised original until the schedule has come down to it', async () => {
    const { seen, denoised } = await call([2, 2]);
    // Held are cell 0 of item 0 and cell 1 of item 1, in both channels.
    expect(seen).toEqual([100 + 2 * 1, -1, 102 + 2 * 3, -3, -4, 105 + 2 * 6, -6, 107 + 2 * 8]);
    expect(denoised).toEqual([100, -0.5, 102, -2.5, -3.5, 105, -5.5, 107]);
  });

  it('lets a cell go at exactly its start sigma, and each item by its own sigma', async () => {
    const { denoised } = await call([1, 5]);
    expect(denoised).toEqual([0.5, -0.5, -1.5, -2.5, -3.5, 105, -5.5, 107]);
    expect([...x.data]).toEqual([...of((i) => -i).data]);
  });
});

describe('progress', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  /** A clock that only work moves. */
  function clock() {
    let now = 0;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    return {
      taking: (ms: number) => () => {
        now += ms;
        return Promise.resolve(ms);
      },
    };
  }

  it('knows the time left from what it has measured', async () => {
    const { taking } = clock();
    const context = recording();
    const tracker = new ProgressTracker({ step: 5, codec: 2 }, context);
    expect(await tracker.work('step', 1, 'detail', 'crop 1/4', taking(100))).toBe(100);
    await tracker.work('step', 1, 'detail', '', taking(100));
    // Three more steps, and two codec calls guessed at the cost of a step until they are measured.
    expect(tracker.remainingMs()).toBe(500);
    await tracker.work('codec', 1, 'detail', '', taking(20));
    expect(tracker.remainingMs()).toBe(400);
    const last = context.events.at(-1) as ProgressEvent;
    expect(last).toMatchObject({ kind: 'progress', phase: 'detail', remainingMs: 400 });
    expect(last.fraction).toBeCloseTo(300 / 700);
    await tracker.work('codec', 1, 'detail', '', taking(20));
    expect(tracker.remainingMs()).toBe(300);
  });

  it('names no time before the work that most of the job consists of has been measured twice', async () => {
    const { taking } = clock();
    const tracker = new ProgressTracker({ resize: 2, prompt: 2, step: 30, codec: 3 }, recording());
    expect(tracker.remainingMs()).toBeNull();
    for (const kind of ['resize', 'resize', 'prompt', 'prompt', 'codec', 'codec'] as const) {
      await tracker.work(kind, 1, 'upscale', '', taking(3000));
      expect(tracker.remainingMs()).toBeNull();
    }
    await tracker.work('step', 1, 'detail', '', taking(20_000));
    expect(tracker.remainingMs()).toBeNull();
    await tracker.work('step', 1, 'detail', '', taking(100));
    expect(tracker.remainingMs()).toBe(28 * 100 + 3000);
  });

  it('counts loading and compiling in the first piece neither as a pace nor as a share', async () => {
    const { taking } = clock();
    const context = recording();
    const tracker = new ProgressTracker({ step: 10 }, context);
    const fraction = () => (context.events.at(-1) as ProgressEvent).fraction;
    await tracker.work('step', 1, 'detail', '', taking(60_000));
    expect(fraction()).toBeCloseTo(0.1);
    await tracker.work('step', 2, 'detail', '', taking(200));
    expect([tracker.remainingMs(), fraction()]).toEqual([700, 0.3]);
  });

  it('never goes backwards when work turns out slower, and ends at 1', async () => {
    const { taking } = clock();
    const context = recording();
    const tracker = new ProgressTracker({ step: 2, codec: 10 }, context);
    await tracker.work('step', 2, 'global', '', taking(20));
    for (let i = 0; i < 10; i++) await tracker.work('codec', 1, 'global', '', taking(500));
    const fractions = context.events.map((event) => (event as ProgressEvent).fraction);
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBe(1);
    expect(tracker.remainingMs()).toBe(0);
  });

  it('starts no work after a stop', async () => {
    const controller = new AbortController();
    const tracker = new ProgressTracker({ step: 1 }, recording(controller.signal));
    controller.abort(new Error('stopped'));
    const work = vi.fn(() => Promise.resolve());
    await expect(tracker.work('step', 1, 'detail', '', work)).rejects.toThrow('stopped');
    expect(work).not.toHaveBeenCalled();
  });
});
