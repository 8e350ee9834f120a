import { describe, expect, it } from 'vitest';
import { recipeKeys } from '#models/graph/weight-recipe.ts';
import { queryChunk } from '#models/sdxl/unet-blocks.ts';
import { crossAttentionLayers, readUnetConfig } from '#models/sdxl/unet-config.ts';
import { labelVector, sinusoidalEmbedding } from '#models/sdxl/unet-embedding.ts';
import { LDM_UNET_PREFIX, unetView } from '#models/sdxl/unet-names.ts';
import { checkUnetShapes } from '#models/sdxl/unet-shapes.ts';
import { unetConditioningGraph, unetStepGraph } from '#models/sdxl/unet.ts';
import { keymap, realUnet, tinyUnet } from './unet-keymaps.ts';

const SDXL_PARAMETERS = 2_567_463_684;
const count = (dims: readonly number[]) => dims.reduce((product, dim) => product * dim, 1);

describe('UNet configuration', () => {
  it('reads SDXL base from its key list', () => {
    const config = readUnetConfig(realUnet());
    expect(config).toMatchObject({
      inChannels: 4,
      outChannels: 4,
      modelChannels: 320,
      embedDim: 1280,
      contextDim: 2048,
      admDim: 2816,
      headDim: 64,
      middleDepth: 10,
      levels: [
        { channels: 320, resBlocks: 2, transformerDepths: [0, 0] },
        { channels: 640, resBlocks: 2, transformerDepths: [2, 2] },
        { channels: 1280, resBlocks: 2, transformerDepths: [10, 10] },
      ],
    });
    expect(crossAttentionLayers(config)).toHaveLength(70);
  });

  it('reads levels without attention', () => {
    const { config } = tinyUnet(16);
    expect(config.levels.map(({ transformerDepths }) => transformerDepths)).toEqual([
      [0, 0],
      [0, 0],
      [1, 1],
    ]);
    expect(config.output[2]?.map(({ kind }) => kind)).toEqual(['res', 'transformer', 'up']);
    expect(config.output[5]?.map(({ kind }) => kind)).toEqual(['res', 'up']);
    expect(config.inChannels).toBe(16);
  });

  it('names the hole when a block is missing', () => {
    const shapes = new Map([...realUnet()].filter(([key]) => !key.startsWith('input_blocks.5.')));
    expect(() => readUnetConfig(shapes)).toThrow('"input_blocks.5" is missing');
  });

  it('refuses heads that do not divide the width', () => {
    expect(() => readUnetConfig(realUnet(), 48)).toThrow('does not divide into heads of 48');
  });
});

describe('UNet graphs at full size', () => {
  it('consume exactly the 1680 tensors of the checkpoint', () => {
    const shapes = realUnet();
    const config = readUnetConfig(shapes);
    const step = unetStepGraph(shapes, config, {
      height: 128,
      width: 128,
      tokens: 77,
      attention: 'plain',
      dtype: 'f16',
    });
    const conditioning = unetConditioningGraph(shapes, config, { tokens: 77, dtype: 'f16' });
    const consumed = [...step.consumedKeys, ...conditioning.consumedKeys];
    expect(new Set(consumed).size).toBe(consumed.length);
    expect(new Set(consumed)).toEqual(new Set(shapes.keys()));
    expect(consumed.reduce((sum, key) => sum + count(shapes.get(key)!), 0)).toBe(SDXL_PARAMETERS);
    expect(step.inputs).toHaveLength(3 + 140);
    expect(conditioning.outputs.map(({ name }) => name)).toEqual(
      expect.arrayContaining(step.inputs.map(({ name }) => name).filter((name) => name.startsWith('kv.'))),
    );
  });

  it('bounds the score matrix of the plain form', () => {
    expect(queryChunk(10, 9216) * 10 * 9216).toBeLessThanOrEqual(2 ** 24);
    expect(queryChunk(10, 9216)).toBeGreaterThanOrEqual(32);
  });
});

describe('UNet names', () => {
  const pairs = Object.entries(keymap<Record<string, string>>('unet_ldm_to_diffusers.json'));

  it('maps every diffusers name to its LDM name', () => {
    const view = unetView(pairs.map(([, diffusers]) => diffusers));
    const back = new Map([...view].map(([name, recipe]) => [LDM_UNET_PREFIX + name, recipeKeys(recipe)[0]]));
    expect(back).toEqual(new Map(pairs));
  });

  it('reads bare LDM names and ignores the rest of a checkpoint', () => {
    const bare = pairs.map(([ldm]) => ldm.slice(LDM_UNET_PREFIX.length));
    expect(unetView([...bare, 'first_stage_model.encoder.conv_in.weight', 'v_pred']).size).toBe(pairs.length);
  });

  it('puts the upsampler of a level without attention where LDM has it', () => {
    const view = unetView([
      'conv_in.weight',
      'down_blocks.0.resnets.0.conv1.weight',
      'down_blocks.0.resnets.1.conv1.weight',
      'up_blocks.1.resnets.2.conv1.weight',
      'up_blocks.1.upsamplers.0.conv.weight',
    ]);
    expect([...view.keys()]).toContain('output_blocks.5.1.conv.weight');
  });
});

describe('UNet shapes', () => {
  it('agree with the key list', () => {
    const shapes = realUnet();
    expect(checkUnetShapes(shapes, readUnetConfig(shapes))).toEqual({
      missing: [],
      unknown: [],
      misshapen: [],
    });
  });

  it('find a tensor of the wrong shape, a missing and an unknown one', () => {
    const shapes = new Map(realUnet());
    shapes.set('output_blocks.3.0.in_layers.2.weight', [640, 1280, 3, 3]);
    shapes.delete('middle_block.1.norm.bias');
    shapes.set('input_blocks.4.1.surprise', [1]);
    const report = checkUnetShapes(shapes, readUnetConfig(shapes));
    expect(report.misshapen.map(String)).toEqual([
      '"output_blocks.3.0.in_layers.2.weight" is [640, 1280, 3, 3], not [640, 1920, 3, 3]',
    ]);
    expect(report.missing).toEqual(['middle_block.1.norm.bias']);
    expect(report.unknown).toEqual(['input_blocks.4.1.surprise']);
  });
});

describe('sinusoidal embedding', () => {
  it('has cosines first and the stated frequencies', () => {
    const values = sinusoidalEmbedding([0, 500], 8);
    expect([...values.slice(0, 8)]).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    [1, 0.1, 0.01, 0.001].forEach((frequency, i) => {
      expect(values[8 + i]).toBeCloseTo(Math.cos(500 * frequency), 4);
      expect(values[12 + i]).toBeCloseTo(Math.sin(500 * frequency), 4);
    });
  });

  it('puts the six sizes behind the pooled text', () => {
    const y = labelVector(Float32Array.of(7, 8), [1024, 512, 0, 0, 1024, 512]);
    expect(y.length).toBe(2 + 6 * 256);
    expect([...y.slice(0, 2)]).toEqual([7, 8]);
    expect(y.slice(2, 2 + 256)).toEqual(sinusoidalEmbedding([1024], 256));
    expect(y.slice(2 + 256, 2 + 512)).toEqual(sinusoidalEmbedding([512], 256));
  });
});
