import { DEFAULTS } from '#app/defaults.ts';
import type { Layer, LayerPixels } from '#domain/document/layer.ts';
import type { Candidate } from '#domain/document/state.ts';
import { rect, size } from '#domain/geometry/rect.ts';
import type { MaskRle } from '#domain/job/request.ts';

/** A mask of 8 × 4 whose first `cells` cells are inside. */
export const maskOf = (cells: number): MaskRle => ({ width: 8, height: 4, runs: [0, cells, 32 - cells] });

export function pixels(id: string, region = 0, similarity: number | null = null): LayerPixels {
  const { sampling, scaffold } = DEFAULTS.parameters;
  const recipe = { prompt: 'a face', negative: 'blur', denoise: 0.5, anchorScale: 0.6, sampling, scaffold };
  return { id, similarity, recipe: { ...recipe, region, model: 'demo' } };
}

export function layer(id: string, patch: Partial<Layer> = {}): Layer {
  const own = patch.pixels ?? pixels(`${id}-pixels`);
  return {
    id,
    name: id,
    group: 'detail 0',
    area: rect(0, 0, 64, 64),
    canvas: size(128, 64),
    weight: { kind: 'mask', mask: maskOf(4), growPx: 0, featherPx: 16 },
    visible: true,
    locked: false,
    opacity: 1,
    strength: 1,
    pixels: own,
    variations: [own],
    origin: { detectionId: null, mask: null, below: [] },
    ...patch,
  };
}

export function tile(index: number, patch: Partial<Layer> = {}): Layer {
  return layer(`t${index}`, {
    name: '',
    group: 'tiles 0',
    weight: { kind: 'tile', index, tilePx: 1024, overlapPx: 256 },
    ...patch,
  });
}

export function candidate(id: string, mask = maskOf(4)): Candidate {
  return {
    id,
    conceptId: 'concept-1',
    origin: 'phrase',
    mask,
    edits: null,
    frame: null,
    score: 0.9,
    presence: 0.9,
    tick: true,
    rules: null,
    baked: false,
    own: {},
  };
}
