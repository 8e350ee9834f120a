import type { Rect, Size } from '../geometry/rect.ts';
import type { MaskRle, SamplingSpec, ScaffoldSpec } from '../job/request.ts';

/** What made a layer's pixels. */
export interface LayerRecipe {
  readonly prompt: string;
  readonly negative: string;
  readonly denoise: number;
  readonly anchorScale: number;
  readonly sampling: SamplingSpec;
  readonly scaffold: ScaffoldSpec;
  /** Region of the scaffold the noise came from; 0 is the layer's own place. */
  readonly region: number;
  /** "SDXL base · file name", of the image model. */
  readonly model: string;
}

/** One painting of a layer's area. Several are variations to choose from. */
export interface LayerPixels {
  /** Names the residual in the worker's store; the same name always means the same pixels. */
  readonly id: string;
  readonly recipe: LayerRecipe;
  /** Cosine of the CLIP-vision embeddings before and after; null where no vision model was loaded. */
  readonly similarity: number | null;
  /** {@link Likeness.unlike} of the model that measured it; absent where none did, or before it was asked for. */
  readonly unlike?: number;
}

/** How alike an area is before and after, to a vision model. */
export interface Likeness {
  /** Cosine of the embeddings, −1 to 1. */
  readonly similarity: number;
  /** Cosine the same model gives two pictures that are not alike: what a similarity has to be told from. */
  readonly unlike?: number;
}

/** How a layer's residual is weighted over its area. */
export type LayerWeight =
  /** By a mask of the whole picture, grown and feathered (canvas pixels). */
  | { readonly kind: 'mask'; readonly mask: MaskRle; readonly growPx: number; readonly featherPx: number }
  /** By the overlap weights of one tile of a grid over the canvas. */
  | { readonly kind: 'tile'; readonly index: number; readonly tilePx: number; readonly overlapPx: number }
  /** Everywhere: the weights have been multiplied in, as in a merged layer. */
  | { readonly kind: 'whole'; readonly shares?: readonly WeightShare[] };

type MaskWeight = Extract<LayerWeight, { kind: 'mask' }>;

/**
 * The weight a merged layer still holds of a group: siblings of what it was made from, which had to share with that, go
 * on sharing with it, or the merge would change them. A sibling painted later above the merge saw it as part of the
 * picture, and shares nothing with it.
 */
export interface WeightShare {
  readonly group: string;
  readonly area: Rect<'canvas'>;
  readonly weight: MaskWeight;
  /** Of what was merged; the merged layer's own multiplies it. */
  readonly opacity: number;
  /** Ids of the siblings' paintings ({@link LayerPixels}) at the time of the merge. */
  readonly paintings: readonly string[];
}

/** What a layer was painted from, to tell when it no longer fits. */
export interface LayerOrigin {
  readonly detectionId: string | null;
  readonly mask: MaskRle | null;
  /** What it saw below it where it lies, bottom first: a mark of every layer that was shown (see `seenMarks`). */
  readonly below: readonly string[];
  /** Of a merged layer: what it was made from, bottom first. */
  readonly merged?: readonly MergedPart[];
}

/** A layer that was merged into another. */
export interface MergedPart {
  /** What it showed. */
  readonly mark: string;
  readonly group: string;
  /** Nothing of it lies outside. */
  readonly area: Rect<'canvas'>;
}

/**
 * A refined detection or tile: canvas + weight·opacity·strength·(refined − reference), non-destructive. The picture is
 * the fold of all visible layers over the upscaled original, bottom first.
 */
export interface Layer {
  readonly id: string;
  /** Empty for a tile that nobody has named: it goes by its number, in the reader's language. */
  readonly name: string;
  /** Layers of one group share their weight where their masks overlap, so that no pixel is sharpened twice. */
  readonly group: string;
  readonly area: Rect<'canvas'>;
  /** Size of the canvas it was painted on; on any other it cannot be shown. */
  readonly canvas: Size<'canvas'>;
  readonly weight: LayerWeight;
  readonly visible: boolean;
  readonly locked: boolean;
  /** 0 to 1. */
  readonly opacity: number;
  /** Multiplies the change itself: 0 nothing, 1 as painted, up to 2. */
  readonly strength: number;
  /** The chosen painting; one of `variations`. */
  readonly pixels: LayerPixels;
  readonly variations: readonly LayerPixels[];
  readonly origin: LayerOrigin;
}
