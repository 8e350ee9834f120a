import { phraseKey } from '#domain/concepts/phrase-key.ts';
import { editsFrom } from '#domain/detection/resolve.ts';
import type { DocumentCommand } from '#domain/document/commands.ts';
import type { Candidate, DetectionOrigin } from '#domain/document/state.ts';
import type { Size } from '#domain/geometry/rect.ts';
import type { MaskRle } from '#domain/job/request.ts';
import { intersectRle, matchGrid, subtractRle, unionRle } from '#domain/mask/rle-algebra.ts';
import { nextConceptId } from './hues.ts';
import type { StudioState } from './studio-state.svelte.ts';
import type { Combine } from './tools.ts';

/** Long side of the grid of a region made by hand, as fine as the largest picture there is work for. */
const MAX_GRID_PX = 8192;

/** The grid of masks made by hand: the picture's own pixels. */
export function handGrid({ width, height }: Size<'image'>): Size<'image'> {
  const scale = Math.min(1, MAX_GRID_PX / Math.max(width, height));
  return { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) };
}

/** The concept something made by hand belongs to, with what has to be done first where that is a new one. */
export interface Owner {
  readonly conceptId: string;
  readonly commands: readonly DocumentCommand[];
}

/** The selected concept or that of the selected detection, else a slot nobody has used yet, else a new one. */
export function ownerOf(document: StudioState): Owner {
  const { concepts, candidates, selectedConcept, selectedDetection } = document;
  const unused = concepts.find(
    ({ id, phrase, prompt }) =>
      !phrase.trim() && !prompt.trim() && !candidates.some((candidate) => candidate.conceptId === id),
  );
  const known = selectedConcept?.id ?? selectedDetection?.conceptId ?? unused?.id;
  return known === undefined ? newOwner(document, '', []) : { conceptId: known, commands: [] };
}

/** The concept that looks for this phrase, or a new one with an id that is not `taken`; without a phrase {@link ownerOf}. */
export function ownerFor(document: StudioState, name: string, taken: readonly string[]): Owner {
  const wanted = phraseKey(name);
  if (!wanted) return ownerOf(document);
  const same = document.concepts.find(({ phrase }) => phraseKey(phrase) === wanted);
  return same ? { conceptId: same.id, commands: [] } : newOwner(document, name.trim(), taken);
}

function newOwner({ concepts, defaults }: StudioState, phrase: string, taken: readonly string[]): Owner {
  const id = nextConceptId([...concepts.map((concept) => concept.id), ...taken]);
  return { conceptId: id, commands: [{ type: 'add-concept', concept: { id, ...defaults.concept, phrase } }] };
}

export interface NewRegion {
  readonly id: string;
  readonly conceptId: string;
  readonly origin: DetectionOrigin;
  readonly mask: MaskRle;
  readonly score?: number;
}

/**
 * A region that is what somebody drew, clicked or loaded. What was drawn or loaded is final: no rule changes it, and it
 * counts as an addition by hand, so that no neighbour takes it away. What a click found goes through its concept's rules.
 */
export function regionOf({ id, conceptId, origin, mask, score = 1 }: NewRegion): Candidate {
  const isFinal = origin !== 'click';
  return {
    id,
    conceptId,
    origin,
    mask,
    edits: isFinal ? { added: mask, removed: null } : null,
    frame: null,
    score,
    presence: 1,
    tick: true,
    rules: null,
    baked: isFinal,
    own: {},
  };
}

const COMBINED: Readonly<Record<Combine, (mask: MaskRle, shape: MaskRle) => MaskRle>> = {
  add: unionRle,
  subtract: subtractRle,
  intersect: intersectRle,
};

/** A mask after a shape was added to it, taken from it or laid over it, on the finer grid of both. */
export function combineMasks(mask: MaskRle, shape: MaskRle, combine: Combine): MaskRle {
  return COMBINED[combine](...matchGrid([mask, shape]));
}

/** The command that makes a detection look like `mask`; null for one that is gone. What is painted on is ticked. */
export function repaintCommand(document: StudioState, id: string, mask: MaskRle): DocumentCommand | null {
  const rule = document.resolved.ruleMasks.get(id);
  const candidate = document.candidates.find((one) => one.id === id);
  if (!rule || !candidate) return null;
  const [before, painted] = matchGrid([rule, mask]);
  const edits = editsFrom(before, painted, candidate.edits);
  return { type: 'update-candidates', ids: [id], patch: { edits, tick: true } };
}
