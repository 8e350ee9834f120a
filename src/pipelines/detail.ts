import { planCrop } from '#domain/geometry/crop.ts';
import type { Rect, Size } from '#domain/geometry/rect.ts';
import type { ConceptSpec, Detection, LayerIndex, RefineRequest } from '#domain/job/request.ts';
import { fadeAtCropEdge } from '#domain/blend/crop-edge.ts';
import { normaliseOverlap } from '#domain/blend/overlap.ts';
import { decodeRle, isEmptyMask } from '#domain/mask/rle.ts';
import type { Field, Raster8 } from '#domain/raster.ts';
import { withAnchors } from './anchors.ts';
import { batchLimit, itemUnits, type RepaintItem, type Repainted } from './repaint.ts';
import { repaintWithinMemory, type LadderJob } from './memory-ladder.ts';
import type { PixelOps } from './services.ts';

/** A detection with everything the detail pass decides about it beforehand. */
export interface DetailItem extends RepaintItem {
  readonly detection: Detection;
  readonly layer: LayerIndex;
}

/** What the detail pass of a request will paint, in layer order. Disabled and zero-denoise detections are left out. */
export function planDetail(request: RefineRequest, canvas: Size<'canvas'>): DetailItem[] {
  if (!request.detail.enabled) return [];
  const concepts = new Map(request.concepts.map((concept) => [concept.id, concept]));
  return request.detections
    .flatMap((detection, index) => {
      const concept = concepts.get(detection.conceptId);
      return detection.enabled && concept && concept.denoise > 0 && hasArea(detection)
        ? [detailItem(detection, concept, index, request, canvas)]
        : [];
    })
    .sort((a, b) => a.layer - b.layer);
}

/** A mask nobody has painted yet, or one erased whole, is nothing to refine. */
function hasArea({ box, mask }: Detection): boolean {
  return box.width > 0 && box.height > 0 && !isEmptyMask(mask);
}

function detailItem(
  detection: Detection,
  concept: ConceptSpec,
  index: number,
  request: RefineRequest,
  canvas: Size<'canvas'>,
): DetailItem {
  const { area, sizePx } = planCrop(detection.box, canvas, request.detail.padding);
  return {
    detection,
    layer: concept.layer,
    label: `${concept.phrase} ${index + 1}`,
    area,
    sizePx,
    denoise: concept.denoise,
    prompt: concept.prompt || concept.phrase,
    negative: concept.negative,
    anchorScale: concept.anchorScale,
  };
}

/** Groups of equal crop size whose work fits the batch limit, in order. */
export function batchesOf<T extends { readonly sizePx: number }>(items: readonly T[], limit: number): T[][] {
  const batches: T[][] = [];
  for (const item of items) {
    const last = batches.at(-1);
    const fits = last && last[0]?.sizePx === item.sizePx && (last.length + 1) * itemUnits(item) <= limit;
    if (fits) last.push(item);
    else batches.push([item]);
  }
  return batches;
}

/**
 * The detail pass: layer by layer, all detections of a layer read the canvas as the layers below left it, so that
 * the result depends neither on batch size nor on order. Writes into `canvas`.
 */
export async function refineDetails(
  job: LadderJob,
  canvas: Raster8<'canvas'>,
  items: readonly DetailItem[],
): Promise<void> {
  for (const layer of new Set(items.map((item) => item.layer))) {
    const members = items.filter((item) => item.layer === layer).sort((a, b) => a.sizePx - b.sizePx);
    const source: Raster8<'canvas'> = { ...canvas, data: canvas.data.slice() };
    const masked = await withAnchors(job, source, await maskedItems(job, members, canvas), 'detail');
    for (const batch of batchesOf(masked, batchLimit(job.request, job.services))) {
      const painted = await repaintWithinMemory(job, source, batch, 'detail');
      for (const [i, item] of batch.entries()) await paste(job, canvas, item, painted[i] as Repainted);
    }
  }
}

async function paste(
  job: LadderJob,
  canvas: Raster8<'canvas'>,
  item: MaskedItem,
  { refined, base }: Repainted,
): Promise<void> {
  const { services, tracker, context } = job;
  await tracker.work('blend', itemUnits(item), 'detail', `${item.label} · blend`, () =>
    services.pixels.blendResidual(canvas, item.area, item.alpha, refined, base),
  );
  context.onEvent({ kind: 'area', area: item.area, source: 'detail' });
}

interface MaskedItem extends DetailItem {
  /** Feathered mask over the item's area. */
  readonly coverage: Field<'canvas'>;
  /** The same as blend weight: where several items of a layer overlap they are brought to a sum of at most one. */
  readonly alpha: Field<'canvas'>;
}

async function maskedItems(
  job: LadderJob,
  members: readonly DetailItem[],
  canvas: Size<'canvas'>,
): Promise<MaskedItem[]> {
  const { growPx, featherPx } = job.request.detail;
  const fields: { area: Rect<'canvas'>; alpha: Field<'canvas'> }[] = [];
  for (const { detection, area } of members) {
    const coverage = await detectionCoverage(job.services.pixels, detection, canvas, area, growPx, featherPx);
    fields.push({ area, alpha: fadeAtCropEdge(coverage, area, canvas, featherPx) });
  }
  const weights = normaliseOverlap(fields);
  return members.map((item, i) => ({
    ...item,
    coverage: fields[i]?.alpha as Field<'canvas'>,
    alpha: weights[i] as Field<'canvas'>,
  }));
}

/** Coverage of one detection inside an area, grown and feathered, in canvas pixels. */
export async function detectionCoverage(
  pixels: PixelOps,
  detection: Detection,
  canvas: Size<'canvas'>,
  area: Rect<'canvas'>,
  growPx: number,
  featherPx: number,
): Promise<Field<'canvas'>> {
  const mask = await pixels.cropMask(decodeRle(detection.mask), canvas, area);
  return pixels.featherMask(mask, growPx, featherPx);
}
