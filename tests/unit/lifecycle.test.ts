import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { DeviceWatch } from '#inference/device-watch.ts';
import { NetworkPool } from '#inference/network-pool.ts';
import type { OrtBuild } from '#inference/ort-web.ts';
import { OrtWebRuntime, type DeviceProvider } from '#inference/ort-web-runtime.ts';
import type { Network } from '#inference/runtime.ts';
import { NO_WEIGHTS, type WeightSource } from '#inference/weights.ts';
import { tensor } from '#models/graph/weight-recipe.ts';
import { FamilyDevices } from '#worker/hardware.ts';

const GRAPH: EmittedGraph = {
  name: 'net',
  model: new Uint8Array(),
  inputs: [],
  outputs: [],
  weights: [],
  consumedKeys: new Set(),
  values: new Map(),
};
const EMISSION = { dtype: 'f32', attention: 'plain' } as const;

/** What onnxruntime-web does, as far as the runtime sees it. */
class FakeOrt {
  readonly log: string[] = [];
  create = (): Promise<void> => Promise.resolve();
  run = (): Promise<Record<string, unknown>> => Promise.resolve({});

  get build(): OrtBuild {
    const create = async () => {
      await this.create();
      this.log.push('create');
      return { run: () => this.run(), release: () => Promise.resolve(void this.log.push('release')) };
    };
    return {
      ort: { InferenceSession: { create } },
      streamsBlobs: false,
      threads: 1,
    } as unknown as OrtBuild;
  }
}

class FakeDevices implements DeviceProvider {
  readonly log: string[];

  constructor(log: string[]) {
    this.log = log;
  }

  device(family: string): Promise<GPUDevice> {
    this.log.push(`device ${family}`);
    const lost = new Promise<GPUDeviceLostInfo>(() => undefined);
    const scopes = { pushErrorScope: () => undefined, popErrorScope: () => Promise.resolve(null) };
    return Promise.resolve({ lost, ...scopes } as unknown as GPUDevice);
  }

  release(family: string): void {
    this.log.push(`free ${family}`);
  }
}

function setUp() {
  const ort = new FakeOrt();
  const runtime = new OrtWebRuntime(ort.build, new FakeDevices(ort.log), 'fake', EMISSION);
  const load = (family: string): Promise<Network> => runtime.load(family, GRAPH, NO_WEIGHTS);
  return { ort, runtime, load };
}

describe('a family’s device', () => {
  it('goes with the last session of the family, and only then', async () => {
    const { ort, load } = setUp();
    const [a, b, other] = [await load('unet'), await load('unet'), await load('vae')];
    await a.release();
    await a.release();
    expect(ort.log).not.toContain('free unet');
    await b.release();
    expect(ort.log.slice(-2)).toEqual(['release', 'free unet']);
    expect(ort.log).not.toContain('free vae');
    await other.release();
    expect(ort.log.at(-1)).toBe('free vae');
  });

  it('goes when its only session could not be created', async () => {
    const { ort, load } = setUp();
    ort.create = () => Promise.reject(new Error('bad graph'));
    await expect(load('unet')).rejects.toThrow('bad graph');
    expect(ort.log).toEqual(['device unet', 'free unet']);
  });

  it('loses outputs left on it before the session that owns them', async () => {
    const { ort, load } = setUp();
    const tensor = (name: string) => ({
      location: 'gpu-buffer',
      dims: [1],
      dispose: () => ort.log.push(`dispose ${name}`),
    });
    ort.run = () => Promise.resolve({ kept: tensor('kept'), gone: tensor('gone') });
    const network = await load('sam3');
    const { gone } = await network.run({}, ['kept', 'gone']);
    gone?.dispose();
    await network.release();
    expect(ort.log.slice(2)).toEqual(['dispose gone', 'dispose kept', 'release', 'free sam3']);
  });
});

describe('FamilyDevices', () => {
  function fakeDevice() {
    let lose = (): void => undefined;
    const lost = new Promise<void>((resolve) => (lose = resolve));
    const destroy = vi.fn();
    return { device: { lost, destroy } as unknown as GPUDevice, lose, destroy };
  }

  it('asks again after a refusal', async () => {
    const { device } = fakeDevice();
    const request = vi.fn(() => Promise.resolve(device)).mockRejectedValueOnce(new Error('busy'));
    const devices = new FamilyDevices(request);
    await expect(devices.device('unet')).rejects.toThrow('busy');
    await expect(devices.device('unet')).resolves.toBe(device);
    await expect(devices.device('unet')).resolves.toBe(device);
    expect(request).toHaveBeenCalledTimes(2);
  });

  it('gives a fresh device after a loss', async () => {
    const [first, second] = [fakeDevice(), fakeDevice()];
    const request = vi.fn(() => Promise.resolve(second.device)).mockResolvedValueOnce(first.device);
    const devices = new FamilyDevices(request);
    await devices.device('unet');
    first.lose();
    await vi.waitFor(async () => {
      expect(await devices.device('unet')).toBe(second.device);
    });
  });

  it('destroys a released family’s device alone', async () => {
    const made: ReturnType<typeof fakeDevice>[] = [];
    const devices = new FamilyDevices(() => Promise.resolve(made[made.push(fakeDevice()) - 1]!.device));
    await devices.device('unet');
    await devices.device('vae');
    devices.release('unet');
    devices.release('never asked for');
    await Promise.resolve();
    expect(made.map(({ destroy }) => destroy.mock.calls.length)).toEqual([1, 0]);
    expect(await devices.device('unet')).toBe(made[2]!.device);
  });
});

