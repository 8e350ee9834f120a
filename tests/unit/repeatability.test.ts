import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { RefineRequest } from '#domain/job/request.ts';
import { openSafetensors } from '#node/file-source.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import type { LoraStackItem } from '#inference/lora.ts';
import { NetworkPool } from '#inference/network-pool.ts';
import { SMALL_MODELS_PLAN } from '#domain/plan/types.ts';
import { assembleNetworks, networkFacts, NOTHING_ELSE } from '#pipelines/assemble.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { refine } from '#pipelines/refine.ts';
import type { Services } from '#pipelines/services.ts';
import { fileOf, type NamedTensor } from '../golden/files.ts';
import { randomTensor } from './unet-keymaps.ts';
import { concept, detection, request, testPicture } from './pipelines-fakes.ts';

/** The law of issue 3 §2 on the real networks of the demo pack: A, B, A gives A's result again, bit for bit. */

const demo = (name: string) =>
  openSafetensors(fileURLToPath(new URL(`../../models/demo/${name}.safetensors`, import.meta.url)));

/** Weighted and A1111 prompts, an anchor, guidance: everything that has state to leak. */
function job(change: Partial<RefineRequest> = {}, prompt = 'a (red:1.4) fox', anchorScale = 0.8) {
  return request({
    concepts: [concept({ prompt, negative: '(grey:1.2) haze', anchorScale, denoise: 0.6 })],
    detections: [detection('d', 0.25, 0.25, 0.4)],
    sampling: { sampler: 'dpmpp_2m', scheduler: 'karras', steps: 2, guidanceScale: 3 },
    output: { canvasLongSidePx: 192, exportLongSidePx: 192 },
    ...change,
  });
}

const A = job();
const OTHERS: readonly (readonly [string, RefineRequest])[] = [
  ['another prompt', job({}, 'a blue (bird:0.5), ((sharp))')],
  ['A1111 weights', job({ promptSyntax: 'a1111' })],
  ['no anchor', job({}, 'a (red:1.4) fox', 0)],
  ['another preset', job({ anchor: { preset: 'style', start: 0, end: 1 } })],
  ['the noisy half of the schedule', job({ anchor: { preset: 'all', start: 0, end: 0.5 } })],
  ['another size', job({ output: { canvasLongSidePx: 256, exportLongSidePx: 256 } })],
  ['no guidance', job({ sampling: { ...A.sampling, guidanceScale: 1 } })],
];

const picture = testPicture(96, 96);
let pool: NetworkPool;
let services: Services;
let withLora: Services;
/** What A gives on networks that have done nothing else. */
let first: Uint8ClampedArray;

beforeAll(async () => {
  // Room for one network at a time: each leaves the device for the next and comes back.
  pool = new NetworkPool(new OrtNodeRuntime({ threads: 1 }), { residentBytes: 1 });
  const files = {
    ...NOTHING_ELSE,
    checkpoint: await demo('checkpoint'),
    autoencoder: await demo('autoencoder'),
    vision: await demo('vision'),
    ipAdapter: await demo('ip-adapter'),
  };
  const assembled = (loras: readonly LoraStackItem[]): Services => ({
    ...assembleNetworks(pool, networkFacts({ ...files, loras }), { ...SMALL_MODELS_PLAN, residency: 'one' }),
    pixels: new CpuPixelOps(),
    batchBudgetBytes: 2 ** 30,
  });
  services = assembled([]);
  withLora = assembled([{ file: await smallLora(), strength: 1 }]);
  first = await run(A);
});

/** A rank-1 change of one layer of the UNet and one of CLIP-L. */
function smallLora() {
  const pair = (module: string, rows: number, columns: number): readonly NamedTensor[] => [
    [`${module}.lora_up.weight`, randomTensor([rows, 1], `${module} up`)],
    [`${module}.lora_down.weight`, randomTensor([1, columns], `${module} down`)],
  ];
  return fileOf([
    ...pair('lora_unet_middle_block_1_transformer_blocks_0_attn2_to_v', 64, 48),
    ...pair('lora_te1_text_model_encoder_layers_0_self_attn_v_proj', 16, 16),
  ]);
}

afterAll(() => pool.close());

async function run(asked: RefineRequest, on: Services = services): Promise<Uint8ClampedArray> {
  const context = { signal: new AbortController().signal, onEvent: () => undefined };
  return (await refine(picture, asked, on, context)).canvas.data;
}

describe('jobs after one another on the same networks', () => {
  it.each(OTHERS)('leave nothing behind: %s in between', { timeout: 60_000 }, async (_, other) => {
    expect(await run(other)).not.toEqual(first);
    expect(await run(A)).toEqual(first);
  });

  it(
    'leave nothing behind: a LoRA in between, in its text encoders and its UNet',
    {
      timeout: 60_000,
    },
    async () => {
      expect(await run(A, withLora)).not.toEqual(first);
      expect(await run(A)).toEqual(first);
    },
  );

  it('leave nothing behind when one is stopped or fails in the middle', { timeout: 60_000 }, async () => {
    const { denoiser } = services;
    const failing: Services = {
      ...services,
      denoiser: {
        latentChannels: denoiser.latentChannels,
        supportsAnchor: denoiser.supportsAnchor,
        inpaints: denoiser.inpaints,
        sigmas: denoiser.sigmas,
        bytesPerItem: (latent) => denoiser.bytesPerItem(latent),
        prepare: async (...args) => {
          const prepared = await denoiser.prepare(...args);
          return {
            denoise: async (x, sigmas) => {
              await prepared.denoise(x, sigmas);
              throw new Error('out of luck');
            },
            dispose: () => {
              prepared.dispose();
            },
          };
        },
      },
    };
    await expect(run(OTHERS[0]![1], failing)).rejects.toThrow('out of luck');
    expect(await run(A)).toEqual(first);
  });
});
