import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { applyCommand } from '#domain/document/commands.ts';
import { NO_RULES } from '#domain/detection/rules.ts';
import type { DocumentState } from '#domain/document/state.ts';
import type { Recipe, RefineRequest } from '#domain/job/request.ts';
import { applyFound, applyRecipeSettings } from '#domain/settings/apply.ts';
import { settingsDifference } from '#domain/settings/difference.ts';
import type { FoundSettings } from '#domain/settings/found-settings.ts';
import { readInvoke } from '#domain/settings/invoke.ts';
import { settingsInText, settingsInTexts } from '#domain/settings/read.ts';
import { candidate, concept, mulberry, startDocument } from '../document/arbitrary-documents.ts';

const FOUND: FoundSettings = {
  source: 'A1111',
  prompt: 'a pier',
  negative: null,
  sampling: { steps: 9, sampler: 'heun' },
  seed: 5,
  denoise: null,
  syntax: null,
  checkpoint: null,
  loras: [],
  notes: [],
};
const RECIPE: Recipe = {
  app: 'Luna Studio',
  version: '1',
  request: { version: 1, concepts: [concept('r-1', 'Face')], detections: [], ...DEFAULTS.parameters },
  source: { sha256: '', size: { width: 64, height: 48 } },
  models: [],
  runtime: '',
  complete: true,
};
const INFOTEXT = 'a pier\nSteps: 9, Sampler: Heun, CFG scale: 5, Seed: 5';
const GRAPH = {
  '1': { class_type: 'KSampler', inputs: { steps: 3, cfg: 2, sampler_name: 'euler', is_changed: NaN } },
};
const after = (state: DocumentState, found: FoundSettings) => applyCommand(state, applyFound(state, found));

describe('settings of InvokeAI', () => {
  const metadata = {
    app_version: '4.2.9',
    generation_mode: 'sdxl_img2img',
    positive_prompt: 'a pier',
    negative_prompt: 'fog',
    seed: 12,
    cfg_scale: 7.5,
    steps: 30,
    scheduler: 'dpmpp_2m_k',
    strength: 0.4,
    model: { name: 'juggernaut', base: 'sdxl' },
    loras: [{ model: { name: 'detail' }, weight: 0.75 }, { lora: { model_name: 'old' } }, { weight: 1 }],
  };

  it('are read from its metadata', () => {
    expect(readInvoke(metadata)).toEqual({
      source: 'InvokeAI',
      prompt: 'a pier',
      negative: 'fog',
      sampling: { steps: 30, guidanceScale: 7.5, sampler: 'dpmpp_2m', scheduler: 'karras' },
      seed: 12,
      denoise: 0.4,
      syntax: null,
      checkpoint: 'juggernaut',
      loras: [
        { name: 'detail', strength: 0.75 },
        { name: 'old', strength: null },
      ],
      notes: [],
    });
    expect(readInvoke({ ...metadata, scheduler: 'euler_a' })?.sampling).toMatchObject({
      sampler: 'euler_ancestral',
      scheduler: 'normal',
    });
  });

  it('say what they cannot', () => {
    const odd = { ...metadata, positive_prompt: 'a pier++', scheduler: 'unipc', controlnets: [{}] };
    expect(readInvoke(odd)?.notes.map(String)).toEqual([
      'Sampler “unipc” is not known here: left as it is.',
      "Weights in InvokeAI's notation, as in word++, are plain text here. Write them as (word:1.2).",
      'What guided the picture besides its prompt was left out: controlnets.',
    ]);
  });

  it('never throw', () => {
    const fields = fc.constantFrom(...Object.keys(metadata), 'controlnets');
    fc.assert(
      fc.property(fc.dictionary(fields, fc.jsonValue()), (odd) => {
        expect(readInvoke({ ...metadata, ...odd })?.source ?? 'InvokeAI').toBe('InvokeAI');
      }),
    );
  });
});

describe('a text with settings', () => {
  it.each([
    ['parameters', INFOTEXT, { source: 'A1111', seed: 5 }],
    ['a graph with Python’s numbers', JSON.stringify(GRAPH).replace('null', 'NaN'), { source: 'ComfyUI' }],
    ['metadata', '\uFEFF {"positive_prompt": "x", "steps": 3}', { source: 'InvokeAI', prompt: 'x' }],
  ])('is known as %s', (_, text, found) => {
    expect(settingsInText(text)).toMatchObject({ recipe: null, found });
  });

  it('is our recipe only when that is whole', () => {
    expect(settingsInText(JSON.stringify(RECIPE))).toEqual({ recipe: RECIPE, found: null, text: null });
    expect(settingsInText(JSON.stringify({ ...RECIPE, request: null }))).toBeNull();
  });

  it.each(['', 'a cat', '{', '{"a": 1}', '[]', '{"annotations": []}', 'null', '{"prompt": "x"}'])(
    'is not %j',
    (text) => expect(settingsInText(text)).toBeNull(),
  );

  it('in a picture may come with others: ours is offered, and of others what says most directly', () => {
    const texts = new Map([
      ['prompt', JSON.stringify(GRAPH)],
      ['parameters', INFOTEXT],
      ['luna', JSON.stringify(RECIPE)],
    ]);
    expect(settingsInTexts(texts)).toMatchObject({ recipe: RECIPE, found: { source: 'A1111' } });
    texts.delete('parameters');
    texts.delete('luna');
    expect(settingsInTexts(texts)).toMatchObject({ recipe: null, found: { source: 'ComfyUI' } });
    expect(settingsInTexts(new Map([['workflow', '{"nodes": 3}']]))).toBeNull();
  });

  it('never throws', () => {
    const pieces = fc.constantFrom(
      '{',
      '}',
      '"nodes"',
      ':',
      '[',
      ']',
      ',',
      'NaN',
      '1',
      '"prompt"',
      ' ',
      INFOTEXT,
    );
    const text = fc.oneof(
      fc.string(),
      fc.json(),
      fc.array(pieces, { maxLength: 40 }).map((all) => all.join('')),
    );
    fc.assert(
      fc.property(text, (odd) => {
        const texts = new Map(['luna', 'prompt', 'workflow', 'invokeai_metadata'].map((key) => [key, odd]));
        for (const carried of [settingsInText(odd), settingsInTexts(texts)])
          expect(carried === null || carried.recipe !== null || carried.found !== null).toBe(true);
      }),
    );
    expect(settingsInText(`{"a":${'['.repeat(500_000)}`)).toBeNull();
    expect(settingsInText(`{${'[NaN '.repeat(300_000)}`)).toBeNull();
  });
});

