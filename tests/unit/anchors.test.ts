import { describe, expect, it } from 'vitest';
import { clipView, findClipTowers } from '#models/clip/naming.ts';
import { anchorProjection, IpAnchorEncoder } from '#inference/anchors.ts';
import { ipAdapterWeights } from '#inference/denoiser-weights.ts';
import { findVisionTower, loadVision, visionTower, type VisionTower } from '#inference/vision.ts';
import { fileWeights } from '#inference/weights.ts';
import { takeFloat, type NetworkRuntime } from '#inference/runtime.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { clipPreprocess } from '#domain/image/clip-preprocess.ts';
import { batchItem, floatTensor, stack } from '#domain/tensor.ts';
import { goldenFile, maxDifference, rewritten } from '../golden/files.ts';

const runtime = new OrtNodeRuntime({ threads: 1 });

async function tower(): Promise<VisionTower> {
  const file = await goldenFile('clip_vision');
  const shapes = new Map([...file.header.tensors].map(([name, { dims }]) => [name, dims]));
  return visionTower(fileWeights(file, clipView(shapes, findClipTowers(shapes)[0]!)), { heads: 3 });
}

async function plus(): Promise<IpAnchorEncoder> {
  const adapter = ipAdapterWeights(await goldenFile('ip_adapter'));
  return new IpAnchorEncoder(runtime, await tower(), anchorProjection(adapter, 16));
}

describe('image anchors', () => {
  it('turns pictures into the tokens of the reference', async () => {
    const inputs = await goldenFile('e2e', 'inputs.safetensors');
    const outputs = await goldenFile('e2e', 'outputs.safetensors');
    const pictures = await inputs.float('image_u8');
    const first = batchItem(pictures, 0);
    const image = floatTensor(
      first.dims,
      first.data.map((value) => value / 255),
    );
    const encoder = await plus();
    const tokens = await encoder.encode(image);
    const expected = batchItem(await outputs.float('ip_tokens'), 0);
    expect(tokens.dims).toEqual([1, ...expected.dims]);
    expect(maxDifference(batchItem(tokens, 0), expected)).toBeLessThan(1e-3);
    await encoder.release();
  });

  it('answers a blank image once, from zeros after normalisation', async () => {
    const encoder = await plus();
    const [a, b] = await Promise.all([encoder.unconditional(), encoder.unconditional()]);
    expect(b).toBe(a);
    const expected = await (await goldenFile('e2e', 'outputs.safetensors')).float('ip_tokens_uncond');
    expect(maxDifference(a, expected)).toBeLessThan(1e-4);
    // Not the black picture, nor zero tokens.
    const { image } = (await tower()).config;
    const black = await encoder.encode(floatTensor([3, image, image]));
    expect(maxDifference(a, black)).toBeGreaterThan(0.01);
    await encoder.release();
  });

  it('works with base adapters: zero embedding for nothing', async () => {
    const weights = ipAdapterWeights(await goldenFile('ip_adapter_base'));
    const encoder = new IpAnchorEncoder(runtime, await tower(), anchorProjection(weights));
    const outputs = await goldenFile('ip_adapter_base', 'outputs.safetensors');
    const name = outputs.names.find((candidate) => candidate.startsWith('tokens_uncond'))!;
    expect(maxDifference(await encoder.unconditional(), await outputs.float(name))).toBeLessThan(1e-4);
    const tokens = await encoder.encode(floatTensor([3, 112, 112], new Float32Array(37632).fill(0.5)));
    expect(tokens.dims).toEqual([1, 4, 80]);
    await encoder.release();
  });

  it('embeds a picture as what its adapter reads: the mean token, or the projected embedding', async () => {
    const image = floatTensor(
      [3, 56, 56],
      Float32Array.from({ length: 9408 }, (_, i) => ((i * 31) % 97) / 97),
    );
    const seen = async (output: 'penultimate' | 'image_embeds') => {
      const { config } = await tower();
      const vision = await loadVision(runtime, 'test', await tower(), output);
      const pixel_values = stack([clipPreprocess(image, config.image, true)]);
      const features = await takeFloat(await vision.run({ pixel_values }, []), output);
      await vision.release();
      return features;
    };
    const encoder = await plus();
    const tokens = await seen('penultimate');
    const [, count = 0, width = 0] = tokens.dims;
    expect(count).toBeGreaterThan(1);
    const mean = Float32Array.from({ length: width }, (_, c) => {
      let sum = 0;
      for (let t = 0; t < count; t++) sum += tokens.data[t * width + c]!;
      return sum / count;
    });
    const embedded = await encoder.embed(image);
    expect(maxDifference(floatTensor([width], embedded), floatTensor([width], mean))).toBeLessThan(1e-5);
    await encoder.release();
    const weights = ipAdapterWeights(await goldenFile('ip_adapter_base'));
    const base = new IpAnchorEncoder(runtime, await tower(), anchorProjection(weights));
    const expected = await seen('image_embeds');
    expect(maxDifference(floatTensor(expected.dims, await base.embed(image)), expected)).toBeLessThan(1e-5);
    await base.release();
  });

  it('rests: lets go of its networks, keeps the blank tokens, and encodes as before', async () => {
    const loads: string[] = [];
    const watched: NetworkRuntime = {
      description: '',
      emission: runtime.emission,
      load: (family, ...rest) => {
        loads.push(family);
        return runtime.load(family, ...rest);
      },
    };
    const projection = anchorProjection(ipAdapterWeights(await goldenFile('ip_adapter')), 16);
    const image = floatTensor([3, 56, 56], new Float32Array(3 * 56 * 56).fill(0.3));
    for (const [keep, count] of [
      [false, 4],
      [true, 2],
      [undefined, 2],
    ] as const) {
      loads.length = 0;
      const encoder = new IpAnchorEncoder(watched, await tower(), projection, keep);
      const [first, blank] = [await encoder.encode(image), await encoder.unconditional()];
      await encoder.rest();
      expect(await encoder.unconditional()).toBe(blank);
      expect(await encoder.encode(image)).toEqual(first);
      expect(loads).toHaveLength(count);
      await encoder.release();
    }
  });

  it('refuses a vision encoder the adapter was not made for', async () => {
    const file = await goldenFile('ip_adapter');
    const other = await rewritten(file, (name, tensor) =>
      name === 'image_proj.proj_in.weight' ? [[name, floatTensor([tensor.dims[0]!, 32])]] : [[name, tensor]],
    );
    const projection = anchorProjection(ipAdapterWeights(other), 16);
    const vision = await tower();
    expect(() => new IpAnchorEncoder(runtime, vision, projection)).toThrow(
      /reads 32 vision features.*gives 48/,
    );
  });

  it('says when a file has no vision encoder', async () => {
    const file = await goldenFile('vae');
    expect(() => findVisionTower(file)).toThrow(/weights\.safetensors" holds no CLIP vision encoder/);
  });
});
