import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { memorySource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { writeSafetensors } from '#formats/safetensors/write.ts';
import type { NetworkRuntime } from '#inference/runtime.ts';
import { openSafetensors } from '#node/file-source.ts';
import { SMALL_MODELS_PLAN } from '#domain/plan/types.ts';
import { assembleNetworks, networkFacts, NOTHING_ELSE, type ModelFiles } from '#pipelines/assemble.ts';
import { floatTensor } from '#domain/tensor.ts';
import { fileOf, goldenFile } from '../golden/files.ts';

/** Assembling reads headers only: a runtime that is asked to load anything has been asked too early. */
const runtime: NetworkRuntime = {
  description: 'none',
  emission: { dtype: 'f32', attention: 'fused' },
  load: () => Promise.reject(new Error('nothing may be loaded while assembling')),
};

const demo = (name: string) =>
  openSafetensors(fileURLToPath(new URL(`../../models/demo/${name}.safetensors`, import.meta.url)));
const oneTensor = (key: string, name: string) => fileOf([[key, floatTensor([1])]], name);

/** The same checkpoint as a tool leaves it that saves the UNet alone. */
async function withoutText(file: SafetensorsFile): Promise<SafetensorsFile> {
  const names = file.names.filter((name) => name.startsWith('model.diffusion_model.'));
  const tensors = names.map(async (name) => ({ ...file.entry(name), name, bytes: await file.bytes(name) }));
  const bytes = writeSafetensors(await Promise.all(tensors), Object.fromEntries(file.header.metadata));
  return SafetensorsFile.open(memorySource(bytes, 'unet.safetensors'));
}

async function demoFiles(): Promise<ModelFiles> {
  return {
    ...NOTHING_ELSE,
    checkpoint: await demo('checkpoint'),
    autoencoder: await demo('autoencoder'),
    vision: await demo('vision'),
    ipAdapter: await demo('ip-adapter'),
    sam3: await demo('sam3'),
  };
}

const assembled = async (change: Partial<Record<keyof ModelFiles, SafetensorsFile | null>>) =>
  assembleNetworks(
    runtime,
    networkFacts({ ...(await demoFiles()), ...change } as ModelFiles),
    SMALL_MODELS_PLAN,
  );

describe('assembling the networks', () => {
  it('fills every role from the demo pack', async () => {
    const { codec, denoiser, anchors, segmenter } = await assembled({});
    expect(codec.channels).toBe(denoiser.latentChannels);
    expect(denoiser.supportsAnchor).toBe(true);
    expect([anchors, segmenter]).not.toContain(null);
  });

  it('does without anchors when vision or adapter is missing, and without SAM 3', async () => {
    for (const missing of ['vision', 'ipAdapter'] as const) {
      const { anchors, denoiser } = await assembled({ [missing]: null });
      expect([anchors, denoiser.supportsAnchor]).toEqual([null, false]);
    }
    expect((await assembled({ sam3: null })).segmenter).toBeNull();
  });

  it.each([
    ['double_blocks.0.img_attn.qkv.weight', /"theirs" is not an SDXL checkpoint\. This is a Flux model\./],
    ['joint_blocks.0.x_block.weight', /not an SDXL checkpoint\. This is a Stable Diffusion 3 model\./],
    ['lora_unet_mid_block_attentions_0_norm.w_norm', /not an SDXL checkpoint\. A LoRA \(kohya/],
    ['something.weight', /not an SDXL checkpoint\. .*belong to no model the studio knows/],
  ])('says what a checkpoint with %s is instead', async (key, sentence) => {
    const checkpoint = await oneTensor(key, 'theirs');
    await expect(assembled({ checkpoint })).rejects.toMatchObject({
      code: 'model-corrupt',
      message: expect.stringMatching(sentence) as string,
    });
  });

  it('refuses an autoencoder of other latents, naming both files’ channels', async () => {
    const autoencoder = await goldenFile('vae');
    const channels = (await assembled({})).denoiser.latentChannels;
    expect(channels).not.toBe(4);
    await expect(assembled({ autoencoder })).rejects.toMatchObject({
      code: 'bad-request',
      message: `The autoencoder has 4 latent channels and "checkpoint.safetensors" has ${channels}: they do not belong together.`,
    });
  });

  it('asks for an autoencoder when the file given for one is none', async () => {
    await expect(assembled({ autoencoder: await oneTensor('x', 'empty') })).rejects.toMatchObject({
      code: 'model-missing',
      message: '"empty" holds no autoencoder. Add a VAE file, or a checkpoint that contains one.',
    });
  });

  it('asks for text encoders when the checkpoint has none', async () => {
    const checkpoint = await withoutText(await demo('checkpoint'));
    await expect(assembled({ checkpoint })).rejects.toMatchObject({
      code: 'model-missing',
      message: expect.stringContaining('SDXL needs two text encoders') as string,
    });
  });

  it('refuses an adapter made for another UNet, naming the tensor', async () => {
    await expect(assembled({ ipAdapter: await goldenFile('ip_adapter') })).rejects.toMatchObject({
      code: 'model-corrupt',
      message: expect.stringMatching(
        /does not fit this checkpoint: .*to_[kv]_ip\.weight|has \d+ attention layers/,
      ) as string,
    });
  });

  it('refuses a SAM 3 file that is none', async () => {
    await expect(assembled({ sam3: await oneTensor('x', 'other') })).rejects.toMatchObject({
      code: 'model-corrupt',
      message: expect.stringContaining('"other" is not a SAM 3 file') as string,
    });
  });
});
