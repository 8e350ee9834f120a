import { describe, expect, it, vi } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import type { HostTensor } from '#domain/tensor.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { tensor } from '#models/graph/weight-recipe.ts';
import { NetworkPool } from '#inference/network-pool.ts';
import type { Feed, LoadOptions, NetTensor, Network, NetworkRuntime } from '#inference/runtime.ts';
import { isNetTensor } from '#inference/runtime.ts';
import type { WeightSource } from '#inference/weights.ts';

/** A graph whose only weight takes `bytes`. */
function graph(name: string, bytes: number): EmittedGraph {
  const dims = [bytes / 4];
  return {
    name,
    model: new Uint8Array(),
    inputs: [],
    outputs: [],
    values: new Map(),
    weights: [{ location: 't/w', recipe: tensor('w'), dims, dtype: 'f32' }],
    consumedKeys: new Set(['w']),
  };
}

function weights(bytes = 400): WeightSource {
  const shapes = new Map([['w', [bytes / 4]]]);
  const float = () => Promise.resolve({ dims: [1], data: new Float32Array(1) });
  return { name: 'file', shapes, float, stored: () => Promise.resolve(null) } as unknown as WeightSource;
}

/** A device that remembers what is on it; its networks answer with a tensor that lives as long as they do. */
class FakeDevice implements NetworkRuntime {
  readonly description = 'fake';
  readonly emission = { dtype: 'f32', attention: 'plain' } as const;
  readonly log: string[] = [];
  readonly fed: Feed[] = [];
  readonly signals: (AbortSignal | undefined)[] = [];
  failLoad: ((name: string) => Error | null) | null = null;
  failRun: ((name: string) => Error | null) | null = null;
  failRead: Error | null = null;

  async load(
    _family: string,
    { name }: EmittedGraph,
    source: WeightSource,
    { signal }: LoadOptions = {},
  ): Promise<Network> {
    this.signals.push(signal);
    const error = this.failLoad?.(name);
    if (error) throw error;
    await source.float('w');
    this.log.push(`+${name}`);
    let alive = true;
    return {
      name,
      run: (feeds) => {
        const broken = this.failRun?.(name);
        if (broken) return Promise.reject(broken);
        this.fed.push(...Object.values(feeds));
        const values: HostTensor = { dims: [1], data: new Float32Array([7]) };
        const read = () =>
          this.failRead
            ? Promise.reject(this.failRead)
            : alive
              ? Promise.resolve(values)
              : Promise.reject(new Error('read after its session went'));
        return Promise.resolve({ out: { dims: [1], read, dispose: () => undefined } });
      },
      release: () => {
        alive = false;
        this.log.push(`-${name}`);
        return Promise.resolve();
      },
    };
  }
}

function setUp(residentBytes: number) {
  let time = 0;
  const device = new FakeDevice();
  const onChange = vi.fn();
  const pool = new NetworkPool(device, { residentBytes, now: () => ++time, onChange });
  const load = (family: string, name = family) => pool.load(family, graph(name, 400), weights());
  return { device, pool, load, onChange };
}

const oom = () => new AppError('gpu-out-of-memory', 'no memory');