describe('settings put into a document', () => {
  it('change what they say and nothing else', () => {
    const state = startDocument();
    expect(settingsDifference(state, after(state, FOUND))).toEqual([
      { kind: 'parameter', section: 'global', key: 'prompt', before: '', after: 'a pier' },
      { kind: 'parameter', section: 'sampling', key: 'steps', before: 20, after: 9 },
      { kind: 'parameter', section: 'sampling', key: 'sampler', before: 'dpmpp_2m', after: 'heun' },
      { kind: 'parameter', section: 'scaffold', key: 'seed', before: 1, after: 5 },
    ]);
    expect(settingsDifference(after(state, FOUND), after(after(state, FOUND), FOUND))).toEqual([]);
  });

  it('with a way of reading weights change that too', () => {
    const state = startDocument();
    expect(settingsDifference(state, after(state, { ...FOUND, syntax: 'a1111' })).at(-1)).toEqual({
      kind: 'parameter',
      section: 'promptSyntax',
      key: 'promptSyntax',
      before: 'comfy',
      after: 'a1111',
    });
  });

  it('of a recipe take the place of slots nobody has used, and of no others', () => {
    const [unused, used] = [concept('concept-1', ' '), concept('concept-2', '')];
    const found = candidate('concept-2', mulberry(1));
    const state = { ...startDocument(), concepts: [unused, used], candidates: [found] };
    const put = (request: RefineRequest) =>
      applyRecipeSettings(state, request, () => 'concept-3').reduce<DocumentState>(applyCommand, state);
    expect(put(RECIPE.request).concepts.map(({ id }) => id)).toEqual(['concept-2', 'concept-3']);
    expect(put({ ...RECIPE.request, concepts: [] }).concepts).toEqual([unused, used]);
  });

  it('of a recipe with one phrase twice make two concepts, and unset what it does not say', () => {
    const present = { ...concept('concept-1', 'face'), tilePx: 512, featherPx: 9 };
    const state = { ...startDocument(), concepts: [present], candidates: [] };
    const twice = [
      { ...concept('r-1', 'face'), denoise: 0.2 },
      { ...concept('r-2', 'Face'), denoise: 0.7 },
    ];
    const commands = applyRecipeSettings(
      state,
      { ...RECIPE.request, concepts: twice },
      (taken) => `concept-${new Set(taken).size + 1}`,
    );
    const { concepts } = commands.reduce<DocumentState>(applyCommand, state);
    expect(concepts.map(({ id, denoise }) => [id, denoise])).toEqual([
      ['concept-1', 0.2],
      ['concept-2', 0.7],
    ]);
    expect([concepts[0]?.tilePx, concepts[0]?.featherPx]).toEqual([undefined, undefined]);
  });

  it('of a recipe keep the document’s own detections: concepts meet by their phrase', () => {
    const part = { ...NO_RULES, partOf: 'r-1', exclude: ['r-3'] };
    const request = {
      ...RECIPE.request,
      concepts: [
        { ...concept('r-1', ' face'), denoise: 0.6, examples: [] },
        { ...concept('r-2', 'eye'), rules: part },
        concept('r-3', 'ring'),
      ],
      detections: [],
    };
    const found = candidate('concept-1', mulberry(1));
    const state = { ...startDocument(), candidates: [found] };
    let next = 1;
    const commands = applyRecipeSettings(state, request, (taken) => {
      do next++;
      while (taken.includes(`concept-${next}`));
      return `concept-${next}`;
    });
    const result = commands.reduce<DocumentState>(applyCommand, state);
    expect(result.candidates).toEqual([found]);
    expect(result.concepts.map(({ id }) => id)).toEqual(['concept-1', 'concept-2', 'concept-3']);
    expect(result.concepts[0]).not.toHaveProperty('examples');
    expect(result.concepts[1]?.rules).toMatchObject({ partOf: 'concept-1', exclude: ['concept-3'] });
    expect(settingsDifference(state, result)).toEqual([
      { kind: 'concept', phrase: 'face', key: 'denoise', before: 0.35, after: 0.6 },
      { kind: 'concept-added', phrase: 'eye' },
      { kind: 'concept-added', phrase: 'ring' },
    ]);
    expect(settingsDifference(result, { ...state, candidates: [] })).toContainEqual({
      kind: 'concept-removed',
      phrase: 'ring',
    });
    expect(settingsDifference(result, { ...state, candidates: [] }).at(-1)).toEqual({
      kind: 'detections',
      before: 1,
      after: 0,
    });
  });
});
