import type { Services, DenoiserItem, TextConditioning } from '#pipelines/services.ts';
import type { ConceptSpec, Detection, RefineRequest } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { SDXL_TABLE } from '#domain/sampling/sigmas.ts';
import { NO_RULES } from '#domain/detection/rules.ts';
import { encodeRle } from '#domain/mask/rle.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';

/** Stand-ins for the networks that are cheap, deterministic and depend on everything they are given. */

/** Block means as latents (3 channels at 1/8), nearest neighbour back: lossy, as every autoencoder is. */
const blockCodec = {
  channels: 3,
  encode: (pixels: FloatTensor) => Promise.resolve(blockMeans(pixels)),
  decode: (latents: FloatTensor) => Promise.resolve(enlarge(latents)),
};

function blockMeans({ dims, data }: FloatTensor): FloatTensor {
  const [n = 0, c = 0, h = 0, w = 0] = dims;
  const result = floatTensor([n, c, h / 8, w / 8]);
  for (let plane = 0; plane < n * c; plane++)
    for (let y = 0; y < h; y++)
      for (let x = 0; x < w; x++) {
        const i = (plane * (h / 8) + (y >> 3)) * (w / 8) + (x >> 3);
        result.data[i]! += data[(plane * h + y) * w + x]! / 64;
      }
  return result;
}

function enlarge({ dims, data }: FloatTensor): FloatTensor {
  const [n = 0, c = 0, h = 0, w = 0] = dims;
  const result = floatTensor([n, c, h * 8, w * 8]);
  for (let plane = 0; plane < n * c; plane++)
    for (let y = 0; y < h * 8; y++)
      for (let x = 0; x < w * 8; x++)
        result.data[(plane * h * 8 + y) * w * 8 + x] = data[(plane * h + (y >> 3)) * w + (x >> 3)]!;
  return result;
}

/** Pulls every latent towards a value that its item's prompt and anchor decide. */
function itemTarget(item: DenoiserItem): number {
  const anchor = item.anchor ? item.anchorScale * item.anchor.data[0]! : 0;
  return item.positive.pooled.data[0]! * 0.2 + 0.3 + anchor * 0.1;
}

export interface FakeLog {
  calls: number;
  batchSizes: number[];
}

export function fakeServices(log: FakeLog = { calls: 0, batchSizes: [] }): Services {
  return {
    pixels: new CpuPixelOps(),
    batchBudgetBytes: 1000,
    segmenter: null,
    codec: blockCodec,
    prompts: { encode: (prompt) => Promise.resolve(promptVector(prompt)), rest: () => Promise.resolve() },
    anchors: {
      encode: (image) => Promise.resolve(floatTensor([1, 1, 1], Float32Array.of(mean(image.data)))),
      unconditional: () => Promise.resolve(floatTensor([1, 1, 1])),
      embed: (image) => Promise.resolve(Float32Array.of(mean(image.data), spread(image.data))),
      rest: () => Promise.resolve(),
    },
    denoiser: {
      latentChannels: 3,
      supportsAnchor: true,
      inpaints: false,
      sigmas: SDXL_TABLE,
      bytesPerItem: () => 1,
      prepare: (items) => {
        log.batchSizes.push(items.length);
        return Promise.resolve({
          denoise: (x: FloatTensor, sigmas: Float32Array) => {
            log.calls++;
            return Promise.resolve(pull(x, sigmas, items.map(itemTarget)));
          },
          dispose: () => undefined,
        });
      },
    },
  };
}

function pull(x: FloatTensor, sigmas: Float32Array, targets: number[]): FloatTensor {
  const stride = x.data.length / targets.length;
  return floatTensor(
    x.dims,
    x.data.map((value, i) => {
      const item = Math.floor(i / stride);
      const weight = 1 / (1 + sigmas[item]! ** 2);
      return value * weight + targets[item]! * (1 - weight);
    }),
  );
}

function promptVector(prompt: string): TextConditioning {
  const code = [...prompt].reduce((sum, char) => sum + char.charCodeAt(0), 0);
  return { context: floatTensor([1, 1, 1]), pooled: floatTensor([1, 1], Float32Array.of((code % 97) / 97)) };
}

function mean(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function spread(values: Float32Array): number {
  const middle = mean(values);
  return Math.sqrt(mean(values.map((value) => (value - middle) ** 2)));
}

/** A gradient with texture, so that resizing and blending have something to get wrong. */
export function testPicture(width: number, height: number): Raster8<'image'> {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) {
      const i = (y * width + x) * 4;
      data.set([(x * 255) / width, (y * 255) / height, ((x * 7) ^ (y * 5)) & 255, 255], i);
    }
  return { width, height, data };
}

export function concept(overrides: Partial<ConceptSpec> = {}): ConceptSpec {
  return {
    id: 'c',
    phrase: 'face',
    prompt: '',
    negative: '',
    layer: 0,
    selection: 'all',
    maxObjects: 10,
    threshold: 0.5,
    denoise: 0.4,
    anchorScale: 0.5,
    rules: NO_RULES,
    ...overrides,
  };
}

/** A rectangular detection given in fractions of the picture. */
export function detection(
  id: string,
  x: number,
  y: number,
  side: number,
  overrides: Partial<Detection> = {},
): Detection {
  const grid = 64;
  const mask = { width: grid, height: grid, data: new Uint8Array(grid * grid) };
  for (let v = Math.round(y * grid); v < Math.round((y + side) * grid); v++)
    for (let u = Math.round(x * grid); u < Math.round((x + side) * grid); u++) mask.data[v * grid + u] = 255;
  return {
    id,
    conceptId: 'c',
    box: { x, y, width: side, height: side },
    mask: encodeRle(mask),
    score: 0.9,
    presence: 0.9,
    enabled: true,
    edited: false,
    ...overrides,
  };
}

export function request(overrides: Partial<RefineRequest> = {}): RefineRequest {
  return {
    version: 1,
    concepts: [concept()],
    detections: [],
    sampling: { sampler: 'euler', scheduler: 'karras', steps: 3, guidanceScale: 1 },
    scaffold: { seed: 7, levels: 0, discount: 0.5 },
    detail: { enabled: true, padding: 0.25, growPx: 0, featherPx: 16 },
    anchor: { preset: 'all', start: 0, end: 1 },
    global: {
      enabled: false,
      tilePx: 1024,
      overlapPx: 128,
      denoise: 0.3,
      refinedFactor: 0.5,
      prompt: 'sharp',
      negative: '',
      anchorScale: 0.4,
    },
    output: { canvasLongSidePx: 2048, exportLongSidePx: 2048 },
    promptSyntax: 'comfy',
    batchLimit: 4,
    ...overrides,
  };
}