describe('NetworkPool', () => {
  it('keeps what fits and lets the least recently used family go first', async () => {
    const { device, load } = setUp(800);
    const [text] = [await load('text'), await load('vision')];
    await text.run({});
    await load('unet');
    expect(device.log).toEqual(['+text', '+vision', '-vision', '+unet']);
  });

  it('brings a network back at its next run', async () => {
    const { device, load, pool } = setUp(400);
    const text = await load('text');
    await load('unet');
    expect(pool.resident().map(({ family }) => family)).toEqual(['unet']);
    await text.run({});
    expect(device.log).toEqual(['+text', '-text', '+unet', '-unet', '+text']);
  });

  it('lets a whole family go, since its memory comes back only then, but never for its own next network', async () => {
    const { device, load } = setUp(800);
    await load('sam3', 'vision');
    await load('sam3', 'text');
    await load('sam3', 'grounding');
    expect(device.log).toEqual(['+vision', '+text', '+grounding']);
    await load('unet');
    expect(device.log.slice(3)).toEqual(['-vision', '-text', '-grounding', '+unet']);
  });

  it('keeps the values of outputs whose network had to go', async () => {
    const { device, load } = setUp(400);
    const sam3 = await load('sam3');
    const { out } = await sam3.run({}, ['out']);
    await load('unet');
    expect(device.log).toContain('-sam3');
    expect((await (out as NetTensor).read()).data[0]).toBe(7);
    await sam3.run({ features: out as NetTensor });
    expect(device.fed.map(isNetTensor)).toEqual([false]);
  });

  it('feeds a kept output from where it is while its network stays', async () => {
    const { device, load } = setUp(400);
    const sam3 = await load('sam3');
    const { out } = await sam3.run({}, ['out']);
    await sam3.run({ features: out as NetTensor });
    expect(device.fed.map(isNetTensor)).toEqual([true]);
  });

  it.each(['load', 'run'] as const)(
    'empties the rest of the device and tries once more when a %s finds no memory',
    async (stage) => {
      const { device, load } = setUp(Infinity);
      await load('text');
      const unet = stage === 'run' ? await load('unet') : null;
      const full = (name: string) => (name === 'unet' && !device.log.includes('-text') ? oom() : null);
      if (stage === 'load') device.failLoad = full;
      else device.failRun = full;
      await (unet ?? (await load('unet'))).run({});
      expect(device.log).toContain('-text');
    },
  );

  it('loads a network anew after a run that failed, its kept outputs being on the host by then', async () => {
    const { device, load } = setUp(Infinity);
    await load('text');
    const unet = await load('unet');
    const { out } = await unet.run({}, ['out']);
    let failures = 1;
    device.failRun = () => (failures-- > 0 ? oom() : null);
    await unet.run({ features: out as NetTensor });
    expect(device.log).toEqual(['+text', '+unet', '-unet', '-text', '+unet']);
    expect(device.fed.map(isNetTensor)).toEqual([false]);
    failures = 1;
    await expect(unet.run({})).rejects.toMatchObject({ code: 'gpu-out-of-memory' });
    expect(device.log.at(-1)).toBe('-unet');
    await unet.run({});
    expect(device.log.at(-1)).toBe('+unet');
  });

  it('reports the failure of the run, not that its outputs went with the device', async () => {
    const { device, load } = setUp(Infinity);
    const unet = await load('unet');
    const { out } = await unet.run({}, ['out']);
    device.failRead = new Error('GPUDevice was lost');
    device.failRun = () => new AppError('internal', 'refused');
    await expect(unet.run({})).rejects.toThrow('refused');
    expect(device.log.at(-1)).toBe('-unet');
    await expect((out as NetTensor).read()).rejects.toMatchObject({ code: 'gpu-lost' });
  });

  it('says so when nothing is left to make room with', async () => {
    const { device, load, pool } = setUp(Infinity);
    await load('text');
    device.failLoad = oom;
    await expect(load('unet')).rejects.toMatchObject({ code: 'gpu-out-of-memory' });
    expect(pool.resident()).toEqual([]);
    device.failLoad = null;
    await expect(load('unet')).resolves.toBeDefined();
  });

  it('evicts the chosen families and reports every change', async () => {
    const { pool, load, onChange } = setUp(Infinity);
    await load('text');
    await load('unet');
    onChange.mockClear();
    await pool.evict(({ idleMs }) => idleMs >= 2);
    expect(pool.resident().map(({ family }) => family)).toEqual(['unet']);
    expect(onChange).toHaveBeenCalled();
  });

  it('tells a job how far a load is, and ends it with the job', async () => {
    const { device, pool, load } = setUp(Infinity);
    const controller = new AbortController();
    const onLoad = vi.fn();
    pool.watch({ signal: controller.signal, onLoad });
    await load('text');
    expect(onLoad).toHaveBeenLastCalledWith('text', 1);
    expect(device.signals).toEqual([controller.signal]);
    controller.abort(new AppError('aborted', 'Stopped.'));
    await expect(load('unet')).rejects.toMatchObject({ code: 'aborted' });
    expect(device.log).toEqual(['+text']);
    pool.watch(null);
    await expect(load('unet')).resolves.toBeDefined();
  });
});
