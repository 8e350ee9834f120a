import { fromBinary } from '@bufbuild/protobuf';
import { ModelProtoSchema, type NodeProto } from 'onnx-buf';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { toFloat32 } from '#formats/safetensors/convert.ts';
import { float16Bits } from '#formats/safetensors/float16.ts';
import type { Feed, Network, NetworkRuntime, NetTensor } from '#inference/runtime.ts';
import type { WeightSource } from '#inference/weights.ts';
import { materialise } from '#inference/weights.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';

const ALL_HALVES = toFloat32(
  new Uint8Array(Uint16Array.from({ length: 65536 }, (_, bits) => bits).buffer),
  'F16',
);

/** Rounds one number as a device does that computes in 16 bits. */
export const half = (value: number): number => ALL_HALVES[float16Bits(value)]!;

/** What a device of the unpatched runtime computes: every product and every sum rounded to 16 bits. */
export class HalfSumRuntime implements NetworkRuntime {
  readonly description = 'sums in 16 bits';
  readonly emission = { dtype: 'f32', attention: 'plain' } as const;
  readonly #round: (value: number) => number;

  /** @param round how a sum is rounded after each term. */
  constructor(round: (value: number) => number = half) {
    this.#round = round;
  }

  async load(_family: string, graph: EmittedGraph, weights: WeightSource): Promise<Network> {
    const values = new Map<string, FloatTensor>();
    for (const { location, recipe, dtype, dims } of graph.weights) {
      const bytes = await materialise(recipe, dtype, weights);
      const data = dtype === 'u8' ? Float32Array.from(bytes) : toFloat32(bytes, 'F16');
      values.set(location, floatTensor(dims, data));
    }
    const nodes = fromBinary(ModelProtoSchema, graph.model).graph?.node ?? [];
    return {
      name: graph.name,
      run: (feeds: Readonly<Record<string, Feed>>) => {
        for (const [name, feed] of Object.entries(feeds)) values.set(name, feed as FloatTensor);
        for (const node of nodes) values.set(node.output[0]!, this.#compute(node, values));
        const outputs = graph.outputs.map(({ name }) => [name, asOutput(values.get(name)!)] as const);
        return Promise.resolve(Object.fromEntries(outputs));
      },
      release: () => Promise.resolve(),
    };
  }

  #compute({ opType, input }: NodeProto, values: ReadonlyMap<string, FloatTensor>): FloatTensor {
    const [a, b] = input.map((name) => values.get(name)!) as [FloatTensor, FloatTensor];
    if (opType === 'Identity') return a;
    if (opType === 'MatMul') return this.#product(a, b, (k, column, columns) => k * columns + column);
    if (opType === 'Gemm') return this.#product(a, b, (k, column, _, terms) => column * terms + k);
    if (opType === 'MatMulNBits') {
      const scales = values.get(input[2]!)!;
      return this.#product(a, unpacked(b, scales, a.dims[1]!), (k, column, _, terms) => column * terms + k);
    }
    if (opType === 'Conv') return this.#convolution(a, b);
    throw new Error(`no ${opType} here`);
  }

  #product(
    { dims, data }: FloatTensor,
    b: FloatTensor,
    at: (k: number, column: number, columns: number, terms: number) => number,
  ): FloatTensor {
    const [rows, terms] = dims as [number, number];
    const columns = b.data.length / terms;
    const result = floatTensor([rows, columns]);
    for (let i = 0; i < result.data.length; i++) {
      const [row, column] = [Math.floor(i / columns), i % columns];
      let sum = 0;
      for (let k = 0; k < terms; k++)
        sum = this.#round(sum + data[row * terms + k]! * b.data[at(k, column, columns, terms)]!);
      result.data[i] = sum;
    }
    return result;
  }

  /** 3x3, padded, all weights one. */
  #convolution({ dims, data }: FloatTensor, kernel: FloatTensor): FloatTensor {
    const [, channels, side] = dims as [number, number, number];
    const result = floatTensor([1, kernel.dims[0]!, side, side]);
    for (let i = 0; i < result.data.length; i++) {
      const [y, x] = [Math.floor((i % side ** 2) / side), i % side];
      let sum = 0;
      for (let k = 0; k < channels * 9; k++) {
        const [sy, sx] = [y + Math.floor((k % 9) / 3) - 1, x + (k % 3) - 1];
        const inside = sy >= 0 && sx >= 0 && sy < side && sx < side;
        if (inside) sum = this.#round(sum + data[(Math.floor(k / 9) * side + sy) * side + sx]!);
      }
      result.data[i] = sum;
    }
    return result;
  }
}

/** Codes [N,blocks,bytes] of 8 or 4 bits, low half first, around the middle of their range, times their block's scale. */
function unpacked({ dims, data }: FloatTensor, scales: FloatTensor, terms: number): FloatTensor {
  const [rows, blocks, bytes] = dims as [number, number, number];
  const block = terms / blocks;
  const code = (i: number) =>
    bytes === block ? data[i]! - 128 : ((data[i >> 1]! >> (i % 2 ? 4 : 0)) & 15) - 8;
  return floatTensor(
    [rows, terms],
    Float32Array.from({ length: rows * terms }, (_, i) =>
      half(code(i) * scales.data[Math.floor(i / block)]!),
    ),
  );
}

function asOutput(tensor: FloatTensor): NetTensor {
  return { dims: tensor.dims, read: () => Promise.resolve(tensor), dispose: () => undefined };
}
