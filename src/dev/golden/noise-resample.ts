import {
  areaResample,
  areaTimesRatio,
  countNormalisedArea,
  splitCells,
} from '#domain/noise/area-resample.ts';
import { resampleNoise } from '#domain/noise/resample.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { batchItem, stack, type FloatTensor } from '#domain/tensor.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { compare } from './compare.ts';
import { openTensors } from './files.ts';
import { GoldenError, type GoldenContext } from './types.ts';

/** README of noise_resample: absolute. */
const TOLERANCE = 1e-5;

type Method = (source: FloatTensor, target: Size<'latent'>) => FloatTensor;

const METHODS: Readonly<Record<string, Method>> = {
  area: areaResample,
  seed_formula: areaTimesRatio,
  count_normalised: countNormalisedArea,
};

/** Golden noise_resample: the specified formulas, and our exact resampler against them at integer ratios. */
export async function run({ dir, report }: GoldenContext): Promise<void> {
  const inputs = await openTensors(dir, 'inputs.safetensors');
  const outputs = await openTensors(dir, 'outputs.safetensors');
  for (const name of outputs.names) {
    const expected = await outputs.float(name);
    const [stem = '', method = ''] = name.split('.');
    const source = await inputs.float(`${stem}.noise`);
    const actual =
      METHODS[method]?.(source, sizeOf(expected)) ?? (await whiteCase(stem, method, inputs, outputs));
    report(compare(name, actual, expected, TOLERANCE));
    if (method === 'seed_formula' && isInteger(source, expected))
      report(compare(`${name} (exact resampler)`, exact(source, sizeOf(expected)), expected, TOLERANCE));
  }
}

/** `up<q>`: every cell split into q × q with given noise; `out…`: that, averaged by p and multiplied by p. */
async function whiteCase(
  stem: string,
  method: string,
  inputs: SafetensorsFile,
  outputs: SafetensorsFile,
): Promise<FloatTensor> {
  const source = await inputs.float(`${stem}.noise`);
  const fresh = await inputs.float(`${stem}.z`);
  const up = splitCells(source, fresh, sizeOf(fresh).width / sizeOf(source).width);
  if (method.startsWith('up')) return up;
  if (method.startsWith('out')) return areaTimesRatio(up, sizeOf(await outputs.float(`${stem}.${method}`)));
  throw new GoldenError(`the noise_resample folder holds "${stem}.${method}", which is no known case.`);
}

function exact(source: FloatTensor, target: Size<'latent'>): FloatTensor {
  const items = Array.from({ length: source.dims[0] ?? 0 }, (_, i) => batchItem(source, i));
  return stack(items.map((item) => resampleNoise(item, target, 0)));
}

function sizeOf({ dims }: FloatTensor): Size<'latent'> {
  const [height = 0, width = 0] = dims.slice(-2);
  return { width, height };
}

function isInteger(source: FloatTensor, target: FloatTensor): boolean {
  const [from, to] = [sizeOf(source), sizeOf(target)];
  return from.width % to.width === 0 && from.height % to.height === 0;
}
