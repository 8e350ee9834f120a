import type { ConceptSpec, Detection, DetailSpec } from './request.ts';

/** What decides how a detection or tile is painted, besides where and from which noise. */
export interface PaintSettings {
  readonly prompt: string;
  readonly negative: string;
  readonly denoise: number;
  readonly anchorScale: number;
}

/** A detection's settings: its own where it has some, else its concept's; without a prompt the phrase is one. */
export function detailSettings({ own = {} }: Detection, concept: ConceptSpec): PaintSettings {
  return {
    prompt: (own.prompt ?? concept.prompt) || concept.phrase,
    negative: own.negative ?? concept.negative,
    denoise: own.denoise ?? concept.denoise,
    anchorScale: own.anchorScale ?? concept.anchorScale,
  };
}

/** How a detection's mask ends, canvas pixels. */
export type MaskEdge = Pick<DetailSpec, 'growPx' | 'featherPx'>;

/** A detection's edge: its own where it has one, else its concept's, else the document's. */
export function detailEdge(
  { own = {} }: Detection,
  concept: ConceptSpec | undefined,
  detail: MaskEdge,
): MaskEdge {
  return {
    growPx: own.growPx ?? detail.growPx,
    featherPx: own.featherPx ?? concept?.featherPx ?? detail.featherPx,
  };
}
