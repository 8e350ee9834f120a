import { AppError } from '../job/app-error.ts';
import type { ConceptSpec } from '../job/request.ts';
import { sentence, type Sentence } from '../job/sentence.ts';
import { adetailerSettings, type AdetailerUnit, type PictureTexts } from './adetailer-text.ts';
import { tabWords } from './adetailer-words.ts';
import { conceptFrom, type ConceptPatch } from './concept-from.ts';
import { lostNotice, removedNotice, usableDenoise } from './import-words.ts';
import { phraseOfDetector } from './detector-names.ts';
import { MAX_CONCEPTS, type ImportedConcepts } from './imported.ts';
import type { DetectionText, Sequence } from './sequence.ts';

/** What ADetailer does where a tab does not say, by its README. */
const DEFAULTS = { confidence: 0.3, denoise: 0.4, dilate: 4, blur: 4, padding: 32 } as const;

/** Standard deviation of a smoothstep ramp's slope per width: a ramp this much wider is as soft as a Gaussian blur. */
const SMOOTHSTEP_DEVIATION = Math.sqrt(0.05);

/** Settings without a counterpart: the switch that turns them on, the value, and the value that means nothing. */
const UNSUPPORTED: readonly { readonly name: string; readonly use?: string; readonly neutral?: string }[] = [
  { name: 'steps', use: 'use steps' },
  { name: 'cfg scale', use: 'use cfg scale' },
  { name: 'checkpoint', use: 'use checkpoint', neutral: 'use same checkpoint' },
  { name: 'vae', use: 'use vae', neutral: 'use same vae' },
  { name: 'sampler', use: 'use sampler' },
  { name: 'scheduler', use: 'use sampler', neutral: 'use same scheduler' },
  { name: 'noise multiplier', use: 'use noise multiplier' },
  { name: 'clip skip', use: 'use clip skip' },
  { name: 'inpaint width', use: 'use inpaint width height' },
  { name: 'inpaint height', use: 'use inpaint width height' },
  { name: 'inpaint only masked padding', neutral: String(DEFAULTS.padding) },
  { name: 'restore face', neutral: 'false' },
  { name: 'controlnet model', neutral: 'none' },
];

/**
 * ADetailer's settings as concepts: from A1111's `parameters` text ("ADetailer model: face_yolov8n.pt, …") or from the
 * web API's arguments (`ad_model`, …). One tab becomes one concept, or one per class of an open-vocabulary model.
 * By the format its README and the texts in shared pictures show.
 * @param own what the picture is painted with here: it stands for the picture's own texts where `text` has none.
 * @throws AppError bad-file when there are no ADetailer settings in the text.
 */
export function importAdetailer(
  text: string,
  own: PictureTexts = { prompt: '', negative: '' },
): ImportedConcepts {
  const { units, main } = adetailerSettings(text);
  const texts = { prompt: main.prompt || own.prompt, negative: main.negative || own.negative };
  if (units.length === 0)
    throw new AppError(
      'bad-file',
      'There are no ADetailer settings in this text. Paste the parameters of a picture that was made with ADetailer, or the arguments of its API.',
    );
  const used = units.filter((unit) => !isOff(unit));
  const parts = used.flatMap((unit, tab) => partsOfUnit(unit, texts, tab)).slice(0, MAX_CONCEPTS);
  const softness = used.map((unit) => new Reader(unit).number('mask blur', DEFAULTS.blur, 0, 100));
  const mixed = new Set(softness).size > 1;
  return {
    concepts: parts.map(({ concept }) => concept),
    sequences: parts.map(({ sequence }) => sequence),
    detail: softness[0] === undefined ? {} : { featherPx: featherOfBlur(softness[0]) },
    sampling: {},
    notices: [
      ...parts.flatMap(({ notices }) => notices),
      ...(mixed
        ? [sentence`ADetailer's tabs have different mask blurs; the first one's was taken for all.`]
        : []),
    ],
  };
}

interface Part {
  readonly concept: ConceptSpec;
  readonly sequence: Sequence | null;
  readonly notices: readonly Sentence[];
}

function modelOf(unit: AdetailerUnit): string {
  return (unit.get('model') ?? '').slice(0, 100);
}

function isOff(unit: AdetailerUnit): boolean {
  const model = unit.get('model')?.toLowerCase() ?? '';
  return model === '' || model === 'none' || unit.get('tab enable')?.toLowerCase() === 'false';
}

