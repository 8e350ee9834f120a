import type { Size } from '../geometry/rect.ts';
import { AppError } from '../job/app-error.ts';
import type { ConceptSpec, SamplerName, SamplingSpec, SchedulerName } from '../job/request.ts';
import { sentence, type Sentence } from '../job/sentence.ts';
import { comfyGraph, upstream, type ComfyGraph, type ComfyNode } from './comfy-nodes.ts';
import { conceptFrom, type ConceptPatch } from './concept-from.ts';
import { cleanPrompt } from './detailer-prompt.ts';
import { phraseOfDetector } from './detector-names.ts';
import { DETAILERS, settingsOf, type ImpactSettings } from './impact-settings.ts';
import { parseWildcard, type WildcardText } from './impact-wildcard.ts';
import { lostNotice, removedNotice, usableDenoise } from './import-words.ts';
import { MAX_CONCEPTS, type ImportedConcepts } from './imported.ts';
import type { Sequence } from './sequence.ts';

const SAMPLERS: readonly SamplerName[] = ['euler', 'euler_ancestral', 'heun', 'dpmpp_2m', 'lcm'];
const SCHEDULERS: readonly SchedulerName[] = ['karras', 'normal', 'sgm_uniform', 'exponential', 'simple'];

/** Inputs behind which a detailer's detector is. */
const DETECTOR_INPUTS = ['segs', 'bbox_detector', 'segm_detector_opt', 'detailer_pipe'];

interface DetailerParts {
  readonly concepts: readonly ConceptSpec[];
  readonly sequences: readonly (Sequence | null)[];
  readonly settings: ImpactSettings;
  readonly notices: readonly Sentence[];
}

/**
 * The detailers of an Impact Pack graph as concepts, in the order of the file: FaceDetailer and Detailer (SEGS) nodes with
 * their detectors and wildcard texts, from a ComfyUI workflow or API prompt. By the formats its documentation and shared
 * workflows show.
 * @param picture turns `drop_size`, pixels, into a share of the area.
 * @throws AppError bad-file when the text is no graph, or no detailer is in it.
 */
export function importImpact(text: string, picture: Size<'image'>): ImportedConcepts {
  const graph = readGraph(text);
  const detailers = [...graph.values()].filter(({ type, off }) => DETAILERS.has(type) && !off);
  if (detailers.length === 0)
    throw new AppError(
      'bad-file',
      'There is no detailer of the Impact Pack in this graph (FaceDetailer or Detailer for SEGS). Choose another workflow.',
    );
  const all = detailers
    .slice(0, MAX_CONCEPTS)
    .map((node, i) => partsOf(graph, node, `impact-${i + 1}`, picture));
  const first = all[0]?.settings ?? {};
  return {
    concepts: all.flatMap(({ concepts }) => concepts).slice(0, MAX_CONCEPTS),
    sequences: all.flatMap(({ sequences }) => sequences).slice(0, MAX_CONCEPTS),
    detail: detailOf(first),
    sampling: samplingOf(first),
    notices: [...all.flatMap(({ notices }) => notices), ...differences(all.map(({ settings }) => settings))],
  };
}

function readGraph(text: string): ComfyGraph {
  const graph = comfyGraph(readJson(text));
  if (graph) return graph;
  throw new AppError(
    'bad-file',
    'This is no ComfyUI graph. Choose a workflow .json that was saved in ComfyUI, or its API form.',
  );
}

function readJson(text: string): unknown {
  try {
    return JSON.parse(text.replace(/^\uFEFF/, '')) as unknown;
  } catch (cause) {
    throw new AppError(
      'bad-file',
      'This workflow cannot be read: it is no complete JSON. Save it again in ComfyUI.',
      { cause },
    );
  }
}

