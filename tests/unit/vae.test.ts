import { describe, expect, it } from 'vitest';
import { GraphBuilder } from '#models/graph/builder.ts';
import { vaeView } from '#models/sdxl/vae-naming.ts';
import { createVaeCodec, vaeWeights } from '#inference/codec-models.ts';
import { NetworkCodec, type CodecModel } from '#inference/codec.ts';
import { fileWeights } from '#inference/weights.ts';
import type { Network, NetworkRuntime } from '#inference/runtime.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { batchItem, floatTensor, stack, type FloatTensor } from '#domain/tensor.ts';
import { fileOf, goldenFile, maxDifference, rewritten } from '../golden/files.ts';

const runtime = new OrtNodeRuntime({ threads: 1 });

/** LDM names -> diffusers' AutoencoderKL, four levels, attention as linear layers. */
function diffusersName(name: string): string {
  return name
    .replace('first_stage_model.', '')
    .replace(/\.down\.(\d)\.block\.(\d)\./, '.down_blocks.$1.resnets.$2.')
    .replace(/\.down\.(\d)\.downsample\./, '.down_blocks.$1.downsamplers.0.')
    .replace(/\.up\.(\d)\.block\.(\d)\./, (_, up, block) => `.up_blocks.${3 - Number(up)}.resnets.${block}.`)
    .replace(/\.up\.(\d)\.upsample\./, (_, up) => `.up_blocks.${3 - Number(up)}.upsamplers.0.`)
    .replace(/\.mid\.block_(\d)\./, (_, index) => `.mid_block.resnets.${Number(index) - 1}.`)
    .replace('.mid.attn_1.norm.', '.mid_block.attentions.0.group_norm.')
    .replace('.mid.attn_1.proj_out.', '.mid_block.attentions.0.to_out.0.')
    .replace(/\.mid\.attn_1\.([qkv])\./, '.mid_block.attentions.0.to_$1.')
    .replace('.nin_shortcut.', '.conv_shortcut.')
    .replace('.norm_out.', '.conv_norm_out.');
}

async function goldenImages(): Promise<FloatTensor> {
  return (await goldenFile('vae', 'inputs.safetensors')).float('encode.image01');
}

/** A smooth picture. */
function gradient(height: number, width: number): FloatTensor {
  const data = Float32Array.from({ length: 3 * height * width }, (_, i) => {
    const [c, y, x] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    return 0.5 + 0.4 * Math.sin(x / 17 + c) * Math.cos(y / 23);
  });
  return floatTensor([1, 3, height, width], data);
}

describe('KL-VAE', () => {
  it('reads diffusers naming like LDM naming', async () => {
    const ldm = await goldenFile('vae');
    const renamed = await rewritten(ldm, (name, tensor) => [
      [
        diffusersName(name),
        /attn_1\.(q|k|v|proj_out)\.weight$/.test(name)
          ? floatTensor(tensor.dims.slice(0, 2), tensor.data)
          : tensor,
      ],
    ]);
    expect(renamed.has('decoder.up_blocks.0.resnets.0.conv1.weight')).toBe(true);
    const images = await goldenImages();
    const a = createVaeCodec(runtime, vaeWeights(ldm)!);
    const b = createVaeCodec(runtime, vaeWeights(renamed)!);
    const latents = await a.encode(images);
    expect(maxDifference(await b.encode(images), latents)).toBeLessThan(1e-6);
    expect(maxDifference(await b.decode(latents), await a.decode(latents))).toBeLessThan(1e-6);
    await Promise.all([a.release(), b.release()]);
  });

  it('leaves no tensor of a diffusers file out of the view', async () => {
    const ldm = await goldenFile('vae');
    const names = ldm.names.map(diffusersName);
    const view = vaeView(new Map(names.map((name) => [name, [1]])));
    expect([...view!.keys()].sort()).toEqual(
      ldm.names.map((name) => name.replace('first_stage_model.', '')).sort(),
    );
  });

  it('gives an item the same result alone and in a batch', async () => {
    const codec = createVaeCodec(runtime, vaeWeights(await goldenFile('vae'))!);
    const images = await goldenImages();
    const together = await codec.encode(images);
    const alone = await codec.encode(stack([batchItem(images, 1)]));
    await codec.release();
    expect(maxDifference(batchItem(alone, 0), batchItem(together, 1))).toBeLessThan(1e-5);
  });

  it('runs pictures larger than a tile', async () => {
    const weights = vaeWeights(await goldenFile('vae'))!;
    const tiled = createVaeCodec(runtime, weights, { tiling: { tilePx: 64, overlapPx: 32 } });
    const latents = await tiled.encode(gradient(96, 160));
    expect(latents.dims).toEqual([1, 4, 12, 20]);
    expect((await tiled.decode(latents)).dims).toEqual([1, 3, 96, 160]);
    await tiled.release();
  });
});

/** One latent cell per 8×8 px: takes the cell's first pixel, or paints the cell. `factor` 0·∞ makes NaN. */
function copyingModel(factor: number, weights = emptyWeights): CodecModel {
  const g = new GraphBuilder('copy', new Map());
  const graph = () => g.build();
  const direction = {
    outputChannels: 3,
    before: { factor, offset: 0 },
    after: { factor: 1, offset: 0 },
    graph,
  };
  return {
    weights,
    latentChannels: 3,
    dtype: 'f16',
    tiling: { tilePx: 32, overlapPx: 16 },
    widestChannels: 1,
    encode: { ...direction, name: 'encode', input: 'x', output: 'y' },
    decode: { ...direction, name: 'decode', input: 'x', output: 'y' },
  };
}

