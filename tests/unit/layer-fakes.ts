import type { Layer, LayerPixels } from '#domain/document/layer.ts';
import { encodeRle } from '#domain/mask/rle.ts';
import { request } from './pipelines-fakes.ts';

/** A painting with the settings of the stand-in request. */
export function aPainting(id: string, recipe: Partial<LayerPixels['recipe']> = {}): LayerPixels {
  const { sampling, scaffold } = request();
  const settings = { prompt: 'face', negative: '', denoise: 0.4, anchorScale: 0.5, region: 0, model: 'test' };
  return { id, recipe: { ...settings, sampling, scaffold, ...recipe }, similarity: null };
}

/** A detail layer over a whole small canvas, visible and fully opaque. */
export function aLayer(overrides: Partial<Layer> = {}): Layer {
  const { id = 'layer', canvas = { width: 32, height: 32 } } = overrides;
  const pixels = overrides.pixels ?? aPainting(`pixels of ${id}`);
  const mask = encodeRle({ width: 4, height: 4, data: new Uint8Array(16).fill(255) });
  return {
    id,
    name: id,
    group: 'detail 0',
    area: { x: 0, y: 0, ...canvas },
    canvas,
    weight: { kind: 'mask', mask, growPx: 0, featherPx: 4 },
    visible: true,
    locked: false,
    opacity: 1,
    strength: 1,
    pixels,
    variations: [pixels],
    origin: { detectionId: id, mask, below: [] },
    ...overrides,
  };
}
