import { comfyGraph, upstream, type ComfyGraph, type ComfyNode } from '../concepts/comfy-nodes.ts';
import { DETAILERS } from '../concepts/impact-settings.ts';
import { sentence, type Sentence } from '../job/sentence.ts';
import { promptBehind } from './comfy-prompt.ts';
import { literalAt } from './comfy-values.ts';
import { checkedSettings, numberIn, textIn, type FoundLora, type FoundSettings } from './found-settings.ts';
import { samplingByName } from './sampler-names.ts';
import { withoutLoras } from './a1111.ts';

const SAMPLER_TYPES: ReadonlySet<string> = new Set([
  'KSampler',
  'KSamplerAdvanced',
  'SamplerCustom',
  'SamplerCustomAdvanced',
]);
/** Longer lists of samplers are no graph anybody drew. */
const MOST_SAMPLERS = 32;
const MOST_LORAS = 50;
const MOST_NAMED = 8;

/** Nodes whose part in the picture is taken over, or that have none. */
const EXPRESSED =
  /^(KSampler.*|SamplerCustom.*|KSamplerSelect|(Basic|Karras|Exponential|SDTurbo)Scheduler|RandomNoise|(CFG|Basic)Guider|CLIPTextEncode.*|.*CheckpointLoader.*|UNETLoader|.*CLIPLoader|VAELoader|VAE(Decode|Encode).*|Lora ?Loader.*|.*Empty.*Latent.*|LatentUpscale.*|(Save|Preview|Load)Image.*|Conditioning(ZeroOut|Combine|Concat)|Reroute.*|Primitive.*|.*Note.*|.*(String|Text|Seed).*)$/i;

/**
 * Settings of a ComfyUI graph, in the editor's form or the API's: those of the sampler that paints first, its prompts by
 * the links to what encodes them, its model and LoRAs. By the form of graphs in shared pictures.
 * @returns null when nothing in the JSON samples.
 */
export function readComfy(json: unknown): FoundSettings | null {
  const graph = comfyGraph(json);
  const samplers = graph ? samplersOf(graph) : [];
  const [sampler] = samplers;
  if (!graph || !sampler) return null;
  const behind = (names: readonly string[], inputs: readonly string[]): unknown =>
    [sampler, ...upstream(graph, sampler, inputs)]
      .map((node) => names.map((name) => literalAt(graph, node, name)).find((value) => value !== undefined))
      .find((value) => value !== undefined);
  const positive = promptBehind(graph, sampler, 'positive');
  const { text, loras } = withoutLoras(positive ?? '');
  const models = [sampler, ...upstream(graph, sampler, ['model', 'guider'])];
  return checkedSettings({
    source: 'ComfyUI',
    prompt: positive === null ? null : text,
    negative: promptBehind(graph, sampler, 'negative')?.trim() ?? null,
    steps: numberIn(behind(['steps'], ['sigmas'])),
    guidance: numberIn(behind(['cfg'], ['guider'])),
    seed: numberIn(behind(['seed', 'noise_seed'], ['noise'])),
    denoise: numberIn(behind(['denoise'], ['sigmas'])),
    sampling: samplingByName(
      textIn(behind(['sampler_name'], ['sampler'])),
      textIn(behind(['scheduler'], ['sigmas'])),
    ),
    syntax: 'comfy',
    checkpoint: firstText(graph, models, ['ckpt_name', 'unet_name', 'base_ckpt_name']),
    loras: [...lorasOf(graph, models), ...loras],
    notes: notesOf(graph, sampler, samplers.length),
  });
}

/** What paints, beginning with what no other painter is behind. */
function samplersOf(graph: ComfyGraph): readonly ComfyNode[] {
  const all = [...graph.values()]
    .filter((node) => !node.off && isSampler(graph, node))
    .slice(0, MOST_SAMPLERS);
  const behind = (node: ComfyNode) => upstream(graph, node, [...node.links.keys()]);
  const first =
    all.length > 1
      ? all.find((node) => !behind(node).some((one) => one !== node && all.includes(one)))
      : all[0];
  return first ? [first, ...all.filter((node) => node !== first)] : all;
}

/** By its name, or by having what every sampler has. */
function isSampler(graph: ComfyGraph, node: ComfyNode): boolean {
  if (DETAILERS.has(node.type)) return false;
  if (SAMPLER_TYPES.has(node.type)) return true;
  return ['steps', 'cfg', 'sampler_name'].every((name) => literalAt(graph, node, name) !== undefined);
}

function firstText(graph: ComfyGraph, nodes: readonly ComfyNode[], names: readonly string[]): string | null {
  for (const node of nodes)
    for (const name of names) {
      const value = textIn(literalAt(graph, node, name));
      if (value) return value;
    }
  return null;
}

function lorasOf(graph: ComfyGraph, nodes: readonly ComfyNode[]): FoundLora[] {
  return nodes
    .filter(({ off }) => !off)
    .flatMap((node): FoundLora[] => {
      const name = textIn(literalAt(graph, node, 'lora_name'));
      if (!name || name === 'None') return [];
      return [{ name, strength: numberIn(literalAt(graph, node, 'strength_model')) }];
    })
    .slice(0, MOST_LORAS);
}

function notesOf(graph: ComfyGraph, sampler: ComfyNode, samplers: number): Sentence[] {
  const types = [...graph.values()].filter(({ off }) => !off).map(({ type }) => type.slice(0, 60));
  const others = [...new Set(types)].filter((type) => !EXPRESSED.test(type));
  const named = [...others.slice(0, MOST_NAMED), ...(others.length > MOST_NAMED ? ['…'] : [])].join(', ');
  const node = `${sampler.type} ${sampler.id}`.slice(0, 100);
  return [
    ...(samplers > 1
      ? [sentence`The graph samples ${samplers} times; the settings are those of the first, ${node}.`]
      : []),
    ...(others.length > 0
      ? [
          sentence`A graph itself cannot be taken over, only its settings. Without counterpart here: ${named}.`,
        ]
      : []),
  ];
}
