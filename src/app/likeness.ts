import type { Layer, Likeness } from '#domain/document/layer.ts';

/** Cosine of CLIP-vision embeddings from which on a painting counts as the same thing, only finer. */
const SAME = 0.95;
const CLOSE = 0.88;

/** Below this the guard speaks up, unless the user sets another limit. */
export const LIKENESS_LIMIT = 0.75;

/** `unsure`: the vision model takes two unlike pictures for the same, so that being alike to it says nothing. */
export type LikenessLevel = 'same' | 'close' | 'drifted' | 'lost' | 'unsure';

/** How a layer's likeness is put into words. */
export function likenessLevel({ similarity, unlike = -1 }: Likeness, limit: number): LikenessLevel {
  if (similarity < limit) return 'lost';
  if (unlike >= SAME) return 'unsure';
  if (similarity >= SAME) return 'same';
  return similarity >= CLOSE ? 'close' : 'drifted';
}

const GENTLER = 0.7;
const FIRMER = 0.2;
const MAX_ANCHOR = 1.2;

/** What a layer that has lost its likeness could be painted with instead; no anchor beyond the firmest. */
export function waysBack({ pixels: { recipe } }: Layer): { denoise: number; anchorScale: number | null } {
  const anchorScale =
    recipe.anchorScale < MAX_ANCHOR ? Math.min(MAX_ANCHOR, recipe.anchorScale + FIRMER) : null;
  return { denoise: round(recipe.denoise * GENTLER), anchorScale: anchorScale && round(anchorScale) };
}

const round = (value: number) => Math.round(value * 100) / 100;
