import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { importImpact } from '#domain/concepts/import-impact.ts';
import { parseWildcard } from '#domain/concepts/impact-wildcard.ts';
import { AppError } from '#domain/job/app-error.ts';
import { conceptSchema } from '#domain/job/schema.ts';

const PICTURE = { width: 1000, height: 500 };

const faceInputs = {
  guide_size: 512,
  guide_size_for: true,
  max_size: 1024,
  seed: 7,
  steps: 24,
  cfg: 6.5,
  sampler_name: 'dpmpp_2m',
  scheduler: 'karras',
  denoise: 0.45,
  feather: 12,
  noise_mask: true,
  force_inpaint: true,
  bbox_threshold: 0.4,
  bbox_dilation: 10,
  bbox_crop_factor: 3,
  drop_size: 50,
  wildcard: '',
  cycle: 1,
  bbox_detector: ['2', 0],
  positive: ['3', 0],
  negative: ['4', 0],
  image: ['9', 0],
};

const prompt = (face: object = {}, more: object = {}) => ({
  '1': { class_type: 'FaceDetailer', inputs: { ...faceInputs, ...face } },
  '2': { class_type: 'UltralyticsDetectorProvider', inputs: { model_name: 'bbox/face_yolov8m.pt' } },
  '3': { class_type: 'CLIPTextEncode', inputs: { text: 'portrait, <lora:x:1> freckles', clip: ['8', 1] } },
  '4': { class_type: 'CLIPTextEncode', inputs: { text: 'blurry', clip: ['8', 1] } },
  '8': { class_type: 'CheckpointLoaderSimple', inputs: { ckpt_name: 'a.safetensors' } },
  ...more,
});

const read = (graph: unknown) => importImpact(JSON.stringify(graph), PICTURE);

