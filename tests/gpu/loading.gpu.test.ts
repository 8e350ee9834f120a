import { afterEach, describe, expect, it, vi } from 'vitest';
import { GraphBuilder, type EmittedGraph } from '#models/graph/builder.ts';
import { add, linear, mul } from '#models/graph/ops.ts';
import { AppError } from '#domain/job/app-error.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { ByteSource } from '#formats/byte-source.ts';
import { memorySource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { writeSafetensors } from '#formats/safetensors/write.ts';
import { GpuDevice } from '#gpu/gpu-device.ts';
import { loadOrt } from '#inference/ort-web.ts';
import { OrtWebRuntime } from '#inference/ort-web-runtime.ts';
import { takeFloat, type LoadOptions, type Network } from '#inference/runtime.ts';
import { fileWeights, type WeightSource } from '#inference/weights.ts';
import { FamilyDevices } from '#worker/hardware.ts';
import { expectClose, randomTensor } from './fixtures.ts';

const WIDTH = 64;
/** More rows than one piece of the stream holds. */
const TALL = 40_000;

/** Layers of different sizes, one of them in pieces, and biases that are read ahead. */
function tensors(): ReadonlyMap<string, FloatTensor> {
  return new Map([
    ['tall.weight', randomTensor([TALL, WIDTH], 1)],
    ['down.weight', randomTensor([WIDTH, TALL], 2)],
    ...Array.from({ length: 40 }, (_, i) => [`bias.${i}`, randomTensor([WIDTH], 10 + i)] as const),
  ]);
}

function file(): Promise<SafetensorsFile> {
  return SafetensorsFile.open(memorySource(fileBytes(), 'layers.safetensors'));
}

function fileBytes(): Uint8Array<ArrayBuffer> {
  return writeSafetensors(
    [...tensors()].map(([name, { dims, data }]) => ({
      name,
      dims,
      dtype: 'F32',
      bytes: new Uint8Array(data.buffer as ArrayBuffer, data.byteOffset, data.byteLength),
    })),
  );
}

/** out [N,WIDTH] = down(tall(x)) / TALL + every bias, times `gain` [1,WIDTH]. */
function layers({ shapes }: WeightSource): EmittedGraph {
  const g = new GraphBuilder('layers', shapes);
  const x = g.input('x', ['N', WIDTH]);
  let h = mul(g, linear(g, linear(g, x, 'tall.weight'), 'down.weight'), g.scalar(1 / TALL));
  for (let i = 0; i < 40; i++) h = add(g, h, g.weight(`bias.${i}`));
  g.output('out', mul(g, h, g.input('gain', [1, WIDTH])));
  return g.build();
}

/** The same on the CPU. */
function expected(x: FloatTensor, gain: FloatTensor): Float32Array {
  const values = tensors();
  const of = (name: string) => (values.get(name) as FloatTensor).data;
  const [rows = 0] = x.dims;
  const out = new Float64Array(rows * WIDTH);
  for (let row = 0; row < rows; row++)
    for (let t = 0; t < TALL; t++) {
      let h = 0;
      for (let c = 0; c < WIDTH; c++) h += x.data[row * WIDTH + c]! * of('tall.weight')[t * WIDTH + c]!;
      for (let c = 0; c < WIDTH; c++) out[row * WIDTH + c]! += (h * of('down.weight')[c * TALL + t]!) / TALL;
    }
  return Float32Array.from(out, (value, i) => {
    let sum = value;
    for (let b = 0; b < 40; b++) sum += of(`bias.${b}`)[i % WIDTH]!;
    return sum * gain.data[i % WIDTH]!;
  });
}

/** A runtime over devices that can be looked at. */
async function watchedRuntime() {
  const made: GPUDevice[] = [];
  const lost = new Set<GPUDevice>();
  const devices = new FamilyDevices(async () => {
    const { device } = (await GpuDevice.request())!;
    made.push(device);
    void device.lost.then(() => lost.add(device));
    return device;
  });
  const emission = { dtype: 'f32', attention: 'plain' } as const;
  const runtime = new OrtWebRuntime(await loadOrt(), devices, 'WebGPU', emission);
  return { runtime, made, lost };
}

async function loaded(options: LoadOptions = {}) {
  const watched = await watchedRuntime();
  const weights = fileWeights(await file());
  const network = await watched.runtime.load('family', layers(weights), weights, options);
  return { ...watched, weights, network, device: watched.made[0]! };
}

async function out(network: Network, x: FloatTensor, gain: FloatTensor): Promise<Float32Array> {
  return (await takeFloat(await network.run({ x, gain }), 'out')).data;
}

afterEach(() => {
  vi.restoreAllMocks();
});

describe('weights on their way to the device', () => {
  it('arrive whole: small ones read ahead, large ones in pieces', async () => {
    const { network } = await loaded();
    const [x, gain] = [randomTensor([2, WIDTH], 7), randomTensor([1, WIDTH], 8)];
    expectClose(await out(network, x, gain), expected(x, gain), 2e-3);
    await network.release();
  });

  it('are never read through one big buffer', async () => {
    const bytes = fileBytes();
    const reads: number[] = [];
    const source: ByteSource = {
      ...memorySource(bytes, 'layers.safetensors'),
      read: (begin, end) => {
        reads.push(end - begin);
        return Promise.resolve(bytes.slice(begin, end));
      },
    };
    const { runtime } = await watchedRuntime();
    const weights = fileWeights(await SafetensorsFile.open(source));
    const network = await runtime.load('family', layers(weights), weights);
    expect(Math.max(...reads)).toBeLessThanOrEqual(4 * 2 ** 20);
    expect(reads.reduce((sum, length) => sum + length, 0)).toBeLessThan(bytes.length + 2 ** 16);
    await network.release();
  });
});

describe('inputs on the device', () => {
  it('cross once while they stay the same objects', async () => {
    const { network, device } = await loaded();
    const writes = vi.spyOn(device.queue, 'writeBuffer');
    const [x, gain] = [randomTensor([1, WIDTH], 7), randomTensor([1, WIDTH], 8)];
    const first = await out(network, x, gain);
    const uploads = () => writes.mock.calls.filter(([, , data]) => data.byteLength === WIDTH * 4).length;
    expect(uploads()).toBe(2);
    expect(await out(network, x, gain)).toEqual(first);
    expect(uploads()).toBe(2);
    const changed = floatTensor(
      [1, WIDTH],
      gain.data.map((value) => value * 2),
    );
    expectClose(
      await out(network, x, changed),
      first.map((value) => value * 2),
      1e-4,
    );
    expect(uploads()).toBe(3);
    expect(await out(network, x, gain)).toEqual(first);
    expect(uploads()).toBe(4);
    await network.release();
  });

  it('go with their network', async () => {
    const { network, runtime, weights, device } = await loaded();
    const other = await runtime.load('family', layers(weights), weights);
    const create = vi.spyOn(device, 'createBuffer');
    const destroyed = vi.spyOn(GPUBuffer.prototype, 'destroy');
    await out(network, randomTensor([1, WIDTH], 7), randomTensor([1, WIDTH], 8));
    const own = create.mock.results
      .filter((_, i) => create.mock.calls[i]![0].size === WIDTH * 4)
      .map(({ value }) => value as GPUBuffer)
      .filter(
        ({ usage }) => usage === (GPUBufferUsage.STORAGE | GPUBufferUsage.COPY_SRC | GPUBufferUsage.COPY_DST),
      );
    expect(own).toHaveLength(2);
    await network.release();
    for (const buffer of own) expect(destroyed.mock.contexts).toContain(buffer);
    await other.release();
  });
});

describe('a recorded network', () => {
  it('gives what an unrecorded one gives, with new inputs in every run', async () => {
    const recorded = await loaded({ capture: true });
    const plain = await loaded();
    const gain = randomTensor([1, WIDTH], 8);
    for (let run = 0; run < 4; run++) {
      const x = randomTensor([2, WIDTH], 20 + run);
      expect(await out(recorded.network, x, gain)).toEqual(await out(plain.network, x, gain));
    }
    await recorded.network.release();
    await plain.network.release();
  });

  it('does without its recording when a run has other shapes', async () => {
    const { network } = await loaded({ capture: true });
    const gain = randomTensor([1, WIDTH], 8);
    for (const rows of [2, 1, 3, 2]) {
      const x = randomTensor([rows, WIDTH], 30 + rows);
      expectClose(await out(network, x, gain), expected(x, gain), 2e-3);
    }
    await network.release();
  });

  it('keeps an output on the device as it was, whatever runs later', async () => {
    const { network } = await loaded({ capture: true });
    const gain = randomTensor([1, WIDTH], 8);
    const [a, b] = [randomTensor([1, WIDTH], 41), randomTensor([1, WIDTH], 42)];
    const { out: kept } = await network.run({ x: a, gain }, ['out']);
    await out(network, b, gain);
    const { data } = await kept!.read();
    expectClose(data as Float32Array, expected(a, gain), 2e-3);
    kept!.dispose();
    await network.release();
  });
});

describe('a run that fails', () => {
  const feeds = () => [randomTensor([1, WIDTH], 7), randomTensor([1, WIDTH], 8)] as const;

  it.each([false, true])(
    'says so when an input could not be uploaded, and uploads it anew: capture %s',
    async (capture) => {
      const { network, device } = await loaded({ capture });
      const [x, gain] = feeds();
      const create = device.createBuffer.bind(device);
      const spy = vi.spyOn(device, 'createBuffer');
      // A device that lacks memory answers with a buffer that is invalid, and no error; so it does to this usage.
      spy.mockImplementationOnce((descriptor) =>
        create({ ...descriptor, usage: GPUBufferUsage.MAP_READ | descriptor.usage }),
      );
      await expect(out(network, x, gain)).rejects.toMatchObject({
        code: expect.stringMatching(/internal|memory/) as string,
      });
      expect(spy.mock.calls[0]?.[0].size).toBe(WIDTH * 4);
      expectClose(await out(network, x, gain), expected(x, gain), 2e-3);
      await network.release();
    },
  );

  it('loads at the next run when it could not do so without its recording', async () => {
    const { runtime } = await watchedRuntime();
    const weights = fileWeights(await file());
    let failing = false;
    const stored: WeightSource['stored'] = (...part) =>
      failing ? Promise.reject(new AppError('bad-file', 'The folder is gone.')) : weights.stored(...part);
    const network = await runtime.load('family', layers(weights), { ...weights, stored }, { capture: true });
    const [x, gain] = feeds();
    await out(network, x, gain);
    failing = true;
    const two = randomTensor([2, WIDTH], 9);
    await expect(out(network, two, gain)).rejects.toMatchObject({ code: 'bad-file' });
    failing = false;
    expectClose(await out(network, two, gain), expected(two, gain), 2e-3);
    await network.release();
  });
});

describe('a load that fails', () => {
  /** A file that misbehaves when the tall matrix is being read. */
  async function failing(fail: (reads: number) => void) {
    const bytes = fileBytes();
    let reads = 0;
    let healthy = false;
    const source: ByteSource = {
      ...memorySource(bytes, 'layers.safetensors'),
      read: async (begin, end) => {
        if (!healthy && end - begin > 2 ** 20) fail(++reads);
        return Promise.resolve(bytes.slice(begin, end));
      },
    };
    const weights = fileWeights(await SafetensorsFile.open(source));
    return { weights, heal: () => (healthy = true) };
  }

  async function expectNothingLeft(
    { runtime, made, lost }: Awaited<ReturnType<typeof watchedRuntime>>,
    weights: WeightSource,
  ): Promise<void> {
    await vi.waitFor(() => {
      expect(lost.has(made[0]!)).toBe(true);
    });
    const network = await runtime.load('family', layers(weights), weights);
    const [x, gain] = [randomTensor([1, WIDTH], 7), randomTensor([1, WIDTH], 8)];
    expectClose(await out(network, x, gain), expected(x, gain), 2e-3);
    expect(made).toHaveLength(2);
    await network.release();
  }

  it('says what the file’s reader said, and leaves nothing', async () => {
    const watched = await watchedRuntime();
    const { weights, heal } = await failing((reads) => {
      if (reads === 2)
        throw new AppError('bad-file', '"layers.safetensors" changed while it was being read.');
    });
    await expect(watched.runtime.load('family', layers(weights), weights)).rejects.toMatchObject({
      code: 'bad-file',
      message: '"layers.safetensors" changed while it was being read.',
    });
    heal();
    await expectNothingLeft(watched, weights);
  });

  it('ends with its signal at the next tensor, and leaves nothing', async () => {
    const watched = await watchedRuntime();
    const stop = new AbortController();
    const { weights, heal } = await failing(() => {
      stop.abort(new AppError('aborted', 'Stopped.'));
    });
    const options = { signal: stop.signal };
    await expect(watched.runtime.load('family', layers(weights), weights, options)).rejects.toMatchObject({
      code: 'aborted',
    });
    heal();
    await expectNothingLeft(watched, weights);
  });

  it('says gpu-lost when the device goes meanwhile, and leaves nothing', async () => {
    const watched = await watchedRuntime();
    const { weights, heal } = await failing(() => watched.made[0]?.destroy());
    await expect(watched.runtime.load('family', layers(weights), weights)).rejects.toMatchObject({
      code: 'gpu-lost',
    });
    heal();
    await expectNothingLeft(watched, weights);
  });

  it('says gpu-out-of-memory when the device has no room, and leaves nothing', async () => {
    const watched = await watchedRuntime();
    const { weights, heal } = await failing(() => {
      const device = watched.made[0]!;
      vi.spyOn(device, 'createBuffer').mockImplementation(() => {
        throw new RangeError(
          'createBuffer failed, size is too large for the implementation when mappedAtCreation',
        );
      });
    });
    await expect(watched.runtime.load('family', layers(weights), weights)).rejects.toMatchObject({
      code: 'gpu-out-of-memory',
    });
    heal();
    await expectNothingLeft(watched, weights);
  });
});
