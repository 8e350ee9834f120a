import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { importAdetailer } from '#domain/concepts/import-adetailer.ts';
import { phraseOfDetector } from '#domain/concepts/detector-names.ts';
import { cleanPrompt } from '#domain/concepts/detailer-prompt.ts';
import { AppError } from '#domain/job/app-error.ts';
import { conceptSchema } from '#domain/job/schema.ts';

const PARAMETERS = `a woman in a garden, soft light
Negative prompt: blurry
Steps: 28, Sampler: DPM++ 2M, Schedule type: Karras, CFG scale: 5, Seed: 1, Size: 832x1216, Model: some, ADetailer model: face_yolov8n.pt, ADetailer prompt: "a smile, [SEP] [PROMPT], frown [SEP] [SKIP]", ADetailer confidence: 0.35, ADetailer mask only top k largest: 2, ADetailer mask min ratio: 0.01, ADetailer mask max ratio: 0.6, ADetailer x offset: 3, ADetailer y offset: 5, ADetailer dilate erode: -8, ADetailer mask blur: 8, ADetailer denoising strength: 0.25, ADetailer inpaint only masked: True, ADetailer inpaint padding: 48, ADetailer use separate steps: True, ADetailer steps: 40, ADetailer model 2nd: bbox/hand_yolov8s.pt, ADetailer negative prompt 2nd: "extra fingers, \\"claws\\"", ADetailer mask merge invert 2nd: Merge and Invert, ADetailer mask blur 2nd: 4, ADetailer model 3rd: None, ADetailer confidence 3rd: 0.9, ADetailer version: 24.4.2, Version: v1.9.3`;

const sentences = (text: string) => importAdetailer(text).notices.map(String);

describe('ADetailer settings in parameters text', () => {
  const imported = importAdetailer(PARAMETERS);
  const [face, hand] = imported.concepts;

  it('become one concept per tab that is on', () => {
    expect(imported.concepts.map(({ phrase }) => phrase)).toEqual(['face', 'hand']);
    expect(face).toMatchObject({
      threshold: 0.35,
      denoise: 0.25,
      maxObjects: 2,
      prompt: 'a woman in a garden, soft light, frown',
      rules: {
        minArea: 0.01,
        maxArea: 0.6,
        order: 'area',
        mask: { growPx: -8, offsetXPx: 3, offsetYPx: -5, invert: false },
      },
    });
    expect(hand).toMatchObject({
      threshold: 0.3,
      denoise: 0.4,
      maxObjects: 100,
      prompt: 'a woman in a garden, soft light',
      negative: 'extra fingers, "claws"',
      rules: { minArea: 0, maxArea: 1, order: 'score', mask: { growPx: 4, invert: true } },
    });
    for (const concept of imported.concepts) expect(v.is(conceptSchema, concept)).toBe(true);
  });

  it('keep the texts of single detections', () => {
    expect(imported.sequences).toEqual([
      {
        from: 'start',
        texts: [
          { prompt: 'a smile', negative: 'blurry', skip: false },
          { prompt: 'a woman in a garden, soft light, frown', negative: 'blurry', skip: false },
          { skip: true },
        ],
      },
      null,
    ]);
  });

  it('give the feather that is as soft as the mask blur', () => {
    // The slope 6x(1−x) of a smoothstep has the standard deviation √0.05.
    expect(imported.detail).toEqual({ featherPx: Math.round(8 / Math.sqrt(0.05)) });
  });

  it('say what was not taken over', () => {
    const all = imported.notices.map(String);
    expect(all).toHaveLength(3);
    expect(all[0]).toMatch(/face_yolov8n\.pt.*steps, inpaint only masked padding have no counterpart/);
    expect(all[1]).toMatch(/hand_yolov8s\.pt.*merges its masks/);
    expect(all[2]).toMatch(/different mask blurs/);
  });

  it('are read without a line of settings around them, and with values left open', () => {
    const [only] = importAdetailer(
      'ADetailer model: person_yolov8n-seg.pt, ADetailer prompt: "never closed',
    ).concepts;
    expect(only).toMatchObject({ phrase: 'person', prompt: '"never closed' });
  });

  it('hold numbers inside what they can be, and say so', () => {
    const text =
      'ADetailer model: face.pt, ADetailer prompt: x, ADetailer confidence: 7, ADetailer denoising strength: a lot';
    expect(importAdetailer(text).concepts[0]).toMatchObject({ threshold: 0.3, denoise: 0.4 });
    expect(sentences(text)).toEqual([
      expect.stringMatching(/confidence: 7.*between 0 and 1; 0\.3 was taken/),
      expect.stringMatching(/denoising strength: a lot.*0\.4 was taken/),
    ]);
  });

  it('only the order of sizes counts when the largest are taken', () => {
    const text =
      'ADetailer model: face.pt, ADetailer mask only top k: 3, ADetailer method to decide top k masks: Confidence';
    expect(importAdetailer(text).concepts[0]).toMatchObject({ maxObjects: 3, rules: { order: 'score' } });
  });
});

