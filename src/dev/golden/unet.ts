import { labelVector } from '#models/sdxl/unet-embedding.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { batchItem, floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';
import { compare } from './compare.ts';
import { openTensors } from './files.ts';
import { GoldenError, type GoldenContext } from './types.ts';
import { openIfPromised, predictCase, readUnetCase, readUnetModel } from './unet-runs.ts';

/** Max abs error of an fp32 graph, README of unet. */
const TOLERANCE = 1e-4;

/** Golden unet: every case's eps and label vector, the epsilon probe, and a latent whose sides are not multiples of 4. */
export async function run(context: GoldenContext): Promise<void> {
  const inputs = await openTensors(context.dir, 'inputs.safetensors');
  const outputs = await openTensors(context.dir, 'outputs.safetensors');
  await labelVectors(context, inputs);
  await plainCases(context, inputs, outputs);
  await epsilonProbe(context, inputs);
  await oddSize(context);
}

/** y = concat(pooled, embeddings of the six size values), computed on the host. */
async function labelVectors(context: GoldenContext, inputs: SafetensorsFile): Promise<void> {
  for (const prefix of casePrefixes(inputs)) {
    if (!inputs.has(`${prefix}pooled`) || !inputs.has(`${prefix}size_ids`)) continue;
    const pooled = await inputs.float(`${prefix}pooled`);
    const sizeIds = await inputs.float(`${prefix}size_ids`);
    const rows = Array.from({ length: pooled.dims[0] ?? 0 }, (_, i): FloatTensor => {
      const y = labelVector(batchItem(pooled, i).data, batchItem(sizeIds, i).data);
      return floatTensor([y.length], y);
    });
    context.report(compare(`${prefix}y`, stack(rows), await inputs.float(`${prefix}y`), TOLERANCE));
  }
}

async function plainCases(
  context: GoldenContext,
  inputs: SafetensorsFile,
  outputs: SafetensorsFile,
): Promise<void> {
  const model = await readUnetModel(context.dir);
  for (const prefix of casePrefixes(inputs)) {
    const eps = await predictCase(context.runtime, model, await readUnetCase(inputs, prefix));
    context.report(compare(`${prefix}eps`, eps, await outputs.float(`${prefix}eps`), TOLERANCE));
  }
}

/** Some tensors times 2^-8, so that a wrong normalisation epsilon costs 0.7 and more. */
async function epsilonProbe(context: GoldenContext, inputs: SafetensorsFile): Promise<void> {
  const expected = await openIfPromised(context.dir, 'eps_probe_outputs.safetensors');
  if (!expected) return;
  const overrides = await openTensors(context.dir, 'eps_probe_weights.safetensors');
  const model = await readUnetModel(context.dir, overrides);
  for (const name of expected.names) {
    const prefix = name.slice(0, -'eps'.length);
    const eps = await predictCase(context.runtime, model, await readUnetCase(inputs, prefix));
    context.report(compare(`eps_probe.${name}`, eps, await expected.float(name), TOLERANCE));
  }
}

async function oddSize(context: GoldenContext): Promise<void> {
  const file = await openIfPromised(context.dir, 'odd_size.safetensors');
  if (!file) return;
  const model = await readUnetModel(context.dir);
  const eps = await predictCase(context.runtime, model, await readUnetCase(file, ''));
  context.report(compare('odd_size.eps', eps, await file.float('eps'), TOLERANCE));
}

function casePrefixes(inputs: SafetensorsFile): string[] {
  const prefixes = inputs.names
    .filter((name) => name.endsWith('.x'))
    .map((name) => name.slice(0, -1))
    .sort();
  if (prefixes.length === 0) throw new GoldenError(`"${inputs.source.name}" holds no case ("case0.x").`);
  return prefixes;
}
