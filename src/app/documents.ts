import type { Candidate, DocumentState } from '#domain/document/state.ts';
import type { Rect } from '#domain/geometry/rect.ts';
import type { ConceptSpec, Detection, MaskRle, RefineRequest } from '#domain/job/request.ts';
import { rleBox } from '#domain/mask/rle-algebra.ts';
import type { StudioDefaults } from './defaults.ts';
import { nextConceptId } from './hues.ts';

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