describe('an Impact Pack prompt', () => {
  it('a FaceDetailer is a concept with its settings', () => {
    const { concepts, sequences, detail, sampling, notices } = read(prompt());
    expect(concepts).toHaveLength(1);
    expect(concepts[0]).toMatchObject({
      phrase: 'face',
      prompt: 'portrait, freckles',
      negative: 'blurry',
      threshold: 0.4,
      denoise: 0.45,
      rules: { minArea: 0.005, order: 'score', mask: { growPx: 10 } },
    });
    expect(v.is(conceptSchema, concepts[0])).toBe(true);
    expect(sequences).toEqual([null]);
    expect(detail).toEqual({ featherPx: 12, padding: 1 });
    expect(sampling).toEqual({ steps: 24, guidanceScale: 6.5, sampler: 'dpmpp_2m', scheduler: 'karras' });
    expect(notices.map(String)).toEqual([expect.stringMatching(/FaceDetailer 1.*<lora:x:1>/)]);
  });

  it('also inside what the API is sent', () => {
    expect(read({ client_id: 'x', prompt: prompt() }).concepts).toHaveLength(1);
  });

  it('says what has no counterpart', () => {
    const face = { cycle: 2, inpaint_model: true, sampler_name: 'uni_pc', scheduler: 'AYS SDXL' };
    const { notices, sampling } = read(prompt({ ...face, positive: null }));
    expect(notices.map(String)).toEqual([
      expect.stringMatching(/cycle 2, inpaint_model, uni_pc, AYS SDXL have no counterpart/),
    ]);
    expect(sampling).toEqual({ steps: 24, guidanceScale: 6.5 });
  });

  it('a detailer for SEGS takes its detector, the nearest one, and its labels', () => {
    const graph = prompt(
      {},
      {
        '20': {
          class_type: 'DetailerForEach',
          inputs: { segs: ['21', 0], image: ['1', 0], denoise: 0.3, steps: 24, cfg: 6.5, wildcard: '' },
        },
        '21': {
          class_type: 'BboxDetectorSEGS',
          inputs: {
            bbox_detector: ['22', 0],
            image: ['1', 0],
            threshold: 0.6,
            dilation: -4,
            crop_factor: 2,
            drop_size: 10,
            labels: 'Cat, dog',
          },
        },
        '22': { class_type: 'UltralyticsDetectorProvider', inputs: { model_name: 'segm/yolov8m-seg.pt' } },
      },
    );
    const { concepts, notices } = read(graph);
    expect(concepts.map(({ phrase, threshold }) => [phrase, threshold])).toEqual([
      ['face', 0.4],
      ['cat', 0.6],
      ['dog', 0.6],
    ]);
    expect(concepts[2]).toMatchObject({ denoise: 0.3, rules: { mask: { growPx: -4 } } });
    expect(new Set(concepts.map(({ id }) => id)).size).toBe(3);
    expect(notices.map(String)).toContainEqual(expect.stringMatching(/differently/));
  });

  it('the detector of an earlier detailer, whose picture comes in, is none of its own', () => {
    const chain = {
      '10': {
        class_type: 'FaceDetailer',
        inputs: { ...faceInputs, image: ['1', 0], bbox_detector: ['11', 0] },
      },
      '11': { class_type: 'Reroute', inputs: { in: ['12', 0] } },
      '12': { class_type: 'Reroute', inputs: { in: ['13', 0] } },
      '13': { class_type: 'UltralyticsDetectorProvider', inputs: { model_name: 'hand.pt' } },
    };
    expect(read(prompt({}, chain)).concepts.map(({ phrase }) => phrase)).toEqual(['face', 'hand']);
  });

  it('a pipe holds detector, wildcard and prompts', () => {
    const pipe = {
      '1': {
        class_type: 'FaceDetailerPipe',
        inputs: { denoise: 0.4, bbox_threshold: 0.5, detailer_pipe: ['30', 0] },
      },
      '30': {
        class_type: 'ToDetailerPipe',
        inputs: {
          wildcard: '[CONCAT] smiling',
          bbox_detector: ['31', 0],
          positive: ['3', 0],
          negative: ['4', 0],
        },
      },
      '31': { class_type: 'UltralyticsDetectorProvider', inputs: { model_name: 'hand_yolov8s.pt' } },
    };
    const [hand] = read(prompt({}, pipe)).concepts;
    expect(hand).toMatchObject({ phrase: 'hand', prompt: 'portrait, freckles, smiling', negative: 'blurry' });
  });

  it('labels in a wildcard are concepts of their own', () => {
    const wildcard = '[LAB]\n[ALL] sharp\n[Face] smile, freckles\n[hand] {five|six} fingers';
    const { concepts } = read(prompt({ wildcard }));
    expect(concepts.map(({ phrase, prompt: said }) => [phrase, said])).toEqual([
      ['face', 'sharp, smile, freckles'],
      ['hand', 'sharp, five fingers'],
    ]);
  });

  it('a sequence in a wildcard is kept with its order', () => {
    const { concepts, sequences } = read(prompt({ wildcard: '[DSC][CONCAT] old man[SEP][SKIP][SEP] boy' }));
    expect(concepts[0]).toMatchObject({
      prompt: 'portrait, freckles, boy',
      rules: { order: 'left-to-right' },
    });
    expect(sequences[0]).toEqual({
      from: 'end',
      texts: [
        { prompt: 'portrait, freckles, old man', skip: false },
        { skip: true },
        { prompt: 'portrait, freckles, boy', skip: false },
      ],
    });
  });
});

