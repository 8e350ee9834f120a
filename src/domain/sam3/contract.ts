import type { Rect } from '../geometry/rect.ts';
import type { ConceptExample, MaskRle } from '../job/request.ts';
import type { Field } from '../raster.ts';

/** What is asked of SAM 3 over one picture, and what it answers: the pipelines ask, the networks' adapter answers. */

/** What a phrase is looked for with. */
export interface DetectOptions {
  /** Examples and counter-examples in the same picture. */
  readonly examples?: readonly ConceptExample[];
  /** Most answers, the best ones: masks are computed for no other. Default: all. */
  readonly limit?: number;
}

/** One object found, above the threshold. */
export interface RawDetection {
  readonly box: Rect<'unit'>;
  /** sigmoid(logit)·presence (spec/sam3.md 3.3). */
  readonly score: number;
  readonly presence: number;
  /** Mask logits on the network's own grid, (4·tokens per axis)² cells over the whole picture. */
  readonly logits: Field<'image'>;
}

/** What the detector made of a phrase, as it came. */
export interface RawAnswer {
  /** Probability that the concept is in the picture at all. */
  readonly presence: number;
  /** In query order, without suppression of duplicates. */
  readonly detections: readonly RawDetection[];
  /** The phrase was longer than the model can read, and this is what of it was looked for; else null. */
  readonly readAs: string | null;
}

/** Clicks, a box and a mask, in fractions of the picture. */
export interface PickQuestion {
  readonly points: readonly { readonly x: number; readonly y: number; readonly positive: boolean }[];
  readonly box: Rect<'unit'> | null;
  /** A mask to start from. */
  readonly mask: MaskRle | null;
}

/** What the interactive predictor made of a question, as it came. */
export interface RawPick {
  /** By falling score, the predicted IoU: three readings of one click on its own, else one. */
  readonly answers: readonly { readonly logits: Field<'image'>; readonly score: number }[];
  /** Probability that there is an object at all. */
  readonly object: number;
}
