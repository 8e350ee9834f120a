import type { ComfyGraph, ComfyNode } from '../concepts/comfy-nodes.ts';

const SCHEDULE = ['steps', 'cfg', 'sampler_name', 'scheduler'];

/** Order of the widgets as the editor's files store them; its button for the next seed is one of them. */
const WIDGETS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    KSampler: ['seed', 'control_after_generate', ...SCHEDULE, 'denoise'],
    KSamplerAdvanced: ['add_noise', 'noise_seed', 'control_after_generate', ...SCHEDULE],
    SamplerCustom: ['add_noise', 'noise_seed', 'control_after_generate', 'cfg'],
    KSamplerSelect: ['sampler_name'],
    BasicScheduler: ['scheduler', 'steps', 'denoise'],
    KarrasScheduler: ['steps'],
    ExponentialScheduler: ['steps'],
    RandomNoise: ['noise_seed'],
    CFGGuider: ['cfg'],
    CLIPTextEncode: ['text'],
    CLIPTextEncodeSDXL: [
      ...['width', 'height', 'crop_w', 'crop_h', 'target_width', 'target_height'],
      ...['text_g', 'text_l'],
    ],
    CheckpointLoaderSimple: ['ckpt_name'],
    CheckpointLoader: ['config_name', 'ckpt_name'],
    UNETLoader: ['unet_name'],
    LoraLoader: ['lora_name', 'strength_model', 'strength_clip'],
    LoraLoaderModelOnly: ['lora_name', 'strength_model'],
    PrimitiveNode: ['value'],
    PrimitiveInt: ['value'],
    PrimitiveFloat: ['value'],
    PrimitiveString: ['value'],
    PrimitiveStringMultiline: ['value'],
  }),
);
/** Schedulers that are nodes of their own. */
const SCHEDULER_NODES: ReadonlyMap<string, string> = new Map([
  ['KarrasScheduler', 'karras'],
  ['ExponentialScheduler', 'exponential'],
]);
/** What nodes that only hold a value call it. */
const HOLDERS = ['value', 'seed', 'noise_seed', 'int', 'float', 'number', 'string', 'text', 'Text', 'String'];
/** A value handed on more often than this goes in a circle. */
const MOST_HOPS = 16;

type Literal = string | number | boolean;

const isLiteral = (value: unknown): value is Literal =>
  ['string', 'number', 'boolean'].includes(typeof value);

/**
 * What an input of a node is set to, also where the value comes over a link from a node that holds it. `undefined` where
 * nobody says, or where a node of the editor's form stores its values in an order this does not know.
 */
export function literalAt(graph: ComfyGraph, node: ComfyNode, name: string): Literal | undefined {
  let at = node;
  let names: readonly string[] = [name];
  for (let hop = 0; hop < MOST_HOPS; hop++) {
    const linked = names.map((one) => at.links.get(one)).find((id) => id !== undefined);
    const own = names.map((one) => ownValue(at, one)).find(isLiteral);
    if (linked === undefined) return own;
    const next = graph.get(linked);
    if (!next) return own;
    at = next;
    names = [name, ...HOLDERS];
  }
  return undefined;
}

function ownValue({ type, named, values }: ComfyNode, name: string): unknown {
  if (name === 'scheduler' && SCHEDULER_NODES.has(type)) return SCHEDULER_NODES.get(type);
  if (Object.hasOwn(named, name)) return named[name];
  const index = values ? (WIDGETS.get(type)?.indexOf(name) ?? -1) : -1;
  return index < 0 ? undefined : values?.[index];
}
