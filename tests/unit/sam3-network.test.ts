import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { sam3Model } from '#inference/segmenter-model.ts';
import { disposeAll, joinRows, pickRows, Sam3Networks, type Outputs } from '#inference/segmenter-networks.ts';
import { Sam3Predictor } from '#inference/segmenter-points.ts';
import { Sam3Segmenter } from '#inference/segmenter.ts';
import type { Segmenter } from '#pipelines/services.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { writeSafetensors } from '#formats/safetensors/write.ts';
import { sam3KeyShapes } from '#models/sam3/key-table.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import { sampleStride } from '../../src/dev/golden/sam3-samples.ts';
import { ruleImage, ruleModel, ruleTensor } from '../../src/dev/golden/sam3-weights.ts';
import { CAT, config, CountingRuntime } from './sam3-tiny.ts';

describe('weights by rule', () => {
  test.each([
    [
      'detector_model.detr_decoder.box_head.layer3.weight',
      [4, 64],
      [-0.012841396033763885, -0.07557298243045807],
    ],
    [
      'tracker_neck.fpn_layers.0.scale_layers.2.weight',
      [32, 16, 2, 2],
      [0.1798308789730072, -0.09987827390432358],
    ],
    [
      'detector_model.geometry_encoder.cls_embed.weight',
      [1, 64],
      [-0.2937711477279663, -0.05185675621032715],
    ],
    [
      'tracker_model.prompt_encoder.shared_embedding.positional_embedding',
      [2, 32],
      [-1.3727586269378662, 0.23165813088417053],
    ],
    [
      'detector_model.vision_encoder.backbone.layer_norm.weight',
      [64],
      [1.137019395828247, 0.993256688117981],
    ],
  ])('%s is what the reference was run with, bit for bit', (key, dims, [first, last]) => {
    const { data } = ruleTensor(key, dims);
    expect([data[0], data.at(-1)]).toEqual([first, last]);
  });
});

describe('sub-sampled references', () => {
  test.each([
    [147456, 1017, 145],
    [36864, 997, 37],
    [6912, 988, 7],
    [72000, 1015, 71],
    [24000, 1044, 23],
    [4736, 948, 5],
    [18432, 971, 19],
    [2304, 2304, 1],
    [1000, 100, 10],
  ])('%i values kept as %i are every %ith', (count, stored, stride) => {
    expect(sampleStride(count, stored)).toBe(stride);
  });

  test('lengths no stride explains are refused', () => {
    expect(sampleStride(1000, 999)).toBeNull();
    expect(sampleStride(10, 11)).toBeNull();
  });
});

describe('grounding', () => {
  const networks = new Sam3Networks(new OrtNodeRuntime({ threads: 1 }), ruleModel(config), true);
  let features: Outputs;
  let text: FloatTensor;
  const boxes = [
    { cx: 0.3, cy: 0.4, w: 0.2, h: 0.5, positive: true },
    { cx: 0.7, cy: 0.2, w: 0.4, h: 0.1, positive: false },
  ];

  beforeAll(async () => {
    features = await networks.encode(ruleImage(networks.config.imageSize), 'vision+tracker');
    text = await networks.text(CAT);
  });
  afterAll(async () => {
    disposeAll(features);
    await networks.release();
  });

  const maps = () => ({ fpn0: features['fpn0']!, fpn1: features['fpn1']!, fpn2: features['fpn2']! });
  async function logits(prompt: FloatTensor): Promise<Float32Array> {
    const outputs = await networks.ground(maps(), prompt);
    const { data } = await outputs['logits']!.read();
    disposeAll(outputs);
    return data as Float32Array;
  }
  const distance = (a: Float32Array, b: Float32Array) => Math.max(...a.map((v, i) => Math.abs(v - b[i]!)));

  test('the order of exemplar boxes does not matter', async () => {
    const geometry = (list: typeof boxes) => networks.geometry(maps().fpn2, list);
    const one = await logits(joinRows(text, await geometry(boxes)));
    const other = await logits(joinRows(text, await geometry([...boxes].reverse())));
    expect(distance(one, other)).toBeLessThan(1e-5);
  });

  test('the CLS token changes the answer, so a prompt without it is another model', async () => {
    const cls = await networks.geometry(maps().fpn2, []);
    expect(cls.dims).toEqual([1, 1, networks.config.d]);
    expect(distance(await logits(joinRows(text, cls)), await logits(text))).toBeGreaterThan(0.01);
  });

  test('tokens after the end do not change those before it', async () => {
    const padded = await networks.text([...CAT, 0, 0, 0]);
    expect(distance(pickRows(padded, [0, 1, 2, 3]).data, text.data)).toBeLessThan(1e-5);
  });

  test('clicks answer with one or three masks; a detector-only file says why it cannot', async () => {
    const predictor = await Sam3Predictor.create(networks);
    const { trk_fpn2, trk_s0, trk_s1 } = features;
    const maps = { trk_fpn2: trk_fpn2!, trk_s0: trk_s0!, trk_s1: trk_s1! };
    const points = [{ x: 50, y: 60, label: 'positive' as const }];
    const several = await predictor.predict(maps, { width: 200, height: 120 }, { points, ambiguous: true });
    expect(several.masks.map((mask) => mask.length)).toEqual([2304, 2304, 2304]);
    const one = await predictor.predict(maps, { width: 200, height: 120 }, { points, ambiguous: false });
    expect(one.masks).toHaveLength(1);
    const model = ruleModel(config);
    const detector = new Sam3Networks(new OrtNodeRuntime(), {
      ...model,
      config: { ...model.config, tracker: null },
    });
    await expect(Sam3Predictor.create(detector)).rejects.toThrow(/no interactive predictor/);
  });
});

