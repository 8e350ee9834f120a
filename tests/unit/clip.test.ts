import { describe, expect, it } from 'vitest';
import { clipTextConfig, clipVisionConfig } from '#models/clip/config.ts';
import { clipView, findClipTowers } from '#models/clip/naming.ts';
import { clipTextGraph, endOfTextSelector } from '#models/clip/text.ts';
import { embedTokens } from '#inference/prompts-tokens.ts';
import { clipVisionGraph } from '#models/clip/vision.ts';
import { takeFloat } from '#inference/runtime.ts';
import { fileWeights, type WeightSource } from '#inference/weights.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import {
  goldenFile,
  maxDifference,
  rewritten,
  rowBlocks,
  transposed,
  type NamedTensor,
} from '../golden/files.ts';

const runtime = new OrtNodeRuntime({ threads: 1 });

function weightsOf(file: SafetensorsFile, prefix?: string): WeightSource {
  const shapes = new Map([...file.header.tensors].map(([name, { dims }]) => [name, dims]));
  const towers = findClipTowers(shapes);
  expect(towers).toHaveLength(1);
  if (prefix !== undefined) expect(towers[0]!.prefix).toBe(prefix);
  return fileWeights(file, clipView(shapes, towers[0]!));
}

async function pooledG(weights: WeightSource, ids: Int32Array): Promise<FloatTensor> {
  const config = clipTextConfig(weights.shapes, 'g', { heads: 3 });
  const graph = clipTextGraph(weights.shapes, config, { ...runtime.emission, outputs: ['pooled'] });
  const network = await runtime.load('test', graph, weights);
  const dims = [ids.length / 77, 77];
  const eot = floatTensor(dims, endOfTextSelector(ids, 77));
  const token_embeds = await embedTokens(weights, ids, 77);
  const result = await takeFloat(await network.run({ token_embeds, eot }), 'pooled');
  await network.release();
  return result;
}

async function goldenIds(kind: string): Promise<Int32Array> {
  return Int32Array.from((await (await goldenFile(kind, 'inputs.safetensors')).float('input_ids')).data);
}

/** bigG as Hugging Face, kohya and diffusers name it. */
function hfTextName(name: string, tensor: FloatTensor): readonly NamedTensor[] {
  const local = name.replace('conditioner.embedders.1.model.', '');
  const packed = /^transformer\.resblocks\.(\d+)\.attn\.in_proj_(weight|bias)$/.exec(local);
  if (packed)
    return rowBlocks(tensor, 3).map((part, i) => [
      `text_model.encoder.layers.${packed[1]}.self_attn.${'qkv'[i]}_proj.${packed[2]}`,
      part,
    ]);
  if (local === 'text_projection') return [['text_projection.weight', transposed(tensor)]];
  if (local === 'logit_scale') return [];
  const renamed = local
    .replace(/^token_embedding\./, 'text_model.embeddings.token_embedding.')
    .replace(/^positional_embedding$/, 'text_model.embeddings.position_embedding.weight')
    .replace(/^ln_final\./, 'text_model.final_layer_norm.')
    .replace(/^transformer\.resblocks\.(\d+)\./, 'text_model.encoder.layers.$1.')
    .replace('.attn.out_proj.', '.self_attn.out_proj.')
    .replace('.ln_1.', '.layer_norm1.')
    .replace('.ln_2.', '.layer_norm2.')
    .replace('.mlp.c_fc.', '.mlp.fc1.')
    .replace('.mlp.c_proj.', '.mlp.fc2.');
  return [[renamed, tensor]];
}

describe('CLIP text', () => {
  it('reads bigG the same from OpenCLIP and from Hugging Face naming', async () => {
    const openClip = await goldenFile('clip_g');
    const ids = await goldenIds('clip_g');
    const expected = await pooledG(weightsOf(openClip, 'conditioner.embedders.1.model.'), ids);
    const renamed = await rewritten(openClip, hfTextName);
    expect(maxDifference(await pooledG(weightsOf(renamed, ''), ids), expected)).toBeLessThan(1e-6);
  });

  it('takes text_projection.weight of converted checkpoints as [out,in]', async () => {
    const openClip = await goldenFile('clip_g');
    const ids = await goldenIds('clip_g');
    const expected = await pooledG(weightsOf(openClip), ids);
    const converted = await rewritten(openClip, (name, tensor) =>
      name.endsWith('text_projection') ? [[`${name}.weight`, transposed(tensor)]] : [[name, tensor]],
    );
    expect(maxDifference(await pooledG(weightsOf(converted), ids), expected)).toBeLessThan(1e-6);
  });

  it('does not let a token see the ones after it', async () => {
    const weights = weightsOf(await goldenFile('clip_l'));
    const config = clipTextConfig(weights.shapes, 'l', { heads: 2 });
    const graph = clipTextGraph(weights.shapes, config, { ...runtime.emission, outputs: ['penultimate'] });
    const network = await runtime.load('test', graph, weights);
    const ids = (await goldenIds('clip_l')).slice(0, 77);
    const hidden = async (data: Int32Array) =>
      takeFloat(await network.run({ token_embeds: await embedTokens(weights, data, 77) }), 'penultimate');
    const before = await hidden(ids);
    const changed = await hidden(ids.map((id, i) => (i < 40 ? id : (id + 7) % 500)));
    await network.release();
    const seen = 40 * config.width;
    const head = (x: FloatTensor) => floatTensor([seen], x.data.slice(0, seen));
    expect(maxDifference(head(before), head(changed))).toBeLessThan(1e-6);
    expect(maxDifference(before, changed)).toBeGreaterThan(0.01);
  });

  it('finds the first end of text in every row', () => {
    const selector = endOfTextSelector([9, 1, 5, 5, 9, 2, 9, 9], 4);
    expect([...selector]).toEqual([1, 0, 0, 0, 1, 0, 0, 0]);
    expect([...endOfTextSelector([8, 1, 9, 9, 8, 9, 0, 0], 4)]).toEqual([0, 0, 1, 0, 0, 1, 0, 0]);
  });

  it('guesses heads of 64 channels, at least one', () => {
    const shapes = (width: number) =>
      new Map<string, readonly number[]>([
        ['text_model.embeddings.token_embedding.weight', [10, width]],
        ['text_model.embeddings.position_embedding.weight', [77, width]],
        ['text_model.encoder.layers.0.layer_norm1.weight', [width]],
      ]);
    expect(clipTextConfig(shapes(768), 'l')).toMatchObject({
      heads: 12,
      layers: 1,
      activation: 'quick_gelu',
    });
    expect(clipTextConfig(shapes(24), 'g')).toMatchObject({ heads: 1, activation: 'gelu', projection: null });
  });
});