function partsOf(graph: ComfyGraph, node: ComfyNode, id: string, picture: Size<'image'>): DetailerParts {
  const behind = upstream(graph, node, DETECTOR_INPUTS);
  const own = settingsOf(node);
  const pipe = behind.find(({ type }) => type === 'ToDetailerPipe');
  const settings = { ...detectorSettings(behind), ...(own ?? {}) };
  const wildcard = parseWildcard(
    stringOf(settings['wildcard']) || stringOf(pipe && settingsOf(pipe)?.['wildcard']),
  );
  const words = wordsOf(graph, node, wildcard);
  const phrases = wildcard.labels ? [...wildcard.labels.keys()] : phrasesOf(behind, settings);
  const patch = patchOf(settings, wildcard, picture);
  const { texts, from } = wildcard.sequence;
  const sequence = {
    from,
    texts: texts.map((one) => (one.prompt === undefined ? one : { ...one, prompt: words.say(one.prompt) })),
  };
  const several = texts.length > 1 || texts[0]?.skip === true;
  return {
    concepts: phrases.map((phrase, i) =>
      conceptFrom(`${id}-${i + 1}`, phrase, {
        ...patch,
        prompt: words.say(wildcard.labels?.get(phrase) ?? lastSaid(wildcard.sequence)),
        negative: words.negative,
      }),
    ),
    sequences: phrases.map(() => (several ? sequence : null)),
    settings,
    notices: noticesOf(node, own, settings, phrases, [...wildcard.removed, ...words.removed]),
  };
}

/** Detector nodes name without `bbox_` what the all-in-one detailer names with it. */
function detectorSettings(behind: readonly ComfyNode[]): ImpactSettings {
  const detector = behind.find(({ type }) => /^(Bbox|Segm)DetectorSEGS$/.test(type));
  const { threshold, dilation, crop_factor, drop_size, labels } = (detector && settingsOf(detector)) ?? {};
  if (threshold === undefined) return {};
  return {
    bbox_threshold: threshold,
    bbox_dilation: dilation,
    bbox_crop_factor: crop_factor,
    drop_size,
    labels,
  };
}

/** A detector for many things says by its labels which are meant; else its name tells. */
function phrasesOf(behind: readonly ComfyNode[], settings: ImpactSettings): readonly string[] {
  const labels = stringOf(settings['labels'])
    .split(',')
    .map((label) => label.trim().toLowerCase())
    .filter((label) => label !== '' && label !== 'all');
  if (labels.length > 0) return [...new Set(labels)];
  const provider = behind.find(({ type }) => type === 'UltralyticsDetectorProvider');
  return [phraseOfDetector(stringOf(provider && settingsOf(provider)?.['model_name']))];
}

/** What holds for every detection a sequence does not reach. */
function lastSaid({ texts }: Sequence): string {
  return texts.findLast(({ skip }) => !skip)?.prompt ?? '';
}

interface Words {
  /** A wildcard text takes the place of the detailer's own prompt, unless it adds to it or says nothing. */
  readonly say: (text: string) => string;
  readonly negative: string;
  readonly removed: readonly string[];
}

function wordsOf(graph: ComfyGraph, node: ComfyNode, { adds }: WildcardText): Words {
  const base = cleanPrompt(textBehind(graph, node, 'positive'));
  const negative = cleanPrompt(textBehind(graph, node, 'negative'));
  return {
    say: (text) => (text === '' ? base.text : adds && base.text ? `${base.text}, ${text}` : text),
    negative: negative.text,
    removed: [...base.removed, ...negative.removed],
  };
}

/** The text an input is encoded from, also through the pipes detailers come with. */
function textBehind(graph: ComfyGraph, node: ComfyNode, input: 'positive' | 'negative'): string {
  const holder = [node, ...upstream(graph, node, ['detailer_pipe', 'basic_pipe'])].find(({ links }) =>
    links.has(input),
  );
  const encoder = holder && upstream(graph, holder, [input]).find(({ type }) => type === 'CLIPTextEncode');
  return stringOf(encoder && settingsOf(encoder)?.['text']);
}