describe('the runtime’s failures', () => {
  it.each([
    ['Failed to allocate memory for requested buffer of size 1073741824', 'gpu-out-of-memory'],
    ['std::bad_alloc', 'gpu-out-of-memory'],
    ['Out of memory', 'gpu-out-of-memory'],
    ['Device was lost: out of memory', 'gpu-lost'],
    ['A valid external Instance reference no longer exists; Instance dropped in popErrorScope', 'gpu-lost'],
  ])('“%s” is %s, while loading and running', async (message, code) => {
    const { ort, load } = setUp();
    const network = await load('unet');
    ort.run = () => Promise.reject(new Error(message));
    await expect(network.run({})).rejects.toMatchObject({ code, cause: { message } });
    ort.create = () => Promise.reject(new Error(message));
    await expect(load('unet')).rejects.toMatchObject({ code });
  });

  it.each(['Array buffer allocation failed', 'Invalid typed array length: 4294967296'])(
    '“%s” is about the tab, not the graphics device',
    async (message) => {
      const { ort, load } = setUp();
      ort.create = () => Promise.reject(new RangeError(message));
      await expect(load('unet')).rejects.toMatchObject({
        code: 'internal',
        message: expect.stringContaining('tab ran out of memory') as string,
      });
    },
  );

  it('stay as they are when they are about something else', async () => {
    const { ort, load } = setUp();
    const network = await load('unet');
    const error = new Error('Non-zero status code returned while running Conv');
    ort.run = () => Promise.reject(error);
    await expect(network.run({})).rejects.toBe(error);
  });
});

describe('a crash of the runtime', () => {
  it('ends it: its code cannot be called any more', async () => {
    const { ort, load } = setUp();
    const network = await load('unet');
    ort.run = () => Promise.reject(new WebAssembly.RuntimeError('unreachable'));
    const crashed = { code: 'gpu-lost', message: expect.stringContaining('crashed') as string };
    await expect(network.run({})).rejects.toMatchObject(crashed);
    await expect(load('vae')).rejects.toMatchObject(crashed);
  });
});

describe('what the device reports elsewhere', () => {
  const scoped = (errors: Record<string, string>, lost: Promise<unknown> = new Promise(() => undefined)) => {
    const open: string[] = [];
    const pop = () => {
      const message = errors[open.pop() ?? ''];
      return Promise.resolve(message === undefined ? null : { message });
    };
    const device = { lost, pushErrorScope: (scope: string) => open.push(scope), popErrorScope: pop };
    return { open, watch: new DeviceWatch(device as unknown as GPUDevice) };
  };
  const thrown = new Error('kernel failed');
  const fail = () => Promise.reject(thrown);
  const succeed = () => Promise.resolve('fine');

  it('is a failure of work that seemed to succeed', async () => {
    const invalid = { validation: 'Buffer is invalid' };
    const refused = { code: 'internal', message: expect.stringContaining('Buffer is invalid') as string };
    await expect(scoped(invalid).watch.during(succeed)).rejects.toMatchObject(refused);
    const memory = scoped({ ...invalid, 'out-of-memory': 'no room' });
    await expect(memory.watch.during(succeed)).rejects.toThrow('out of memory: no room');
    expect(memory.open).toEqual([]);
    await expect(scoped({}).watch.during(succeed)).resolves.toBe('fine');
  });

  it('comes before what the work threw: loss, memory, refusal', async () => {
    const all = { validation: 'invalid', 'out-of-memory': 'no room' };
    const lost = scoped(all, Promise.resolve({ message: 'driver reset' })).watch;
    await expect(lost.during(fail)).rejects.toMatchObject({
      message: 'device lost: driver reset',
      cause: thrown,
    });
    await expect(scoped(all).watch.during(fail)).rejects.toMatchObject({
      message: 'out of memory: no room',
      cause: thrown,
    });
    await expect(scoped({ validation: 'invalid' }).watch.during(fail)).rejects.toMatchObject({
      code: 'internal',
      cause: thrown,
    });
    await expect(scoped({}).watch.during(fail)).rejects.toBe(thrown);
  });
});

