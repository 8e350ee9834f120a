import type { ConceptSpec, Detection, DetectRequest, RefineRequest } from '#domain/job/request.ts';
import type { OverlayItem } from '#worker/api.ts';
import type { LookRequest } from '#worker/api-concepts.ts';
import type { StudioParameters } from './defaults.ts';
import { hueOf, patternOf } from './hues.ts';

/** Looks for every concept that says what to look for. */
export function buildDetectRequest(concepts: readonly ConceptSpec[]): DetectRequest {
  return { concepts: concepts.map(trimmed).filter((concept) => concept.phrase !== '') };
}

/** Answers down to here are asked for, so that a threshold can be lowered without another run. */
const LOOK_FLOOR = 0.1;

/** Whether a concept says what to look for: by a phrase, or by something like it. */
export function isAskable({ phrase, examples = [] }: ConceptSpec): boolean {
  return phrase.trim() !== '' || examples.some(({ positive }) => positive);
}

/** Whether a concept is looked for with more than its phrase in the picture as a whole. */
export function isMoreThanPhrase({ examples = [], tilePx }: ConceptSpec): boolean {
  return examples.length > 0 || tilePx !== undefined;
}

/** Looks for one concept with everything it says. */
export function buildLookRequest({ id, phrase, examples = [], threshold, tilePx }: ConceptSpec): LookRequest {
  return {
    conceptId: id,
    phrase: phrase.trim(),
    examples,
    floor: Math.min(threshold, LOOK_FLOOR),
    tilePx: tilePx ?? null,
  };
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

function trimmed(concept: ConceptSpec): ConceptSpec {
  return { ...concept, phrase: concept.phrase.trim(), prompt: concept.prompt.trim() };
}