describe('an Impact Pack workflow', () => {
  const widgets = [
    512, true, 1024, 1, 'fixed', 20, 8, 'euler', 'normal', 0.5, 5, true, true, 0.35, 6, 2,
    'center-1', 0, 0.93, 0, 0.7, 'False', 10, 'smile', 1, false, 20,
  ]; // prettier-ignore
  const workflow = (node: object = {}) => ({
    nodes: [
      {
        id: 5,
        type: 'FaceDetailer',
        mode: 0,
        inputs: [
          { name: 'image', link: null },
          { name: 'bbox_detector', link: 11 },
          { name: 'positive', link: 12 },
        ],
        widgets_values: widgets,
        ...node,
      },
      { id: 6, type: 'Reroute', inputs: [{ name: '', link: 13 }] },
      { id: 7, type: 'UltralyticsDetectorProvider', widgets_values: ['bbox/face_yolov8m.pt'] },
      { id: 8, type: 'CLIPTextEncode', widgets_values: ['a portrait'] },
    ],
    links: [
      [11, 6, 0, 5, 1, 'BBOX_DETECTOR'],
      [12, 8, 0, 5, 2, 'CONDITIONING'],
      [13, 7, 0, 6, 0, '*'],
    ],
  });

  it('is read by the order of its widgets and its links', () => {
    const { concepts, detail, sampling, notices } = read(workflow());
    expect(concepts).toHaveLength(1);
    expect(concepts[0]).toMatchObject({
      phrase: 'face',
      prompt: 'smile',
      threshold: 0.35,
      denoise: 0.5,
      rules: { minArea: 0.0002, mask: { growPx: 6 } },
    });
    expect(detail).toEqual({ featherPx: 5, padding: 0.5 });
    expect(sampling).toEqual({ steps: 20, guidanceScale: 8, sampler: 'euler', scheduler: 'normal' });
    expect(notices).toEqual([]);
  });

  it('whose widgets stand elsewhere gives the concept and says that its settings are not known', () => {
    const { concepts, notices } = read(workflow({ widgets_values: ['new', ...widgets] }));
    expect(concepts[0]).toMatchObject({ phrase: 'face', prompt: 'a portrait', denoise: 0.5 });
    expect(notices.map(String)).toEqual([expect.stringMatching(/FaceDetailer 5.*order.*API form/)]);
  });

  it.each([2, 4])('a node in mode %i is not there', (mode) => {
    expect(() => read(workflow({ mode }))).toThrow(/no detailer.*Choose another/);
  });
});

describe('what is no Impact Pack graph', () => {
  it.each([
    ['{', /no complete JSON/],
    ['', /no complete JSON/],
    ['null', /no ComfyUI graph/],
    ['[]', /no ComfyUI graph/],
    ['{"a": 1}', /no ComfyUI graph/],
    ['{"nodes": []}', /no detailer/],
    [
      '{"nodes": [null, 3, {"type": "constructor", "widgets_values": [1]}], "links": [[1], null]}',
      /no detailer/,
    ],
  ])('%s is refused with a way on', (text, sentence) => {
    expect(() => importImpact(text, PICTURE)).toThrow(AppError);
    expect(() => importImpact(text, PICTURE)).toThrow(sentence);
  });

  it('graphs that run in circles or hold anything anywhere make valid concepts', () => {
    const value = fc.oneof(
      fc.constantFrom<unknown[]>(
        '[LAB][face] x',
        '[SEP]',
        null,
        true,
        -1,
        Infinity,
        'euler',
        [],
        {},
        ['1', 0],
        ['3', 0],
      ),
      fc.double(),
    );
    const names = [
      ...Object.keys(faceInputs),
      'segs',
      'detailer_pipe',
      'basic_pipe',
      'labels',
      'text',
      'threshold',
    ];
    const node = fc.record({
      class_type: fc.constantFrom(
        'FaceDetailer',
        'DetailerForEachPipe',
        'BboxDetectorSEGS',
        'CLIPTextEncode',
        'ToDetailerPipe',
        'constructor',
      ),
      inputs: fc.dictionary(fc.constantFrom(...names), value),
    });
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom('1', '2', '3', '__proto__'), node), (graph) => {
        try {
          for (const concept of read(graph).concepts)
            expect(v.safeParse(conceptSchema, concept).issues).toBeUndefined();
        } catch (error) {
          expect(error).toBeInstanceOf(AppError);
        }
      }),
      { numRuns: 500 },
    );
  });
});

describe('wildcard texts of detailers', () => {
  it('tell the order of sizes, and leave out random order and seeds', () => {
    expect(parseWildcard('[ASC-SIZE] a [SEP] b')).toMatchObject({ order: 'area', sequence: { from: 'end' } });
    expect(parseWildcard('[dsc-size] a [SEP] b')).toMatchObject({
      order: 'area',
      sequence: { from: 'start' },
    });
    expect(parseWildcard('[RND] a [SEED:42] b')).toEqual({
      labels: null,
      sequence: { from: 'start', texts: [{ prompt: 'a b', skip: false }] },
      order: null,
      adds: false,
      removed: ['[RND]', '[SEED:42]'],
    });
  });

  it('stop for all that follow', () => {
    expect(parseWildcard('a [SEP] [STOP] [SEP] b').sequence.texts).toEqual([
      { prompt: 'a', skip: false },
      { skip: true },
    ]);
    expect(parseWildcard('').sequence.texts).toEqual([{ skip: false }]);
  });
});
