import * as v from 'valibot';
import { NO_RULES } from '../detection/rules.ts';
import { issueSentence } from './field-issue.ts';
import type { Recipe, RefineRequest } from './request.ts';
import { sentence, type Sentence } from './sentence.ts';

/** Validation of requests that come from outside: an imported PNG, stored settings, another process. */

const fraction = v.pipe(v.number(), v.minValue(0), v.maxValue(1));
/** Below a hundredth nothing visible happens, and schedules grow with 1/denoise. */
const denoise = v.pipe(
  fraction,
  v.check((value) => value === 0 || value >= 0.01, sentence`is neither 0 nor at least 0.01`.id),
);
const text = v.pipe(v.string(), v.maxLength(20_000));
const pixels = (min: number, max: number) =>
  v.pipe(v.number(), v.integer(), v.minValue(min), v.maxValue(max));

const ruleLength = (limit: number) => v.pipe(v.number(), v.minValue(-limit), v.maxValue(limit));

const maskRulesSchema = v.object({
  fillHolesPx: v.pipe(v.number(), v.minValue(0)),
  specksPx: v.pipe(v.number(), v.minValue(0)),
  parts: v.picklist(['all', 'largest']),
  growPx: ruleLength(512),
  offsetXPx: ruleLength(16384),
  offsetYPx: ruleLength(16384),
  invert: v.boolean(),
});

/** Rules of a concept; areas are shares of the picture, lengths its pixels. */
export const conceptRulesSchema = v.object({
  minArea: fraction,
  maxArea: fraction,
  order: v.picklist(['score', 'area', 'left-to-right', 'top-to-bottom']),
  duplicates: v.object({ measure: v.picklist(['iou', 'iom']), limit: fraction }),
  mask: maskRulesSchema,
  exclude: v.pipe(v.array(text), v.maxLength(100)),
  partOf: v.nullable(text),
  giveWay: v.boolean(),
});

/** Settings of one detection's own; what is left out is its concept's. */
export const overridesSchema = v.object({
  prompt: v.optional(text),
  negative: v.optional(text),
  denoise: v.optional(denoise),
  anchorScale: v.optional(v.pipe(v.number(), v.minValue(0), v.maxValue(2))),
  growPx: v.optional(pixels(-512, 512)),
  featherPx: v.optional(pixels(0, 512)),
  region: v.optional(pixels(0, 0xffff)),
});

const unitBox = v.object({ x: fraction, y: fraction, width: fraction, height: fraction });
const exampleSchema = v.object({ box: unitBox, positive: v.boolean() });

/** A concept with its settings, within the ranges a run can do. */
export const conceptSchema = v.object({
  id: text,
  phrase: text,
  prompt: text,
  negative: text,
  layer: v.picklist([0, 1, 2, 3, 4, 5]),
  selection: v.picklist(['largest', 'center', 'first', 'all']),
  maxObjects: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(200)),
  threshold: fraction,
  denoise,
  anchorScale: v.pipe(v.number(), v.minValue(0), v.maxValue(2)),
  featherPx: v.optional(pixels(0, 512)),
  // Concepts saved before there were rules carry none.
  rules: v.optional(conceptRulesSchema, NO_RULES),
  examples: v.optional(v.pipe(v.array(exampleSchema), v.maxLength(64))),
  tilePx: v.optional(pixels(256, 8192)),
});

/** Masks are kept on a grid of at most this many cells a side, whatever the picture's size. */
const MAX_MASK_SIDE = 4096;

/** Run lengths that fill their grid exactly. */
export const maskSchema = v.pipe(
  v.object({
    width: pixels(1, MAX_MASK_SIDE),
    height: pixels(1, MAX_MASK_SIDE),
    runs: v.pipe(v.array(v.pipe(v.number(), v.integer(), v.minValue(0))), v.maxLength(4_000_000)),
  }),
  v.check(
    ({ width, height, runs }) => runs.reduce((sum, run) => sum + run, 0) === width * height,
    sentence`its runs do not add up to width × height`.id,
  ),
);

const detectionSchema = v.object({
  id: text,
  conceptId: text,
  box: unitBox,
  mask: maskSchema,
  score: fraction,
  presence: fraction,
  enabled: v.boolean(),
  edited: v.boolean(),
  own: v.optional(overridesSchema),
});