describe('details the reference tensors do not reach', () => {
  /** The golden model with some of its weights replaced by constants. */
  function altered(values: Readonly<Record<string, number>>) {
    const model = ruleModel(config);
    const float = async (key: string) => {
      const tensor = await model.weights.float(key);
      const value = values[key];
      if (value !== undefined) tensor.data.fill(value);
      return tensor;
    };
    return { ...model, weights: { ...model.weights, float } };
  }

  async function grounded(networks: Sam3Networks) {
    const { d } = networks.config;
    const side = networks.config.imageSize / networks.config.patch;
    const map = (scale: number) => ({
      dims: [1, d, side * scale, side * scale],
      data: Float32Array.from({ length: d * (side * scale) ** 2 }, (_, i) => Math.sin(i)),
    });
    const prompt = { dims: [1, 3, d], data: Float32Array.from({ length: 3 * d }, (_, i) => Math.cos(i)) };
    const outputs = await networks.ground({ fpn0: map(4), fpn1: map(2), fpn2: map(1) }, prompt);
    await networks.release();
    const read = async (name: string) => (await outputs[name]!.read()).data as Float32Array;
    return { boxes: await read('boxes'), logits: await read('logits') };
  }

  test('a box coordinate below 1e-3 is refined as if it were 1e-3', async () => {
    const at = 'detector_model.detr_decoder';
    const still = { [`${at}.box_head.layer3.weight`]: 0, [`${at}.box_head.layer3.bias`]: 0 };
    const model = altered({ ...still, [`${at}.reference_points.weight`]: -20 });
    const { boxes } = await grounded(new Sam3Networks(new OrtNodeRuntime({ threads: 1 }), model));
    for (const value of boxes) expect(value).toBeCloseTo(1e-3, 5);
  });

  test('scores are held at ±12 before presence', async () => {
    const model = altered({ 'detector_model.dot_product_scoring.query_proj.bias': 1e4 });
    const { logits } = await grounded(new Sam3Networks(new OrtNodeRuntime({ threads: 1 }), model));
    for (const value of logits) expect(Math.abs(value)).toBe(12);
  });

  test('16-bit graphs are well typed and stay within a hundredth', async () => {
    const model = ruleModel(config);
    const exact = await grounded(new Sam3Networks(new OrtNodeRuntime({ threads: 1 }), model));
    const half = new OrtNodeRuntime({ threads: 1, dtype: 'f16', attention: 'plain' });
    const rounded = await grounded(new Sam3Networks(half, model));
    rounded.boxes.forEach((value, i) => {
      expect(Math.abs(value - exact.boxes[i]!)).toBeLessThan(0.01);
    });
  });
});

