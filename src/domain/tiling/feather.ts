import { smoothstep } from '../mask/feather.ts';
import type { Field } from '../raster.ts';
import type { Span, Tile, TilePlan } from './plan.ts';

/**
 * How much each span counts at each of its pixels: a smoothstep ramp over the overlap with each neighbour, 1 elsewhere
 * (also at the canvas border), divided by the sum over all spans there. Weights of all spans add up to 1 everywhere.
 */
export function spanWeights(spans: readonly Span[]): Float32Array[] {
  const extent = Math.max(...spans.map((span) => span.start + span.length));
  const total = new Float64Array(extent);
  const raw = spans.map((span, i) => rampWeights(span, spans[i - 1], spans[i + 1]));
  raw.forEach((weights, i) => {
    const { start } = spans[i] as Span;
    weights.forEach((weight, x) => (total[start + x] = (total[start + x] ?? 0) + weight));
  });
  return raw.map((weights, i) => {
    const { start } = spans[i] as Span;
    return Float32Array.from(weights, (weight, x) => weight / (total[start + x] ?? 1));
  });
}

function rampWeights(span: Span, before: Span | undefined, after: Span | undefined): Float64Array {
  const overlapBefore = before ? before.start + before.length - span.start : 0;
  const overlapAfter = after ? span.start + span.length - after.start : 0;
  return Float64Array.from({ length: span.length }, (_, x) => {
    const rising = overlapBefore > 0 ? (x + 0.5) / overlapBefore : 1;
    const falling = overlapAfter > 0 ? (span.length - x - 0.5) / overlapAfter : 1;
    return smoothstep(Math.min(1, rising, falling));
  });
}

/**
 * Feather weights of one tile in (0, 1], covering its area: the outer product of its column's and row's weights. Over
 * all tiles of the plan they add up to 1 at every canvas pixel, so adding every tile's residual times its weight is a
 * proper blend.
 */
export function tileWeights(plan: TilePlan, tile: Tile): Field<'canvas'> {
  const across = spanWeights(plan.columns)[tile.column];
  const down = spanWeights(plan.rows)[tile.row];
  if (!across || !down) throw new RangeError(`tile ${tile.index} is not part of this plan`);
  const { width, height } = tile.area;
  const data = new Float32Array(width * height);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) data[y * width + x] = (down[y] ?? 0) * (across[x] ?? 0);
  return { width, height, data };
}