const emptyWeights = fileWeights(await fileOf([['x', floatTensor([1])]], 'toy.safetensors'));

/** A runtime whose only network copies cells; notes loads and the batch sizes it saw. */
function copyingRuntime(
  seen: number[],
  loads: string[],
  change: (copy: FloatTensor) => FloatTensor = (copy) => copy,
): NetworkRuntime {
  return {
    description: 'test',
    emission: { dtype: 'f32', attention: 'plain' },
    load: (family) => {
      loads.push(family);
      const encode = family.includes('encode');
      const network: Network = {
        name: family,
        run: (feeds) => {
          const x = feeds['x'] as FloatTensor;
          seen.push(x.dims[0]!);
          const y = change(encode ? everyEighth(x) : repeated(x));
          return Promise.resolve({ y: { ...y, read: () => Promise.resolve(y), dispose: () => undefined } });
        },
        release: () => Promise.resolve(),
      };
      return Promise.resolve(network);
    },
  };
}

function everyEighth({ dims, data }: FloatTensor): FloatTensor {
  const [n, c, h, w] = dims as [number, number, number, number];
  const result = floatTensor([n, c, h / 8, w / 8]);
  result.data.forEach((_, i) => {
    const x = i % (w / 8);
    const y = Math.floor(i / (w / 8)) % (h / 8);
    const plane = Math.floor(i / ((w / 8) * (h / 8)));
    result.data[i] = data[(plane * h + y * 8) * w + x * 8]!;
  });
  return result;
}

function repeated({ dims, data }: FloatTensor): FloatTensor {
  const [n, c, h, w] = dims as [number, number, number, number];
  const result = floatTensor([n, c, h * 8, w * 8]);
  result.data.forEach((_, i) => {
    const x = Math.floor((i % (w * 8)) / 8);
    const y = Math.floor((Math.floor(i / (w * 8)) % (h * 8)) / 8);
    const plane = Math.floor(i / (w * h * 64));
    result.data[i] = data[(plane * h + y) * w + x]!;
  });
  return result;
}

describe('tiling of a codec', () => {
  it('puts every cell in its place and blends what agrees to itself', async () => {
    const seen: number[] = [];
    const codec = new NetworkCodec(copyingRuntime(seen, []), copyingModel(1));
    const latents = floatTensor([2, 3, 9, 13]);
    latents.data.forEach((_, i) => (latents.data[i] = ((i * 37) % 101) / 101));
    const pixels = await codec.decode(latents);
    expect(maxDifference(pixels, repeated(latents))).toBeLessThan(1e-6);
    expect(maxDifference(await codec.encode(pixels), latents)).toBeLessThan(1e-6);
    expect(Math.max(...seen)).toBeGreaterThan(1);
  });

  it('fades from one tile to the next where they disagree', async () => {
    let tile = 0;
    const constant = ({ dims, data }: FloatTensor) => {
      const each = data.length / dims[0]!;
      data.forEach((_, i) => (data[i] = (tile + Math.floor(i / each)) % 2));
      tile += dims[0]!;
      return { dims, data };
    };
    const codec = new NetworkCodec(copyingRuntime([], [], constant), copyingModel(1));
    const width = 8 * 10;
    const { data } = await codec.decode(floatTensor([1, 3, 4, 10]));
    const row = data.slice(0, width);
    const steps = Array.from(row.slice(1), (value, x) => Math.abs(value - row[x]!));
    expect(Math.max(...row) - Math.min(...row)).toBe(1);
    // Tiles 0 and 1 alternate; over 16 px of overlap a smoothstep climbs at most 1.5 / 16 per pixel.
    expect(Math.max(...steps)).toBeLessThanOrEqual(1.5 / 16);
  });

  it('loads one network per direction and size', async () => {
    const loads: string[] = [];
    const codec = new NetworkCodec(copyingRuntime([], loads), copyingModel(1));
    await codec.encode(floatTensor([1, 3, 64, 96]));
    await codec.encode(floatTensor([3, 3, 96, 64]));
    await codec.decode(floatTensor([1, 3, 8, 12]));
    expect(loads).toEqual(['codec encode 32x32', 'codec decode 4x4']);
  });

  it('retries in 32 bit, then says which file gives no numbers', async () => {
    const loads: string[] = [];
    const codec = new NetworkCodec(copyingRuntime([], loads), copyingModel(NaN));
    await expect(codec.decode(floatTensor([1, 3, 4, 4]))).rejects.toMatchObject({
      name: 'AppError',
      code: 'model-corrupt',
      message: expect.stringContaining('toy.safetensors') as string,
    });
    expect(loads).toHaveLength(2);
  });

  it('refuses a batch of the wrong shape', async () => {
    const codec = new NetworkCodec(copyingRuntime([], []), copyingModel(1));
    await expect(codec.encode(floatTensor([1, 3, 20, 16]))).rejects.toThrow(/divisible by 8/);
    await expect(codec.decode(floatTensor([1, 4, 2, 2]))).rejects.toThrow(/\[N,3,H,W\]/);
  });
});
