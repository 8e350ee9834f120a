import { pairsOf } from '../concepts/adetailer-text.ts';
import { sentence, type Sentence } from '../job/sentence.ts';
import { checkedSettings, numberIn, textIn, type FoundLora, type FoundSettings } from './found-settings.ts';
import { samplingOfA1111 } from './sampler-names.ts';

/** Longest text that is looked into: longer ones are no prompt. */
const MAX_CHARS = 2_000_000;
/** Fields that say how a picture was made without deciding its pixels, or that are read elsewhere. */
const INFORMATIVE =
  /^(steps|sampler|schedule type|cfg scale|seed|size|model|denoising strength|version|user|.*hash(es)?|.*date|civitai .*|module \d+|vae|ti|emphasis|adetailer .*)$/i;
const MOST_NAMED = 8;
const MOST_LORAS = 50;
/** `<lora:name:0.8>`: without repetitions that could be divided in two ways, so that no text takes long. */
const LORA_TAG = /<(?:lora|lyco):([^<>]*)>/gi;

/**
 * The `parameters` text A1111 and its relatives write: the prompt, "Negative prompt: …", and a last line "Steps: 20,
 * Sampler: Euler a, CFG scale: 7, Seed: 1, …". By the format its documentation and shared pictures show.
 * @returns null for a text without that last line.
 */
export function readA1111(text: string): FoundSettings | null {
  if (text.length > MAX_CHARS) return null;
  const lines = text.replace(/\r\n?/g, '\n').trim().split('\n');
  const at = lines.findLastIndex((line) => /^\s*Steps: *\d/.test(line));
  if (at < 0) return null;
  const fields = fieldsOf(lines.slice(at).join('\n'));
  if (!['sampler', 'cfg scale', 'seed'].some((name) => fields.has(name))) return null;
  const field = (name: string) => textIn(fields.get(name)?.value);
  const words = wordsOf(lines.slice(0, at));
  const found = checkedSettings({
    source: 'A1111',
    ...words,
    steps: numberIn(field('steps')),
    guidance: numberIn(field('cfg scale')),
    // -1 asks for a random one; a picture says which it was.
    seed: notNegative(numberIn(field('seed'))),
    denoise: numberIn(field('denoising strength')),
    sampling: samplingOfA1111(field('sampler'), field('schedule type')),
    syntax: 'a1111',
    checkpoint: field('model'),
    notes: leftOut(fields),
  });
  return found;
}

/** Prompts of a `parameters` text that has no line of settings. */
export function readA1111Prompt(text: string): FoundSettings | null {
  const words = wordsOf(text.slice(0, MAX_CHARS).replace(/\r\n?/g, '\n').split('\n'));
  if (!words.prompt && !words.negative) return null;
  const none = { steps: null, guidance: null, seed: null, denoise: null, checkpoint: null };
  const sampling = samplingOfA1111(null, null);
  return checkedSettings({ source: 'A1111', ...words, ...none, sampling, syntax: 'a1111', notes: [] });
}

interface Field {
  readonly name: string;
  readonly value: string;
}

/** By their names in lower case; the first of a name counts. */
function fieldsOf(settings: string): ReadonlyMap<string, Field> {
  const fields = new Map<string, Field>();
  for (const [name, value] of pairsOf(settings)) {
    const key = name.toLowerCase();
    if (!fields.has(key)) fields.set(key, { name, value });
  }
  return fields;
}

function wordsOf(lines: readonly string[]): {
  readonly prompt: string;
  readonly negative: string;
  readonly loras: readonly FoundLora[];
} {
  const at = lines.findIndex((line) => line.startsWith('Negative prompt:'));
  const end = at < 0 ? lines.length : at;
  const negative = lines
    .slice(end)
    .join('\n')
    .replace(/^Negative prompt: ?/, '');
  const { text, loras } = withoutLoras(lines.slice(0, end).join('\n'));
  return { prompt: text, negative: negative.trim(), loras };
}

/** LoRAs belong to the image model here, not to its words. */
export function withoutLoras(prompt: string): {
  readonly text: string;
  readonly loras: readonly FoundLora[];
} {
  const tags = [...prompt.matchAll(LORA_TAG)];
  const loras = tags.slice(0, MOST_LORAS).map(([, tag = '']) => loraOf(tag));
  if (loras.length === 0) return { text: prompt.trim(), loras };
  const left = prompt
    .replace(LORA_TAG, '')
    .split(',')
    .map((part) => part.trim());
  return { text: left.filter((part) => part !== '').join(', '), loras };
}

function loraOf(tag: string): FoundLora {
  const [name = '', strength] = tag.split(':', 2);
  return { name: name.trim().slice(0, 200), strength: numberIn(strength) };
}

function leftOut(fields: ReadonlyMap<string, Field>): Sentence[] {
  const names = [...fields.values()].map(({ name }) => name.slice(0, 40));
  const named = names.filter((name) => name !== '' && !INFORMATIVE.test(name));
  if (named.length === 0) return [];
  const list = [...named.slice(0, MOST_NAMED), ...(named.length > MOST_NAMED ? ['…'] : [])].join(', ');
  return [sentence`Without counterpart here: ${list}.`];
}

function notNegative(value: number | null): number | null {
  return value !== null && value < 0 ? null : value;
}
