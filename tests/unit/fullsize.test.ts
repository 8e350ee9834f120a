import { mkdtemp, readFile, rm, stat, truncate, utimes } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { checkSam3Keys } from '#models/sam3/keys.ts';
import { memorySource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { writeSafetensors } from '#formats/safetensors/write.ts';
import { openSafetensors } from '#node/file-source.ts';
import { RandomTensor } from '../../src/dev/fullsize/random-tensors.ts';
import { KNOWINGLY_UNREAD } from '../../src/dev/fullsize/unread.ts';
import { unreadTensors, WatchedSource } from '../../src/dev/fullsize/watched-source.ts';
import {
  FULLSIZE_NAMES,
  fullsizeBytes,
  fullsizeShapes,
  writeRandomFile,
} from '../../src/dev/fullsize/weight-files.ts';

let dir: string;
beforeEach(async () => {
  dir = await mkdtemp(join(tmpdir(), 'luna-fullsize-'));
});
afterEach(() => rm(dir, { recursive: true }));

const SHAPES = new Map([
  ['embeddings.position_ids', [1, 7]],
  ['layer.weight', [300, 41]],
  ['layer.bias', [300]],
  ['norm.weight', [41]],
]);

describe('random-weight files', () => {
  it('have the sizes of the real ones', async () => {
    const gigabytes = await Promise.all(
      FULLSIZE_NAMES.map(async (name) => (await fullsizeBytes(name)) / 1e9),
    );
    expect(gigabytes.map((value) => Number(value.toFixed(2)))).toEqual([6.94, 0.85, 2.53, 3.44]);
  });

  it.each(['F16', 'F32'] as const)('hold %s values that keep activations near 1', async (dtype) => {
    const path = join(dir, 'a.safetensors');
    await writeRandomFile(path, SHAPES, dtype);
    const file = await openSafetensors(path);
    expect(file.names).toEqual([...SHAPES.keys()]);
    expect(file.entry('layer.weight').dtype).toBe(dtype);
    const { data } = await file.float('layer.weight');
    const square = data.reduce((sum, value) => sum + value * value, 0) / data.length;
    expect(square * 41).toBeCloseTo(1, 1);
    expect(Math.abs(data.reduce((sum, value) => sum + value, 0) / data.length)).toBeLessThan(0.01);
    expect((await file.float('norm.weight')).data).toEqual(new Float32Array(41).fill(1));
    expect([...(await file.float('embeddings.position_ids')).data]).toEqual([0, 1, 2, 3, 4, 5, 6]);
  });

  it('are the same wherever they are written, whatever the chunks', async () => {
    const [a, b] = [join(dir, 'a'), join(dir, 'b')];
    await writeRandomFile(a, SHAPES, 'F16');
    await writeRandomFile(b, SHAPES, 'F16');
    expect((await readFile(a)).equals(await readFile(b))).toBe(true);
    const fill = (...lengths: number[]) => {
      const random = new RandomTensor('layer.weight', [300, 41], 'F16');
      return lengths.flatMap((length) => {
        const bytes = new Uint8Array(length);
        random.fill(bytes);
        return [...bytes];
      });
    };
    expect(fill(400, 200)).toEqual(fill(600));
  });

  it('are written once, and again when something is wrong with them', async () => {
    const path = join(dir, 'a.safetensors');
    await writeRandomFile(path, SHAPES, 'F16');
    const old = new Date(2000, 1, 1);
    await utimes(path, old, old);
    await writeRandomFile(path, SHAPES, 'F16');
    expect((await stat(path)).mtime).toEqual(old);
    const whole = await readFile(path);
    await truncate(path, whole.length - 1);
    await writeRandomFile(path, SHAPES, 'F16');
    expect((await readFile(path)).equals(whole)).toBe(true);
    await writeRandomFile(path, SHAPES, 'F32');
    expect((await openSafetensors(path)).entry('layer.bias').dtype).toBe('F32');
  });
});

describe('what was read of a file', () => {
  it('names every tensor of which a byte is missing', async () => {
    const tensors = ['a', 'b', 'c'].map((name) => ({
      name,
      dtype: 'U8',
      dims: [8],
      bytes: new Uint8Array(8),
    }));
    const source = new WatchedSource(memorySource(writeSafetensors(tensors), 'file'));
    const file = await SafetensorsFile.open(source);
    source.ranges.length = 0;
    await file.bytes('a', { begin: 4, end: 8 });
    await file.bytes('b', { begin: 0, end: 7 });
    expect(unreadTensors(file, source.ranges)).toEqual(['a', 'b', 'c']);
    await file.bytes('a', { begin: 0, end: 5 });
    await file.bytes('c');
    expect(unreadTensors(file, source.ranges)).toEqual(['b']);
  });

  it('is complete but for tensors that SAM 3’s own key report leaves out too', async () => {
    const shapes = await fullsizeShapes('sam3');
    // The host reads rows of the tables, the goldens' graphs read the union map's head.
    const isElsewhere = (key: string) => /(token|position)_embedding\.weight$|semantic_projection/.test(key);
    const isUnread = (key: string) =>
      KNOWINGLY_UNREAD.some(({ keys }) => keys.test(key)) && !isElsewhere(key);
    const rest = new Map([...shapes].filter(([key]) => !isUnread(key)));
    expect(rest.size).toBeLessThan(shapes.size);
    expect(checkSam3Keys(rest)).toEqual({ missing: [], unknown: [] });
  });
});
