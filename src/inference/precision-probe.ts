import { GraphBuilder, type Value } from '#models/graph/builder.ts';
import type { PackingBits } from '#models/graph/dtype.ts';
import { conv2d, linear, matmul } from '#models/graph/ops.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { takeFloat, type NetworkRuntime } from './runtime.ts';
import { rowsOfWhole, type WeightSource } from './weights.ts';

/** As many terms as the longest rows of SDXL's matrices have; 16-bit sums of ones end at 2048. */
const TERMS = 4096;
/** Partial sums of the halves reach 2048·64, twice the largest 16-bit number, before they cancel. */
const MAGNITUDE = 64;
/** Enough columns for the matrix to be packed where the runtime packs. */
const COLUMNS = 32;
const CHANNELS = 512;
const SIDE = 4;

/** One sum and what it is exactly: all of them are 16-bit numbers. */
interface Sum {
  readonly name: string;
  readonly expected: readonly number[];
}

/**
 * Whether 16-bit networks add up precisely on this runtime: sums of 4096 ones, halves of ±64 that cancel, and a
 * convolution, in every kernel form that networks use (spec/onnxruntime-web.md §3.4), Linear layers plain and packed to
 * 8 and 4 bits. Without the f32 sums of shader-hook.ts they stagnate or become infinite. Attention is
 * attention-probe.ts's. Ask only where the adapter has `shader-f16`.
 */
export async function probeHalfPrecision(runtime: NetworkRuntime): Promise<boolean> {
  const precise: boolean[] = [];
  for (const linearBits of FORMS) precise.push(await sumsPrecisely(runtime, linearBits));
  return precise.every(Boolean);
}

/** What the memory plan may choose. */
const FORMS: readonly (PackingBits | null)[] = [null, 8, 4];

async function sumsPrecisely(runtime: NetworkRuntime, linearBits: PackingBits | null): Promise<boolean> {
  const weights = ones();
  try {
    const network = await runtime.load('probe', probeGraph(weights, linearBits), weights);
    try {
      const outputs = await network.run({
        x: rowsToSum(ROW_SUMS.length),
        tokens: rowsToSum(TOKENS),
        picture: filled([1, CHANNELS, SIDE, SIDE]),
      });
      const results = await Promise.all(
        SUMS.map(async ({ name, expected }) => isExact(await takeFloat(outputs, name), expected)),
      );
      return results.every(Boolean);
    } finally {
      await network.release();
    }
  } catch {
    return false;
  }
}

/** Rows in turn: 4096 ones, and +64 then −64. */
const ROW_SUMS = [TERMS, 0];
/** Rows enough for the kernels that packed matrices have for many. */
const TOKENS = 40;
const sums = (rows: number, columns: number) =>
  Array.from({ length: rows * columns }, (_, i) => ROW_SUMS[Math.floor(i / columns) % 2] as number);
const perColumn = (columns: number) => sums(ROW_SUMS.length, columns);

const SUMS: readonly Sum[] = [
  { name: 'linear', expected: perColumn(COLUMNS) },
  { name: 'tokens_linear', expected: sums(TOKENS, COLUMNS) },
  { name: 'product', expected: perColumn(COLUMNS) },
  { name: 'column', expected: perColumn(1) },
  { name: 'convolved', expected: convolved(COLUMNS) },
  { name: 'convolved_odd', expected: convolved(3) },
];

function probeGraph({ shapes }: WeightSource, linearBits: PackingBits | null) {
  const g = new GraphBuilder('16-bit probe', shapes, 'f16', linearBits);
  const x = g.input('x', [ROW_SUMS.length, TERMS]);
  const tokens = g.input('tokens', [TOKENS, TERMS]);
  const picture = g.input('picture', [1, CHANNELS, SIDE, SIDE]);
  const values: Readonly<Record<string, Value>> = {
    linear: linear(g, x, 'rows'),
    tokens_linear: linear(g, tokens, 'rows'),
    product: matmul(g, x, g.weight('columns')),
    column: matmul(g, x, g.weight('column')),
    convolved: conv2d(g, picture, 'kernel'),
    convolved_odd: conv2d(g, picture, 'kernel_odd'),
  };
  for (const [name, value] of Object.entries(values)) g.output(name, value);
  return g.build();
}

function ones(): WeightSource {
  const shapes = new Map([
    ['rows', [COLUMNS, TERMS]],
    ['columns', [TERMS, COLUMNS]],
    ['column', [TERMS, 1]],
    ['kernel', [COLUMNS, CHANNELS, 3, 3]],
    ['kernel_odd', [3, CHANNELS, 3, 3]],
  ]);
  const float = (key: string) => Promise.resolve(filled(shapes.get(key) ?? []));
  return { name: 'ones', shapes, float, rows: rowsOfWhole({ float }), stored: () => Promise.resolve(null) };
}

function filled(dims: readonly number[]): FloatTensor {
  const tensor = floatTensor(dims);
  tensor.data.fill(1);
  return tensor;
}

function rowsToSum(rows: number): FloatTensor {
  const x = filled([rows, TERMS]);
  for (let row = 1; row < rows; row += 2) {
    x.data.fill(MAGNITUDE, row * TERMS, (row + 0.5) * TERMS);
    x.data.fill(-MAGNITUDE, (row + 0.5) * TERMS, (row + 1) * TERMS);
  }
  return x;
}

/** A 3x3 kernel of ones over a padded picture of ones: each pixel counts its neighbours. */
function convolved(channels: number): number[] {
  const reach = (at: number) => (at === 0 || at === SIDE - 1 ? 2 : 3);
  const pixel = (i: number) => CHANNELS * reach(Math.floor(i / SIDE)) * reach(i % SIDE);
  return Array.from({ length: channels * SIDE * SIDE }, (_, i) => pixel(i % (SIDE * SIDE)));
}

function isExact({ data }: FloatTensor, expected: readonly number[]): boolean {
  return data.length === expected.length && data.every((value, i) => value === expected[i]);
}
