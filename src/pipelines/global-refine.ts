import type { Layer } from '#domain/document/layer.ts';
import { onGridOf, sameWeight, tileGroup, type LayerSketch } from '#domain/document/stack.ts';
import { LATENT_PX, overlaps, type Size } from '#domain/geometry/rect.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { sentence } from '#domain/job/sentence.ts';
import { EVERYTHING, type RefineTarget, type TileTarget } from '#domain/job/target.ts';
import { regionArea } from '#domain/noise/region.ts';
import { tileGrid } from '#domain/tiling/grid.ts';
import { chessOrder, planTiles, type Tile, type TilePlan } from '#domain/tiling/plan.ts';
import { cellMeans } from './inpaint.ts';
import { maskCoverage } from './layer-weights.ts';
import type { PaintItem } from './paint.ts';
import type { PixelOps } from './services.ts';

/** A tile to paint. */
export interface TileItem extends PaintItem {
  readonly tile: Tile;
  /** The plan the tile belongs to. */
  readonly plan: TilePlan;
}

/**
 * Tiles of the global pass that a target asks for, in chess order: the second colour sees what the first left. Empty
 * when the pass is off (unless single tiles are asked for) or changes nothing; without tiles that are locked. A tile
 * stays with the region of the scaffold its layer's painting came from, unless the target names another.
 */
export function planGlobal(
  request: RefineRequest,
  canvas: Size<'canvas'>,
  target: RefineTarget = EVERYTHING,
): TileItem[] {
  const { enabled, denoise } = request.global;
  if (denoise <= 0 || (target.tiles === 'all' && !enabled)) return [];
  const { tilePx, overlapPx } = tileGrid(request.global, canvas);
  const plan = planTiles(canvas, tilePx, overlapPx);
  const [first, second] = chessOrder(plan);
  return [...first, ...second].flatMap((tile) => {
    const wanted = wishFor(tile, target);
    if (!wanted) return [];
    const sketch = tileSketch(tile, plan, { kind: 'tile', index: tile.index, tilePx, overlapPx }, canvas);
    const present = target.layers.filter((layer) => isSameTile(layer, sketch));
    if (present.some(({ locked }) => locked)) return [];
    const last = present.at(-1);
    const region = wanted.region ?? last?.pixels.recipe.region ?? 0;
    return [tileItem(request, tile, plan, painted(sketch, last), region)];
  });
}

function wishFor({ index }: Tile, { tiles }: RefineTarget): TileTarget | undefined {
  return tiles === 'all' ? { index } : tiles.find((wanted) => wanted.index === index);
}

function tileSketch(
  tile: Tile,
  plan: TilePlan,
  weight: Extract<LayerSketch['weight'], { kind: 'tile' }>,
  canvas: Size<'canvas'>,
): LayerSketch {
  return {
    id: crypto.randomUUID(),
    name: '',
    group: tileGroup(tile.color),
    area: tile.area,
    canvas,
    weight,
    visible: true,
    locked: false,
    opacity: 1,
    strength: 1,
    origin: { detectionId: null, mask: null, below: [] },
  };
}

/** A tile painted anew keeps its place in the stack and what the user set about it. */
function painted(sketch: LayerSketch, present: Layer | undefined): LayerSketch {
  if (!present) return sketch;
  const { id, name, group, visible, opacity, strength } = present;
  return { ...sketch, id, name, group, visible, opacity, strength };
}

function isSameTile(layer: Layer, tile: LayerSketch): boolean {
  return onGridOf(layer, tile) && sameWeight(layer.weight, tile.weight);
}

function tileItem(
  request: RefineRequest,
  tile: Tile,
  plan: TilePlan,
  sketch: LayerSketch,
  region: number,
): TileItem {
  const { denoise, prompt, negative, anchorScale } = request.global;
  const { area, name } = sketch;
  const label = name || sentence`tile ${tile.index + 1}/${plan.tiles.length}`;
  const noiseArea = regionArea(area, sketch.canvas, region);
  const settings = { denoise, prompt, negative, anchorScale };
  return { tile, plan, label, area, sizePx: area.width, noiseArea, region, sketch, ...settings };
}

/**
 * A tile's strength where details were painted below it: 1 − coverage·opacity·(1 − refinedFactor) per latent cell, soft
 * as their masks are; undefined where it is 1 everywhere.
 */
export async function tileStrength(
  { area, sizePx }: PaintItem,
  below: readonly Layer[],
  refinedFactor: number,
  pixels: PixelOps,
): Promise<Float32Array | undefined> {
  const touching = below.filter(({ weight, area: other }) => weight.kind === 'mask' && overlaps(other, area));
  if (touching.length === 0 || refinedFactor >= 1) return undefined;
  const side = sizePx / LATENT_PX;
  const strength = new Float32Array(side * side).fill(1);
  for (const { weight, canvas, opacity } of touching) {
    if (weight.kind !== 'mask') continue;
    const coverage = await maskCoverage(pixels, weight, canvas, area);
    lowerStrength(strength, cellMeans(coverage, side), opacity * (1 - refinedFactor));
  }
  return strength;
}

function lowerStrength(strength: Float32Array, coverage: Float32Array, by: number): void {
  for (let i = 0; i < strength.length; i++)
    strength[i] = Math.min(strength[i] as number, 1 - (coverage[i] as number) * by);
}
