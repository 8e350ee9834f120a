import { removeSpecks } from '../mask/components.ts';
import { logitsToRle } from '../mask/logits-rle.ts';
import { invertRle, subtractRle } from '../mask/rle-algebra.ts';
import { forEachStretch } from '../mask/spans.ts';
import type { Field } from '../raster.ts';

/** Largest hole that is filled, in cells of the real model's 288² masks, and what it is filled with. */
const MAX_HOLE_CELLS = 256;
const FULL_SIZE_SIDE = 288;
const FILLED = 10;

/**
 * Logits with every small connected part of the background raised to +10, as the official predictor does before it
 * enlarges a mask (spec/sam3.md 4.3): at most 256 cells of 288², on other grids the same share of the area. Parts at
 * the border count as well; cells that meet at a corner are connected.
 */
export function fillLogitHoles(logits: Field<'image'>): Field<'image'> {
  const { width, height, data } = logits;
  const limit = Math.round((MAX_HOLE_CELLS * width * height) / FULL_SIZE_SIDE ** 2);
  const background = invertRle(logitsToRle(logits, { width, height }));
  const holes = subtractRle(background, removeSpecks(background, limit + 1));
  const filled = Float32Array.from(data);
  forEachStretch(holes, (start, end) => filled.fill(FILLED, start, end));
  return { width, height, data: filled };
}
