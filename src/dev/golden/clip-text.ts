import { clipTextConfig } from '#models/clip/config.ts';
import { clipTextGraph, endOfTextSelector, type ClipTextOutput } from '#models/clip/text.ts';
import { embedTokens } from '#inference/prompts-tokens.ts';
import { takeFloat, type Network } from '#inference/runtime.ts';
import type { WeightSource } from '#inference/weights.ts';
import type { FloatTensor, HostTensor } from '#domain/tensor.ts';
import { compare } from './compare.ts';
import { openTensors, readInts } from './files.ts';
import { towerOverrides, towerWeights } from './towers.ts';
import { GoldenError, type GoldenContext } from './types.ts';

/** Max abs error of an fp32 graph, README of clip_l and clip_g. */
const TOLERANCE = 1e-4;

/** Reference tensor -> the output of ours it belongs to. */
const OUTPUTS: Readonly<Record<string, ClipTextOutput>> = {
  penultimate: 'penultimate',
  pooled: 'pooled',
  last_before_ln_final: 'last',
  last_hidden_state_after_final_layer_norm: 'last_normed',
  pooled_after_final_layer_norm: 'pooled',
};

/** The README's probe: embeddings × 2⁻⁸, so that the LayerNorm epsilon shows. */
const PROBE = {
  'text_model.embeddings.token_embedding.weight': 2 ** -8,
  'text_model.embeddings.position_embedding.weight': 2 ** -8,
};

/** Goldens clip_l and clip_g: hidden states and pooled vectors of a text tower, plain and probed. */
export async function run(context: GoldenContext): Promise<void> {
  const weights = await openTensors(context.dir, 'weights.safetensors');
  const ids = await readInts(await openTensors(context.dir, 'inputs.safetensors'), 'input_ids');
  const cases = [
    ['', 'outputs.safetensors', {}],
    ['eps_probe.', 'eps_probe_outputs.safetensors', PROBE],
  ] as const;
  for (const [prefix, file, scales] of cases) {
    const expected = await openTensors(context.dir, file);
    const actual = await encodeText(context, towerWeights(weights, 'text', scales), ids, expected.names);
    for (const name of expected.names)
      context.report(compare(`${prefix}${name}`, actual(name), await expected.float(name), TOLERANCE));
  }
}

/** Runs a tower once; the result gives the tensor that a reference of this name is compared with. */
export async function encodeText(
  { runtime, config }: Pick<GoldenContext, 'runtime' | 'config'>,
  weights: WeightSource,
  ids: HostTensor<Int32Array>,
  names: readonly string[],
): Promise<(name: string) => FloatTensor> {
  const outputs = [...new Set(names.map(outputOf))];
  const kind = config['kind'] === 'clip_l' ? 'l' : 'g';
  const tower = clipTextConfig(weights.shapes, kind, towerOverrides(config));
  const { emission } = runtime;
  const graph = clipTextGraph(weights.shapes, tower, { ...emission, outputs });
  const network = await runtime.load('text', graph, weights);
  try {
    const tokens = await embedTokens(weights, ids.data, ids.dims[1] as number);
    const values = await runText(network, tokens, ids, outputs);
    return (name) => values.get(outputOf(name)) as FloatTensor;
  } finally {
    await network.release();
  }
}

async function runText(
  network: Network,
  token_embeds: FloatTensor,
  ids: HostTensor<Int32Array>,
  outputs: readonly ClipTextOutput[],
): Promise<ReadonlyMap<ClipTextOutput, FloatTensor>> {
  const eot = { dims: ids.dims, data: endOfTextSelector(ids.data, ids.dims[1] as number) };
  const feeds = outputs.includes('pooled') ? { token_embeds, eot } : { token_embeds };
  const results = await network.run(feeds);
  return new Map(
    await Promise.all(outputs.map(async (name) => [name, await takeFloat(results, name)] as const)),
  );
}

function outputOf(name: string): ClipTextOutput {
  const output = OUTPUTS[name];
  if (!output) throw new GoldenError(`outputs hold "${name}", which no text tower output belongs to.`);
  return output;
}
