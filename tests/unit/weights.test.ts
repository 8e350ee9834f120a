import { describe, expect, it, vi } from 'vitest';
import { float16Bits } from '#models/graph/builder.ts';
import { rows, tensor, type WeightRecipe } from '#models/graph/weight-recipe.ts';
import { Mutex } from '#inference/mutex.ts';
import { VirtualBlob } from '#inference/virtual-blob.ts';
import { evaluate, fileWeights, materialise, mergedWeights } from '#inference/weights.ts';
import { floatTensor } from '#domain/tensor.ts';
import { fileOf } from '../golden/files.ts';

const counting = (dims: readonly number[], first = 0) =>
  floatTensor(
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => first + i),
  );
const A = counting([3, 2]);
const B = counting([1, 2], 10);

describe('weight recipes', () => {
  const read = (key: string) => Promise.resolve(key === 'a' ? A : B);
  const result = async (recipe: WeightRecipe) => {
    const { dims, data } = await evaluate(recipe, read);
    return [dims, [...data]];
  };

  it.each<[string, WeightRecipe, number[], number[]]>([
    ['a tensor', tensor('a'), [3, 2], [0, 1, 2, 3, 4, 5]],
    ['rows', rows(tensor('a'), 1, 3), [2, 2], [2, 3, 4, 5]],
    ['permuted rows', { kind: 'permute-rows', of: tensor('a'), order: [2, 0] }, [2, 2], [4, 5, 0, 1]],
    [
      'stacked rows',
      { kind: 'concat-rows', of: [tensor('b'), rows(tensor('a'), 0, 1)] },
      [2, 2],
      [10, 11, 0, 1],
    ],
    ['a transpose', { kind: 'transpose', of: tensor('a'), permutation: [1, 0] }, [2, 3], [0, 2, 4, 1, 3, 5]],
    ['another shape', { kind: 'reshape', of: tensor('a'), dims: [6, 1] }, [6, 1], [0, 1, 2, 3, 4, 5]],
    ['a multiple', { kind: 'scale', of: tensor('b'), factor: 0.5 }, [1, 2], [5, 5.5]],
  ])('compute %s', async (_, recipe, dims, values) => {
    expect(await result(recipe)).toEqual([dims, values]);
  });

  it('turn every axis of a tensor of more than two', async () => {
    const cube = counting([2, 3, 4]);
    const turned = await evaluate({ kind: 'transpose', of: tensor('a'), permutation: [2, 0, 1] }, () =>
      Promise.resolve(cube),
    );
    expect(turned.dims).toEqual([4, 2, 3]);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 4; k++)
          expect(turned.data[(k * 2 + i) * 3 + j]).toBe(cube.data[(i * 3 + j) * 4 + k]);
  });
});

describe('weights of a file', () => {
  it('go by their canonical names and are computed where the file packs them', async () => {
    const view = new Map<string, WeightRecipe>([
      ['q', rows(tensor('packed'), 0, 1)],
      ['whole', tensor('packed')],
    ]);
    const source = fileWeights(await fileOf([['packed', A]]), view);
    expect(source.shapes).toEqual(
      new Map([
        ['q', [1, 2]],
        ['whole', [3, 2]],
      ]),
    );
    expect([...(await source.float('q')).data]).toEqual([0, 1]);
    expect(await source.stored('q')).toBeNull();
    expect((await source.stored('whole'))?.dtype).toBe('F32');
    expect(() => source.float('packed')).toThrow('no weight named "packed"');
  });

  it('of several files are one source, the first that has a key winning', async () => {
    const both = mergedWeights([
      fileWeights(await fileOf([['x', A]], 'one')),
      fileWeights(
        await fileOf(
          [
            ['x', B],
            ['y', B],
          ],
          'two',
        ),
      ),
    ]);
    expect(both.name).toBe('one + two');
    expect(both.shapes.get('x')).toEqual([3, 2]);
    expect([...(await both.float('y')).data]).toEqual([10, 11]);
    expect(() => both.float('z')).toThrow('no weight named "z"');
  });

  it('reach the runtime as the very bytes of the file when it stores what the graph wants', async () => {
    const source = fileWeights(await fileOf([['a', A]]));
    const float = vi.spyOn(source, 'float');
    const asIs = await materialise({ kind: 'reshape', of: tensor('a'), dims: [6] }, 'f32', source);
    expect(new Float32Array(asIs.buffer.slice(asIs.byteOffset))).toEqual(A.data);
    expect(float).not.toHaveBeenCalled();
    const half = await materialise(tensor('a'), 'f16', source);
    expect([...new Uint16Array(half.buffer)]).toEqual([...A.data].map(float16Bits));
    await expect(materialise(tensor('a'), 'i64', source)).rejects.toThrow('cannot be stored as i64');
  });
});

describe('Mutex', () => {
  it('runs work one at a time and in order, also after a failure', async () => {
    const mutex = new Mutex();
    const log: string[] = [];
    const work = (name: string, fails = false) =>
      mutex.run(async () => {
        log.push(`${name} begins`);
        await new Promise((resolve) => setTimeout(resolve, 1));
        log.push(`${name} ends`);
        if (fails) throw new Error(name);
        return name;
      });
    const all = await Promise.allSettled([work('a'), work('b', true), work('c')]);
    expect(log).toEqual(['a begins', 'a ends', 'b begins', 'b ends', 'c begins', 'c ends']);
    expect(all.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  });
});

describe('VirtualBlob', () => {
  const bytes = Uint8Array.of(0, 1, 2, 3, 4, 5, 6, 7);

  it('is a Blob of the promised size that makes its bytes when they are read, once', async () => {
    const make = vi.fn(() => Promise.resolve(bytes));
    const blob = new VirtualBlob(8, make);
    expect(blob).toBeInstanceOf(Blob);
    expect(blob.size).toBe(8);
    const reader = blob.slice(2, 6).stream().getReader();
    expect(make).not.toHaveBeenCalled();
    expect(await reader.read()).toEqual({ value: bytes.subarray(2, 6), done: false });
    expect((await reader.read()).done).toBe(true);
    expect(make).toHaveBeenCalledTimes(1);
  });

  it('gives exactly its own bytes, also out of a larger buffer', async () => {
    const blob = new VirtualBlob(3, () => Promise.resolve(bytes.subarray(4, 7)));
    expect([...new Uint8Array(await blob.arrayBuffer())]).toEqual([4, 5, 6]);
  });

  it('has no byte reader, so that the runtime takes the one that does not stall', () => {
    const stream = new VirtualBlob(8, () => Promise.resolve(bytes)).slice().stream();
    expect(() => stream.getReader({ mode: 'byob' })).toThrow(TypeError);
  });
});
