import { fileURLToPath } from 'node:url';
import { beforeAll, describe, expect, it } from 'vitest';
import { say } from '#domain/job/sentence.ts';
import { clipView, findClipTowers } from '#models/clip/naming.ts';
import { diffusersPath } from '#models/lora/diffusers-unet.ts';
import { recogniseModel } from '#models/recognise.ts';
import { LDM_UNET_PREFIX } from '#models/sdxl/unet-names.ts';
import { PAD_G, tokenizePrompt, withPadding } from '#domain/prompt/chunks.ts';
import { size } from '#domain/geometry/rect.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { SdxlDenoiser } from '#inference/denoiser.ts';
import { unetWeights } from '#inference/denoiser-weights.ts';
import { findTextTowers } from '#inference/prompts-towers.ts';
import { SdxlPromptEncoder, type EncodedPrompt } from '#inference/prompts.ts';
import { fileWeights } from '#inference/weights.ts';
import { openSafetensors } from '#node/file-source.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { fileOf, type NamedTensor } from '../golden/files.ts';
import { keyShapes, randomTensor } from './unet-keymaps.ts';

/** The demo checkpoint as its parts, in the namings that tools save them in: the same networks must come out. */

const runtime = new OrtNodeRuntime({ threads: 1 });
const shapesOf = (file: SafetensorsFile) =>
  new Map([...file.header.tensors].map(([name, { dims }]) => [name, dims]));

let single: SafetensorsFile;
/** Canonical UNet tensors. */
let unet: NamedTensor[];
/** Canonical (Hugging Face) tensors of both towers. */
let clip: { readonly l: NamedTensor[]; readonly g: NamedTensor[] };

beforeAll(async () => {
  const path = new URL('../../models/demo/checkpoint.safetensors', import.meta.url);
  single = await openSafetensors(fileURLToPath(path));
  unet = await tensorsOf(unetWeights(single));
  const shapes = shapesOf(single);
  const [l, g] = findClipTowers(shapes).map((tower) => fileWeights(single, clipView(shapes, tower)));
  clip = { l: await tensorsOf(l!), g: await tensorsOf(g!) };
});

async function tensorsOf(weights: ReturnType<typeof unetWeights>): Promise<NamedTensor[]> {
  const tensors = [...weights.shapes.keys()].map(async (key) => [key, await weights.float(key)] as const);
  return Promise.all(tensors);
}

const renamed = (tensors: readonly NamedTensor[], rename: (name: string) => string) =>
  tensors.map(([name, tensor]) => [rename(name), tensor] as const);
const prefixed = (tensors: readonly NamedTensor[], prefix: string) =>
  renamed(tensors, (name) => prefix + name);

/** `unet/diffusion_pytorch_model.safetensors`. */
function diffusersUnet(): readonly NamedTensor[] {
  const path = diffusersPath(new Map(unet.map(([name, { dims }]) => [name, dims])));
  return renamed(unet, (name) => {
    const [, module, leaf] = /^(.+)\.(weight|bias)$/.exec(name) as unknown as [string, string, string];
    return `${path(module)}.${leaf}`;
  });
}

function encode(files: readonly SafetensorsFile[]): Promise<EncodedPrompt> {
  const encoder = new SdxlPromptEncoder(runtime, findTextTowers(files), (prompt, syntax) =>
    tokenizePrompt(prompt, syntax).map(({ ids, weights }) => ({
      l: ids,
      g: withPadding(ids, PAD_G),
      weights,
    })),
  );
  return encoder.encode('a (red:1.3) fox on a [blue] hill', 'comfy');
}

