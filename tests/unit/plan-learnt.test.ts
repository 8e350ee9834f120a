import * as v from 'valibot';
import { describe, expect, it } from 'vitest';
import { usableBytes, type DeviceFacts } from '#domain/plan/device.ts';
import { learn, learnAbout, learntLimitsSchema, NOTHING_LEARNT } from '#domain/plan/learnt.ts';

const GB = 1e9;
const worked = (peakBytes: number) => ({ peakBytes, outOfMemory: false });
const failed = (peakBytes: number) => ({ peakBytes, outOfMemory: true });

describe('learning from jobs', () => {
  it('keeps the largest peak that worked and the smallest that failed', () => {
    const after = [worked(3 * GB), worked(2 * GB), failed(7 * GB), failed(6 * GB), failed(8 * GB)].reduce(
      learn,
      NOTHING_LEARNT,
    );
    expect(after).toEqual({ workedBytes: 3 * GB, failedBytes: 6 * GB });
  });

  it('believes the newest of two that contradict each other', () => {
    expect(learn(learn(NOTHING_LEARNT, worked(6 * GB)), failed(5 * GB))).toEqual({
      workedBytes: 0,
      failedBytes: 5 * GB,
    });
    expect(learn(learn(NOTHING_LEARNT, failed(5 * GB)), worked(6 * GB))).toEqual({
      workedBytes: 6 * GB,
      failedBytes: null,
    });
  });

  it('forgives a failure bit by bit with every job that works', () => {
    let limit = learn(NOTHING_LEARNT, failed(6 * GB));
    for (let i = 0; i < 10; i++) limit = learn(limit, worked(5 * GB));
    expect(limit.failedBytes).toBeGreaterThan(7 * GB);
    expect(limit.failedBytes).toBeLessThan(8 * GB);
  });

  it('keeps adapters apart', () => {
    const limits = learnAbout(learnAbout({}, 'a', worked(GB)), 'b', failed(2 * GB));
    expect(limits).toEqual({
      a: { workedBytes: GB, failedBytes: null },
      b: { workedBytes: 0, failedBytes: 2 * GB },
    });
  });

  it.each([
    [{ card: { workedBytes: 1, failedBytes: null } }, true],
    [{}, true],
    [{ card: { workedBytes: -1, failedBytes: null } }, false],
    [{ card: { workedBytes: 1, failedBytes: Infinity } }, false],
    [{ card: { workedBytes: '1', failedBytes: null } }, false],
    [null, false],
    [{ card: 1 }, false],
  ])('checks what comes from storage: %j', (stored, valid) => {
    expect(v.is(learntLimitsSchema, stored)).toBe(valid);
  });
});

describe('what a device can give', () => {
  const device: DeviceFacts = {
    kind: 'gpu',
    budgetBytes: 8 * 2 ** 30,
    maxBufferBytes: 2 ** 30,
    maxBindingBytes: 2 ** 30,
    shaderF16: true,
  };
  const gib = (facts: Partial<DeviceFacts>, learnt = NOTHING_LEARNT) =>
    usableBytes({ ...device, ...facts }, learnt) / 2 ** 30;

  it('is its memory less a fifth, at least 0.75 and at most 1.5 GiB', () => {
    const budgets = [2, 4, 6, 8, 24].map((size) => gib({ budgetBytes: size * 2 ** 30 }));
    expect(budgets.map((size) => Math.round(size * 100) / 100)).toEqual([1.25, 3.2, 4.8, 6.5, 22.5]);
  });

  it('is what wasm can address where the CPU computes, however much memory there is', () => {
    expect(gib({ kind: 'cpu', budgetBytes: 64 * 2 ** 30 })).toBe(3.5);
    expect(gib({ kind: 'cpu', budgetBytes: 2 * 2 ** 30 })).toBe(1.5);
  });

  it('is as much as has worked, and less than what failed', () => {
    expect(gib({}, { workedBytes: 7 * 2 ** 30, failedBytes: null })).toBe(7);
    expect(gib({}, { workedBytes: 0, failedBytes: 6 * 2 ** 30 })).toBeCloseTo(5.1);
    expect(gib({}, { workedBytes: 0, failedBytes: 60 * 2 ** 30 })).toBe(6.5);
  });
});