describe('model files', () => {
  const sizes = { ...ruleModel(config).config, tracker: null };
  const shapes = sam3KeyShapes(sizes);
  const metadata = { 'luna.config': JSON.stringify(config) };

  async function opened(tensors: ReadonlyMap<string, readonly number[]>) {
    const list = [...tensors].map(([name, dims]) => {
      const bytes = new Uint8Array(dims.reduce((a, b) => a * b, 1) * 2);
      return { name, dtype: 'F16', dims, bytes };
    });
    const file = writeSafetensors(list, metadata);
    const read = (begin: number, end: number) => Promise.resolve(file.slice(begin, end));
    return SafetensorsFile.open({ name: 'tiny.safetensors', size: file.length, read });
  }

  test('sizes come from shapes and metadata', async () => {
    expect(sam3Model(await opened(shapes)).config).toEqual(sizes);
  });

  test('a missing tensor, a wrong shape and another family are refused in a sentence', async () => {
    const key = 'detector_model.mask_decoder.semantic_projection.weight';
    const without = new Map([...shapes].filter(([name]) => name !== key));
    const file = await opened(without);
    expect(() => sam3Model(file)).toThrow(
      /"tiny.safetensors" is an incomplete SAM 3 file: 1 tensors .* first "detector_model.mask_decoder.semantic/,
    );
    const bent = await opened(new Map([...shapes, [key, [1, 63, 1, 1]]]));
    expect(() => sam3Model(bent)).toThrow(
      /semantic_projection.weight" is \[1, 63, 1, 1\] where the others need \[1, 64, 1, 1\]/,
    );
    const other = await opened(new Map([['model.diffusion_model.out.2.bias', [4]]]));
    expect(() => sam3Model(other)).toThrow(/not a SAM 3 file/);
  });
});

describe('segmenter', () => {
  const runtime = new CountingRuntime();
  const segmenter = new Sam3Segmenter(runtime, ruleModel(config), {
    tokenize: (phrase, context) => ({
      ids: CAT.slice(0, context),
      readAs: phrase.length > 20 ? 'a very' : null,
    }),
  });
  const asService: Segmenter = segmenter;
  const data = Uint8ClampedArray.from({ length: 40 * 30 * 4 }, (_, i) => (i * 37) % 251);
  afterAll(() => segmenter.release());

  test('finds queries above the threshold with boxes inside the picture and masks on its grid', async () => {
    const image = await asService.encodeImage({ width: 40, height: 30, data });
    const { presence, detections } = await image.detect('cat', 0);
    expect(detections).toHaveLength(12);
    for (const { box, score, logits } of detections) {
      expect(score).toBeGreaterThan(0);
      expect(score).toBeLessThanOrEqual(presence);
      expect(box.x + box.width).toBeLessThanOrEqual(1 + 1e-9);
      expect([logits.width, logits.height, logits.data.length]).toEqual([48, 48, 2304]);
    }
    const sorted = detections.map(({ score }) => score).sort((a, b) => b - a);
    const some = await image.detect('cat', sorted[3]!);
    expect(some.detections.map(({ score }) => score).sort((a, b) => b - a)).toEqual(sorted.slice(0, 3));
    const kept = detections.filter(({ score }) => score > sorted[3]!);
    some.detections.forEach(({ logits }, i) => {
      const same = kept[i]!.logits.data;
      expect(Math.max(...logits.data.map((v, j) => Math.abs(v - same[j]!)))).toBeLessThan(1e-4);
    });
    image.dispose();
  });

  test('encodes a picture once, a phrase once, and computes masks only where something was found', async () => {
    runtime.runs.clear();
    const image = await segmenter.encodeImage({ width: 40, height: 30, data });
    expect((await image.detect('a dog', 1)).detections).toEqual([]);
    await image.detect('a dog', 1);
    expect((await image.detect('a very long description', 1)).readAs).toBe('a very');
    image.dispose();
    expect(Object.fromEntries(runtime.runs)).toEqual({
      'SAM 3 vision+tracker': 1,
      'SAM 3 text': 2,
      'SAM 3 geometry': 1,
      'SAM 3 grounding': 3,
    });
  });
});