describe('a run that never comes back', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('ends the runtime: nothing may overlap with it', async () => {
    const { ort, load } = setUp();
    const network = await load('unet');
    const run = vi.fn(() => new Promise<never>(() => undefined));
    ort.run = run;
    const lost = { code: 'gpu-lost', message: expect.stringContaining('running net') as string };
    const outcome = [expect(network.run({})).rejects.toMatchObject(lost)];
    outcome.push(expect(network.run({})).rejects.toMatchObject(lost));
    await vi.waitFor(() => {
      expect(run).toHaveBeenCalledTimes(1);
    });
    vi.advanceTimersByTime(11 * 60 * 1000);
    await Promise.all(outcome);
    await expect(load('vae')).rejects.toMatchObject(lost);
    await expect(network.release()).rejects.toMatchObject(lost);
    expect(run).toHaveBeenCalledTimes(1);
    expect(ort.log).toEqual(['device unet', 'create']);
  });

  it('is no load that is slow: every read that arrives begins the wait anew', async () => {
    const { ort, runtime } = setUp();
    const arrivals: (() => void)[] = [];
    const weights: WeightSource = {
      ...NO_WEIGHTS,
      shapes: new Map([['w', [1]]]),
      stored: () =>
        new Promise((resolve) =>
          arrivals.push(() => {
            resolve({ dtype: 'F32', bytes: new Uint8Array(4) });
          }),
        ),
    };
    const weight = { recipe: tensor('w'), dims: [1], dtype: 'f32' } as const;
    const graph: EmittedGraph = {
      ...GRAPH,
      weights: ['a', 'b', 'c'].map((location) => ({ ...weight, location })),
    };
    const slow = runtime.load('unet', graph, weights);
    for (let read = 1; read <= 3; read++) {
      await vi.waitFor(() => {
        expect(arrivals).toHaveLength(read);
      });
      vi.advanceTimersByTime(9 * 60 * 1000);
      arrivals.at(-1)?.();
    }
    await (await slow).release();
    vi.advanceTimersByTime(11 * 60 * 1000);
    const stalled = expect(runtime.load('unet', graph, weights)).rejects.toMatchObject({ code: 'gpu-lost' });
    await vi.waitFor(() => {
      expect(arrivals).toHaveLength(4);
    });
    vi.advanceTimersByTime(11 * 60 * 1000);
    await stalled;
    expect(ort.log.filter((entry) => entry === 'create')).toHaveLength(1);
  });
});

describe('the runtime’s clocks', () => {
  it('keep loading apart from running', async () => {
    const { ort, runtime, load } = setUp();
    const pause = () => new Promise<void>((resolve) => setTimeout(resolve, 40));
    ort.create = pause;
    const network = await load('unet');
    expect(runtime.busyMs).toBe(0);
    const { loadMs } = runtime;
    expect(loadMs).toBeGreaterThan(30);
    ort.run = async () => {
      await pause();
      return {};
    };
    await network.run({});
    await network.release();
    expect(runtime.busyMs).toBeGreaterThan(30);
    expect(runtime.loadMs).toBe(loadMs);
  });
});

describe('a set of models', () => {
  it('releases every network once when it is closed and runs nothing afterwards', async () => {
    const { ort, runtime } = setUp();
    const pool = new NetworkPool(runtime);
    const [a, b] = [await pool.load('a', GRAPH, NO_WEIGHTS), await pool.load('b', GRAPH, NO_WEIGHTS)];
    const other = await runtime.load('c', GRAPH, NO_WEIGHTS);
    await a.release();
    await pool.close();
    await b.release();
    expect(ort.log.filter((entry) => entry.startsWith('free'))).toEqual(['free a', 'free b']);
    await expect(b.run({})).rejects.toMatchObject({ code: 'aborted' });
    await expect(pool.load('a', GRAPH, NO_WEIGHTS)).rejects.toMatchObject({ code: 'aborted' });
    await expect(other.run({})).resolves.toEqual({});
  });

  it('keeps no network that finishes loading after it was closed', async () => {
    const { ort, runtime } = setUp();
    const pool = new NetworkPool(runtime);
    let finish = (): void => undefined;
    const begun = new Promise<void>((begin) => {
      ort.create = () => {
        begin();
        return new Promise((resolve) => (finish = resolve));
      };
    });
    const loading = expect(pool.load('a', GRAPH, NO_WEIGHTS)).rejects.toMatchObject({ code: 'aborted' });
    await begun;
    const closing = pool.close();
    finish();
    await closing;
    await loading;
    expect(ort.log).toEqual(['device a', 'create', 'release', 'free a']);
  });
});
