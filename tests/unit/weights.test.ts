import { describe, expect, it, vi } from 'vitest';
import { float16Bits } from '#formats/safetensors/float16.ts';
import { rows, tensor, type WeightRecipe } from '#models/graph/weight-recipe.ts';
import { Mutex } from '#inference/mutex.ts';
import { fileWeights, gatherRows, materialise, mergedWeights, rowsOfWhole } from '#inference/weights.ts';
import { evaluate } from '#inference/weights-evaluate.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { memorySource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { writeSafetensors, type TensorToWrite } from '#formats/safetensors/write.ts';
import { fileOf } from '../golden/files.ts';

const counting = (dims: readonly number[], first = 0) =>
  floatTensor(
    dims,
    Float32Array.from({ length: dims.reduce((a, b) => a * b, 1) }, (_, i) => first + i),
  );
const A = counting([3, 2]);
const B = counting([1, 2], 10);

function reader(of: (key: string) => FloatTensor) {
  const float = (key: string) => Promise.resolve(of(key));
  return { float, rows: rowsOfWhole({ float }) };
}

describe('weight recipes', () => {
  const read = reader((key) => (key === 'a' ? A : B));
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
    const recipe: WeightRecipe = { kind: 'transpose', of: tensor('a'), permutation: [2, 0, 1] };
    const turned = await evaluate(
      recipe,
      reader(() => cube),
    );
    expect(turned.dims).toEqual([4, 2, 3]);
    for (let i = 0; i < 2; i++)
      for (let j = 0; j < 3; j++)
        for (let k = 0; k < 4; k++)
          expect(turned.data[(k * 2 + i) * 3 + j]).toBe(cube.data[(i * 3 + j) * 4 + k]);
  });
});

/** A file whose reads are recorded as [begin, end). */
async function watched(tensors: readonly TensorToWrite[]) {
  const source = memorySource(writeSafetensors(tensors), 'made.safetensors');
  const read = vi.fn(source.read);
  const file = await SafetensorsFile.open({ ...source, read });
  read.mockClear();
  return { file, read };
}

const f32 = (name: string, { dims, data }: FloatTensor): TensorToWrite => ({
  name,
  dtype: 'F32',
  dims,
  bytes: new Uint8Array(data.buffer),
});
const f8 = (name: string, codes: readonly number[], dims = [codes.length]): TensorToWrite => ({
  name,
  dtype: 'F8_E4M3',
  dims,
  bytes: Uint8Array.from(codes),
});

describe('weights of a file', () => {
  it('go by their canonical names, and only what was asked for is read', async () => {
    const { file, read } = await watched([f32('packed', A)]);
    const { begin } = file.entry('packed');
    const source = fileWeights(
      file,
      new Map<string, WeightRecipe>([
        ['q', { kind: 'reshape', of: rows(tensor('packed'), 1, 3), dims: [4, 1] }],
        ['turned', { kind: 'transpose', of: tensor('packed'), permutation: [1, 0] }],
      ]),
    );
    expect([...source.shapes]).toEqual([
      ['q', [4, 1]],
      ['turned', [2, 3]],
    ]);
    expect((await source.stored('q'))?.bytes).toEqual(new Uint8Array(A.data.slice(2).buffer));
    expect(await source.stored('turned')).toBeNull();
    expect([...(await source.float('turned')).data]).toEqual([0, 2, 4, 1, 3, 5]);
    expect([...(await source.rows('turned', 1, 2)).data]).toEqual([1, 3, 5]);
    read.mockClear();
    expect(await source.rows('q', 1, 3)).toEqual(floatTensor([2, 1], Float32Array.of(3, 4)));
    expect(await materialise(rows(tensor('q'), 2, 4), 'f32', source)).toEqual(
      new Uint8Array(A.data.slice(4).buffer),
    );
    expect(read.mock.calls).toEqual([
      [begin + 12, begin + 20],
      [begin + 16, begin + 24],
    ]);
    expect(() => source.float('packed')).toThrow('no weight named "packed"');
    await expect(source.rows('q', 3, 9)).rejects.toThrow(RangeError);
  });

  it('give rows of a table in any order, each read once', async () => {
    const { file, read } = await watched([f32('table', A)]);
    const gathered = await gatherRows(fileWeights(file), 'table', [2, 0, 2]);
    expect(gathered).toEqual(floatTensor([3, 2], Float32Array.of(4, 5, 0, 1, 4, 5)));
    expect(read).toHaveBeenCalledTimes(2);
  });

  it('of several files are one source, the first that has a key winning', async () => {
    const two: [string, FloatTensor][] = [
      ['x', B],
      ['y', B],
    ];
    const both = mergedWeights([
      fileWeights(await fileOf([['x', A]], 'one')),
      fileWeights(await fileOf(two, 'two')),
    ]);
    expect(both.name).toBe('one + two');
    expect(both.shapes.get('x')).toEqual([3, 2]);
    expect([...(await both.float('y')).data]).toEqual([10, 11]);
    expect([...(await both.rows('x', 1, 2)).data]).toEqual([2, 3]);
    expect(() => both.float('z')).toThrow('no weight named "z"');
  });
});

