import { fadeAtCropEdge } from '#domain/blend/crop-edge.ts';
import { shareWeight } from '#domain/blend/overlap.ts';
import type { Layer } from '#domain/document/layer.ts';
import { siblingsOf } from '#domain/document/siblings.ts';
import { sameSize, sameWeight, type LayerSketch } from '#domain/document/stack.ts';
import type { Rect, Size } from '#domain/geometry/rect.ts';
import { decodeRle } from '#domain/mask/rle.ts';
import type { Field } from '#domain/raster.ts';
import { tileWeights } from '#domain/tiling/feather.ts';
import { planTiles } from '#domain/tiling/plan.ts';
import type { PixelOps } from './services.ts';

/** Feathered masks are quick to blend with and slow to make: this much of them is kept. */
const BUDGET_BYTES = 256 * 2 ** 20;

/** What a weight is made of, and a name to keep it by. */
type Weighted = Pick<LayerSketch, 'id' | 'area' | 'canvas' | 'weight'>;

interface Entry {
  readonly layer: Weighted;
  readonly weight: Field<'canvas'>;
}

/** Weights of layers over their areas, kept as long as what they are made of stays the same. */
export class LayerWeights {
  readonly #pixels: PixelOps;
  readonly #budgetBytes: number;
  /** By layer id, least recently used first. */
  readonly #entries = new Map<string, Entry>();

  constructor(pixels: PixelOps, budgetBytes = BUDGET_BYTES) {
    this.#pixels = pixels;
    this.#budgetBytes = budgetBytes;
  }

  /** What a layer is blended with among the layers shown, siblings taken into account. */
  async shared(layer: Layer, shown: readonly Layer[]): Promise<Field<'canvas'>> {
    const alpha = await this.alone(layer);
    const siblings = siblingsOf(layer, shown);
    if (siblings.length === 0) return alpha;
    const others = [];
    for (const sibling of siblings) others.push({ ...sibling, alpha: await this.alone(sibling) });
    return shareWeight({ ...layer, alpha }, others);
  }

  /** A layer's own weight: its mask grown, feathered and faded at inner crop edges; its tile's overlap weights; or 1. */
  async alone(layer: Weighted): Promise<Field<'canvas'>> {
    const known = this.#entries.get(layer.id);
    const weight =
      known && sameShape(known.layer, layer) ? known.weight : await weightOf(layer, this.#pixels);
    this.#entries.delete(layer.id);
    this.#entries.set(layer.id, { layer, weight });
    this.#trim();
    return weight;
  }

  #trim(): void {
    let bytes = 0;
    for (const { weight } of this.#entries.values()) bytes += weight.data.byteLength;
    for (const [id, { weight }] of this.#entries) {
      if (bytes <= this.#budgetBytes || this.#entries.size === 1) return;
      this.#entries.delete(id);
      bytes -= weight.data.byteLength;
    }
  }
}

function sameShape(a: Weighted, b: Weighted): boolean {
  const samePlace = a.area.x === b.area.x && a.area.y === b.area.y && sameSize(a.area, b.area);
  return samePlace && sameSize(a.canvas, b.canvas) && sameWeight(a.weight, b.weight);
}

async function weightOf({ weight, area, canvas }: Weighted, pixels: PixelOps): Promise<Field<'canvas'>> {
  switch (weight.kind) {
    case 'mask':
      return fadeAtCropEdge(await maskCoverage(pixels, weight, canvas, area), area, canvas, weight.featherPx);
    case 'tile': {
      const plan = planTiles(canvas, weight.tilePx, weight.overlapPx);
      const tile = plan.tiles[weight.index];
      if (!tile) throw new RangeError(`tile ${weight.index} is not part of a grid of ${plan.tiles.length}`);
      return tileWeights(plan, tile);
    }
    case 'whole': {
      const { width, height } = area;
      return { width, height, data: new Float32Array(width * height).fill(1) };
    }
  }
}

/** Coverage of a layer's mask inside an area of the canvas, grown and feathered, in canvas pixels. */
export async function maskCoverage(
  pixels: PixelOps,
  { mask, growPx, featherPx }: Extract<LayerSketch['weight'], { kind: 'mask' }>,
  canvas: Size<'canvas'>,
  area: Rect<'canvas'>,
): Promise<Field<'canvas'>> {
  const coverage = await pixels.cropMask(decodeRle(mask), canvas, area);
  return pixels.featherMask(coverage, growPx, featherPx);
}
