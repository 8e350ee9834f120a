import type { ComfyNode } from './comfy-nodes.ts';

/** What a detailer or a detector of the Impact Pack is set to, by the names of its inputs. */
export type ImpactSettings = Readonly<Record<string, unknown>>;

const GUIDE = ['guide_size', 'guide_size_for', 'max_size', 'seed', 'control_after_generate'];
const SAMPLER = [
  'steps',
  'cfg',
  'sampler_name',
  'scheduler',
  'denoise',
  'feather',
  'noise_mask',
  'force_inpaint',
];
const BBOX = ['bbox_threshold', 'bbox_dilation', 'bbox_crop_factor'];
const SAM = [
  'sam_detection_hint',
  'sam_dilation',
  'sam_threshold',
  'sam_bbox_expansion',
  'sam_mask_hint_threshold',
  'sam_mask_hint_use_negative',
];
const END = ['cycle', 'inpaint_model', 'noise_mask_feather'];
const DETECTOR = ['threshold', 'dilation', 'crop_factor', 'drop_size', 'labels'];

/** Order of the widgets as workflows store them. */
const WIDGETS: ReadonlyMap<string, readonly string[]> = new Map(
  Object.entries({
    FaceDetailer: [...GUIDE, ...SAMPLER, ...BBOX, ...SAM, 'drop_size', 'wildcard', ...END],
    FaceDetailerPipe: [...GUIDE, ...SAMPLER, ...BBOX, ...SAM, 'drop_size', 'refiner_ratio', ...END],
    DetailerForEach: [...GUIDE, ...SAMPLER, 'wildcard', ...END],
    DetailerForEachDebug: [...GUIDE, ...SAMPLER, 'wildcard', ...END],
    DetailerForEachPipe: [...GUIDE, ...SAMPLER, 'wildcard', 'refiner_ratio', ...END],
    DetailerForEachDebugPipe: [...GUIDE, ...SAMPLER, 'wildcard', 'refiner_ratio', ...END],
    BboxDetectorSEGS: DETECTOR,
    SegmDetectorSEGS: DETECTOR,
    UltralyticsDetectorProvider: ['model_name'],
    ToDetailerPipe: ['wildcard'],
    CLIPTextEncode: ['text'],
  }),
);

/** Types that refine what was detected. */
export const DETAILERS: ReadonlySet<string> = new Set(
  [...WIDGETS.keys()].filter((type) => /^(FaceDetailer|DetailerForEach)/.test(type)),
);

/** Values that tell that a workflow's widgets are where this version expects them. */
const SHAPE: Readonly<Record<string, (value: unknown) => boolean>> = {
  steps: (value) => Number.isInteger(value),
  sampler_name: (value) => typeof value === 'string',
  scheduler: (value) => typeof value === 'string',
  denoise: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  noise_mask: (value) => typeof value === 'boolean',
  bbox_threshold: (value) => typeof value === 'number' && value >= 0 && value <= 1,
  threshold: (value) => typeof value === 'number' && value >= 0 && value <= 1,
};

/** The settings of a node; null where a workflow stores them in an order this does not know. */
export function settingsOf({ type, named, values }: ComfyNode): ImpactSettings | null {
  if (values === null) return named;
  const names = WIDGETS.get(type);
  if (!names) return named;
  const settings = Object.fromEntries(names.map((name, i) => [name, values[i]]));
  const fits = names.every((name) => SHAPE[name]?.(settings[name]) ?? true);
  return fits ? settings : null;
}
