import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GraphBuilder } from '#models/graph/builder.ts';
import { linear } from '#models/graph/ops.ts';
import { rows, tensor } from '#models/graph/weight-recipe.ts';
import { AppError } from '#domain/job/app-error.ts';
import { takeFloat, type LoadOptions } from '#inference/runtime.ts';
import type { WeightSource } from '#inference/weights.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { randomTensor, randomWeights } from './unet-keymaps.ts';

const WEIGHTS = randomWeights(
  new Map([
    ['down.weight', [8, 32]],
    ['up.weight', [64, 8]],
  ]),
);

/** One weight as it lies in the file and one that a recipe makes, in a folder of its own. */
function graph() {
  const g = new GraphBuilder('layers', WEIGHTS.shapes);
  const h = linear(g, g.input('x', ['N', 32]), 'down.weight');
  const part = g.weight(rows(tensor('up.weight'), 16, 48));
  g.output('out', g.op('Gemm', [h, part], ['N', 32], { transB: { int: 1 } }));
  return g.build();
}

let work: string;
beforeEach(async () => {
  work = await mkdtemp(join(tmpdir(), 'luna-spool-'));
});
afterEach(() => rm(work, { recursive: true }));

async function result(runtime: OrtNodeRuntime): Promise<Float32Array> {
  const network = await runtime.load('family', graph(), WEIGHTS);
  const { data } = await takeFloat(await network.run({ x: randomTensor([3, 32], 'x') }), 'out');
  await network.release();
  await network.release();
  return data;
}

describe('onnxruntime-node with weights on disk', () => {
  const spooling = () => new OrtNodeRuntime({ spoolDir: work, spoolFrom: 0 });

  it('gives what it gives with weights in memory, and removes what it wrote', async () => {
    const inMemory = await result(new OrtNodeRuntime());
    const onDisk = await result(spooling());
    onDisk.forEach((value, i) => {
      expect(value).toBeCloseTo(inMemory[i] as number, 5);
    });
    expect(await readdir(work)).toEqual([]);
  });

  it('keeps the weights on disk while the network is loaded', async () => {
    const network = await spooling().load('family', graph(), WEIGHTS);
    expect(await readdir(work)).toHaveLength(1);
    await network.release();
    expect(await readdir(work)).toEqual([]);
  });

  it.each<[string, WeightSource, LoadOptions, object]>([
    [
      'a file that cannot be read',
      {
        ...WEIGHTS,
        float: () => Promise.reject(new AppError('bad-file', '"weights" ended.')),
      },
      {},
      { code: 'bad-file' },
    ],
    [
      'a stop',
      WEIGHTS,
      { signal: AbortSignal.abort(new AppError('aborted', 'Stopped.')) },
      { code: 'aborted' },
    ],
  ])('leaves nothing after %s', async (_, weights, options, error) => {
    await expect(spooling().load('family', graph(), weights, options)).rejects.toMatchObject(error);
    expect(await readdir(work)).toEqual([]);
  });
});
