import type { Candidate, DocumentState } from '#domain/document/state.ts';
import type { Rect, Size } from '#domain/geometry/rect.ts';
import type { ConceptSpec, Detection, MaskRle, RefineRequest } from '#domain/job/request.ts';
import { rleBox } from '#domain/mask/rle-algebra.ts';
import type { StudioDefaults } from './defaults.ts';
import { nextConceptId } from './hues.ts';

/** Long side of the grid of a mask painted from nothing. */
const HAND_MASK_PX = 2048;

/** A document with one empty concept slot. */
export function emptyDocument(defaults: StudioDefaults): DocumentState {
  const { parameters } = defaults;
  return { concepts: [firstConcept(defaults)], candidates: [], presence: {}, parameters, layers: [] };
}

export function firstConcept({ concept }: StudioDefaults): ConceptSpec {
  return { id: nextConceptId([]), ...concept };
}

/** The document a recipe describes. Its masks have been through their rules already. */
export function recipeDocument({
  version: _version,
  concepts,
  detections,
  ...parameters
}: RefineRequest): DocumentState {
  return { concepts, candidates: detections.map(recipeCandidate), presence: {}, parameters, layers: [] };
}

function recipeCandidate({ id, conceptId, mask, box, score, presence, enabled, own }: Detection): Candidate {
  return {
    id,
    conceptId,
    origin: 'recipe',
    mask,
    edits: null,
    frame: isFrame(box, mask) ? box : null,
    score,
    presence,
    tick: enabled,
    rules: null,
    baked: true,
    own: own ?? {},
  };
}

/** Whether a recorded box was set by hand: any other is just the box of its mask, and goes with it. */
function isFrame(box: Rect<'unit'>, mask: MaskRle): boolean {
  const own = rleBox(mask);
  if (!own) return false;
  const near = (a: number, b: number) => Math.abs(a - b) < 1e-6;
  return !(
    near(own.x, box.x) &&
    near(own.y, box.y) &&
    near(own.width, box.width) &&
    near(own.height, box.height)
  );
}

/** A detection without a mask yet, for the brush. */
export function candidateOf(conceptId: string, image: Size<'image'>): Candidate {
  const scale = Math.min(1, HAND_MASK_PX / Math.max(image.width, image.height));
  const width = Math.max(1, Math.round(image.width * scale));
  const height = Math.max(1, Math.round(image.height * scale));
  return {
    id: crypto.randomUUID(),
    conceptId,
    origin: 'hand',
    mask: { width, height, runs: [width * height] },
    edits: null,
    frame: null,
    score: 1,
    presence: 1,
    tick: true,
    rules: null,
    baked: false,
    own: {},
  };
}
