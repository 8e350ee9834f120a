import { describe, expect, it, vi } from 'vitest';
import type { EmittedGraph, WeightBinding } from '#models/graph/builder.ts';
import { tensor } from '#models/graph/weight-recipe.ts';
import { AppError } from '#domain/job/app-error.ts';
import { floatTensor } from '#domain/tensor.ts';
import { memorySource, type ByteSource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { writeSafetensors } from '#formats/safetensors/write.ts';
import { VirtualBlob } from '#inference/virtual-blob.ts';
import { WeightStream } from '#inference/weight-stream.ts';
import { fileWeights, rowsOfWhole, type WeightSource } from '#inference/weights.ts';

type Piece = Uint8Array<ArrayBuffer>;

async function* pieces(...values: Piece[]): AsyncGenerator<Piece, void> {
  for (const value of values) yield Promise.resolve(value);
}

/** What onnxruntime-web does with a mount: every piece is copied before the next is asked for. */
async function readWhole(blob: VirtualBlob): Promise<Uint8Array<ArrayBuffer>> {
  const reader = blob.slice(0, blob.size).stream().getReader();
  const bytes = new Uint8Array(blob.size);
  for (let at = 0; ;) {
    const { value, done } = await reader.read();
    if (done) return at === bytes.length ? bytes : bytes.subarray(0, at);
    bytes.set(value, at);
    at += value.length;
  }
}

describe('VirtualBlob', () => {
  it('is a Blob of the promised size that makes its pieces when they are read, once', async () => {
    const make = vi.fn(() => pieces(Uint8Array.of(0, 1, 2), Uint8Array.of(3)));
    const blob = new VirtualBlob(4, make);
    expect(blob).toBeInstanceOf(Blob);
    expect(blob.size).toBe(4);
    expect(make).not.toHaveBeenCalled();
    expect(await readWhole(blob)).toEqual(Uint8Array.of(0, 1, 2, 3));
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('is read whole or not at all', () => {
    const blob = new VirtualBlob(4, () => pieces());
    expect(() => blob.slice(1, 4)).toThrow(RangeError);
    expect(() => blob.slice(0, 3)).toThrow(RangeError);
  });

  it('has no byte reader, so that the runtime takes the one that does not stall', () => {
    const stream = new VirtualBlob(8, () => pieces()).slice().stream();
    expect(() => stream.getReader({ mode: 'byob' })).toThrow(TypeError);
  });
});

const WIDTH = 1024;
const ROWS = { huge: 5000, large: 1500, middle: 300, tiny: 1 };

function values(rows: number): Float32Array<ArrayBuffer> {
  return Float32Array.from({ length: rows * WIDTH }, (_, i) => (i * 31) % 977);
}

/** The top halves of float32 values this small are the values themselves. */
function bfloat16(rows: number): Piece {
  const bits = new Uint32Array(values(rows).buffer);
  return new Uint8Array(Uint16Array.from(bits, (value) => value >>> 16).buffer);
}

function graphOf(names: readonly string[]): EmittedGraph {
  const weights = names.map((name): WeightBinding => {
    const dims = [ROWS[name.split('.')[0] as keyof typeof ROWS], WIDTH];
    return { location: `t/${name}`, recipe: tensor(name), dims, dtype: 'f32' };
  });
  return { name: 'graph', weights } as unknown as EmittedGraph;
}

const NAMES = ['huge', 'large', 'middle', ...Array.from({ length: 50 }, (_, i) => `tiny.${i}`)];

function fileBytes(): Uint8Array<ArrayBuffer> {
  return writeSafetensors(
    NAMES.map((name) => {
      const rows = ROWS[name.split('.')[0] as keyof typeof ROWS];
      return { name, dtype: 'BF16', dims: [rows, WIDTH], bytes: bfloat16(rows) };
    }),
  );
}

/** A file whose reads are counted and take a turn of the event loop. */
async function watchedFile(read?: (begin: number, end: number) => void) {
  const bytes = fileBytes();
  const log = { reads: [] as number[], running: 0, mostRunning: 0 };
  const source: ByteSource = {
    ...memorySource(bytes, 'weights.safetensors'),
    read: async (begin, end) => {
      read?.(begin, end);
      log.reads.push(end - begin);
      log.mostRunning = Math.max(log.mostRunning, ++log.running);
      await new Promise((resolve) => setTimeout(resolve));
      log.running--;
      return bytes.slice(begin, end);
    },
  };
  const weights = fileWeights(await SafetensorsFile.open(source));
  log.reads.length = 0;
  return { weights, log };
}

function mount(stream: WeightStream, name: string): VirtualBlob {
  const found = stream.mounts.find(({ path }) => path === `t/${name}`);
  if (!found) throw new Error(`no mount "${name}"`);
  return found.data;
}

/** Compared as bytes: millions of numbers one by one take minutes. */
function isExact(bytes: Uint8Array, rows: number): boolean {
  const expected = Uint32Array.from(new Uint32Array(values(rows).buffer), (value) => value & ~0xffff);
  return Buffer.from(expected.buffer).equals(bytes);
}

describe('a graph’s weights', () => {
  it('are exact in whatever order they are asked for', async () => {
    const { weights } = await watchedFile();
    const stream = new WeightStream(graphOf(NAMES), weights);
    for (const name of ['tiny.49', 'large', 'tiny.0', 'middle', 'tiny.7', 'huge', 'tiny.8']) {
      const rows = ROWS[name.split('.')[0] as keyof typeof ROWS];
      expect([name, isExact(await readWhole(mount(stream, name)), rows)]).toEqual([name, true]);
    }
  });

  it('come in parallel pieces when large, none of them larger than 4 MiB of values', async () => {
    const { weights, log } = await watchedFile();
    await readWhole(mount(new WeightStream(graphOf(['huge']), weights), 'huge'));
    expect(Math.max(...log.reads)).toBeLessThanOrEqual(2 * 2 ** 20);
    expect(log.reads.filter((length) => length > 0)).toHaveLength(5);
    expect(log.mostRunning).toBe(4);
  });

  it('are read ahead when small: later ones cost no more reads', async () => {
    const { weights, log } = await watchedFile();
    const stream = new WeightStream(graphOf(NAMES), weights);
    await readWhole(mount(stream, 'large'));
    await vi.waitFor(() => {
      expect(log.running).toBe(0);
    });
    const before = log.reads.length;
    await readWhole(mount(stream, 'tiny.3'));
    await readWhole(mount(stream, 'tiny.30'));
    expect(log.reads.length).toBe(before);
    expect(log.reads.filter((length) => length === WIDTH * 2)).toHaveLength(50);
  });

  it('that have to be computed are computed once', async () => {
    const float = vi.fn(() => Promise.resolve(floatTensor([ROWS.huge, WIDTH], values(ROWS.huge))));
    const shapes = new Map([['huge', [ROWS.huge, WIDTH]]]);
    const source: WeightSource = {
      name: 'merged',
      shapes,
      float,
      rows: rowsOfWhole({ float }),
      stored: () => Promise.resolve(null),
    };
    await readWhole(mount(new WeightStream(graphOf(['huge']), source), 'huge'));
    expect(float).toHaveBeenCalledTimes(1);
  });

  it('whose reading fails stop everything and keep the reader’s sentence', async () => {
    const error = new AppError('bad-file', '"weights.safetensors" changed while it was being read.');
    let broken = false;
    const { weights } = await watchedFile(() => {
      if (broken) throw error;
    });
    const stream = new WeightStream(graphOf(NAMES), weights);
    broken = true;
    await expect(readWhole(mount(stream, 'large'))).rejects.toBe(error);
    expect(() => {
      stream.throwIfFailed();
    }).toThrow(error);
    await expect(readWhole(mount(stream, 'middle'))).rejects.toBe(error);
  });

  it('stop with their signal', async () => {
    const stop = new AbortController();
    const { weights, log } = await watchedFile();
    const stream = new WeightStream(graphOf(NAMES), weights, { signal: stop.signal });
    await readWhole(mount(stream, 'middle'));
    stop.abort(new AppError('aborted', 'Stopped.'));
    const before = log.reads.length;
    await expect(readWhole(mount(stream, 'large'))).rejects.toMatchObject({ code: 'aborted' });
    expect(log.reads.length).toBe(before);
  });

  it('wait for uploads before the last ones: the runtime does not', async () => {
    const { weights } = await watchedFile();
    const uploads: (() => void)[] = [];
    const uploaded = () => new Promise<void>((resolve) => uploads.push(resolve));
    const stream = new WeightStream(graphOf(['huge', 'large', 'middle']), weights, { uploaded });
    // 20 MB each time: the fourth makes more than 64 MiB, the eighth has to wait for it.
    for (let i = 0; i < 7; i++) await readWhole(mount(stream, 'huge'));
    expect(uploads).toHaveLength(1);
    let done = false;
    const eighth = readWhole(mount(stream, 'huge')).then(() => (done = true));
    await new Promise((resolve) => setTimeout(resolve, 50));
    expect(done).toBe(false);
    uploads[0]?.();
    await eighth;
    expect(uploads).toHaveLength(2);
  });
});
