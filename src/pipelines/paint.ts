import { sentence } from '#domain/job/sentence.ts';
import { quantiseResidual } from '#domain/blend/residual.ts';
import type { Layer, LayerPixels, LayerRecipe } from '#domain/document/layer.ts';
import type { LayerSketch } from '#domain/document/stack.ts';
import type { Raster8 } from '#domain/raster.ts';
import { withAnchors } from './anchors.ts';
import { tileStrength } from './global-refine.ts';
import type { LayerParts } from './layer-canvas.ts';
import { announceMissing, PromptLibrary } from './conditioning.ts';
import { MemoryLadder, repaintWithinMemory, type LadderJob } from './memory-ladder.ts';
import { batchesOf, batchLimit, itemUnits, type RepaintItem, type Repainted } from './repaint.ts';

/** One painting of a layer. */
export interface PaintItem extends RepaintItem {
  /** The layer it is for, but for its pixels. */
  readonly sketch: LayerSketch;
  /** Of the scaffold. */
  readonly region: number;
}

/** What painting needs besides the canvas: the job, and where residuals go. */
export interface PaintJob extends LadderJob {
  readonly parts: LayerParts;
  /** Name of the image model, for the recipes. */
  readonly model: string;
}

/** Everything a painting job needs: reads the prompts, and says which conditioning is missing. */
export async function startPainting(
  parts: Omit<PaintJob, 'memory' | 'prompts'>,
  items: readonly PaintItem[],
): Promise<PaintJob> {
  const { request, services, context, tracker } = parts;
  announceMissing(
    services,
    items.some((item) => item.anchorScale > 0),
    context,
  );
  const memory = new MemoryLadder(services, context);
  const texts = items.flatMap((item) => [item.prompt, item.negative]);
  const prompts = await PromptLibrary.encode(texts, request.promptSyntax, memory.prompts, tracker);
  return {
    ...parts,
    prompts,
    memory,
    get services() {
      return memory.services;
    },
  };
}

/** What paintings of one group are made from. */
export interface PaintSource {
  readonly canvas: Raster8<'canvas'>;
  /** The layers it is the fold of. */
  readonly layers: readonly Layer[];
}

/**
 * Paints items that read the same canvas, in true batches whose composition changes no result; `onPainted` gets each
 * one's pixels as soon as their residual is in the store.
 */
export async function paintItems(
  job: PaintJob,
  source: PaintSource,
  items: readonly PaintItem[],
  onPainted: (item: PaintItem, pixels: LayerPixels) => Promise<void>,
): Promise<void> {
  const [first] = items;
  if (!first) return;
  const phase = first.sketch.weight.kind === 'tile' ? 'global' : 'detail';
  const bySize = [...items].sort((a, b) => a.sizePx - b.sizePx);
  const ready = await withAnchors(job, source.canvas, bySize, phase);
  for (const batch of batchesOf(ready, batchLimit(job.request, job.services))) {
    const limited = await Promise.all(batch.map((item) => withLimits(job, item, source.layers)));
    const painted = await repaintWithinMemory(job, source.canvas, limited, phase);
    for (const [i, item] of batch.entries())
      await job.tracker.work('blend', itemUnits(item), phase, sentence`${item.label} · blend`, async () =>
        onPainted(item, await keepPixels(job, item, painted[i] as Repainted)),
      );
  }
}

/** Tiles hold back where details were painted; details know what of them will be kept. */
async function withLimits(
  { request, services, parts }: PaintJob,
  item: PaintItem,
  below: readonly Layer[],
): Promise<PaintItem> {
  const { weight } = item.sketch;
  if (weight.kind === 'mask') return { ...item, coverage: await parts.weights.alone(item.sketch) };
  if (weight.kind !== 'tile') return item;
  const strength = await tileStrength(item, below, request.global.refinedFactor, services.pixels);
  return strength ? { ...item, strength } : item;
}

async function keepPixels(
  { parts, request, model }: PaintJob,
  { prompt, negative, denoise, anchorScale, region }: PaintItem,
  { refined, base }: Repainted,
): Promise<LayerPixels> {
  const { sampling, scaffold } = request;
  const recipe: LayerRecipe = { prompt, negative, denoise, anchorScale, sampling, scaffold, region, model };
  const id = crypto.randomUUID();
  await parts.residuals.put(id, quantiseResidual(refined, base));
  return { id, recipe, similarity: null };
}
