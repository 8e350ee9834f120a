import { describe, expect, it } from 'vitest';
import { ipAdapterView, readIpAdapterConfig } from '#models/ip-adapter/config.ts';
import { imageProjectionGraph } from '#models/ip-adapter/image-projection.ts';
import { checkIpAdapterFits, imageAttention, ipAdapterLayers } from '#models/ip-adapter/layers.ts';
import { anchorBlockFactors } from '#models/ip-adapter/presets.ts';
import type { AnchorPreset } from '#domain/job/request.ts';
import { readUnetConfig, spatialTransformers } from '#models/sdxl/unet-config.ts';
import { LDM_UNET_PREFIX } from '#models/sdxl/unet-names.ts';
import { unetConditioningGraph, unetStepGraph } from '#models/sdxl/unet.ts';
import { keymap, keyShapes, realUnet, tinyUnet } from './unet-keymaps.ts';

const adapter = () => keyShapes('ip_adapter_plus_sdxl_vit_h_keys.json');

describe('IP-Adapter', () => {
  it('reads the plus adapter from its key list', () => {
    expect(readIpAdapterConfig(adapter())).toEqual({
      kind: 'plus',
      tokens: 16,
      contextDim: 2048,
      imageDim: 1280,
      dim: 1280,
      innerDim: 1280,
      heads: 20,
      depth: 4,
    });
  });

  it('numbers the layers down, up, middle', () => {
    const rows = keymap<[number, string, string, number][]>('ip_adapter_order.json');
    const layers = ipAdapterLayers(readUnetConfig(realUnet()));
    expect(layers.map(({ index, name, channels }) => [index, LDM_UNET_PREFIX + name, channels])).toEqual(
      rows.map(([index, ldm, , width]) => [index, ldm, width]),
    );
  });

  it('is consumed to the last tensor by the conditioning and projection graphs', () => {
    const shapes = new Map([...realUnet(), ...adapter()]);
    const unet = readUnetConfig(shapes);
    const config = readIpAdapterConfig(shapes);
    const image = imageAttention(unet, config.tokens);
    const conditioning = unetConditioningGraph(shapes, unet, {
      tokens: 77,
      dtype: 'f16',
      image,
    });
    const projection = imageProjectionGraph(adapter(), config, {
      visionTokens: 257,
      attention: 'fused',
      dtype: 'f16',
    });
    const consumed = new Set([...conditioning.consumedKeys, ...projection.consumedKeys]);
    expect([...adapter().keys()].filter((key) => !consumed.has(key))).toEqual([]);
  });

  it('reads files that say adapter_modules', () => {
    const renamed = [...adapter().keys()].map((key) => key.replace(/^ip_adapter\./, 'adapter_modules.'));
    expect(new Set(ipAdapterView(renamed).keys())).toEqual(new Set(adapter().keys()));
  });

  it('has one factor per spatial transformer in the step graph', () => {
    const shapes = realUnet();
    const config = readUnetConfig(shapes);
    const emission = { height: 8, width: 8, tokens: 77, attention: 'fused', dtype: 'f32' } as const;
    const graph = unetStepGraph(shapes, config, { ...emission, image: imageAttention(config, 16) });
    expect(graph.inputs.find(({ name }) => name === 'ip_scale')?.dims).toEqual(['N', 11, 1]);
    expect(graph.inputs.filter(({ name }) => name.startsWith('ip.'))).toHaveLength(140);
  });

  it('finds the blocks of style and composition', () => {
    const config = readUnetConfig(realUnet());
    const names = (preset: AnchorPreset, unet = config) =>
      spatialTransformers(unet)
        .filter((_, i) => anchorBlockFactors(unet, preset)[i] === 1)
        .map(({ path }) => path);
    expect(names('all')).toHaveLength(11);
    expect(names('style')).toEqual(['output_blocks.1.1']);
    expect(names('composition')).toEqual(['input_blocks.8.1']);
    expect(names('style+composition')).toEqual(['input_blocks.8.1', 'output_blocks.1.1']);
    expect([...anchorBlockFactors(config, 'style')]).toEqual([0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 0]);
    expect([...anchorBlockFactors(config, 'composition')]).toEqual([0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0]);
    expect(names('style+composition', tinyUnet().config)).toEqual(['input_blocks.8.1', 'output_blocks.1.1']);
  });

  it('explains an adapter of another shape', () => {
    const { config } = tinyUnet();
    expect(() => {
      checkIpAdapterFits(config, adapter(), 'plus.safetensors');
    }).toThrow(
      '"plus.safetensors" does not fit this checkpoint: "ip_adapter.1.to_k_ip.weight" is [640, 2048]',
    );
    expect(() => {
      checkIpAdapterFits(readUnetConfig(realUnet()), adapter(), 'plus.safetensors');
    }).not.toThrow();
  });
});
