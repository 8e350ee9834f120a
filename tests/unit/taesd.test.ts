import { describe, expect, it } from 'vitest';
import { taesdConfig } from '#models/sdxl/taesd.ts';
import { createTaesdCodec, taesdWeights } from '#inference/codec-models.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { floatTensor } from '#domain/tensor.ts';
import { fileOf, goldenFile, maxDifference, type NamedTensor } from '../golden/files.ts';

const runtime = new OrtNodeRuntime({ threads: 1 });

async function originals(): Promise<SafetensorsFile[]> {
  return [
    await goldenFile('taesd', 'taesdxl_encoder.safetensors'),
    await goldenFile('taesd', 'taesdxl_decoder.safetensors'),
  ];
}

/** Both directions in one file under the names of diffusers' AutoencoderTiny. */
async function diffusers(prefix = ''): Promise<SafetensorsFile> {
  const [encoder, decoder] = (await originals()) as [SafetensorsFile, SafetensorsFile];
  const tensors: NamedTensor[] = [];
  for (const name of encoder.names)
    tensors.push([`${prefix}encoder.layers.${name}`, await encoder.float(name)]);
  for (const name of decoder.names) {
    const shifted = name.replace(/^\d+/, (index) => String(Number(index) - 1));
    tensors.push([`${prefix}decoder.layers.${shifted}`, await decoder.float(name)]);
  }
  return fileOf(tensors);
}

describe('TAESD', () => {
  it('is a codec: picture -> latents -> picture in [0,1], as the reference has them', async () => {
    const inputs = await goldenFile('taesd', 'inputs.safetensors');
    const outputs = await goldenFile('taesd', 'outputs.safetensors');
    const codec = createTaesdCodec(runtime, taesdWeights(await originals())!);
    const latents = await codec.encode(await inputs.float('encode.image01'));
    expect(maxDifference(latents, await outputs.float('encode.latent'))).toBeLessThan(1e-4);
    const expected = await outputs.float('decode.image01_unclamped');
    const clamped = floatTensor(
      expected.dims,
      expected.data.map((value) => Math.min(Math.max(value, 0), 1)),
    );
    const decoded = await codec.decode(await inputs.float('decode.latent'));
    expect(maxDifference(decoded, clamped)).toBeLessThan(1e-4);
    await codec.release();
  });

  it.each(['', 'first_stage_model.'])('reads diffusers naming with prefix "%s"', async (prefix) => {
    const a = createTaesdCodec(runtime, taesdWeights(await originals())!);
    const b = createTaesdCodec(runtime, taesdWeights([await diffusers(prefix)])!);
    const latents = await (await goldenFile('taesd', 'inputs.safetensors')).float('decode.latent');
    const picture = await a.decode(latents);
    expect(maxDifference(await b.decode(latents), picture)).toBeLessThan(1e-6);
    expect(maxDifference(await b.encode(picture), await a.encode(picture))).toBeLessThan(1e-6);
    await Promise.all([a.release(), b.release()]);
  });

  it('scales latents when asked', async () => {
    const weights = taesdWeights(await originals())!;
    const plain = createTaesdCodec(runtime, weights);
    const scaled = createTaesdCodec(runtime, weights, { latentScale: 2 });
    const picture = floatTensor([1, 3, 16, 16], new Float32Array(768).fill(0.4));
    const latents = await plain.encode(picture);
    const doubled = floatTensor(
      latents.dims,
      latents.data.map((value) => value * 2),
    );
    expect(maxDifference(await scaled.encode(picture), doubled)).toBeLessThan(1e-6);
    expect(maxDifference(await scaled.decode(doubled), await plain.decode(latents))).toBeLessThan(1e-6);
    await Promise.all([plain.release(), scaled.release()]);
  });

  it('reads width and latent channels off either direction', () => {
    expect(taesdConfig(new Map([['decoder.1.weight', [16, 12, 3, 3]]]))).toEqual({
      width: 16,
      latentChannels: 12,
    });
    expect(taesdConfig(new Map([['encoder.14.weight', [12, 16, 3, 3]]]))).toEqual({
      width: 16,
      latentChannels: 12,
    });
    expect(() => taesdConfig(new Map())).toThrow(/encoder\.14\.weight/);
  });

  it('needs both directions', async () => {
    const [encoder] = await originals();
    expect(taesdWeights([encoder!])).toBeNull();
    expect(taesdWeights([await goldenFile('vae')])).toBeNull();
  });
});
