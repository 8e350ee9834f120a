import { detailEdge, type MaskEdge } from '../job/detail-settings.ts';
import type { ConceptSpec, Detection, MaskRle } from '../job/request.ts';
import type { DocumentCommand } from './commands.ts';
import type { Layer } from './layer.ts';
import { sameMask } from './stack.ts';

/**
 * Layers are seen through the mask of the detection they were painted for: where that mask became another one, by the
 * brush, by rules or by a new run, they take it, except locked ones and those whose weight is no mask. What they were
 * painted from (`origin.mask`) stays, so that they count as stale until they are painted again.
 */
export function followMasks(
  before: readonly Detection[],
  after: readonly Detection[],
  layers: readonly Layer[],
): DocumentCommand[] {
  if (before === after || layers.length === 0) return [];
  const changed = changedMasks(before, after);
  return layers.flatMap(({ id, locked, weight, origin }) => {
    const mask = origin.detectionId === null ? undefined : changed.get(origin.detectionId);
    if (!mask || locked || weight.kind !== 'mask' || sameMask(weight.mask, mask)) return [];
    return [{ type: 'update-layers', ids: [id], patch: { weight: { ...weight, mask } } }];
  });
}

/** By identity, for masks are replaced and never changed in place; one that is listed again counts as changed. */
function changedMasks(before: readonly Detection[], after: readonly Detection[]): Map<string, MaskRle> {
  const old = new Map(before.map(({ id, mask }) => [id, mask]));
  return new Map(after.flatMap(({ id, mask }) => (old.get(id) === mask ? [] : [[id, mask]])));
}

/** What decides how masks end. */
export interface EdgeSource {
  readonly detections: readonly Detection[];
  readonly concepts: readonly ConceptSpec[];
  readonly detail: MaskEdge;
}

/**
 * Layers end as their detection's settings say: where those changed, a layer that ended as they said before takes the
 * new edge. One whose edge was set for itself keeps it, and so does a locked one.
 */
export function followEdges(
  before: EdgeSource,
  after: EdgeSource,
  layers: readonly Layer[],
): DocumentCommand[] {
  const [old, now] = [edges(before), edges(after)];
  return layers.flatMap(({ id, locked, weight, origin: { detectionId } }) => {
    const [was, is] = [old.get(detectionId ?? ''), now.get(detectionId ?? '')];
    if (locked || weight.kind !== 'mask' || !was || !is || sameEdge(was, is) || !sameEdge(weight, was))
      return [];
    return [{ type: 'update-layers', ids: [id], patch: { weight: { ...weight, ...is } } }];
  });
}

function edges({ detections, concepts, detail }: EdgeSource): ReadonlyMap<string, MaskEdge> {
  const byId = new Map(concepts.map((concept) => [concept.id, concept]));
  return new Map(
    detections.map((detection) => [
      detection.id,
      detailEdge(detection, byId.get(detection.conceptId), detail),
    ]),
  );
}

function sameEdge(a: MaskEdge, b: MaskEdge): boolean {
  return a.growPx === b.growPx && a.featherPx === b.featherPx;
}
