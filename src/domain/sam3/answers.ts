import { rect, type Rect } from '../geometry/rect.ts';

/** 1 / (1 + e⁻ˣ): a logit as a probability. */
export const sigmoid = (x: number): number => 1 / (1 + Math.exp(-x));

/** A query of the detector that passed the threshold. */
export interface KeptQuery {
  readonly index: number;
  readonly score: number;
}

/** Queries with sigmoid(logit)·presence above the threshold, strictly, in query order (spec/sam3.md 3.3). */
export function keptQueries(logits: ArrayLike<number>, presence: number, threshold: number): KeptQuery[] {
  return Array.from({ length: logits.length }, (_, index) => ({
    index,
    score: sigmoid(logits[index] as number) * presence,
  })).filter(({ score }) => score > threshold);
}

/** At most `limit` of the queries, the best-scored, still in query order. */
export function bestQueries(queries: readonly KeptQuery[], limit: number): readonly KeptQuery[] {
  if (queries.length <= limit) return queries;
  const best = [...queries].sort((a, b) => b.score - a.score).slice(0, limit);
  return queries.filter((query) => best.includes(query));
}

/** cx, cy, w, h in 0…1 -> the part of that box inside the picture. */
export function unitBox(cx: number, cy: number, w: number, h: number): Rect<'unit'> {
  const clip = (v: number) => Math.min(1, Math.max(0, v));
  const x = clip(cx - w / 2);
  const y = clip(cy - h / 2);
  return rect(x, y, clip(cx + w / 2) - x, clip(cy + h / 2) - y);
}

const STABILITY_OFFSET = 0.05;
const STABLE = 0.98;

/**
 * Which of the predictor's four masks to return (spec/sam3.md 4.3): 1…3 for an ambiguous prompt; else mask 0, unless
 * its outline is unstable, then the one of 1…3 with the best predicted IoU.
 */
export function chosenMasks(
  masks: readonly Float32Array[],
  iou: ArrayLike<number>,
  ambiguous: boolean,
): number[] {
  const several = masks.map((_, i) => i).slice(1);
  if (ambiguous) return several;
  if (stability(masks[0] as Float32Array) >= STABLE) return [0];
  return [several.reduce((best, i) => ((iou[i] as number) > (iou[best] as number) ? i : best))];
}

/** Cells above +0.05 over cells above −0.05; 1 when there are none. */
function stability(mask: Float32Array): number {
  let inner = 0;
  let outer = 0;
  for (const value of mask) {
    if (value > STABILITY_OFFSET) inner++;
    if (value > -STABILITY_OFFSET) outer++;
  }
  return outer === 0 ? 1 : inner / outer;
}
