import type { ProxyMarked } from 'comlink';
import type { Rect } from '#domain/geometry/rect.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { ConceptExample, FoundObject, MaskRle } from '#domain/job/request.ts';
import type { JobId, Result } from './api.ts';

/** What to look for: a phrase, examples, or both. */
export interface LookRequest {
  readonly conceptId: string;
  /** Empty: by the examples alone. */
  readonly phrase: string;
  readonly examples: readonly ConceptExample[];
  /** Answers at or below this score are not worth a mask. */
  readonly floor: number;
  /** Also looks at overlapping tiles of this side (picture pixels), for objects too small for the whole picture. */
  readonly tilePx: number | null;
}

export interface LookResult {
  readonly found: readonly FoundObject[];
  readonly presence: number;
  /** The phrase was longer than the model can read: this much of it was looked for. */
  readonly readAs: string | null;
  /** What the picture's encoding took, 0 when it was there already; and what the answer took. */
  readonly encodeMs: number;
  readonly decodeMs: number;
}

/** Clicks and a box, fractions of the picture. */
export interface PickPrompt {
  readonly points: readonly { readonly x: number; readonly y: number; readonly positive: boolean }[];
  readonly box: Rect<'unit'> | null;
  /** A mask to start from, e.g. a detection to correct; null: nothing. */
  readonly mask: MaskRle | null;
}

export interface PickResult {
  readonly mask: MaskRle;
  /** Predicted IoU. */
  readonly score: number;
  /** Whether there is an object at all, as a probability. */
  readonly object: number;
  /** The other readings of an ambiguous click, best first. */
  readonly alternatives: readonly { readonly mask: MaskRle; readonly score: number }[];
}

/** The concept studio's side of the contract, called as `api.concepts.look(…)`. */
export interface ConceptsApi extends ProxyMarked {
  /** One concept. The picture is encoded once; a further phrase costs a decoder run. */
  look(job: JobId, request: LookRequest, onEvent: (event: JobEvent) => void): Promise<Result<LookResult>>;
  /** What clicks, a box or a mask mean. */
  pick(prompt: PickPrompt): Promise<Result<PickResult>>;
  /** What one click here would pick, for a preview under the pointer; null when a newer call overtook it. */
  hover(x: number, y: number): Promise<Result<MaskRle | null>>;
  /** Whether the loaded segmenter has the interactive predictor. */
  canPick(): Promise<boolean>;
}