const samplingSchema = v.object({
  sampler: v.picklist(['euler', 'euler_ancestral', 'heun', 'dpmpp_2m', 'lcm']),
  scheduler: v.picklist(['karras', 'normal', 'sgm_uniform', 'exponential', 'simple']),
  steps: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(150)),
  guidanceScale: v.pipe(v.number(), v.minValue(0), v.maxValue(30)),
});
const scaffoldSchema = v.object({
  seed: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff)),
  levels: v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(8)),
  discount: fraction,
});

/** A whole request of version 1, with limits on how much it may ask for. */
export const refineRequestSchema = v.object({
  version: v.literal(1),
  concepts: v.pipe(v.array(conceptSchema), v.maxLength(100)),
  detections: v.pipe(v.array(detectionSchema), v.maxLength(2000)),
  sampling: samplingSchema,
  scaffold: scaffoldSchema,
  detail: v.object({
    enabled: v.boolean(),
    padding: v.pipe(v.number(), v.minValue(0), v.maxValue(4)),
    growPx: pixels(-512, 512),
    featherPx: pixels(0, 512),
  }),
  global: v.object({
    enabled: v.boolean(),
    tilePx: v.picklist([1024, 1536]),
    overlapPx: pixels(64, 768),
    denoise,
    refinedFactor: fraction,
    prompt: text,
    negative: text,
    anchorScale: v.pipe(v.number(), v.minValue(0), v.maxValue(2)),
  }),
  // Pictures exported before anchors had a range carry none.
  anchor: v.optional(
    v.object({
      preset: v.picklist(['all', 'style', 'composition', 'style+composition']),
      start: fraction,
      end: fraction,
    }),
    { preset: 'all', start: 0, end: 1 },
  ),
  output: v.object({ canvasLongSidePx: pixels(256, 8192), exportLongSidePx: pixels(64, 8192) }),
  promptSyntax: v.picklist(['comfy', 'a1111']),
  batchLimit: pixels(1, 64),
});

const layerRecordSchema = v.object({
  name: text,
  area: v.object({
    x: pixels(0, 16384),
    y: pixels(0, 16384),
    width: pixels(1, 16384),
    height: pixels(1, 16384),
  }),
  kind: v.picklist(['mask', 'tile', 'whole']),
  tile: v.nullable(pixels(0, 0xffff)),
  detectionId: v.nullable(text),
  opacity: fraction,
  strength: v.pipe(v.number(), v.minValue(0), v.maxValue(2)),
  recipe: v.object({
    prompt: text,
    negative: text,
    denoise,
    anchorScale: v.pipe(v.number(), v.minValue(0), v.maxValue(2)),
    sampling: samplingSchema,
    scaffold: scaffoldSchema,
    region: pixels(0, 0xffffff),
    model: text,
  }),
});

const recipeSchema = v.object({
  app: v.literal('Luna Studio'),
  version: text,
  request: refineRequestSchema,
  source: v.object({ sha256: text, size: v.object({ width: pixels(1, 16384), height: pixels(1, 16384) }) }),
  models: v.array(v.object({ role: text, name: text, bytes: v.number(), strength: v.optional(v.number()) })),
  runtime: text,
  complete: v.boolean(),
  layers: v.optional(v.pipe(v.array(layerRecordSchema), v.maxLength(5000))),
});

/** A value that passed, or why it did not. */
export type Checked<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: Sentence };

/** "detections.3.mask: its runs do not add up …": the first field that is wrong, and how. */
export function checkRefineRequest(value: unknown): Checked<RefineRequest> {
  return checked(v.safeParse(refineRequestSchema, value));
}

/** A recipe as it was read from a file or a picture, checked field by field. */
export function checkRecipe(value: unknown): Checked<Recipe> {
  return checked(v.safeParse(recipeSchema, value));
}

function checked<T>(result: v.SafeParseResult<v.GenericSchema>): Checked<T> {
  if (result.success) return { ok: true, value: result.output as T };
  return { ok: false, reason: issueSentence(result.issues[0]) };
}
