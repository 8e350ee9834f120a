import { usableDenoise } from '../concepts/import-words.ts';
import { MAX_TEXT } from '../concepts/imported.ts';
import type { PromptSyntax, Recipe, SamplingSpec } from '../job/request.ts';
import { sentence, type Sentence, type SentenceData } from '../job/sentence.ts';
import type { NamedSampling } from './sampler-names.ts';

/** Programs whose settings are read. */
export type SettingsSource = 'A1111' | 'ComfyUI' | 'InvokeAI';

/** A LoRA another program has used; its file may not be here. */
export interface FoundLora {
  readonly name: string;
  /** Null where the source does not say. */
  readonly strength: number | null;
}

/** What another tool's settings come to here; null or absent: it does not say, or says what cannot be expressed. */
export interface FoundSettings {
  readonly source: SettingsSource;
  readonly prompt: string | null;
  readonly negative: string | null;
  readonly sampling: Partial<SamplingSpec>;
  /** Unsigned 32-bit. */
  readonly seed: number | null;
  readonly denoise: number | null;
  /** How the weights in its prompts are meant; null where there are none. */
  readonly syntax: PromptSyntax | null;
  readonly checkpoint: string | null;
  readonly loras: readonly FoundLora[];
  /** What was not taken, and why. */
  readonly notes: readonly SentenceData[];
}

/** Settings a file or a text carries: ours are a recipe, another tool's are `found`. At least one is there. */
export interface CarriedSettings {
  readonly recipe: Recipe | null;
  readonly found: FoundSettings | null;
  /** Another tool's text as it stands there: it may say how details were painted too (domain/concepts). */
  readonly text: string | null;
}

/** As read, before anything is checked. */
export interface RawSettings extends Pick<FoundSettings, 'source' | 'checkpoint' | 'loras' | 'notes'> {
  readonly prompt: string | null;
  readonly negative: string | null;
  readonly steps: number | null;
  readonly guidance: number | null;
  readonly seed: number | null;
  readonly denoise: number | null;
  readonly sampling: NamedSampling;
  readonly syntax: PromptSyntax;
}

/** Keeps what a request may hold (job/schema.ts), and says of the rest that it was left. */
export function checkedSettings(raw: RawSettings): FoundSettings {
  const notes: Sentence[] = [];
  const steps = accepted(raw.steps, isSteps, outsideSteps, notes);
  const guidanceScale = accepted(raw.guidance, isGuidance, outsideGuidance, notes);
  const { sampler, scheduler } = raw.sampling;
  const prompt = accepted(raw.prompt, fits, () => tooLong, notes);
  const negative = accepted(raw.negative, fits, () => tooLong, notes);
  const weighted = /[([]/.test(`${prompt ?? ''}${negative ?? ''}`);
  return {
    source: raw.source,
    prompt,
    negative,
    sampling: {
      ...(steps === null ? {} : { steps }),
      ...(guidanceScale === null ? {} : { guidanceScale }),
      ...(sampler ? { sampler } : {}),
      ...(scheduler ? { scheduler } : {}),
    },
    seed: accepted(raw.seed, isSeed, foreignSeed, notes),
    denoise: denoiseOf(raw.denoise, notes),
    syntax: weighted ? raw.syntax : null,
    checkpoint: raw.checkpoint,
    loras: raw.loras,
    notes: [...notes, ...samplingNotes(raw.sampling), ...raw.notes],
  };
}

function accepted<T>(
  value: T | null,
  good: (value: T) => boolean,
  refusal: (value: T) => Sentence,
  notes: Sentence[],
): T | null {
  if (value === null || good(value)) return value;
  notes.push(refusal(value));
  return null;
}

const isSteps = (steps: number) => Number.isInteger(steps) && steps >= 1 && steps <= 150;
const isGuidance = (guidance: number) => guidance >= 0 && guidance <= 30;
const isSeed = (seed: number) => Number.isInteger(seed) && seed >= 0 && seed <= 0xffffffff;
const fits = (text: string) => text.length <= MAX_TEXT;
const tooLong = sentence`A prompt is longer than ${MAX_TEXT} characters: left out.`;
const outsideSteps = (steps: number) => sentence`${steps} steps are outside 1 to 150: left as they are.`;
const outsideGuidance = (guidance: number) =>
  sentence`A prompt strictness (CFG) of ${guidance} is outside 0 to 30: left as it is.`;
const foreignSeed = (seed: number) => sentence`Seed ${seed} does not fit into 32 bits: left as it is.`;

/** A strength of 1 painted a picture from nothing; here it would paint over the one that is refined. */
function denoiseOf(denoise: number | null, notes: Sentence[]): number | null {
  if (denoise === null || denoise < 0) return null;
  if (denoise < 1) return usableDenoise(denoise);
  notes.push(
    sentence`Its picture was painted from nothing (strength 1): the strength here is left as it is.`,
  );
  return null;
}

function samplingNotes({ unknownSampler, unknownScheduler }: NamedSampling): Sentence[] {
  const short = (name: string) => name.slice(0, 60);
  return [
    ...(unknownSampler
      ? [sentence`Sampler “${short(unknownSampler)}” is not known here: left as it is.`]
      : []),
    ...(unknownScheduler
      ? [sentence`Schedule “${short(unknownScheduler)}” is not known here: left as it is.`]
      : []),
  ];
}

/** A finite number, also one written as text; null for everything else. */
export function numberIn(value: unknown): number | null {
  const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value;
  return typeof number === 'number' && Number.isFinite(number) ? number : null;
}

/** A text that says something; null for everything else. */
export function textIn(value: unknown): string | null {
  return typeof value === 'string' && value.trim() !== '' ? value : null;
}
