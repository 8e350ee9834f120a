import type { Rect } from '../geometry/rect.ts';
import type { ConceptSpec, DetectionOverrides, MaskRle, MaskRules, RefineRequest } from '../job/request.ts';
import type { Layer } from './layer.ts';

/** Everything of a {@link RefineRequest} that is a setting of the document and not a concept or a detection. */
export type RefineParameters = Omit<RefineRequest, 'version' | 'concepts' | 'detections'>;

/** Where a detection comes from. What a person made by hand is never replaced by a re-run. */
export type DetectionOrigin = 'phrase' | 'example' | 'click' | 'hand' | 'recipe' | 'file';

/** What was painted on a mask by hand, kept apart from the mask so that rules and re-runs leave it alone. */
export interface MaskEdits {
  readonly added: MaskRle | null;
  readonly removed: MaskRle | null;
}

/**
 * One candidate object of the document, before its concept's rules: `resolveDetections` (domain/detection) makes of
 * all of them the detections that are listed, drawn and refined.
 */
export interface Candidate {
  readonly id: string;
  readonly conceptId: string;
  readonly origin: DetectionOrigin;
  /** As found, over the whole picture. */
  readonly mask: MaskRle;
  readonly edits: MaskEdits | null;
  /** The frame the crop is planned around, where the user set it by hand; null: the mask's box. */
  readonly frame: Rect<'unit'> | null;
  /** sigmoid(logit)·sigmoid(presence); 1 for what was made by hand. */
  readonly score: number;
  /** sigmoid(presence). */
  readonly presence: number;
  /** The user's tick; null: the concept's selection mode decides. */
  readonly tick: boolean | null;
  /** Mask rules that differ from the concept's. */
  readonly rules: Partial<MaskRules> | null;
  /** The mask has been through rules already (from a recipe or a file): none are applied again. */
  readonly baked: boolean;
  readonly own: DetectionOverrides;
}

/**
 * The editable document: plain data, replaced and never changed in place, so that a history of it costs little.
 * Pixels are named, not held: layers point at residuals the worker keeps.
 */
export interface DocumentState {
  readonly concepts: readonly ConceptSpec[];
  readonly candidates: readonly Candidate[];
  /** sigmoid(presence) per concept id of the last run. */
  readonly presence: Readonly<Record<string, number>>;
  readonly parameters: RefineParameters;
  /** What has been painted, bottom first. */
  readonly layers: readonly Layer[];
}