async function denoise(file: SafetensorsFile, conditioning: EncodedPrompt): Promise<Float32Array> {
  const known = recogniseModel(shapesOf(file));
  if (known.kind !== 'sdxl') throw new Error(say(known.sentence));
  const weights = unetWeights(file);
  const denoiser = new SdxlDenoiser(runtime, { config: known.unet, weights, adapter: null });
  const item = {
    positive: conditioning,
    negative: conditioning,
    anchor: null,
    anchorNegative: null,
    anchorScale: 0,
    anchorPreset: 'all' as const,
    anchorRange: { start: 0, end: 1 },
    sizeIds: [128, 128, 0, 0, 128, 128],
    inpaint: null,
  };
  const batch = await denoiser.prepare([item], size(16, 16), 1);
  const { data } = await batch.denoise(
    randomTensor([1, denoiser.latentChannels, 16, 16], 'x'),
    Float32Array.of(1),
  );
  batch.dispose();
  await denoiser.release();
  return data;
}

describe('a checkpoint in parts', () => {
  it.each([
    ['bare LDM names', () => unet],
    ['the checkpoint’s own names', () => prefixed(unet, LDM_UNET_PREFIX)],
    ['diffusers names', diffusersUnet],
  ])('has the same UNet under %s', async (_, tensors) => {
    const file = await fileOf(tensors(), 'unet.safetensors');
    expect(recogniseModel(shapesOf(file))).toMatchObject({ kind: 'sdxl', text: [], codec: null });
    const conditioning = await encode([single]);
    expect(await denoise(file, conditioning)).toEqual(await denoise(single, conditioning));
  });

  it.each([
    ['clip_l and clip_g', '', ''],
    ['text_encoder and text_encoder_2', 'text_encoder.', 'text_encoder_2.'],
    ['a ComfyUI save', 'text_encoders.clip_l.transformer.', 'text_encoders.clip_g.transformer.'],
  ])('has the same text encoders in separate files: %s', async (_, l, g) => {
    const unetOnly = await fileOf(diffusersUnet(), 'unet.safetensors');
    const files = [
      await fileOf(prefixed(clip.g, g), 'g.safetensors'),
      unetOnly,
      await fileOf(prefixed(clip.l, l), 'l.safetensors'),
    ];
    const expected = await encode([single]);
    expect(await encode(files)).toEqual(expected);
    expect(await encode([...files].reverse())).toEqual(expected);
  });

  it('lets a file chosen on purpose stand before the checkpoint’s own tower', async () => {
    const blank = clip.g.map(
      ([name, { dims, data }]) => [name, { dims, data: data.map((value) => value * 0.5) }] as const,
    );
    const other = await encode([await fileOf(blank, 'g.safetensors'), single]);
    const own = await encode([single]);
    expect(other.pooled).not.toEqual(own.pooled);
    expect(await encode([single, await fileOf(blank, 'g.safetensors')])).toEqual(own);
  });

  it.each([
    ['g', /"g\.safetensors" lacks CLIP-L \(often clip_l\.safetensors\)\./],
    ['l', /"l\.safetensors" lacks CLIP-bigG \(often clip_g\.safetensors\)\./],
  ] as const)('names the missing tower when there is only %s', async (kind, sentence) => {
    // Real widths tell the towers apart even alone; the prefix does it for small ones.
    const file = await fileOf(prefixed(clip[kind], `clip_${kind}.`), `${kind}.safetensors`);
    expect(() => findTextTowers([file])).toThrow(sentence);
  });
});

describe('parts at full size', () => {
  it('are told apart alone', () => {
    const all = keyShapes('sdxl_checkpoint_keys.json');
    const kinds = findClipTowers(all).map((tower) => {
      const view = clipView(all, tower);
      const own = new Map(
        [...view.keys()].map((name) => [
          name,
          name.endsWith('token_embedding.weight')
            ? [49408, tower.naming === 'openclip' ? 1280 : 768]
            : [1280, 1280],
        ]),
      );
      return recogniseModel(own);
    });
    expect(kinds).toMatchObject([
      { kind: 'clip-text', towers: [{ which: 'clip-l' }] },
      { kind: 'clip-text', towers: [{ which: 'clip-g' }] },
    ]);
  });
});