function patchOf(settings: ImpactSettings, wildcard: WildcardText, picture: Size<'image'>): ConceptPatch {
  const dropPx = numberOf(settings['drop_size'], 0, 0, 16384);
  return {
    threshold: numberOf(settings['bbox_threshold'], 0.5, 0, 1),
    denoise: usableDenoise(numberOf(settings['denoise'], 0.5, 0, 1)),
    maxObjects: 100,
    rules: {
      order: wildcard.order ?? 'score',
      minArea: Math.min(1, (dropPx * dropPx) / (picture.width * picture.height)),
      mask: { growPx: numberOf(settings['bbox_dilation'], 0, -512, 512) },
    },
  };
}

function detailOf(settings: ImpactSettings): ImportedConcepts['detail'] {
  const feather = numberOf(settings['feather'], -1, 0, 512);
  const cropFactor = numberOf(settings['bbox_crop_factor'], -1, 1, 9);
  return {
    ...(feather < 0 ? {} : { featherPx: Math.round(feather) }),
    // Its crop is the box times the factor; here padding is what is added on each side.
    ...(cropFactor < 0 ? {} : { padding: (cropFactor - 1) / 2 }),
  };
}

function samplingOf({ steps, cfg, sampler_name, scheduler }: ImpactSettings): Partial<SamplingSpec> {
  const count = Math.round(numberOf(steps, 0, 1, 150));
  const guidanceScale = numberOf(cfg, -1, 0, 30);
  const sampler = SAMPLERS.find((name) => name === sampler_name);
  const known = SCHEDULERS.find((name) => name === scheduler);
  return {
    ...(count > 0 ? { steps: count } : {}),
    ...(guidanceScale >= 0 ? { guidanceScale } : {}),
    ...(sampler ? { sampler } : {}),
    ...(known ? { scheduler: known } : {}),
  };
}

function noticesOf(
  { type, id }: ComfyNode,
  own: ImpactSettings | null,
  settings: ImpactSettings,
  phrases: readonly string[],
  removed: readonly string[],
): Sentence[] {
  const node = `${type} ${id}`.slice(0, 100);
  const lost = lostSettings(settings);
  return [
    ...(own === null
      ? [
          sentence`The settings of ${node} are stored in an order this version does not know. Export the workflow in API form to take them over.`,
        ]
      : []),
    ...(phrases.includes('')
      ? [
          sentence`${node} has a detector whose name does not say what it finds. Write it in the concept's field.`,
        ]
      : []),
    ...(lost.length > 0 ? [lostNotice(node, lost)] : []),
    ...removedNotice(node, removed),
  ];
}

/** What would look different without it; how a crop is sized and how SAM is asked is decided here another way. */
function lostSettings({
  cycle,
  inpaint_model,
  refiner_ratio,
  sampler_name,
  scheduler,
}: ImpactSettings): string[] {
  const known: readonly unknown[] = [...SAMPLERS, ...SCHEDULERS, undefined];
  return [
    ...(typeof cycle === 'number' && cycle > 1 ? [`cycle ${cycle}`] : []),
    ...(inpaint_model === true ? ['inpaint_model'] : []),
    ...(typeof refiner_ratio === 'number' && refiner_ratio > 0 ? ['refiner_ratio'] : []),
    ...[sampler_name, scheduler]
      .filter((name) => typeof name === 'string' && !known.includes(name))
      .map(String),
  ];
}

/** Sampling and crops are settings of the whole document here. */
function differences(all: readonly ImpactSettings[]): Sentence[] {
  const kinds = new Set(all.map((settings) => JSON.stringify([samplingOf(settings), detailOf(settings)])));
  return kinds.size > 1
    ? [sentence`The detailers sample or crop differently; the first one's settings were taken for all.`]
    : [];
}

function stringOf(value: unknown): string {
  return typeof value === 'string' ? value : '';
}

function numberOf(value: unknown, otherwise: number, min: number, max: number): number {
  const number = typeof value === 'number' ? value : NaN;
  return number >= min && number <= max ? number : otherwise;
}
