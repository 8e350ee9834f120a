import { intersect, LATENT_PX, type Size } from '#domain/geometry/rect.ts';
import { snapDown } from '#domain/geometry/snap.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import type { Field, Raster8 } from '#domain/raster.ts';
import { tileWeights } from '#domain/tiling/feather.ts';
import { planTiles, type Tile, type TilePlan } from '#domain/tiling/plan.ts';
import { repaintWithinMemory, type LadderJob } from './memory-ladder.ts';
import { withAnchors } from './anchors.ts';
import { cellMeans } from './inpaint.ts';
import { batchesOf, detectionCoverage, type DetailItem } from './detail.ts';
import { batchLimit, itemUnits, type RepaintItem, type Repainted } from './repaint.ts';

/** The UNet halves its latents twice, and 64 px keeps every level whole on the way. */
const UNET_PX = 64;

/** A tile as an item to re-paint. */
export interface TileItem extends RepaintItem {
  readonly tile: Tile;
  /** The plan the tile belongs to: its weights depend on its neighbours. */
  readonly plan: TilePlan;
}

/** Tiles of the global pass, square, chess-coloured; empty when the pass is off or changes nothing. */
export function planGlobal(request: RefineRequest, canvas: Size<'canvas'>): TileItem[] {
  const { enabled, denoise, tilePx, overlapPx, prompt, negative, anchorScale } = request.global;
  if (!enabled || denoise <= 0) return [];
  const narrow = Math.min(canvas.width, canvas.height);
  const side =
    narrow >= tilePx ? tilePx : Math.max(LATENT_PX, snapDown(narrow, narrow < UNET_PX ? LATENT_PX : UNET_PX));
  const plan = planTiles(canvas, side, overlapPx);
  return plan.tiles.map((tile, i) => ({
    tile,
    plan,
    label: `tile ${i + 1}/${plan.tiles.length}`,
    area: tile.area,
    sizePx: side,
    denoise,
    prompt,
    negative,
    anchorScale,
  }));
}

/**
 * The global pass in chess order: all tiles of one colour read the same canvas and run in true batches; the other
 * colour then sees the blended result. Tile weights sum to one over the canvas, so every residual is added once.
 * Writes into `canvas`. `only` restricts the run to some tiles (indices of the plan).
 */
export async function refineGlobally(
  job: LadderJob,
  canvas: Raster8<'canvas'>,
  tiles: readonly TileItem[],
  refined: readonly DetailItem[],
  only?: ReadonlySet<number>,
): Promise<void> {
  for (const color of [0, 1] as const) {
    const members = tiles.filter(({ tile }, i) => tile.color === color && (!only || only.has(i)));
    const source: Raster8<'canvas'> = { ...canvas, data: canvas.data.slice() };
    const ready = await withAnchors(job, source, members, 'global');
    for (const batch of batchesOf(ready, batchLimit(job.request, job.services))) {
      const items = await Promise.all(batch.map((item) => withStrength(job, item, canvas, refined)));
      const painted = await repaintWithinMemory(job, source, items, 'global');
      for (const [i, item] of batch.entries())
        await paste(job, canvas, item, tileWeights(item.plan, item.tile), painted[i] as Repainted);
    }
  }
}

async function paste(
  job: LadderJob,
  canvas: Raster8<'canvas'>,
  item: TileItem,
  weight: Field<'canvas'>,
  { refined, base }: Repainted,
): Promise<void> {
  await job.tracker.work('blend', itemUnits(item), 'global', `${item.label} · blend`, () =>
    job.services.pixels.blendResidual(canvas, item.area, weight, refined, base),
  );
  job.context.onEvent({ kind: 'area', area: item.area, source: 'global' });
}

/** Areas the detail pass has painted get less: strength = 1 − coverage·(1 − refinedFactor), soft as the masks are. */
async function withStrength(
  job: LadderJob,
  item: TileItem,
  canvas: Size<'canvas'>,
  refined: readonly DetailItem[],
): Promise<TileItem> {
  const touching = refined.filter(
    ({ area }) => intersect(area, item.area).width > 0 && intersect(area, item.area).height > 0,
  );
  const { refinedFactor } = job.request.global;
  if (touching.length === 0 || refinedFactor >= 1) return item;
  const side = item.sizePx / LATENT_PX;
  const strength = new Float32Array(side * side).fill(1);
  for (const { detection } of touching) {
    const { growPx, featherPx } = job.request.detail;
    const coverage = await detectionCoverage(
      job.services.pixels,
      detection,
      canvas,
      item.area,
      growPx,
      featherPx,
    );
    lowerStrength(strength, cellMeans(coverage, side), refinedFactor);
  }
  return { ...item, strength };
}

function lowerStrength(strength: Float32Array, coverage: Float32Array, factor: number): void {
  for (let i = 0; i < strength.length; i++)
    strength[i] = Math.min(strength[i] as number, 1 - (coverage[i] as number) * (1 - factor));
}
