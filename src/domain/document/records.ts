import type { Size } from '../geometry/rect.ts';
import type { LayerRecord, RefineRequest } from '../job/request.ts';
import { planTiles } from '../tiling/plan.ts';
import { tileGrid } from '../tiling/grid.ts';
import { isEmptyMask } from '../mask/rle.ts';
import { detailSettings } from '../job/detail-settings.ts';
import type { Layer } from './layer.ts';
import { isShown } from './stack.ts';
import { staleLayers } from './stale.ts';

/** What an export says about the layers it shows: everything but pixels and masks. */
export function layerRecords(layers: readonly Layer[]): LayerRecord[] {
  return layers.filter(isShown).map(({ name, area, weight, opacity, strength, pixels, origin }) => ({
    name,
    area,
    kind: weight.kind,
    tile: weight.kind === 'tile' ? weight.index : null,
    detectionId: origin.detectionId,
    opacity,
    strength,
    recipe: pixels.recipe,
  }));
}

/** Whether layers show everything a request asks for as a run of it would paint it, at full opacity. */
export function isComplete(
  request: RefineRequest,
  layers: readonly Layer[],
  canvas: Size<'canvas'>,
): boolean {
  const stale = staleLayers(request, layers);
  const fresh = layers.filter(
    (layer) => isShown(layer) && layer.opacity * layer.strength === 1 && !stale.has(layer.id),
  );
  const details = wantedDetections(request).every((id) =>
    fresh.some(({ origin }) => origin.detectionId === id),
  );
  return (
    details &&
    wantedTiles(request, canvas).every((index) =>
      fresh.some(
        ({ weight, pixels }) =>
          // Requests say nothing of a tile's noise: what was re-rolled comes from no other place than its layer.
          weight.kind === 'tile' && weight.index === index && pixels.recipe.region === 0,
      ),
    )
  );
}

function wantedDetections({ detail, detections, concepts }: RefineRequest): string[] {
  if (!detail.enabled) return [];
  return detections.flatMap((detection) => {
    const concept = concepts.find(({ id }) => id === detection.conceptId);
    const { box, mask, enabled, id } = detection;
    const hasArea = box.width > 0 && box.height > 0 && !isEmptyMask(mask);
    return enabled && concept && hasArea && detailSettings(detection, concept).denoise > 0 ? [id] : [];
  });
}

function wantedTiles({ global }: RefineRequest, canvas: Size<'canvas'>): number[] {
  if (!global.enabled || global.denoise <= 0) return [];
  const { tilePx, overlapPx } = tileGrid(global, canvas);
  return planTiles(canvas, tilePx, overlapPx).tiles.map(({ index }) => index);
}
