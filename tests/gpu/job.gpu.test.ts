import { describe, expect, it } from 'vitest';
import type { Detection, RefineRequest } from '#domain/job/request.ts';
import { NO_RULES } from '#domain/detection/rules.ts';
import { encodeRle } from '#domain/mask/rle.ts';
import type { Raster8 } from '#domain/raster.ts';
import { blobSource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { GpuDevice } from '#gpu/gpu-device.ts';
import { GpuPixelOps } from '#gpu/gpu-pixel-ops.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import { loadOrt } from '#inference/ort-web.ts';
import { OrtWebRuntime } from '#inference/ort-web-runtime.ts';
import { FamilyDevices } from '#worker/hardware.ts';
import { SMALL_MODELS_PLAN } from '#domain/plan/types.ts';
import { assembleNetworks, networkFacts, NOTHING_ELSE } from '#pipelines/assemble.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { refine } from '#pipelines/refine.ts';
import type { PixelOps, Services } from '#pipelines/services.ts';

/** The whole main job on the demo pack, once on WebGPU (networks and kernels) and once on wasm with the CPU twins. */

const PACK = import.meta.glob<string>('../../models/demo/*.safetensors', {
  query: '?url',
  import: 'default',
  eager: true,
});

async function packFile(name: string): Promise<SafetensorsFile> {
  const url = PACK[`../../models/demo/${name}.safetensors`]!;
  return SafetensorsFile.open(blobSource(await (await fetch(url)).blob(), name));
}

async function services(runtime: NetworkRuntime, pixels: PixelOps): Promise<Services> {
  const files = {
    ...NOTHING_ELSE,
    checkpoint: await packFile('checkpoint'),
    autoencoder: await packFile('autoencoder'),
    vision: await packFile('vision'),
    ipAdapter: await packFile('ip-adapter'),
  };
  const networks = assembleNetworks(runtime, networkFacts(files), SMALL_MODELS_PLAN);
  return { pixels, batchBudgetBytes: 2 ** 28, ...networks };
}

const SIDE = 64;

function picture(): Raster8<'image'> {
  const data = new Uint8ClampedArray(SIDE * SIDE * 4);
  for (let y = 0; y < SIDE; y++)
    for (let x = 0; x < SIDE; x++)
      data.set([Math.hypot(x - 32, y - 32) < 20 ? 220 : 40, y * 4, x * 4, 255], (y * SIDE + x) * 4);
  return { width: SIDE, height: SIDE, data };
}

function detection(): Detection {
  const data = new Uint8Array(SIDE * SIDE).map((_, i) =>
    Math.hypot((i % SIDE) - 32, (i >> 6) - 32) < 20 ? 255 : 0,
  );
  return {
    id: 'd',
    conceptId: 'c',
    box: { x: 0.2, y: 0.2, width: 0.6, height: 0.6 },
    mask: encodeRle({ width: SIDE, height: SIDE, data }),
    score: 0.9,
    presence: 0.9,
    enabled: true,
    edited: false,
  };
}

const REQUEST: RefineRequest = {
  version: 1,
  concepts: [
    {
      id: 'c',
      phrase: 'sun',
      prompt: 'a (red:1.2) sun',
      negative: 'blue',
      layer: 0,
      selection: 'all',
      maxObjects: 1,
      threshold: 0.5,
      denoise: 0.4,
      anchorScale: 0.5,
      rules: NO_RULES,
    },
  ],
  detections: [detection()],
  sampling: { sampler: 'euler', scheduler: 'karras', steps: 1, guidanceScale: 2 },
  scaffold: { seed: 5, levels: 1, discount: 0.5 },
  detail: { enabled: true, padding: 0.1, growPx: 4, featherPx: 16 },
  anchor: { preset: 'all' as const, start: 0, end: 1 },
  global: {
    enabled: false,
    tilePx: 1024,
    overlapPx: 64,
    denoise: 0.2,
    refinedFactor: 0.5,
    prompt: 'sharp',
    negative: '',
    anchorScale: 0,
  },
  output: { canvasLongSidePx: 128, exportLongSidePx: 128 },
  promptSyntax: 'comfy',
  batchLimit: 2,
};

async function run(jobServices: Services): Promise<Raster8<'canvas'>> {
  const context = { signal: new AbortController().signal, onEvent: () => undefined };
  return (await refine(picture(), REQUEST, jobServices, context)).canvas;
}

describe('the main job on WebGPU', () => {
  it('paints what the CPU paints', async () => {
    const build = await loadOrt();
    const emission = { dtype: 'f32', attention: 'fused' } as const;
    const gpu = (await GpuDevice.request())!;
    const onGpu = await run(
      await services(new OrtWebRuntime(build, new FamilyDevices(), 'WebGPU', emission), new GpuPixelOps(gpu)),
    );
    const onCpu = await run(
      await services(new OrtWebRuntime(build, null, 'wasm', emission), new CpuPixelOps()),
    );
    expect([onGpu.width, onGpu.height]).toEqual([128, 128]);
    let worst = 0;
    let changed = 0;
    const plain = await new CpuPixelOps().resize(picture(), { width: 128, height: 128 });
    onCpu.data.forEach((value, i) => {
      worst = Math.max(worst, Math.abs(value - onGpu.data[i]!));
      changed = Math.max(changed, Math.abs(value - plain.data[i]!));
    });
    expect(changed).toBeGreaterThan(3);
    expect(worst).toBeLessThanOrEqual(2);
  }, 300_000);
});
