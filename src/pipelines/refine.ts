import { sentence } from '#domain/job/sentence.ts';
import type { ResidualStore } from '#domain/blend/residual-store.ts';
import type { Layer } from '#domain/document/layer.ts';
import { planCanvas } from '#domain/geometry/canvas-size.ts';
import type { Size } from '#domain/geometry/rect.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { EVERYTHING, type RefineTarget } from '#domain/job/target.ts';
import type { Raster8 } from '#domain/raster.ts';
import { canAnchor } from './anchors.ts';
import { planDetail, type DetailItem } from './detail.ts';
import { planGlobal, type TileItem } from './global-refine.ts';
import { LayerCanvas } from './layer-canvas.ts';
import { LayerRun } from './layer-run.ts';
import { LayerWeights } from './layer-weights.ts';
import { MemoryResiduals } from './memory-residuals.ts';
import { startPainting } from './paint.ts';
import { ProgressTracker, type JobContext, type WorkPlan } from './progress.ts';
import { callsPerItem, codecPasses, itemUnits } from './repaint.ts';
import type { PixelOps, Services } from './services.ts';
import { MEASURE_UNITS, measures } from './similarity.ts';

/** What a request will do to a picture of a given size: shown before it runs, followed when it does. */
export interface RefinePlan {
  readonly canvas: Size<'canvas'>;
  /** One for each painting. */
  readonly details: readonly DetailItem[];
  readonly tiles: readonly TileItem[];
}

/** What a run paints, worked out without any network. */
export function planRefine(
  request: RefineRequest,
  image: Size<'image'>,
  target: RefineTarget = EVERYTHING,
): RefinePlan {
  const canvas = planCanvas(image, request.output.canvasLongSidePx);
  const details = planDetail(request, canvas, target);
  const tiles = planGlobal(request, canvas, target);
  return { canvas, details, tiles };
}

/** What a run paints on, and for which wish. */
export interface RefineOptions {
  /** Absent: everything the request asks for, on no layers. */
  readonly target?: RefineTarget;
  /** Name of the image model, for the layers' recipes. */
  readonly model?: string;
  /** Gives the canvas to paint on; absent: one of the job's own. */
  readonly canvasFor?: (size: Size<'canvas'>) => Promise<LayerCanvas>;
}

/** What a run leaves. */
export interface Refined {
  /** The fold of the layers. */
  readonly canvas: Raster8<'canvas'>;
  /** The whole stack after the run, bottom first. */
  readonly layers: readonly Layer[];
}

/**
 * The main job: paints what the target asks for, each painting as a layer that the canvas shows from then on. The result
 * is a function of the request, the picture, the layers there were and the weights; nothing painted, it is the upscaled
 * picture, bit for bit. Rejects with the signal's reason within one sampler step of an abort; finished layers stay.
 */
export async function refine(
  image: Raster8<'image'>,
  request: RefineRequest,
  services: Services,
  context: JobContext,
  options: RefineOptions = {},
): Promise<Refined> {
  const { target = EVERYTHING, canvasFor = (size) => openCanvas(image, size, services.pixels) } = options;
  const plan = planRefine(request, image, target);
  const items = [...plan.details, ...plan.tiles];
  const tracker = new ProgressTracker(workOf(request, plan, services), context);
  const { width, height } = plan.canvas;
  const canvas = await tracker.work('resize', 1, 'upscale', sentence`upscaling to ${width} × ${height}`, () =>
    canvasFor(plan.canvas),
  );
  await canvas.show(target.layers);
  if (items.length === 0) return { canvas: canvas.raster, layers: target.layers };
  const { parts } = canvas;
  const { model = '' } = options;
  const job = await startPainting({ request, services, context, tracker, parts, model }, items);
  const run = new LayerRun(job, canvas, items, target);
  await run.paint('mask');
  await run.measure();
  await run.paint('tile');
  return { canvas: canvas.raster, layers: run.layers };
}

/** A picture's canvas with nothing painted yet, its residuals in memory unless a store is given. */
export async function openCanvas(
  image: Raster8<'image'>,
  size: Size<'canvas'>,
  pixels: PixelOps,
  residuals: ResidualStore = new MemoryResiduals(),
): Promise<LayerCanvas> {
  const weights = new LayerWeights(pixels);
  return new LayerCanvas(await pixels.resize(image, size), { pixels, residuals, weights });
}

function workOf(request: RefineRequest, { details, tiles }: RefinePlan, services: Services): WorkPlan {
  const items = [...details, ...tiles];
  const units = items.reduce((sum, item) => sum + itemUnits(item), 0);
  const anchored = canAnchor(services) ? items.filter((item) => item.anchorScale > 0).length : 0;
  return {
    resize: 1,
    prompt: new Set(items.flatMap((item) => [item.prompt, item.negative])).size,
    anchor: anchored + (measures(services, details) ? MEASURE_UNITS * details.length : 0),
    codec: units * codecPasses(services),
    step: units * callsPerItem(request),
    blend: units,
  };
}