function partsOfUnit(unit: AdetailerUnit, main: PictureTexts, tab: number): Part[] {
  const reader = new Reader(unit);
  const model = modelOf(unit);
  const classes = (unit.get('model classes') ?? '').split(',').map((name) => name.trim());
  const phrases = classes.some(Boolean) ? classes.filter(Boolean) : [phraseOfDetector(model)];
  const { texts, removed, missesPrompt } = tabWords(unit, main);
  const patch = { ...patchOf(reader), ...wordsOf(texts) };
  const said = [...removedNotice(model, removed), ...(missesPrompt ? [missingNotice(model)] : [])];
  return phrases.map((phrase, i) => ({
    concept: conceptFrom(`adetailer-${tab + 1}-${i + 1}`, phrase, patch),
    sequence: texts.length > 1 || texts[0]?.skip ? { from: 'start', texts } : null,
    // Said once per tab, however many classes it looks for.
    notices: i === 0 ? [...reader.notices, ...unitNotices(unit, phrase), ...said] : [],
  }));
}

function patchOf(reader: Reader): ConceptPatch {
  const largest = Math.round(reader.number('mask k largest', 0, 0, 200));
  const byArea = !/confidence/i.test(reader.text('mask filter method'));
  return {
    threshold: reader.number('confidence', DEFAULTS.confidence, 0, 1),
    denoise: usableDenoise(reader.number('denoising strength', DEFAULTS.denoise, 0, 1)),
    maxObjects: largest > 0 ? largest : 100,
    rules: {
      minArea: reader.number('mask min ratio', 0, 0, 1),
      maxArea: reader.number('mask max ratio', 1, 0, 1),
      order: largest > 0 && byArea ? 'area' : 'score',
      mask: {
        growPx: reader.number('dilate erode', DEFAULTS.dilate, -512, 512),
        offsetXPx: reader.number('x offset', 0, -4096, 4096),
        // Its y axis points up.
        offsetYPx: -reader.number('y offset', 0, -4096, 4096) + 0,
        invert: /invert/i.test(reader.text('mask merge invert')),
      },
    },
  };
}

/** The concept says what is said last: that holds for every detection the sequence does not reach. */
function wordsOf(texts: readonly DetectionText[]): Pick<ConceptPatch, 'prompt' | 'negative'> {
  const said = texts.findLast(({ skip }) => !skip);
  return { prompt: said?.prompt ?? '', negative: said?.negative ?? '' };
}

function missingNotice(model: string): Sentence {
  return sentence`“${model}” asks for the picture's own prompt, which is unknown here: its detections are painted without it. Write a prompt where one is wanted.`;
}

function unitNotices(unit: AdetailerUnit, phrase: string): Sentence[] {
  const model = modelOf(unit);
  const lost = UNSUPPORTED.filter((setting) => isSet(unit, setting)).map(({ name }) => name);
  const merge = /^merge/i.test(unit.get('mask merge invert') ?? '');
  const whole = unit.get('inpaint only masked')?.toLowerCase() === 'false';
  return [
    ...(phrase === ''
      ? [sentence`The name “${model}” does not say what it finds. Write it in the concept's field.`]
      : []),
    ...(lost.length > 0 ? [lostNotice(model, lost)] : []),
    ...(merge
      ? [
          sentence`“${model}” merges its masks into one. Here every detection is refined by itself; join them by hand where one is wanted.`,
        ]
      : []),
    ...(whole
      ? [sentence`“${model}” painted over the whole picture; here the surroundings of a detection are.`]
      : []),
  ];
}

function isSet(unit: AdetailerUnit, { name, use, neutral }: (typeof UNSUPPORTED)[number]): boolean {
  const value = unit.get(name)?.toLowerCase();
  const used = use === undefined ? undefined : unit.get(use)?.toLowerCase();
  return value !== undefined && value !== '' && value !== neutral && used !== 'false';
}

/** The ramp that is as soft as a Gaussian blur of this radius. */
function featherOfBlur(blurPx: number): number {
  return Math.min(512, Math.round(blurPx / SMOOTHSTEP_DEVIATION));
}

/** Values of one tab, held inside what they can be; says which were not. */
class Reader {
  readonly notices: Sentence[] = [];
  readonly #unit: AdetailerUnit;

  constructor(unit: AdetailerUnit) {
    this.#unit = unit;
  }

  text(name: string): string {
    return this.#unit.get(name) ?? '';
  }

  number(name: string, otherwise: number, min: number, max: number): number {
    const text = this.#unit.get(name);
    if (text === undefined || text.trim() === '') return otherwise;
    const value = Number(text);
    if (Number.isFinite(value) && value >= min && value <= max) return value;
    this.notices.push(
      sentence`“${name}: ${text.slice(0, 40)}” is no number between ${min} and ${max}; ${otherwise} was taken instead.`,
    );
    return otherwise;
  }
}
