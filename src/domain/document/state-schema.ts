import * as v from 'valibot';
import type { ConceptSpec, MaskRle, MaskRules } from '../job/request.ts';
import type { FlatDiff, FlatState } from './flat.ts';
import type { Layer } from './layer.ts';
import type { Candidate, DocumentState, RefineParameters } from './state.ts';

/**
 * Validation of stored documents: every field the studio relies on is there and of its kind. Ranges are left alone, a
 * run checks them (job/schema.ts): work is not refused for a number somebody typed. Fields this version does not know
 * stay.
 */

const finite = v.pipe(v.number(), v.finite());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));
const text = v.string();
const sizeSchema = v.looseObject({ width: finite, height: finite });
const rectSchema = v.looseObject({ ...sizeSchema.entries, x: finite, y: finite });
const optional = <T extends v.GenericSchema>(schema: T) => v.optional(schema);

const maskSchema = v.pipe(
  v.looseObject({ width: count, height: count, runs: v.array(count) }),
  v.check(({ width, height, runs }) => runs.reduce((sum, run) => sum + run, 0) === width * height),
);

/** Masks are stored by themselves: those that have been checked need not be walked again where they are used. */
const checkedMasks = new WeakSet<object>();
const mask = v.custom<MaskRle>(
  (value) => typeof value === 'object' && value !== null && checkedMasks.has(value),
);

const maskRules = {
  fillHolesPx: finite,
  specksPx: finite,
  parts: v.picklist(['all', 'largest']),
  growPx: finite,
  offsetXPx: finite,
  offsetYPx: finite,
  invert: v.boolean(),
};

const conceptSchema = v.looseObject({
  id: text,
  phrase: text,
  prompt: text,
  negative: text,
  layer: v.picklist([0, 1, 2, 3, 4, 5]),
  selection: v.picklist(['largest', 'center', 'first', 'all']),
  maxObjects: finite,
  threshold: finite,
  denoise: finite,
  anchorScale: finite,
  featherPx: optional(finite),
  answeredPhrase: optional(text),
  rules: v.looseObject({
    minArea: finite,
    maxArea: finite,
    order: v.picklist(['score', 'area', 'left-to-right', 'top-to-bottom']),
    duplicates: v.looseObject({ measure: v.picklist(['iou', 'iom']), limit: finite }),
    mask: v.looseObject(maskRules),
    exclude: v.array(text),
    partOf: v.nullable(text),
    giveWay: v.boolean(),
  }),
  examples: optional(v.array(v.looseObject({ box: rectSchema, positive: v.boolean() }))),
  tilePx: optional(finite),
});

/** An own rule that was taken back may have left its name behind. */
const ownRules = v.partial(v.looseObject(maskRules)) as v.GenericSchema as v.GenericSchema<
  unknown,
  Partial<MaskRules>
>;

const candidateSchema = v.looseObject({
  id: text,
  conceptId: text,
  origin: v.picklist(['phrase', 'example', 'click', 'hand', 'recipe', 'file']),
  mask,
  edits: v.nullable(v.looseObject({ added: v.nullable(mask), removed: v.nullable(mask) })),
  frame: v.nullable(rectSchema),
  score: finite,
  presence: finite,
  tick: v.nullable(v.boolean()),
  rules: v.nullable(ownRules),
  baked: v.boolean(),
  own: v.looseObject({
    prompt: optional(text),
    negative: optional(text),
    denoise: optional(finite),
    anchorScale: optional(finite),
    growPx: optional(finite),
    featherPx: optional(finite),
    region: optional(finite),
  }),
});

const sampling = v.looseObject({
  sampler: v.picklist(['euler', 'euler_ancestral', 'heun', 'dpmpp_2m', 'lcm']),
  scheduler: v.picklist(['karras', 'normal', 'sgm_uniform', 'exponential', 'simple']),
  steps: finite,
  guidanceScale: finite,
});
const scaffold = v.looseObject({ seed: finite, levels: finite, discount: finite });

const paintingSchema = v.looseObject({
  id: text,
  similarity: v.nullable(finite),
  unlike: v.exactOptional(finite),
  recipe: v.looseObject({
    prompt: text,
    negative: text,
    denoise: finite,
    anchorScale: finite,
    sampling,
    scaffold,
    region: finite,
    model: text,
  }),
});

