import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { chooseLocale, said } from '#app/messages.ts';
import { NO_RULES } from '#domain/detection/rules.ts';
import { layerRecords } from '#domain/document/records.ts';
import type { ConceptSpec, Detection, Recipe, RefineRequest } from '#domain/job/request.ts';
import { checkRecipe, checkRefineRequest } from '#domain/job/schema.ts';
import { encodeRle } from '#domain/mask/rle.ts';
import { aLayer } from './layer-fakes.ts';
import { concept, detection, request } from './pipelines-fakes.ts';

const real = (min: number, max: number) => fc.double({ min, max, noNaN: true }).map((x) => (x === 0 ? 0 : x));
const fraction = real(0, 1);
const denoise = fc.oneof(fc.constant(0), real(0.01, 1));
const pixels = (min: number, max: number) => fc.integer({ min, max });
const text = fc.string({ unit: 'binary', maxLength: 40 });

const concepts: fc.Arbitrary<ConceptSpec> = fc.record({
  id: text,
  phrase: text,
  prompt: text,
  negative: text,
  layer: fc.constantFrom(0, 1, 2, 3, 4, 5),
  selection: fc.constantFrom('largest', 'center', 'first', 'all'),
  maxObjects: pixels(1, 200),
  threshold: fraction,
  denoise,
  anchorScale: real(0, 2),
  rules: fc.constant(NO_RULES),
  featherPx: fc.option(pixels(0, 512), { nil: undefined }),
});

const masks = fc
  .tuple(pixels(1, 20), pixels(1, 20))
  .chain(([width, height]) =>
    fc
      .array(fc.constantFrom(0, 255), { minLength: width * height, maxLength: width * height })
      .map((cells) => encodeRle({ width, height, data: Uint8Array.from(cells) })),
  );

const detections: fc.Arbitrary<Detection> = fc.record({
  id: text,
  conceptId: text,
  box: fc.record({ x: fraction, y: fraction, width: fraction, height: fraction }),
  mask: masks,
  score: fraction,
  presence: fraction,
  enabled: fc.boolean(),
  edited: fc.boolean(),
});

const requests: fc.Arbitrary<RefineRequest> = fc.record({
  version: fc.constant(1 as const),
  concepts: fc.array(concepts, { maxLength: 4 }),
  detections: fc.array(detections, { maxLength: 3 }),
  sampling: fc.record({
    sampler: fc.constantFrom('euler', 'euler_ancestral', 'heun', 'dpmpp_2m', 'lcm'),
    scheduler: fc.constantFrom('karras', 'normal', 'sgm_uniform', 'exponential', 'simple'),
    steps: pixels(1, 150),
    guidanceScale: real(0, 30),
  }),
  scaffold: fc.record({ seed: pixels(0, 0xffffffff), levels: pixels(0, 8), discount: fraction }),
  detail: fc.record({
    enabled: fc.boolean(),
    padding: real(0, 4),
    growPx: pixels(-512, 512),
    featherPx: pixels(0, 512),
  }),
  anchor: fc.record({
    preset: fc.constantFrom('all', 'style', 'composition', 'style+composition'),
    start: fraction,
    end: fraction,
  }),
  global: fc.record({
    enabled: fc.boolean(),
    tilePx: fc.constantFrom(1024, 1536),
    overlapPx: pixels(64, 768),
    denoise,
    refinedFactor: fraction,
    prompt: text,
    negative: text,
    anchorScale: real(0, 2),
  }),
  output: fc.record({ canvasLongSidePx: pixels(256, 8192), exportLongSidePx: pixels(64, 8192) }),
  promptSyntax: fc.constantFrom('comfy', 'a1111'),
  batchLimit: pixels(1, 64),
});

/** The request as text and back with one field replaced, as a stranger's file would bring it. */
function withField(path: string, value: unknown): unknown {
  const whole = structuredClone(request({ concepts: [concept()], detections: [detection('a', 0, 0, 0.5)] }));
  const steps = path.split('.');
  const last = steps.pop()!;
  let at = whole as unknown as Record<string, unknown>;
  for (const step of steps) at = at[step] as Record<string, unknown>;
  at[last] = value;
  return whole;
}

