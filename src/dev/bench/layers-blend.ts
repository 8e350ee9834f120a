import type { Residual } from '#domain/blend/residual.ts';
import type { Layer, LayerPixels } from '#domain/document/layer.ts';
import { tileGroup } from '#domain/document/stack.ts';
import { rect, type Rect } from '#domain/geometry/rect.ts';
import { encodeRle } from '#domain/mask/rle.ts';
import { planTiles } from '#domain/tiling/plan.ts';
import { LayerCanvas } from '#pipelines/layer-canvas.ts';
import { LayerWeights } from '#pipelines/layer-weights.ts';
import { MemoryResiduals } from '#pipelines/memory-residuals.ts';
import type { PixelOps } from '#pipelines/services.ts';

/** A 4K canvas, and a detail in the middle of it whose opacity somebody drags. */
const CANVAS = { width: 4096, height: 4096 };
const AREA = rect<'canvas'>(1536, 1536, 1024, 1024);
const DRAGS = 9;

/** Milliseconds of every re-blend of a drag, the first (which makes the weights) left out. */
export interface BlendTimes {
  readonly alone: readonly number[];
  /** With the tiles of a global pass above it, of which nine touch it. */
  readonly underTiles: readonly number[];
}

/** Drags the opacity of a 1024² layer, alone and under a whole grid of tiles. */
export async function blendTimes(pixels: PixelOps): Promise<BlendTimes> {
  const residuals = new MemoryResiduals();
  const detail = detailLayer();
  const tiles = tileLayers();
  for (const layer of [detail, ...tiles]) await residuals.put(layer.pixels.id, changes());
  const data = new Uint8ClampedArray(CANVAS.width * CANVAS.height * 4).fill(128);
  const canvas = new LayerCanvas(
    { ...CANVAS, data },
    { pixels, residuals, weights: new LayerWeights(pixels) },
  );
  return { alone: await drag(canvas, detail, []), underTiles: await drag(canvas, detail, tiles) };
}

async function drag(canvas: LayerCanvas, layer: Layer, above: readonly Layer[]): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i <= DRAGS; i++) {
    const begin = performance.now();
    await canvas.show([{ ...layer, opacity: 1 - i / 20 }, ...above]);
    times.push(performance.now() - begin);
  }
  return times.slice(1);
}

function detailLayer(): Layer {
  const side = 128;
  const data = Uint8Array.from({ length: side * side }, (_, i) =>
    Math.hypot((i % side) - 64, Math.floor(i / side) - 64) < 13 ? 255 : 0,
  );
  const mask = encodeRle({ width: side, height: side, data });
  return layerOf('detail', 'detail 0', AREA, { kind: 'mask', mask, growPx: 8, featherPx: 48 });
}

function tileLayers(): Layer[] {
  const [tilePx, overlapPx] = [1024, 128];
  return planTiles(CANVAS, tilePx, overlapPx).tiles.map(({ index, color, area }) =>
    layerOf(`tile ${index}`, tileGroup(color), area, { kind: 'tile', index, tilePx, overlapPx }),
  );
}

function layerOf(id: string, group: string, area: Rect<'canvas'>, weight: Layer['weight']): Layer {
  const painting: LayerPixels = { id, recipe: RECIPE, similarity: null };
  return {
    id,
    name: id,
    group,
    area,
    canvas: CANVAS,
    weight,
    visible: true,
    locked: false,
    opacity: 1,
    strength: 1,
    pixels: painting,
    variations: [painting],
    origin: { detectionId: null, mask: null, below: [] },
  };
}

const RECIPE: LayerPixels['recipe'] = {
  prompt: '',
  negative: '',
  denoise: 0.4,
  anchorScale: 0,
  sampling: { sampler: 'euler', scheduler: 'karras', steps: 1, guidanceScale: 1 },
  scaffold: { seed: 0, levels: 0, discount: 0 },
  region: 0,
  model: '',
};

function changes(): Residual {
  const data = Int16Array.from({ length: 3 * 1024 * 1024 }, (_, i) => ((i * 7919) % 6000) - 3000);
  return { width: 1024, height: 1024, data };
}
