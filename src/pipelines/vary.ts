import type { Layer, LayerPixels } from '#domain/document/layer.ts';
import { layerWords } from '#domain/document/layer-words.ts';
import { layersBelow, seenBelow } from '#domain/document/stack.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { regionArea } from '#domain/noise/region.ts';
import { canAnchor } from './anchors.ts';
import type { LayerCanvas } from './layer-canvas.ts';
import { paintItems, startPainting, type PaintItem, type PaintJob } from './paint.ts';
import { ProgressTracker, type JobContext, type WorkPlan } from './progress.ts';
import { callsPerItem, codecPasses, itemUnits } from './repaint.ts';
import type { Services } from './services.ts';
import { MEASURE_UNITS, measured, measures } from './similarity.ts';

/** Which layer of a stack is painted again, and how often. */
export interface VaryTarget {
  readonly layers: readonly Layer[];
  readonly layerId: string;
  readonly count: number;
}

/**
 * The further paintings of a layer: as its chosen one was made, each from the next region of the scaffold.
 * @throws AppError `bad-request` for a layer that is gone, locked, merged, or of another canvas size.
 */
export async function planVary(canvas: LayerCanvas, target: VaryTarget): Promise<readonly PaintItem[]> {
  const layer = variedLayer(target);
  const residual = await canvas.parts.residuals.get(layer.pixels.id);
  if (!residual || !canvas.fits(layer))
    throw new AppError(
      'bad-request',
      sentence`The pixels of "${layerWords(layer)}" are not there at this canvas size. Refine it once, then ask for variations.`,
    );
  const { prompt, negative, denoise, anchorScale } = layer.pixels.recipe;
  const settings = { prompt, negative, denoise, anchorScale };
  const last = Math.max(...layer.variations.map(({ recipe }) => recipe.region));
  return Array.from({ length: target.count }, (_, i) => {
    const region = last + 1 + i;
    const noiseArea = regionArea(layer.area, layer.canvas, region);
    const label = sentence`${layerWords(layer)}, variation ${layer.variations.length + 1 + i}`;
    return { label, area: layer.area, sizePx: residual.width, noiseArea, sketch: layer, region, ...settings };
  });
}

/**
 * Paints what {@link planVary} planned, in true batches. Each is announced with the layer as soon as it is finished, and
 * again with its similarity, where a refinement would measure that too.
 * @returns all paintings of the layer, old ones first; the chosen one stays.
 */
export async function vary(
  canvas: LayerCanvas,
  request: RefineRequest,
  target: VaryTarget,
  services: Services,
  context: JobContext,
  model = '',
): Promise<readonly LayerPixels[]> {
  const layer = variedLayer(target);
  const items = await planVary(canvas, target);
  const asPainted = requestOf(layer, request);
  const tracker = new ProgressTracker(workOf(asPainted, layer, items, services), context);
  const { parts } = canvas;
  const job = await startPainting({ request: asPainted, services, context, tracker, parts, model }, items);
  const below = layersBelow(target.layers, target.layers.indexOf(layer));
  const source = { canvas: await canvas.fold(below), layers: below };
  const order = target.layers.map(({ id }) => id);
  let variations = layer.variations;
  const announce = (paintings: readonly LayerPixels[]) => {
    variations = paintings;
    context.onEvent({ kind: 'layer', layer: { ...layer, variations }, order });
  };
  await paintItems(job, source, items, (_, pixels) => Promise.resolve(announce([...variations, pixels])));
  if (isMeasured(layer, items, job.services)) await measureFurther(job, canvas, target, variations, announce);
  return variations;
}

/** As in a refinement, which measures no tiles. */
function isMeasured({ weight }: Layer, items: readonly PaintItem[], services: Services): boolean {
  return weight.kind === 'mask' && measures(services, items);
}

async function measureFurther(
  job: PaintJob,
  canvas: LayerCanvas,
  target: VaryTarget,
  paintings: readonly LayerPixels[],
  announce: (paintings: readonly LayerPixels[]) => void,
): Promise<void> {
  const layer = variedLayer(target);
  const below = seenBelow(target.layers, target.layers.indexOf(layer));
  const known = [...paintings];
  try {
    for (let i = layer.variations.length; i < known.length; i++) {
      known[i] = await measured(job, canvas, below, layer, known[i] as LayerPixels);
      announce([...known]);
    }
  } finally {
    await job.services.anchors?.rest();
  }
}

/** A request that samples as the layer's chosen painting was sampled. */
export function requestOf({ pixels }: Layer, request: RefineRequest): RefineRequest {
  const { sampling, scaffold } = pixels.recipe;
  return { ...request, sampling, scaffold };
}

function variedLayer({ layers, layerId }: VaryTarget): Layer {
  const layer = layers.find(({ id }) => id === layerId);
  if (!layer) throw new AppError('bad-request', 'The layer to vary is not in the stack any more.');
  if (layer.locked)
    throw new AppError(
      'bad-request',
      sentence`"${layerWords(layer)}" is locked. Unlock it to paint variations.`,
    );
  if (layer.weight.kind === 'whole')
    throw new AppError(
      'bad-request',
      sentence`"${layerWords(layer)}" was merged from several layers and cannot be painted again.`,
    );
  return layer;
}

function workOf(
  request: RefineRequest,
  layer: Layer,
  items: readonly PaintItem[],
  services: Services,
): WorkPlan {
  const units = items.reduce((sum, item) => sum + itemUnits(item), 0);
  const anchored = canAnchor(services) ? items.filter(({ anchorScale }) => anchorScale > 0).length : 0;
  return {
    prompt: new Set(items.flatMap((item) => [item.prompt, item.negative])).size,
    anchor: anchored + (isMeasured(layer, items, services) ? MEASURE_UNITS * items.length : 0),
    codec: units * codecPasses(services),
    step: units * callsPerItem(request),
    blend: units,
  };
}
