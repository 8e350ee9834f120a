import type { ConceptSpec, Detection, DetectRequest, MaskRle, RefineRequest } from '#domain/job/request.ts';
import type { Rect } from '#domain/geometry/rect.ts';
import type { OverlayItem } from '#worker/api.ts';
import type { StudioParameters } from './defaults.ts';
import { hueOf, patternOf } from './hues.ts';

/** Looks for every concept that says what to look for. */
export function buildDetectRequest(concepts: readonly ConceptSpec[]): DetectRequest {
  return { concepts: concepts.map(trimmed).filter((concept) => concept.phrase !== '') };
}

/**
 * All concepts in use and all detections; unticked ones travel too, so that a recipe restores the whole document. They
 * come in the order of their numbers on the canvas, because progress names them by their place in the request.
 */
export function buildRefineRequest(
  concepts: readonly ConceptSpec[],
  detections: readonly Detection[],
  parameters: StudioParameters,
): RefineRequest {
  const used = concepts
    .map(trimmed)
    .filter(({ id, phrase }) => phrase !== '' || detections.some(({ conceptId }) => conceptId === id));
  const known = detections.filter(({ conceptId }) => used.some(({ id }) => id === conceptId));
  return { version: 1, concepts: used, detections: known, ...parameters };
}

/** What the worker draws over the picture. */
export function buildOverlay(detections: readonly Detection[], selectedId: string | null): OverlayItem[] {
  return detections.map(({ id, conceptId, mask, enabled }) => ({
    id,
    mask,
    hue: hueOf(conceptId),
    pattern: patternOf(conceptId),
    enabled,
    selected: id === selectedId,
  }));
}

/** The smallest detection whose mask covers a point given in fractions of the picture. */
export function detectionAt(detections: readonly Detection[], x: number, y: number): Detection | undefined {
  return detections
    .filter(({ box, mask }) => isInside(box, x, y) && maskCovers(mask, x, y))
    .toSorted((a, b) => area(a.box) - area(b.box))[0];
}

/** Walks the runs up to the cell under the point. */
function maskCovers(mask: MaskRle, x: number, y: number): boolean {
  const column = Math.min(mask.width - 1, Math.floor(x * mask.width));
  const row = Math.min(mask.height - 1, Math.floor(y * mask.height));
  let left = row * mask.width + column;
  for (const [index, run] of mask.runs.entries()) {
    if (left < run) return index % 2 === 1;
    left -= run;
  }
  return false;
}

function isInside(box: Rect<'unit'>, x: number, y: number): boolean {
  return x >= box.x && y >= box.y && x < box.x + box.width && y < box.y + box.height;
}

function area(box: Rect<'unit'>): number {
  return box.width * box.height;
}

function trimmed(concept: ConceptSpec): ConceptSpec {
  return { ...concept, phrase: concept.phrase.trim(), prompt: concept.prompt.trim() };
}