describe("the picture's own texts", () => {
  const main = { prompt: '1girl, garden', negative: 'ugly, lowres' };
  const around = (settings: string) =>
    `${main.prompt}\nNegative prompt: ${main.negative}\nSteps: 20, ADetailer model: face.pt${settings}`;
  const said = (text: string, own?: Parameters<typeof importAdetailer>[1]) => {
    const { concepts, sequences, notices } = importAdetailer(text, own);
    const { prompt, negative } = concepts[0]!;
    return { prompt, negative, texts: sequences[0]?.texts ?? null, notices: notices.map(String) };
  };

  it('stand for [PROMPT], each for its own kind', () => {
    const text = around(
      ', ADetailer prompt: "[PROMPT], smile", ADetailer negative prompt: "[PROMPT], blurry"',
    );
    expect(said(text)).toMatchObject({
      prompt: '1girl, garden, smile',
      negative: 'ugly, lowres, blurry',
    });
    const request = {
      prompt: main.prompt,
      negative_prompt: main.negative,
      args: [{ ad_model: 'face.pt', ad_negative_prompt: '[PROMPT]' }],
    };
    expect(said(JSON.stringify(request))).toMatchObject(main);
  });

  it('are meant where a tab or a piece between [SEP] says nothing', () => {
    expect(said(around(''))).toEqual({ ...main, texts: null, notices: [] });
    const pieces = ', ADetailer prompt: "smile [SEP] [SEP] frown", ADetailer negative prompt: "a[SEP]"';
    expect(said(around(pieces))).toMatchObject({
      prompt: 'frown',
      negative: main.negative,
      texts: [
        { prompt: 'smile', negative: 'a', skip: false },
        { prompt: main.prompt, negative: main.negative, skip: false },
        { prompt: 'frown', negative: main.negative, skip: false },
      ],
      notices: [],
    });
  });

  it("are the document's where the text does not hold them", () => {
    const tab = JSON.stringify({ ad_model: 'face.pt', ad_prompt: '[SEP]frown' });
    expect(said(tab, main)).toMatchObject({
      negative: main.negative,
      texts: [{ prompt: main.prompt }, { prompt: 'frown' }],
      notices: [],
    });
  });

  it('are not what is said last where nobody knows them: the phrase is, and a sentence says so', () => {
    const { texts, notices } = said(JSON.stringify({ ad_model: 'face.pt', ad_prompt: '[SEP]frown' }));
    expect(texts).toEqual([
      { prompt: '', skip: false },
      { prompt: 'frown', skip: false },
    ]);
    expect(notices).toEqual([expect.stringMatching(/face\.pt.*own prompt.*unknown/)]);
  });
});

describe('ADetailer settings as API arguments', () => {
  const unit = {
    ad_model: 'yolov8x-worldv2.pt',
    ad_model_classes: 'silver ring, watch,',
    ad_confidence: 0.2,
    ad_mask_k_largest: 0,
    ad_use_steps: false,
    ad_steps: 28,
    ad_use_cfg_scale: true,
    ad_cfg_scale: 7,
    ad_checkpoint: null,
    ad_mask_merge_invert: 'None',
    ad_denoising_strength: 0.004,
    ad_inpaint_only_masked_padding: 32,
    ad_prompt: '<lora:detail:0.8> __colour__ shiny, {gold|silver {matt|polished}} [PROMPT]',
  };
  const payload = {
    prompt: 'still life',
    alwayson_scripts: { ADetailer: { args: [true, false, unit, { ad_model: 'None' }] } },
  };

  it.each([
    ['a request', payload],
    ['its arguments', [true, unit]],
    ['one tab', unit],
  ])('are found in %s', (_, value) => {
    const { concepts, notices } = importAdetailer(JSON.stringify(value));
    expect(concepts.map(({ phrase }) => phrase)).toEqual(['silver ring', 'watch']);
    expect(concepts[1]).toMatchObject({ threshold: 0.2, denoise: 0, maxObjects: 100 });
    expect(concepts[1]?.prompt).toMatch(/^shiny, gold( still life)?$/);
    expect(notices.map(String)).toEqual([
      expect.stringMatching(/: cfg scale have no counterpart/),
      expect.stringMatching(/<lora:detail:0\.8>.*__colour__.*first option/),
      ...(value === payload ? [] : [expect.stringMatching(/own prompt, which is unknown/)]),
    ]);
  });

  it('a tab that is switched off is none, and neither is text without any', () => {
    expect(importAdetailer(JSON.stringify({ ...unit, ad_tab_enable: false })).concepts).toEqual([]);
    for (const text of [
      '',
      '{}',
      '[',
      'null',
      '[[[]]]',
      'a cat\nSteps: 20',
      'ADetailer prompt: x',
      '{"ad_model": 3}',
    ])
      try {
        const { concepts } = importAdetailer(text);
        expect(concepts).toHaveLength(text === '{"ad_model": 3}' ? 1 : -1);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
        expect((error as AppError).message).toMatch(/no ADetailer settings.*Paste/);
      }
  });
});

