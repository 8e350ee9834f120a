import { describe, expect, it } from 'vitest';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { GraphBuilder, type EmittedGraph } from '#models/graph/builder.ts';
import { linear } from '#models/graph/ops.ts';
import type { PackingBits } from '#models/graph/dtype.ts';
import { tensor, type PackedRecipe } from '#models/graph/weight-recipe.ts';
import { float16Bits } from '#formats/safetensors/float16.ts';
import { toFloat32 } from '#formats/safetensors/convert.ts';
import { takeFloat } from '#inference/runtime.ts';
import { fileWeights, materialise, type WeightSource } from '#inference/weights.ts';
import { blockCodes, blockScales, unpacked } from '#inference/weights-pack.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { fileOf } from '../golden/files.ts';
import { generator } from './unet-keymaps.ts';

const BLOCKS = { 8: 128, 4: 32 } as const;
const CASES = [
  [8, 'f32'],
  [4, 'f32'],
  [8, 'f16'],
  [4, 'f16'],
] as const;

function random(seed: string, dims: readonly number[], scale = 1): FloatTensor {
  const next = generator(seed);
  const result = floatTensor(dims);
  for (let i = 0; i < result.data.length; i++) result.data[i] = next() * scale;
  return result;
}

describe('packed blocks', () => {
  it.each([8, 4] as const)(
    'stand for every value within half a step, the largest exactly: %i bits',
    (bits) => {
      const packing = { bits, block: 32 };
      const { data } = random('values', [64, 32], 0.3);
      data.fill(0, 32, 64);
      const scales = blockScales(data, packing);
      const restored = unpacked(blockCodes(data, scales, packing), scales, packing);
      for (let i = 0; i < data.length; i++) {
        const step = scales[Math.floor(i / 32)]!;
        expect(Math.abs(restored[i]! - data[i]!)).toBeLessThanOrEqual(step * 0.5001);
      }
      for (let block = 0; block < 64; block++) {
        const largest = Math.max(...data.subarray(block * 32, block * 32 + 32).map(Math.abs));
        const found = Math.max(...restored.subarray(block * 32, block * 32 + 32).map(Math.abs));
        expect(found).toBeCloseTo(largest, 6);
      }
    },
  );

  it('put the low nibble first and stay symmetric when a rounded scale is too small', () => {
    const values = Float32Array.of(-7, 7, 1, 0);
    expect([...blockCodes(values, Float32Array.of(1), { bits: 4, block: 4 })]).toEqual([0xf1, 0x89]);
    expect([...blockCodes(values, Float32Array.of(0.5), { bits: 4, block: 4 })]).toEqual([0xf1, 0x8a]);
    expect([...blockCodes(values, Float32Array.of(0.01), { bits: 8, block: 4 })]).toEqual([1, 255, 228, 128]);
  });
});

const OUT = 256;
const IN = 384;

function graphOf(source: WeightSource, dtype: 'f32' | 'f16', bits: PackingBits | null): EmittedGraph {
  const g = new GraphBuilder('linear', source.shapes, dtype, bits);
  g.output('y', linear(g, g.input('x', ['N', 5, IN]), 'w', 'b'));
  return g.build();
}

async function run(graph: EmittedGraph, source: WeightSource, x: FloatTensor): Promise<Float32Array> {
  const network = await new OrtNodeRuntime({ threads: 1 }).load('test', graph, source);
  const { dims, data } = await takeFloat(await network.run({ x }), 'y');
  expect(dims).toEqual([2, 5, OUT]);
  await network.release();
  return data;
}

describe('linear with packed weights', () => {
  const source = async (w = random('w', [OUT, IN])) =>
    fileWeights(
      await fileOf([
        ['w', w],
        ['b', random('b', [OUT])],
      ]),
    );

  it.each(CASES)('equals the unpacked matrix: %i bits in %s', async (bits, dtype) => {
    const weights = await source();
    const packing = { bits, block: BLOCKS[bits] };
    const { data } = await weights.float('w');
    const plain = blockScales(data, packing);
    const scales = dtype === 'f16' ? halves(plain) : plain;
    const restored = floatTensor([OUT, IN], unpacked(blockCodes(data, scales, packing), scales, packing));
    const x = random('x', [2, 5, IN], 0.2);
    const actual = await run(graphOf(weights, dtype, bits), weights, x);
    const other = await source(restored);
    const expected = await run(graphOf(other, 'f32', null), other, x);
    const error = Math.max(...actual.map((value, i) => Math.abs(value - expected[i]!)));
    expect(error).toBeLessThan(dtype === 'f16' ? 2e-2 : 1e-4);
    const exact = await run(graphOf(weights, 'f32', null), weights, x);
    const packingError = Math.max(...exact.map((value, i) => Math.abs(value - expected[i]!)));
    expect(packingError).toBeGreaterThan(error);
  });

  it('binds codes and scales of the promised sizes, both from the one key', async () => {
    const weights = await source();
    const graph = graphOf(weights, 'f16', 4);
    expect(graph.weights.map(({ dims, dtype }) => [dims, dtype])).toEqual([
      [[OUT, IN / 32, 16], 'u8'],
      [[(OUT * IN) / 32], 'f16'],
      [[OUT], 'f16'],
    ]);
    expect(graph.consumedKeys).toEqual(new Set(['w', 'b']));
    for (const { dims, dtype, recipe } of graph.weights) {
      const bytes = await materialise(recipe, dtype, weights);
      expect(bytes.length).toBe(dims.reduce((a, b) => a * b) * (dtype === 'u8' ? 1 : 2));
    }
  });

  it.each([
    ['small', 64, 128],
    ['of an uneven width', 2048, 100],
  ])('leaves a matrix %s alone', (_, out, input) => {
    const g = new GraphBuilder('linear', new Map([['w', [out, input]]]), 'f32', 8);
    g.output('y', linear(g, g.input('x', ['N', input]), 'w'));
    expect(g.build().weights).toMatchObject([{ recipe: tensor('w'), dtype: 'f32' }]);
  });

  it('refuses to store codes as numbers', async () => {
    const recipe: PackedRecipe = {
      kind: 'packed-codes',
      of: tensor('w'),
      bits: 8,
      block: 128,
      scaleType: 'f32',
    };
    await expect(materialise(recipe, 'f32', await source())).rejects.toThrow('codes cannot be stored as f32');
  });
});

function halves(values: Float32Array): Float32Array {
  const bits = Uint16Array.from(values, float16Bits);
  return toFloat32(new Uint8Array(bits.buffer), 'F16');
}