const maskWeight = v.looseObject({ kind: v.literal('mask'), mask, growPx: finite, featherPx: finite });
const share = v.looseObject({
  group: text,
  area: rectSchema,
  weight: maskWeight,
  opacity: finite,
  paintings: v.array(text),
});

const layerSchema = v.looseObject({
  id: text,
  name: text,
  group: text,
  area: rectSchema,
  canvas: sizeSchema,
  weight: v.variant('kind', [
    maskWeight,
    v.looseObject({ kind: v.literal('tile'), index: count, tilePx: finite, overlapPx: finite }),
    v.looseObject({ kind: v.literal('whole'), shares: v.exactOptional(v.array(share)) }),
  ]),
  visible: v.boolean(),
  locked: v.boolean(),
  opacity: finite,
  strength: finite,
  pixels: paintingSchema,
  variations: v.array(paintingSchema),
  origin: v.looseObject({
    detectionId: v.nullable(text),
    mask: v.nullable(mask),
    below: v.array(text),
    merged: v.exactOptional(v.array(v.looseObject({ mark: text, group: text, area: rectSchema }))),
  }),
});

const parametersSchema = v.looseObject({
  sampling,
  scaffold,
  detail: v.looseObject({ enabled: v.boolean(), padding: finite, growPx: finite, featherPx: finite }),
  global: v.looseObject({
    enabled: v.boolean(),
    tilePx: v.picklist([1024, 1536]),
    overlapPx: finite,
    denoise: finite,
    refinedFactor: finite,
    prompt: text,
    negative: text,
    anchorScale: finite,
  }),
  anchor: v.looseObject({
    preset: v.picklist(['all', 'style', 'composition', 'style+composition']),
    start: finite,
    end: finite,
  }),
  output: v.looseObject({ canvasLongSidePx: finite, exportLongSidePx: finite }),
  promptSyntax: v.picklist(['comfy', 'a1111']),
  batchLimit: finite,
});

const presenceSchema = v.record(text, finite);

/** A stored state: numbers of parts, none of which has been looked at. */
export const flatStateSchema: v.GenericSchema<unknown, FlatState> = v.object({
  concepts: v.array(count),
  candidates: v.array(count),
  layers: v.array(count),
  parameters: count,
  presence: count,
});

const order = v.nullable(v.tuple([v.array(text), v.array(text)]));
const flatList = v.nullable(
  v.object({ items: v.record(text, v.tuple([v.nullable(count), v.nullable(count)])), order }),
);

/** One side of changed parameters: any of them, each whole. */
const sideOfParameters = v.partial(parametersSchema);
const parameterChanges = v.pipe(
  v.record(text, v.tuple([v.unknown(), v.unknown()])),
  v.check((changes) =>
    [0, 1].every((side) =>
      v.is(
        sideOfParameters,
        Object.fromEntries(Object.entries(changes).map(([key, change]) => [key, change[side]])),
      ),
    ),
  ),
);

/** A stored step's difference: numbers of parts, and parameters as values. */
export const flatDiffSchema: v.GenericSchema<unknown, FlatDiff> = v.object({
  concepts: flatList,
  candidates: flatList,
  layers: flatList,
  parameters: v.nullable(parameterChanges),
  presence: v.nullable(v.tuple([v.optional(presenceSchema), v.optional(presenceSchema)])),
});

/** What a part of a document can be. */
export interface PartTypes {
  readonly concepts: ConceptSpec;
  readonly candidates: Candidate;
  readonly layers: Layer;
  readonly parameters: RefineParameters;
  readonly presence: DocumentState['presence'];
}
export type PartKind = keyof PartTypes;

const PARTS: { readonly [K in PartKind]: v.GenericSchema<unknown, PartTypes[K]> } = {
  concepts: conceptSchema,
  candidates: candidateSchema,
  layers: layerSchema,
  parameters: parametersSchema,
  presence: presenceSchema,
};

/** A part as it was read, or null when it is none of its kind. Its masks must have passed {@link checkMask}. */
export function checkPart<K extends PartKind>(kind: K, value: unknown): PartTypes[K] | null {
  const checked = v.safeParse(PARTS[kind], value);
  return checked.success ? checked.output : null;
}

export function checkMask(value: unknown): MaskRle | null {
  const checked = v.safeParse(maskSchema, value);
  if (!checked.success) return null;
  checkedMasks.add(checked.output);
  return checked.output;
}
