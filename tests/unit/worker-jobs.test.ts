import { afterEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import type { JobEvent } from '#domain/job/events.ts';
import { sentence } from '#domain/job/sentence.ts';
import { asResult, Jobs } from '#worker/jobs.ts';

const progress = (fraction: number): JobEvent => ({
  kind: 'progress',
  phase: 'detail',
  fraction,
  remainingMs: null,
  detail: '',
});
const notice: JobEvent = { kind: 'notice', message: 'text alone' };

/** Work that lasts until its job is stopped. */
const untilStopped = ({ signal }: { readonly signal: AbortSignal }) =>
  new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason as Error));
  });

describe('jobs of the worker', () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it('stops the named job and no other', async () => {
    const jobs = new Jobs();
    const stopped = jobs.run('a', () => undefined, untilStopped);
    let alive: AbortSignal | undefined;
    const other = jobs.run(
      'b',
      () => undefined,
      ({ signal }) => {
        alive = signal;
        return Promise.resolve('done');
      },
    );
    jobs.cancel('a');
    expect(await stopped).toEqual({ ok: false, error: { code: 'aborted', message: 'Stopped.' } });
    expect(await other).toEqual({ ok: true, value: 'done' });
    expect(alive?.aborted).toBe(false);
  });

  it('forgets a job when it ends: stopping it then does nothing', async () => {
    const jobs = new Jobs();
    const quiet = () => undefined;
    const ended = await jobs.run('a', quiet, ({ signal }) => Promise.resolve(signal));
    jobs.cancel('a');
    expect(ended.ok && ended.value.aborted).toBe(false);
  });

  it('answers, stopped or not, only when the page has heard the last event', async () => {
    for (const stop of [false, true]) {
      const jobs = new Jobs();
      const order: string[] = [];
      let hear: () => void = () => undefined;
      const heard = new Promise<void>((resolve) => (hear = resolve)).then(() => order.push('heard'));
      const answer = jobs.run(
        'a',
        () => heard,
        ({ onEvent }) => {
          onEvent(notice);
          if (stop) jobs.cancel('a');
          return Promise.resolve();
        },
      );
      const answered = answer.then(({ ok }) => order.push(String(ok)));
      await new Promise((resolve) => setTimeout(resolve));
      hear();
      await answered;
      expect(order).toEqual(['heard', String(!stop)]);
    }
  });

  it('lets progress through every 80 ms, areas and notices always', async () => {
    let now = 1000;
    vi.spyOn(performance, 'now').mockImplementation(() => now);
    const seen: JobEvent[] = [];
    await new Jobs().run(
      'a',
      (event) => seen.push(event),
      ({ onEvent }) => {
        onEvent(progress(0.1));
        now += 79;
        onEvent(progress(0.2));
        onEvent(notice);
        onEvent(notice);
        now += 1;
        onEvent(progress(0.3));
        return Promise.resolve();
      },
    );
    expect(seen).toEqual([progress(0.1), notice, notice, progress(0.3)]);
  });
});

describe('outcomes that cross to the page', () => {
  const failing = (error: unknown) =>
    asResult(() => {
      throw error;
    });

  it('keeps code and sentence of an expected failure', async () => {
    const error = new AppError('bad-file', '"a.ckpt" is a pickle.', { cause: new Error('inside') });
    expect(await failing(error)).toEqual({
      ok: false,
      error: { code: 'bad-file', message: '"a.ckpt" is a pickle.' },
    });
  });

  it('keeps what was put into a sentence, so that the page can say it in another language', async () => {
    const failed = await failing(new AppError('bad-file', sentence`"${'a.png'}" has ${3} sides.`));
    const message = '"a.png" has 3 sides.';
    const plain = { id: '"{0}" has {1} sides.', values: ['a.png', 3] };
    expect(structuredClone(failed)).toEqual({
      ok: false,
      error: { code: 'bad-file', message, sentence: plain },
    });
  });

  it('calls the browser’s own abort a stop', async () => {
    expect(await failing(new DOMException('signal is aborted', 'AbortError'))).toEqual({
      ok: false,
      error: { code: 'aborted', message: 'Stopped.' },
    });
  });

  it('tells and logs what nobody expected', async () => {
    const log = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    for (const [thrown, reason] of [
      [new RangeError('no such weight'), 'no such weight'],
      ['a bare string', 'a bare string'],
    ] as const) {
      const message = `Something unexpected went wrong: ${reason}`;
      const sentence = { id: 'Something unexpected went wrong: {0}', values: [reason] };
      expect(await failing(thrown)).toEqual({ ok: false, error: { code: 'internal', message, sentence } });
      expect(log).toHaveBeenLastCalledWith(thrown);
    }
  });
});
