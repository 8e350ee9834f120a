import { describe, expect, it, vi } from 'vitest';
import { imageAttention, ipAdapterLayers } from '#models/ip-adapter/layers.ts';
import { size } from '#domain/geometry/rect.ts';
import { floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';
import { SdxlDenoiser } from '#inference/denoiser.ts';
import type { Feed, NetworkRuntime } from '#inference/runtime.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { inpaintMask, maskedPicture } from '#pipelines/inpaint.ts';
import { refine } from '#pipelines/refine.ts';
import type { DenoiserItem, Services } from '#pipelines/services.ts';
import { concept, detection, fakeServices, request, testPicture } from './pipelines-fakes.ts';
import { randomTensor, randomWeights, tinyUnet } from './unet-keymaps.ts';

const CHANNELS = 3;
const LATENT = size<'latent'>(8, 8);
const { config, weights } = tinyUnet(CHANNELS, 2 * CHANNELS + 1);
const node = new OrtNodeRuntime({ threads: 1 });

/** The inpainting UNet, and what is fed to it. */
function inpainter() {
  const feeds: Readonly<Record<string, Feed>>[] = [];
  const runtime: NetworkRuntime = {
    description: '',
    emission: node.emission,
    load: async (...args) => {
      const network = await node.load(...args);
      return {
        name: network.name,
        run: (one, kept) => {
          feeds.push(one);
          return network.run(one, kept);
        },
        release: () => network.release(),
      };
    },
  };
  const shapes = ipAdapterLayers(config).flatMap(({ prefix, channels }) =>
    ['to_k_ip', 'to_v_ip'].map(
      (name) => [`${prefix}.${name}.weight`, [channels, config.contextDim]] as const,
    ),
  );
  const adapter = { weights: randomWeights(new Map(shapes)), attention: imageAttention(config, 1) };
  return { feeds, denoiser: new SdxlDenoiser(runtime, { config, weights, adapter }) };
}

const text = (seed: string) => ({
  context: randomTensor([1, 4, config.contextDim], seed),
  pooled: randomTensor([1, config.admDim - 1536], `${seed} pooled`),
});

function item(mask: FloatTensor, masked: FloatTensor): DenoiserItem {
  return {
    positive: text('positive'),
    negative: text('negative'),
    anchor: null,
    anchorNegative: null,
    anchorScale: 0,
    anchorPreset: 'all',
    anchorRange: { start: 0, end: 1 },
    sizeIds: [64, 64, 0, 0, 64, 64],
    inpaint: { mask, masked },
  };
}

const half = floatTensor(
  [1, 8, 8],
  Float32Array.from({ length: 64 }, (_, i) => (i < 32 ? 1 : 0)),
);
const around = randomTensor([CHANNELS, 8, 8], 'around');

describe('inpainting models', () => {
  it('read c_in·x, the mask, the masked picture, in this order and on both sides of the guidance', async () => {
    const { feeds, denoiser } = inpainter();
    expect([denoiser.inpaints, denoiser.latentChannels]).toEqual([true, CHANNELS]);
    const batch = await denoiser.prepare([item(half, around)], LATENT, 3);
    const x = randomTensor([1, CHANNELS, 8, 8], 'x');
    const sigma = 2;
    await batch.denoise(x, Float32Array.of(sigma));
    batch.dispose();
    const fed = feeds.find((one) => 'x' in one)?.['x'] as FloatTensor;
    expect(fed.dims).toEqual([2, 7, 8, 8]);
    const row = [...x.data.map((value) => value / Math.sqrt(sigma ** 2 + 1)), ...half.data, ...around.data];
    [...row, ...row].forEach((value, i) => {
      expect(fed.data[i]).toBeCloseTo(value, 5);
    });
    await denoiser.release();
  });

  it('answer differently to another mask and to another picture', async () => {
    const { denoiser } = inpainter();
    const x = randomTensor([1, CHANNELS, 8, 8], 'x');
    const run = async (mask: FloatTensor, masked: FloatTensor) => {
      const batch = await denoiser.prepare([item(mask, masked)], LATENT, 1);
      const { data } = await batch.denoise(x, Float32Array.of(1));
      batch.dispose();
      return data;
    };
    const first = await run(half, around);
    const difference = (other: Float32Array) =>
      Math.max(...other.map((value, i) => Math.abs(value - first[i]!)));
    expect(difference(await run(inpaintMask(8), around))).toBeGreaterThan(1e-3);
    expect(difference(await run(half, randomTensor([CHANNELS, 8, 8], 'other')))).toBeGreaterThan(1e-3);
    expect(difference(await run(half, around))).toBe(0);
    await denoiser.release();
  });

  it('insist on mask and picture of the right size', async () => {
    const { denoiser } = inpainter();
    for (const inpaint of [null, { mask: half, masked: randomTensor([CHANNELS, 4, 4], 'small') }])
      await expect(denoiser.prepare([{ ...item(half, around), inpaint }], LATENT, 1)).rejects.toThrow(
        'an inpainting model got mask and picture of',
      );
  });
});

describe('the pipeline with an inpainting model', () => {
  /** Everything but the UNet is a stand-in; records what goes into the UNet and the autoencoder. */
  function services() {
    const fakes = fakeServices();
    const { denoiser } = inpainter();
    const prepare = vi.spyOn(denoiser, 'prepare');
    const encode = vi.fn(fakes.codec.encode);
    const all: Services = {
      ...fakes,
      codec: { ...fakes.codec, encode },
      prompts: { encode: (prompt) => Promise.resolve(text(prompt)), rest: () => Promise.resolve() },
      anchors: null,
      denoiser,
    };
    return { all, prepare, encode, release: () => denoiser.release() };
  }
  const job = () => ({ signal: new AbortController().signal, onEvent: () => undefined });
  const sampling = { sampler: 'euler', scheduler: 'karras', steps: 1, guidanceScale: 1 } as const;
  const picture = testPicture(128, 128);

  it('paints a detection from its surroundings and nothing else', async () => {
    const { all, prepare, encode, release } = services();
    const found = detection('d', 0.25, 0.25, 0.25);
    const asked = request({
      sampling,
      concepts: [concept({ anchorScale: 0 })],
      detections: [found],
      output: { canvasLongSidePx: 1024, exportLongSidePx: 1024 },
    });
    const { canvas } = await refine(picture, asked, all, job());
    const before = await all.pixels.resize(picture, { width: canvas.width, height: canvas.height });
    const pixel = ({ data }: { readonly data: Uint8ClampedArray }, x: number, y: number) =>
      [...data.slice((y * 1024 + x) * 4, (y * 1024 + x) * 4 + 4)].join();
    expect(pixel(canvas, 384, 384)).not.toBe(pixel(before as typeof canvas, 384, 384));
    expect(pixel(canvas, 800, 800)).toBe(pixel(before as typeof canvas, 800, 800));

    const { mask, masked } = prepare.mock.calls[0]![0][0]!.inpaint!;
    const side = mask.dims[1]!;
    expect([mask.dims, masked.dims]).toEqual([
      [1, side, side],
      [CHANNELS, side, side],
    ]);
    const painted = mask.data.filter((value) => value === 1).length;
    expect(mask.data.every((value) => value === 0 || value === 1)).toBe(true);
    // A quarter of the picture's side is 32 cells of 8 px; the crop is no larger than the canvas.
    expect(painted).toBeGreaterThan(28 ** 2);
    expect(painted).toBeLessThan(36 ** 2);
    // The stand-in's latents are block means, so grey shows as 0.5 exactly where the mask is 1.
    const [plain, grey] = encode.mock.calls.map(([pixels]) => pixels) as [FloatTensor, FloatTensor];
    const latents = (await fakeServices().codec.encode(plain)).data;
    mask.data.forEach((value, i) => {
      expect(masked.data[i]).toBeCloseTo(value === 1 ? 0.5 : latents[i]!, 6);
    });
    expect(grey.dims).toEqual(plain.dims);
    await release();
  });

  it('paints tiles whole', async () => {
    const { all, prepare, release } = services();
    const asked = request({ sampling, output: { canvasLongSidePx: 512, exportLongSidePx: 512 } });
    await refine(
      picture,
      { ...asked, global: { ...asked.global, enabled: true, anchorScale: 0 } },
      all,
      job(),
    );
    const { mask, masked } = prepare.mock.calls[0]![0][0]!.inpaint!;
    expect(new Set(mask.data)).toEqual(new Set([1]));
    expect(new Set(masked.data)).toEqual(new Set([0.5]));
    await release();
  });

  it('costs other models nothing', async () => {
    const plain = fakeServices();
    const encode = vi.fn(plain.codec.encode);
    const prepare = vi.fn(plain.denoiser.prepare);
    const asked = request({ sampling, detections: [detection('d', 0.25, 0.25, 0.25)] });
    const all = { ...plain, codec: { ...plain.codec, encode }, denoiser: { ...plain.denoiser, prepare } };
    await refine(picture, asked, all, job());
    expect(encode).toHaveBeenCalledTimes(1);
    expect(prepare.mock.calls[0]![0][0]!.inpaint).toBeNull();
  });
});

describe('the mask an inpainting model reads', () => {
  const coverage = (width: number, at: (x: number, y: number) => number) => ({
    width,
    height: width,
    data: Float32Array.from({ length: width * width }, (_, i) => at(i % width, Math.floor(i / width))),
  });

  it('is cut at half of a cell, at the network’s own size', () => {
    const left = inpaintMask(
      4,
      coverage(32, (x) => (x < 12 ? 1 : 0)),
    );
    expect([...left.data.slice(0, 4)]).toEqual([1, 1, 0, 0]);
    const shrunk = inpaintMask(
      4,
      coverage(48, (x) => (x < 17 ? 1 : 0)),
    );
    expect([...shrunk.data.slice(0, 4)]).toEqual([1, 0, 0, 0]);
  });

  it('never loses a small or faint object, and is empty only for nothing', () => {
    const small = inpaintMask(
      4,
      coverage(32, (x, y) => (x < 2 && y < 2 ? 1 : 0)),
    );
    expect([small.data[0], small.data.reduce((a, b) => a + b)]).toEqual([1, 1]);
    expect(
      new Set(
        inpaintMask(
          4,
          coverage(32, () => 0),
        ).data,
      ),
    ).toEqual(new Set([0]));
  });

  it('decides which pixels of the picture go grey', () => {
    const picture = stack([randomTensor([16, 16], 'a'), randomTensor([16, 16], 'b')]);
    const mask = floatTensor([1, 2, 2], Float32Array.of(0, 1, 0, 0));
    const masked = maskedPicture(picture, mask);
    picture.data.forEach((value, i) => {
      const [x, y] = [i % 16, Math.floor(i / 16) % 16];
      expect(masked.data[i]).toBe(x >= 8 && y < 8 ? 0.5 : value);
    });
  });
});
