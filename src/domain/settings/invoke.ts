import { sentence, type Sentence } from '../job/sentence.ts';
import { checkedSettings, numberIn, textIn, type FoundLora, type FoundSettings } from './found-settings.ts';
import { samplingOfInvoke } from './sampler-names.ts';

type Fields = Readonly<Record<string, unknown>>;

const MOST_LORAS = 50;
/** InvokeAI's notation for weights: word++, (some words)1.2, "quoted"- */
const ITS_WEIGHTS = /[\w)"][+-]{1,5}(?=[\s,).]|$)|\)\d*\.?\d/;
/** Parts of its metadata that paint something else than the prompt says. */
const CONTROLS = ['controlnets', 'ipAdapters', 't2iAdapters', 'ref_images', 'control_layers', 'regions'];

/** InvokeAI's `invokeai_metadata` (since version 3): one flat object. Null for anything else. */
export function readInvoke(json: unknown): FoundSettings | null {
  if (!isFields(json)) return null;
  const { positive_prompt: prompt, negative_prompt: negative } = json;
  if (typeof prompt !== 'string' || numberIn(json['steps']) === null) return null;
  const model = isFields(json['model']) ? json['model'] : {};
  return checkedSettings({
    source: 'InvokeAI',
    prompt: prompt.trim(),
    negative: typeof negative === 'string' ? negative.trim() : null,
    steps: numberIn(json['steps']),
    guidance: numberIn(json['cfg_scale']),
    seed: numberIn(json['seed']),
    denoise: numberIn(json['strength']),
    sampling: samplingOfInvoke(textIn(json['scheduler'])),
    syntax: 'comfy',
    checkpoint: textIn(model['name']) ?? textIn(model['model_name']),
    loras: lorasOf(json['loras']),
    notes: notesOf(json, `${prompt} ${typeof negative === 'string' ? negative : ''}`),
  });
}

/** [{"model": {"name": "…"}, "weight": 0.8}], or with "lora": {"model_name": "…"} in older versions. */
function lorasOf(list: unknown): FoundLora[] {
  const entries = Array.isArray(list) ? (list as unknown[]).slice(0, MOST_LORAS) : [];
  return entries.filter(isFields).flatMap((entry): FoundLora[] => {
    const model = [entry['model'], entry['lora']].find(isFields) ?? {};
    const name = textIn(model['name']) ?? textIn(model['model_name']);
    return name ? [{ name, strength: numberIn(entry['weight']) }] : [];
  });
}

function notesOf(json: Fields, prompts: string): Sentence[] {
  const controls = CONTROLS.filter((name) => {
    const value = json[name];
    return Array.isArray(value) ? value.length > 0 : isFields(value) && Object.keys(value).length > 0;
  });
  return [
    ...(ITS_WEIGHTS.test(prompts)
      ? [
          sentence`Weights in InvokeAI's notation, as in word++, are plain text here. Write them as (word:1.2).`,
        ]
      : []),
    ...(controls.length > 0
      ? [sentence`What guided the picture besides its prompt was left out: ${controls.join(', ')}.`]
      : []),
  ];
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
