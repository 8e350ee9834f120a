import { readFile } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { OrtWebRuntime } from '#inference/ort-web-runtime.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { Backend } from '#worker/backend.ts';
import { loadDemoSlots } from '#worker/model-slots.ts';

const ROOT = new URL('../..', import.meta.url);
const context = { signal: new AbortController().signal, onEvent: () => undefined };

/** The node runtime, noting which networks are loaded and released. */
class NotingRuntime implements NetworkRuntime {
  readonly description = 'noting';
  readonly #inner = new OrtNodeRuntime({ threads: 1 });
  readonly emission = this.#inner.emission;
  readonly loaded: string[] = [];
  readonly released: string[] = [];
  releaseFails = false;

  async load(...[family, graph, weights]: Parameters<NetworkRuntime['load']>) {
    const network = await this.#inner.load(family, graph, weights);
    this.loaded.push(family);
    return {
      name: network.name,
      run: network.run.bind(network),
      release: async () => {
        this.released.push(family);
        await network.release();
        if (this.releaseFails) throw new Error(`${family} is stuck`);
      },
    };
  }
}

async function demoFile(name: string): Promise<File> {
  return new File([await readFile(new URL(`models/demo/${name}`, ROOT))], name);
}

async function setUp() {
  const runtime = new NotingRuntime();
  const backend = new Backend(
    runtime as unknown as OrtWebRuntime,
    new CpuPixelOps(),
    false,
    await loadDemoSlots(),
  );
  const services = await backend.services(context);
  await services.prompts.encode('a face', 'comfy');
  expect(runtime.loaded).toEqual(['text-l', 'text-g']);
  return { runtime, backend, services };
}

const FAMILIES = ['text-l', 'text-g'];

describe('changing models', () => {
  beforeEach(() => {
    vi.stubGlobal('fetch', async (url: string) => new Response(await readFile(new URL(`.${url}`, ROOT))));
  });
  afterEach(() => {
    vi.unstubAllGlobals();
    vi.restoreAllMocks();
  });

  it.each([
    ['a file', async (backend: Backend) => backend.useFile(await demoFile('vision.safetensors'))],
    ['the demo pack', (backend: Backend) => backend.useDemoPack()],
  ])('to %s releases the old networks and uses new ones', async (_, change) => {
    const { runtime, backend, services } = await setUp();
    await change(backend);
    expect([...runtime.released].sort()).toEqual([...FAMILIES].sort());
    await expect(services.prompts.encode('eyes', 'comfy')).rejects.toMatchObject({ code: 'aborted' });
    const fresh = await backend.services(context);
    await expect(fresh.prompts.encode('eyes', 'comfy')).resolves.toBeDefined();
    expect(runtime.loaded).toEqual([...FAMILIES, ...FAMILIES]);
  });

  it('goes through even when the old networks cannot be released', async () => {
    const { runtime, backend } = await setUp();
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    runtime.releaseFails = true;
    await backend.useFile(await demoFile('vision.safetensors'));
    expect(runtime.released).toHaveLength(2);
    expect(warn).toHaveBeenCalledOnce();
    expect(backend.info().models.find(({ role }) => role === 'vision')?.demo).toBe(false);
    const { prompts } = await backend.services(context);
    await expect(prompts.encode('eyes', 'comfy')).resolves.toBeDefined();
  });

  it('leaves everything as it was when the file is refused', async () => {
    const { runtime, backend, services } = await setUp();
    await expect(backend.useFile(new File(['nothing'], 'x.safetensors'))).rejects.toThrow();
    expect(runtime.released).toEqual([]);
    await expect(services.prompts.encode('eyes', 'comfy')).resolves.toBeDefined();
  });
});
