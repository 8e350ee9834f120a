import { torchRandn } from '#domain/noise/torch-randn.ts';
import { compare } from './compare.ts';
import { openTensors } from './files.ts';
import { GoldenError, type GoldenContext } from './types.ts';

/** README of torch_randn: absolute. */
const TOLERANCE = 2e-6;

/** Golden torch_randn: `seed<S>_<shape>`. */
export async function run({ dir, report }: GoldenContext): Promise<void> {
  const outputs = await openTensors(dir, 'outputs.safetensors');
  for (const name of outputs.names) {
    const expected = await outputs.float(name);
    const seed = /^seed(\d+)_/.exec(name)?.[1];
    if (!seed) throw new GoldenError(`the torch_randn folder holds "${name}", which names no seed.`);
    const data = torchRandn(Number(BigInt(seed) & 0xffffffffn), expected.data.length);
    report(compare(name, { dims: expected.dims, data }, expected, TOLERANCE));
  }
}