/** A Hugging Face vision tower in OpenCLIP's naming: q, k, v packed, the projection as [in,out]. */
async function openClipVision(file: SafetensorsFile): Promise<SafetensorsFile> {
  const concat = async (prefix: string, part: string): Promise<FloatTensor> => {
    const parts = await Promise.all(
      ['q', 'k', 'v'].map((x) => file.float(`${prefix}.self_attn.${x}_proj.${part}`)),
    );
    const data = Float32Array.from(parts.flatMap((tensor) => [...tensor.data]));
    return floatTensor([parts[0]!.dims[0]! * 3, ...parts[0]!.dims.slice(1)], data);
  };
  const packed = new Map<string, FloatTensor>();
  for (const name of file.names) {
    const match = /^(.*)\.self_attn\.q_proj\.(weight|bias)$/.exec(name);
    if (match) packed.set(name, await concat(match[1]!, match[2]!));
  }
  return rewritten(file, (name, tensor) => {
    const local = name.replace(/^vision_model\.encoder\.layers\.(\d+)\./, 'visual.transformer.resblocks.$1.');
    if (packed.has(name)) return [[local.replace('self_attn.q_proj.', 'attn.in_proj_'), packed.get(name)!]];
    if (/self_attn\.[kv]_proj/.test(name)) return [];
    if (name === 'visual_projection.weight') return [['visual.proj', transposed(tensor)]];
    const renamed = local
      .replace('vision_model.embeddings.class_embedding', 'visual.class_embedding')
      .replace('vision_model.embeddings.position_embedding.weight', 'visual.positional_embedding')
      .replace('vision_model.embeddings.patch_embedding.', 'visual.conv1.')
      .replace('vision_model.pre_layrnorm.', 'visual.ln_pre.')
      .replace('vision_model.post_layernorm.', 'visual.ln_post.')
      .replace('.self_attn.out_proj.', '.attn.out_proj.')
      .replace(/\.layer_norm([12])\./, '.ln_$1.')
      .replace('.mlp.fc1.', '.mlp.c_fc.')
      .replace('.mlp.fc2.', '.mlp.c_proj.');
    return [[renamed, tensor]];
  });
}

describe('CLIP vision', () => {
  it('reads a tower the same from Hugging Face and from OpenCLIP naming', async () => {
    const hf = await goldenFile('clip_vision');
    const pixels = await (await goldenFile('clip_vision', 'inputs.safetensors')).float('pixel_values');
    const embeds = async (file: SafetensorsFile) => {
      const weights = weightsOf(file);
      const config = clipVisionConfig(weights.shapes, { heads: 3 });
      const graph = clipVisionGraph(weights.shapes, config, {
        ...runtime.emission,
        outputs: ['image_embeds'],
      });
      const network = await runtime.load('test', graph, weights);
      const result = await takeFloat(await network.run({ pixel_values: pixels }), 'image_embeds');
      await network.release();
      return result;
    };
    expect(maxDifference(await embeds(await openClipVision(hf)), await embeds(hf))).toBeLessThan(1e-6);
  });

  it.each([
    [1280, 32, 14, 257, { heads: 16, activation: 'gelu', image: 224 }],
    [1664, 48, 14, 257, { heads: 16, activation: 'gelu', image: 224 }],
    [1024, 24, 14, 577, { heads: 16, activation: 'quick_gelu', image: 336 }],
    [48, 2, 7, 17, { heads: 1, activation: 'gelu', image: 28 }],
  ])('recovers the config of width %i, %i layers', (width, layers, patch, tokens, expected) => {
    const shapes = new Map<string, readonly number[]>([
      ['vision_model.embeddings.patch_embedding.weight', [width, 3, patch, patch]],
      ['vision_model.embeddings.position_embedding.weight', [tokens, width]],
    ]);
    for (let i = 0; i < layers; i++)
      shapes.set(`vision_model.encoder.layers.${i}.layer_norm1.weight`, [width]);
    expect(clipVisionConfig(shapes)).toMatchObject({ ...expected, layers, projection: null });
  });
});