describe('requests from outside', () => {
  it('come back from JSON as they went in', () => {
    fc.assert(
      fc.property(requests, (made) => {
        const checked = checkRefineRequest(JSON.parse(JSON.stringify(made)));
        expect(checked).toEqual({ ok: true, value: made });
      }),
      { numRuns: 100 },
    );
  });

  it.each([
    ['version', 2],
    ['concepts.0.layer', 6],
    ['concepts.0.selection', 'biggest'],
    ['concepts.0.maxObjects', 0],
    ['concepts.0.denoise', 1.01],
    ['global.denoise', 0.000001],
    ['concepts.0.phrase', 7],
    ['detections.0.box.width', -0.1],
    ['detections.0.enabled', 'yes'],
    ['sampling.sampler', 'ddim'],
    ['sampling.steps', 2.5],
    ['sampling.guidanceScale', Number.NaN],
    ['scaffold.seed', -1],
    ['detail.featherPx', 513],
    ['global.tilePx', 512],
    ['global.overlapPx', 8],
    ['output.canvasLongSidePx', 8193],
    ['promptSyntax', undefined],
    ['batchLimit', null],
  ])('are refused by the name of the field: %s', (path, value) => {
    const checked = checkRefineRequest(withField(path, value));
    expect(checked.ok).toBe(false);
    expect(!checked.ok && String(checked.reason).startsWith(`${path}: `)).toBe(true);
  });

  it('are refused when a mask does not fill its size', () => {
    const mask = { width: 4, height: 4, runs: [3, 12] };
    const checked = checkRefineRequest(withField('detections.0.mask', mask));
    expect(!checked.ok && String(checked.reason)).toBe(
      'detections.0.mask: its runs do not add up to width × height',
    );
  });

  it('answers any value at all with a request or a reason', () => {
    fc.assert(
      fc.property(fc.anything(), (value) => {
        const checked = checkRefineRequest(value);
        expect(checked.ok || String(checked.reason).length > 0).toBe(true);
      }),
    );
  });
});

describe('what is wrong with a field', () => {
  afterEach(() => chooseLocale(null));

  it.each<[string, unknown, string, string]>([
    ['promptSyntax', undefined, 'is missing', 'fehlt'],
    ['promptSyntax', 'x', 'is "x", not ("comfy" | "a1111")', 'ist "x", nicht ("comfy" | "a1111")'],
    ['sampling.steps', 2.5, 'is not a whole number', 'ist keine ganze Zahl'],
    ['sampling.steps', 'many', 'is not a number', 'ist keine Zahl'],
    ['sampling.steps', 0, 'is below 1', 'liegt unter 1'],
    ['sampling.guidanceScale', 30.5, 'is above 30', 'liegt über 30'],
    ['detail.enabled', 1, 'is neither true nor false', 'ist weder wahr noch falsch'],
    ['global.prompt', 3, 'is not text', 'ist kein Text'],
    ['global.denoise', 0.001, 'is neither 0 nor at least 0.01', 'ist weder 0 noch mindestens 0,01'],
    ['concepts', 'face', 'is not a list', 'ist keine Liste'],
    ['concepts', Array(101).fill(concept()), 'is longer than 100', 'ist länger als 100'],
    ['detail', null, 'is not a group of fields', 'ist keine Gruppe von Feldern'],
  ])('is said in both languages: %s = %j', (path, value, english, german) => {
    const checked = checkRefineRequest(withField(path, value));
    const reason = checked.ok ? '' : structuredClone(checked.reason);
    expect(said(reason)).toBe(`${path}: ${english}`);
    chooseLocale('de');
    expect(said(reason)).toBe(`${path}: ${german}`);
  });
});

describe('recipes', () => {
  const recipe = (made: RefineRequest): Recipe => ({
    app: 'Luna Studio',
    version: '0.1.0',
    request: made,
    source: { sha256: 'ab', size: { width: 640, height: 480 } },
    models: [{ role: 'checkpoint', name: 'm.safetensors', bytes: 7 }],
    complete: true,
    runtime: 'CPU',
  });

  it('come back from JSON, and a fault in their request is named', () => {
    const good = recipe(request());
    expect(checkRecipe(JSON.parse(JSON.stringify(good)))).toEqual({ ok: true, value: good });
    const bad = checkRecipe(recipe(withField('sampling.steps', 0) as RefineRequest));
    expect(!bad.ok && String(bad.reason)).toMatch(/^request\.sampling\.steps: /);
  });

  it('say which layers were shown, where any were', () => {
    const good: Recipe = { ...recipe(request()), layers: layerRecords([aLayer(), aLayer({ opacity: 0.5 })]) };
    expect(checkRecipe(JSON.parse(JSON.stringify(good)))).toEqual({ ok: true, value: good });
    const bad = checkRecipe({ ...good, layers: [{ ...good.layers![0], opacity: 2 }] });
    expect(!bad.ok && String(bad.reason)).toMatch(/^layers\.0\.opacity: /);
  });

  it('of another program are refused', () => {
    expect(checkRecipe({ ...recipe(request()), app: 'Other' })).toMatchObject({ ok: false });
  });
});
