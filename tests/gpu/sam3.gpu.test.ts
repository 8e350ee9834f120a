import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { GpuDevice } from '#gpu/gpu-device.ts';
import { loadOrt } from '#inference/ort-web.ts';
import { OrtWebRuntime } from '#inference/ort-web-runtime.ts';
import type { Feed } from '#inference/runtime.ts';
import { joinRows, Sam3Networks, type Outputs } from '#inference/segmenter-networks.ts';
import { Sam3Predictor } from '#inference/segmenter-points.ts';
import { rectToRle } from '#domain/mask/shapes.ts';
import { maskPrompt } from '#domain/sam3/mask-prompt.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import { ruleImage, ruleModel } from '../../src/dev/golden/sam3-weights.ts';
import config from '../golden/data/sam3/config.json';
import { expectClose } from './fixtures.ts';

/** README of the goldens: 1e-3 on WebGPU. */
const TOLERANCE = 1e-3;

const model = ruleModel(config);
const PICTURE = { width: 200, height: 120 };
const BOX = { cx: 0.4, cy: 0.5, w: 0.3, h: 0.4, positive: true };

/** Every SAM 3 graph once on WebGPU, where a node on the CPU is an error, against the wasm backend. */
describe('SAM 3 graphs on WebGPU', () => {
  let gpu: Sam3Networks;
  let wasm: Sam3Networks;
  let onGpu: Outputs;
  let onWasm: Outputs;

  beforeAll(async () => {
    const build = await loadOrt();
    const device = await GpuDevice.request();
    if (!device) throw new Error('headless Chromium gave no WebGPU adapter: see src/dev/chromium.ts');
    const emission = { dtype: 'f32', attention: 'plain' } as const;
    const devices = { device: () => Promise.resolve(device.device), release: () => undefined };
    gpu = new Sam3Networks(new OrtWebRuntime(build, devices, 'WebGPU', emission), model, true);
    wasm = new Sam3Networks(new OrtWebRuntime(build, null, 'wasm', emission), model, true);
    const image = ruleImage(model.config.imageSize);
    onGpu = await gpu.encode(image, 'vision+tracker');
    onWasm = await wasm.encode(image, 'vision+tracker');
  });
  afterAll(async () => {
    await gpu.release();
    await wasm.release();
  });

  async function compareOutputs(a: Outputs, b: Outputs): Promise<void> {
    expect(Object.keys(a).sort()).toEqual(Object.keys(b).sort());
    for (const [name, output] of Object.entries(a))
      expectClose(await floats(output), await floats(b[name]!), TOLERANCE);
  }
  const floats = async (output: Outputs[string]) => (await output.read()).data as Float32Array;
  const pick = (outputs: Outputs, ...names: string[]) =>
    Object.fromEntries(names.map((name) => [name, outputs[name] as Feed]));

  test('vision with both necks', async () => {
    await compareOutputs(onGpu, onWasm);
  });

  test('text, geometry with and without boxes, grounding, mask head', async () => {
    const text = await wasm.text([510, 17, 42, 511]);
    expectClose((await gpu.text([510, 17, 42, 511])).data, text.data, TOLERANCE);
    const fpn2 = { gpu: onGpu['fpn2']!, wasm: onWasm['fpn2']! };
    const geometry = await wasm.geometry(fpn2.wasm, [BOX]);
    expectClose((await gpu.geometry(fpn2.gpu, [BOX])).data, geometry.data, TOLERANCE);
    const cls = await wasm.geometry(fpn2.wasm, []);
    expectClose((await gpu.geometry(fpn2.gpu, [])).data, cls.data, TOLERANCE);
    const maps = ['fpn0', 'fpn1', 'fpn2'];
    const prompt = joinRows(text, geometry);
    const a = await gpu.ground(pick(onGpu, ...maps) as never, prompt);
    const b = await wasm.ground(pick(onWasm, ...maps) as never, prompt);
    await compareOutputs(a, b);
    const q = (await b['mask_queries']!.read()) as FloatTensor;
    const qb = (await b['mask_query_bias']!.read()) as FloatTensor;
    const masks = await gpu.masks(q, qb, a['pixel_embed']!);
    (await wasm.masks(q, qb, b['pixel_embed']!)).forEach((mask, i) => {
      expectClose(masks[i]!, mask, TOLERANCE);
    });
  });

  test.each([false, true])('interactive predictor, with a mask prompt: %s', async (withMask) => {
    const side = (model.config.imageSize / model.config.patch) * 4;
    const data = Float32Array.from({ length: side * side }, (_, i) => Math.sin(i / 50) * 5);
    const prompt = {
      points: [{ x: 60, y: 40, label: 'positive' as const }],
      ambiguous: true,
      ...(withMask && { mask: { dims: [1, 1, side, side], data } }),
    };
    const maps = ['trk_fpn2', 'trk_s0', 'trk_s1'];
    const a = await (await Sam3Predictor.create(gpu)).run(pick(onGpu, ...maps) as never, PICTURE, prompt);
    const b = await (await Sam3Predictor.create(wasm)).run(pick(onWasm, ...maps) as never, PICTURE, prompt);
    await compareOutputs(a, b);
  });

  test('interactive predictor by a mask alone, with no point at all', async () => {
    const side = (model.config.imageSize / model.config.patch) * 4;
    const mask = maskPrompt(rectToRle({ x: 20, y: 10, width: 90, height: 60 }, PICTURE), side);
    const prompt = { points: [], mask, ambiguous: false };
    const maps = ['trk_fpn2', 'trk_s0', 'trk_s1'];
    const a = await (await Sam3Predictor.create(gpu)).run(pick(onGpu, ...maps) as never, PICTURE, prompt);
    const b = await (await Sam3Predictor.create(wasm)).run(pick(onWasm, ...maps) as never, PICTURE, prompt);
    await compareOutputs(a, b);
  });
});
