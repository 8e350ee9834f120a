import { clipVisionConfig } from '#models/clip/config.ts';
import { clipVisionGraph, type ClipVisionOutput } from '#models/clip/vision.ts';
import { takeFloat } from '#inference/runtime.ts';
import { compare } from './compare.ts';
import { openTensors } from './files.ts';
import { towerOverrides, towerWeights } from './towers.ts';
import { GoldenError, type GoldenContext } from './types.ts';

/** Max abs error of an fp32 graph, README of clip_vision. */
const TOLERANCE = 1e-4;

const OUTPUTS: Readonly<Record<string, ClipVisionOutput>> = {
  penultimate: 'penultimate',
  image_embeds: 'image_embeds',
  last_hidden_state: 'last',
};

/** The README's probe: embeddings × 2⁻⁸, so that the LayerNorm epsilon shows. */
const PROBE = {
  'vision_model.embeddings.class_embedding': 2 ** -8,
  'vision_model.embeddings.patch_embedding.weight': 2 ** -8,
  'vision_model.embeddings.position_embedding.weight': 2 ** -8,
};

/** Golden clip_vision: token grids and projected embeds of a vision tower, plain and probed. */
export async function run(context: GoldenContext): Promise<void> {
  await check(context, '', 'outputs.safetensors', {});
  await check(context, 'eps_probe.', 'eps_probe_outputs.safetensors', PROBE);
}

async function check(
  { dir, config, runtime, report }: GoldenContext,
  prefix: string,
  file: string,
  scales: Readonly<Record<string, number>>,
): Promise<void> {
  const expected = await openTensors(dir, file);
  const inputs = await openTensors(dir, 'inputs.safetensors');
  const weights = towerWeights(await openTensors(dir, 'weights.safetensors'), 'vision', scales);
  const tower = clipVisionConfig(weights.shapes, towerOverrides(config));
  const outputs = expected.names.map(outputOf);
  const graph = clipVisionGraph(weights.shapes, tower, { ...runtime.emission, outputs });
  const network = await runtime.load('vision', graph, weights);
  try {
    const results = await network.run({ pixel_values: await inputs.float('pixel_values') });
    for (const name of expected.names) {
      const actual = await takeFloat(results, outputOf(name));
      report(compare(`${prefix}${name}`, actual, await expected.float(name), TOLERANCE));
    }
  } finally {
    await network.release();
  }
}

function outputOf(name: string): ClipVisionOutput {
  const output = OUTPUTS[name];
  if (!output) throw new GoldenError(`outputs hold "${name}", which no vision tower output belongs to.`);
  return output;
}
