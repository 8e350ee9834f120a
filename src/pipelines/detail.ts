import { planCrop } from '#domain/geometry/crop.ts';
import type { Layer } from '#domain/document/layer.ts';
import { detailGroup, type LayerSketch } from '#domain/document/stack.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { detailEdge, detailSettings } from '#domain/job/detail-settings.ts';
import type { ConceptSpec, Detection, LayerIndex, RefineRequest } from '#domain/job/request.ts';
import { sentence } from '#domain/job/sentence.ts';
import { EVERYTHING, type RefineTarget } from '#domain/job/target.ts';
import { isEmptyMask } from '#domain/mask/rle.ts';
import { regionArea } from '#domain/noise/region.ts';
import type { PaintItem } from './paint.ts';

/** One painting of a detection, with everything the detail pass decides about it beforehand. */
export interface DetailItem extends PaintItem {
  readonly detection: Detection;
  readonly layer: LayerIndex;
}

/**
 * What the detail pass will paint of a request, in layer order: of every wanted detection as many paintings as the
 * target has variations. Those without area or with denoise 0 are left out, and those whose only layers are locked.
 */
export function planDetail(
  request: RefineRequest,
  canvas: Size<'canvas'>,
  target: RefineTarget = EVERYTHING,
): DetailItem[] {
  const concepts = new Map(request.concepts.map((concept) => [concept.id, concept]));
  return request.detections
    .flatMap((detection, index) => {
      const concept = concepts.get(detection.conceptId);
      if (!concept || !isWanted(detection, request, target) || !hasArea(detection)) return [];
      const own = target.layers.filter(({ origin }) => origin.detectionId === detection.id);
      const present = own.findLast(({ locked }) => !locked);
      if (own.length > 0 && !present) return [];
      const sketch = sketchOf(detection, concept, `${concept.phrase} ${index + 1}`, request, canvas, present);
      return paintings(detection, concept, sketch, request, target.variations);
    })
    .filter(({ denoise }) => denoise > 0)
    .sort((a, b) => a.layer - b.layer);
}

function isWanted(detection: Detection, { detail }: RefineRequest, { detections }: RefineTarget): boolean {
  return detections === 'ticked' ? detail.enabled && detection.enabled : detections.includes(detection.id);
}

/** A mask nobody has painted yet, or one erased whole, is nothing to refine. */
function hasArea({ box, mask }: Detection): boolean {
  return box.width > 0 && box.height > 0 && !isEmptyMask(mask);
}

/** The layer a detection becomes. Painted anew, it keeps its place in the stack and what the user set about it. */
function sketchOf(
  detection: Detection,
  concept: ConceptSpec,
  name: string,
  { detail }: RefineRequest,
  canvas: Size<'canvas'>,
  present: Layer | undefined,
): LayerSketch {
  const { mask } = detection;
  const kept = present?.weight.kind === 'mask' ? present.weight : null;
  const { growPx, featherPx } = kept ?? detailEdge(detection, concept, detail);
  return {
    id: present?.id ?? crypto.randomUUID(),
    name: present?.name ?? name,
    group: present?.group ?? detailGroup(concept.layer),
    area: planCrop(detection.box, canvas, detail.padding).area,
    canvas,
    weight: { kind: 'mask', mask, growPx, featherPx },
    visible: present?.visible ?? true,
    locked: false,
    opacity: present?.opacity ?? 1,
    strength: present?.strength ?? 1,
    origin: { detectionId: detection.id, mask, below: [] },
  };
}

function paintings(
  detection: Detection,
  concept: ConceptSpec,
  sketch: LayerSketch,
  { detail }: RefineRequest,
  variations: number,
): DetailItem[] {
  const settings = detailSettings(detection, concept);
  const { area, sizePx } = planCrop(detection.box, sketch.canvas, detail.padding);
  return Array.from({ length: variations }, (_, i) => {
    const region = (detection.own?.region ?? 0) + i;
    const label = variations > 1 ? sentence`${sketch.name}, variation ${i + 1}` : sketch.name;
    const noiseArea = regionArea(area, sketch.canvas, region);
    return { detection, layer: concept.layer, label, area, sizePx, region, noiseArea, sketch, ...settings };
  });
}