describe('hostile ADetailer settings', () => {
  const words = fc.constantFrom(
    'ADetailer model: ',
    'ADetailer prompt 2nd: ',
    'constructor',
    '__proto__',
    '[SEP]',
    '[PROMPT]',
    '"',
    '\\',
    ',',
    ':',
    '\n',
    'Steps: ',
    '{a|',
    '}',
    'NaN',
    '-1e999',
    'é',
  );

  it('make valid concepts or one error', () => {
    fc.assert(
      fc.property(fc.array(words, { maxLength: 40 }), (parts) => {
        try {
          for (const concept of importAdetailer(parts.join('')).concepts)
            expect(v.safeParse(conceptSchema, concept).issues).toBeUndefined();
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 500 },
    );
  });

  it('have no more than twenty tabs', () => {
    const tabs = Array.from({ length: 50 }, () => ({ ad_model: 'face.pt' }));
    expect(importAdetailer(JSON.stringify(tabs)).concepts).toHaveLength(20);
  });

  it('of a megabyte are read before the test times out, and stay small', () => {
    const big = [
      ':,'.repeat(500_000),
      'ADetailer model: f, ADetailer prompt: ' + '[PROMPT]'.repeat(120_000),
      'x'.repeat(900_000) +
        '\nSteps: 1, ADetailer model: f, ADetailer prompt: "' +
        '[PROMPT][SEP]'.repeat(50_000) +
        '"',
      'ADetailer model: f, ADetailer prompt: ' + '{'.repeat(500_000) + '|',
      'ADetailer model: f, ADetailer prompt: ' + '_'.repeat(500_000),
      JSON.stringify(Array.from({ length: 50_000 }, () => ({ ad_model: 'f' }))),
      '['.repeat(200_000) + ']'.repeat(200_000),
      'x'.repeat(30_000) + '\nSteps: 1, ADetailer model: f, ADetailer prompt: ' + '[PROMPT]'.repeat(100_000),
      'a:"\\",'.repeat(150_000),
    ];
    for (const text of big) {
      try {
        const { concepts, sequences } = importAdetailer(text);
        expect(concepts.length).toBeLessThanOrEqual(50);
        expect(JSON.stringify(concepts).length).toBeLessThan(1e6);
        for (const sequence of sequences) expect(sequence?.texts.length ?? 0).toBeLessThanOrEqual(2000);
      } catch (error) {
        expect(error).toBeInstanceOf(AppError);
      }
    }
  });
});

describe('what a detector looks for', () => {
  it.each([
    ['face_yolov8n.pt', 'face'],
    ['bbox/face_yolov8m.pt', 'face'],
    ['segm\\person_yolov8m-seg.pt', 'person'],
    ['hand_yolov9c.pt', 'hand'],
    ['mediapipe_face_full', 'face'],
    ['mediapipe_face_mesh_eyes_only', 'eye'],
    ['deepfashion2_yolov8s-seg.pt', 'clothing'],
    ['Eyes_v1.pt', 'eye'],
    ['left_foot_detector_v2.pt', 'left foot'],
    ['constructor.pt', 'constructor'],
    ['yolov8x-worldv2.pt', ''],
    ['', ''],
  ])('%s: "%s"', (name, phrase) => {
    expect(phraseOfDetector(name)).toBe(phrase);
  });
});

describe('prompts of detailers', () => {
  it('lose what only their own tool understands, and keep weights and line ends', () => {
    expect(cleanPrompt('(sharp:1.2), {2$$a|b}, {0.5::x|0.5::y}\n__a/b*__ end')).toEqual({
      text: '(sharp:1.2), a, x\n end',
      removed: ['{2$$a|b}', '{0.5::x|0.5::y}', '__a/b*__'],
    });
    expect(cleanPrompt('snake_case, __init')).toEqual({ text: 'snake_case, __init', removed: [] });
  });
});
