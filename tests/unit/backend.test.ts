import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import type { Services } from '#pipelines/services.ts';
import { Backend } from '#worker/backend.ts';
import { StudioModels } from '#worker/models.ts';
import { demoFile, fakeStorage, hardware, NotingRuntime, serveDemoPack } from './model-fixtures.ts';

const context = { signal: new AbortController().signal, onEvent: () => undefined };
const WISH = { cropPx: 1024, batchLimit: 4 } as const;
const FAMILIES = ['text-l', 'text-g'];

beforeEach(serveDemoPack);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function setUp() {
  const runtime = new NotingRuntime();
  const backend = new Backend(hardware(runtime));
  const models = new StudioModels(fakeStorage().storage, () => undefined);
  await models.start(backend);
  const services = await backend.services(context, WISH);
  await services.prompts.encode('a face', 'comfy');
  expect(runtime.loaded).toEqual(FAMILIES);
  return { runtime, backend, models, services };
}

describe('changing models', () => {
  it.each([
    ['a file', async (models: StudioModels) => models.useModelFile(await demoFile('vision.safetensors'))],
    ['the demo pack', (models: StudioModels) => models.useDemoPack()],
  ])('to %s releases the old networks and uses new ones', async (_, change) => {
    const { runtime, backend, models, services } = await setUp();
    expect(await change(models)).toMatchObject({ ok: true });
    expect([...runtime.released].sort()).toEqual([...FAMILIES].sort());
    await expect(services.prompts.encode('eyes', 'comfy')).rejects.toMatchObject({ code: 'aborted' });
    const fresh = await backend.services(context, WISH);
    await expect(fresh.prompts.encode('eyes', 'comfy')).resolves.toBeDefined();
    expect(runtime.loaded).toEqual([...FAMILIES, ...FAMILIES]);
  });

  it('goes through even when the old networks cannot be released', async () => {
    const { runtime, backend, models } = await setUp();
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    runtime.releaseFails = true;
    await models.useModelFile(await demoFile('vision.safetensors'));
    expect(runtime.released).toHaveLength(2);
    expect(warn).toHaveBeenCalledOnce();
    expect(backend.info().models.find(({ role }) => role === 'vision')?.demo).toBe(false);
    const { prompts } = await backend.services(context, WISH);
    await expect(prompts.encode('eyes', 'comfy')).resolves.toBeDefined();
  });

  it('leaves everything as it was when the file is refused', async () => {
    const { runtime, models, services } = await setUp();
    expect(await models.useModelFile(new File(['nothing'], 'x.safetensors'))).toMatchObject({ ok: false });
    expect(runtime.released).toEqual([]);
    await expect(services.prompts.encode('eyes', 'comfy')).resolves.toBeDefined();
  });
});

describe('what is on the device', () => {
  it('is told by role, falls when it is unloaded, and comes back when used', async () => {
    const { runtime, backend, services } = await setUp();
    const [resident] = backend.resident();
    expect(resident).toMatchObject({ role: 'checkpoint' });
    expect(resident?.bytes).toBeGreaterThan(100_000);
    await backend.unload('sam3');
    expect(backend.resident()).toHaveLength(1);
    await backend.unload('checkpoint');
    expect(backend.resident()).toEqual([]);
    await expect(services.prompts.encode('eyes', 'comfy')).resolves.toBeDefined();
    expect(runtime.loaded).toEqual([...FAMILIES, ...FAMILIES]);
  });

  it('stays while a job runs, however long nothing of it is used', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] });
    const { backend } = await setUp();
    backend.keepMinutes = 0;
    await backend.during(() => vi.advanceTimersByTimeAsync(60_000));
    expect(backend.resident()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(60_000);
    vi.useRealTimers();
    await vi.waitFor(() => expect(backend.resident()).toEqual([]));
  });

  it('leaves by itself after the minutes it may stay unused', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'performance'] });
    const { backend } = await setUp();
    backend.keepMinutes = 5;
    await vi.advanceTimersByTimeAsync(4 * 60_000);
    expect(backend.resident()).toHaveLength(1);
    await vi.advanceTimersByTimeAsync(2 * 60_000);
    vi.useRealTimers();
    await vi.waitFor(() => expect(backend.resident()).toEqual([]));
  });
});

describe('the memory plan', () => {
  it('refuses what does not fit, and says what would', async () => {
    const tiny = new Backend(hardware(new NotingRuntime(), { kind: 'gpu', guessedBytes: 2 ** 20 }));
    await new StudioModels(fakeStorage().storage, () => undefined).start(tiny);
    expect(String(tiny.memory().refusal)).toMatch(/GB/);
    await expect(tiny.services(context, WISH)).rejects.toMatchObject({ code: 'gpu-out-of-memory' });
  });

  it('steps down after a job ran out of memory, and remembers it at the next visit', async () => {
    const visits = fakeStorage();
    const device = { kind: 'gpu', guessedBytes: 8 * 2 ** 30 } as const;
    const visit = async () => {
      const backend = new Backend(hardware(new NotingRuntime(), device));
      await new StudioModels(visits.storage, () => undefined).start(backend);
      return backend;
    };
    const backend = await visit();
    const before = backend.memory().peakBytes as number;
    const services = await backend.services(context, WISH);
    const smaller = await services.stepDown?.(new AppError('gpu-out-of-memory', 'full'));
    expect(smaller?.batchBudgetBytes).toBeLessThan(services.batchBudgetBytes);
    await expect(services.prompts.encode('a', 'comfy')).rejects.toMatchObject({ code: 'aborted' });
    await expect(smaller?.prompts.encode('a', 'comfy')).resolves.toBeDefined();
    const again = await visit();
    expect(again.memory().peakBytes).toBeLessThan(before);
  });

  const onCard = { kind: 'gpu', guessedBytes: 8 * 2 ** 30 } as const;
  const cardWith = async (visits = fakeStorage()) => {
    const backend = new Backend(hardware(new NotingRuntime(), onCard));
    const models = new StudioModels(visits.storage, () => undefined);
    await models.start(backend);
    return { backend, models };
  };

  it('does not lock models out for good when even the smallest plan ran out once', async () => {
    const visits = fakeStorage();
    const { backend } = await cardWith(visits);
    let services: Services | null = await backend.services(context, WISH);
    for (let steps = 0; services && steps < 50; steps++)
      services = (await services.stepDown?.(new AppError('gpu-out-of-memory', 'a game has it all'))) ?? null;
    expect(services).toBeNull();
    expect(backend.memory().refusal).toBeNull();
    expect((await cardWith(visits)).backend.memory().refusal).toBeNull();
  });

  it('keeps to a budget the user lowers, whatever has worked before', async () => {
    const { backend, models } = await cardWith();
    await backend.services(context, WISH);
    backend.worked(WISH);
    const before = backend.memory().peakBytes as number;
    const lower = await models.setMemoryBudget(2 ** 30);
    expect(lower).toMatchObject({ ok: true });
    const { peakBytes, refusal } = backend.memory();
    expect(peakBytes === null ? refusal : peakBytes).not.toBe(before);
    expect(peakBytes ?? 0).toBeLessThan(2 ** 30);
  });
});
