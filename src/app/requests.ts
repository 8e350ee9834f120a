import type { ConceptSpec, Detection, DetectRequest, MaskRle, RefineRequest } from '#domain/job/request.ts';
import { intersect, rect, type Rect, type Size } from '#domain/geometry/rect.ts';
import type { OverlayItem } from '#worker/api.ts';
import type { StudioParameters } from './defaults.ts';
import { hueOf, patternOf } from './hues.ts';

/** Two boxes that overlap more than this are taken for the same object of the same concept. */
const SAME_OBJECT_IOU = 0.5;

/** Long side of the grid of a mask painted from nothing. */
const HAND_MASK_PX = 1024;

/** Looks for every concept that says what to look for. */
export function buildDetectRequest(concepts: readonly ConceptSpec[]): DetectRequest {
  return { concepts: concepts.map(trimmed).filter((concept) => concept.phrase !== '') };
}

/**
 * All concepts in use and all detections; unticked ones travel too, so that a recipe restores the whole document. They
 * travel in the order of their numbers on the canvas, because progress names them by their place in the request.
 */
export function buildRefineRequest(
  concepts: readonly ConceptSpec[],
  detections: readonly Detection[],
  parameters: StudioParameters,
): RefineRequest {
  const used = concepts
    .map(trimmed)
    .filter(({ id, phrase }) => phrase !== '' || detections.some(({ conceptId }) => conceptId === id));
  const known = sortDetections(concepts, detections).filter(({ conceptId }) =>
    used.some(({ id }) => id === conceptId),
  );
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

/** Order of the list and of the numbers on the canvas: concept by concept, best score first. */
export function sortDetections(
  concepts: readonly ConceptSpec[],
  detections: readonly Detection[],
): readonly Detection[] {
  const rank = new Map(concepts.map(({ id }, index) => [id, index]));
  return detections.toSorted(
    (a, b) => (rank.get(a.conceptId) ?? Infinity) - (rank.get(b.conceptId) ?? Infinity) || b.score - a.score,
  );
}

/**
 * A new detection run replaces the old one, except what the user did by hand: edited masks stay, and an object found
 * again keeps its tick.
 */
export function mergeDetections(previous: readonly Detection[], found: readonly Detection[]): Detection[] {
  const kept = previous.filter(({ edited }) => edited);
  const fresh = found.filter((detection) => !kept.some((old) => isSameObject(old, detection)));
  return [...kept, ...fresh.map((detection) => withEarlierTick(previous, detection))];
}

/** A detection without a mask yet, for the brush. Ticked by the first stroke. */
export function emptyDetection(conceptId: string, image: Size<'image'>): Detection {
  const scale = Math.min(1, HAND_MASK_PX / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  return {
    id: crypto.randomUUID(),
    conceptId,
    box: rect(0.5, 0.5, 0, 0),
    mask: { width, height, runs: [width * height] },
    score: 1,
    presence: 1,
    enabled: false,
    edited: true,
  };
}

/** The smallest detection whose mask covers a point given in fractions of the picture. */
export function detectionAt(detections: readonly Detection[], x: number, y: number): Detection | undefined {
  return detections
    .filter(({ box, mask }) => isInside(box, x, y) && maskCovers(mask, x, y))
    .toSorted((a, b) => area(a.box) - area(b.box))[0];
}

function withEarlierTick(previous: readonly Detection[], detection: Detection): Detection {
  const old = previous.find((candidate) => isSameObject(candidate, detection));
  return old ? { ...detection, enabled: old.enabled } : detection;
}

function isSameObject(a: Detection, b: Detection): boolean {
  if (a.conceptId !== b.conceptId) return false;
  const shared = area(intersect(a.box, b.box));
  return shared / (area(a.box) + area(b.box) - shared) > SAME_OBJECT_IOU;
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