describe('materialise', () => {
  it('hands out the very bytes of the file when it stores what the graph wants', async () => {
    const { file, read } = await watched([f32('a', A)]);
    const source = fileWeights(file);
    const asIs = await materialise({ kind: 'reshape', of: tensor('a'), dims: [6] }, 'f32', source);
    const fromFile = (await read.mock.results[0]!.value) as Uint8Array;
    expect(asIs.buffer).toBe(fromFile.buffer);
    expect(new Float32Array(asIs.buffer)).toEqual(A.data);
    const half = await materialise(tensor('a'), 'f16', source);
    expect([...new Uint16Array(half.buffer)]).toEqual([...A.data].map(float16Bits));
    await expect(materialise(tensor('a'), 'i64', source)).rejects.toThrow('cannot be stored as i64');
  });

  it('multiplies FP8 matrices by their scale and counts scales and marker as used', async () => {
    const scale = (name: string, value: number) => f32(name, floatTensor([], Float32Array.of(value)));
    const { file } = await watched([
      { ...f8('scaled_fp8', []), dims: [0] },
      f8('layer.weight', [0x38, 0xc0, 0x01], [3, 1]),
      scale('layer.scale_weight', 0.37),
      scale('layer.scale_input', 9),
      f8('plain.weight', [0x38, 0xc0]),
      scale('scale_weight', 5),
    ]);
    expect(file.names).toEqual(['layer.weight', 'plain.weight', 'scale_weight']);
    const source = fileWeights(file);
    const values = [1, -2, 2 ** -9].map((value) => Math.fround(value * Math.fround(0.37)));
    expect([...(await source.float('layer.weight')).data]).toEqual(values);
    expect([...(await source.rows('layer.weight', 1, 2)).data]).toEqual([values[1]]);
    const half = await materialise(tensor('layer.weight'), 'f16', source);
    expect([...new Uint16Array(half.buffer)]).toEqual(values.map(float16Bits));
    expect([...(await source.float('plain.weight')).data]).toEqual([1, -2]);
  });

  it.each<[string, TensorToWrite, WeightRecipe]>([
    ['F32', f32('w', floatTensor([2], Float32Array.of(1, 65520))), tensor('w')],
    [
      'BF16',
      { name: 'w', dtype: 'BF16', dims: [2], bytes: Uint8Array.of(0x80, 0x3f, 0x80, 0xc7) },
      tensor('w'),
    ],
    [
      'computed',
      f32('w', floatTensor([1], Float32Array.of(40000))),
      { kind: 'scale', of: tensor('w'), factor: 2 },
    ],
  ])('refuses %s values that 16 bits cannot hold, instead of bending them', async (_, stored, recipe) => {
    const source = fileWeights((await watched([stored])).file);
    await expect(materialise(recipe, 'f16', source)).rejects.toMatchObject({
      code: 'model-corrupt',
      message: expect.stringMatching(
        /made\.safetensors" holds values beyond ±65504.* another version/,
      ) as string,
    });
    await expect(materialise(recipe, 'f32', source)).resolves.toBeInstanceOf(Uint8Array);
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
