import { planCanvas } from '#domain/geometry/canvas-size.ts';
import type { Size } from '#domain/geometry/rect.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import { canAnchor } from './anchors.ts';
import { announceMissing, PromptLibrary } from './conditioning.ts';
import { planDetail, refineDetails, type DetailItem } from './detail.ts';
import { planGlobal, refineGlobally, type TileItem } from './global-refine.ts';
import { MemoryLadder, type LadderJob } from './memory-ladder.ts';
import { ProgressTracker, type JobContext, type WorkPlan } from './progress.ts';
import { callsPerItem, codecPasses, itemUnits, type RepaintItem } from './repaint.ts';
import type { Services } from './services.ts';

/** What a request will do to a picture of a given size: shown before it runs, followed when it does. */
export interface RefinePlan {
  readonly canvas: Size<'canvas'>;
  readonly details: readonly DetailItem[];
  readonly tiles: readonly TileItem[];
}

export function planRefine(request: RefineRequest, image: Size<'image'>): RefinePlan {
  const canvas = planCanvas(image, request.output.canvasLongSidePx);
  const details = planDetail(request, canvas);
  const tiles = planGlobal(request, canvas);
  return { canvas, details, tiles };
}

function workOf(request: RefineRequest, items: readonly RepaintItem[], services: Services): WorkPlan {
  const anchored = canAnchor(services);
  const units = items.reduce((sum, item) => sum + itemUnits(item), 0);
  return {
    resize: 1,
    prompt: new Set(items.flatMap((item) => [item.prompt, item.negative])).size,
    anchor: anchored ? items.filter((item) => item.anchorScale > 0).length : 0,
    codec: units * codecPasses(services),
    step: units * callsPerItem(request),
    blend: units,
  };
}

export interface RefineOptions {
  /** Runs only these tiles of the plan, e.g. to redo one. */
  readonly onlyTiles?: ReadonlySet<number>;
  /** Receives the canvas as soon as it exists, then sees it change in place. */
  readonly onCanvas?: (canvas: Raster8<'canvas'>) => void;
}

/**
 * The main job: upscale, detail pass, global pass. The result is a function of the request, the picture and the
 * weights; with every denoise at 0 it is the upscaled picture, bit for bit.
 * Rejects with the signal's reason within one sampler step of an abort; finished areas stay in the canvas.
 */
export async function refine(
  image: Raster8<'image'>,
  request: RefineRequest,
  services: Services,
  context: JobContext,
  options: RefineOptions = {},
): Promise<Raster8<'canvas'>> {
  const plan = planRefine(request, image);
  const items = [...plan.details, ...plan.tiles];
  const tracker = new ProgressTracker(workOf(request, items, services), context);
  const canvas = await tracker.work(
    'resize',
    1,
    'upscale',
    `upscaling to ${plan.canvas.width} × ${plan.canvas.height}`,
    () => services.pixels.resize(image, plan.canvas),
  );
  options.onCanvas?.(canvas);
  if (items.length === 0) return canvas;
  announceMissing(
    services,
    items.some((item) => item.anchorScale > 0),
    context,
  );
  const memory = new MemoryLadder(services, context);
  const prompts = await PromptLibrary.encode(
    items.flatMap((item) => [item.prompt, item.negative]),
    request.promptSyntax,
    memory.prompts,
    tracker,
  );
  const job: LadderJob = {
    request,
    prompts,
    tracker,
    context,
    memory,
    get services() {
      return memory.services;
    },
  };
  await refineDetails(job, canvas, plan.details);
  await refineGlobally(job, canvas, plan.tiles, plan.details, options.onlyTiles);
  return canvas;
}
