import { clamp } from '../geometry/snap.ts';
import { smoothstep } from './feather.ts';

/** A position in mask pixels; the first pixel's centre is (0.5, 0.5). */
export interface Point {
  readonly x: number;
  readonly y: number;
}

/** How a round tip covers what it passes over. */
export interface Tip {
  readonly radiusPx: number;
  /** Share of the radius that is covered fully, 0 to 1; from there coverage falls to 0 at the radius. */
  readonly hardness: number;
  /** Most coverage one stroke gives, 0 to 1. */
  readonly opacity: number;
}

/** The tip drawn from one point to the next; its radius changes evenly on the way. */
export interface TipTrack {
  readonly from: Point;
  readonly to: Point;
  readonly fromRadiusPx: number;
  readonly toRadiusPx: number;
}

/**
 * Coverage, 0 to 255, of the pixel centred at (x, y): with d the distance to the nearest point of the track and r the
 * radius there, opacity · (1 − smoothstep((d/r − hardness) / (1 − hardness))), nothing beyond r.
 */
export function tipCoverage(track: TipTrack, { hardness, opacity }: Tip, x: number, y: number): number {
  const { from, to } = track;
  const dx = to.x - from.x;
  const dy = to.y - from.y;
  const length = dx * dx + dy * dy;
  const along = length === 0 ? 0 : clamp(((x - from.x) * dx + (y - from.y) * dy) / length, 0, 1);
  const radius = track.fromRadiusPx + along * (track.toRadiusPx - track.fromRadiusPx);
  const square = (x - from.x - along * dx) ** 2 + (y - from.y - along * dy) ** 2;
  if (square > radius * radius || radius <= 0) return 0;
  const share = Math.sqrt(square) / radius;
  const fall = share <= hardness ? 0 : smoothstep((share - hardness) / (1 - hardness));
  return Math.round(255 * opacity * (1 - fall));
}

/** The most coverage a tip gives, 0 to 255. */
export function fullCoverage({ opacity }: Tip): number {
  return Math.round(255 * opacity);
}

/** Columns [begin, end) that a track can reach in a row of tipRows, unclipped. */
export function tipColumns(track: TipTrack, y: number): { readonly begin: number; readonly end: number } {
  const { from, to } = track;
  const radius = Math.max(track.fromRadiusPx, track.toRadiusPx);
  const [dx, dy] = [to.x - from.x, to.y - from.y];
  const rise = y + 0.5 - from.y;
  // The part of the track no farther above or below the row than the radius.
  const ends = dy === 0 ? [0, 1] : [(rise - radius) / dy, (rise + radius) / dy];
  const first = Math.max(0, Math.min(...ends));
  const last = Math.min(1, Math.max(...ends));
  const [x0, x1] = [from.x + first * dx, from.x + last * dx];
  return {
    begin: Math.ceil(Math.min(x0, x1) - radius - 0.5),
    end: Math.floor(Math.max(x0, x1) + radius - 0.5) + 1,
  };
}

/** Rows [begin, end) that a track can reach, unclipped. */
export function tipRows({ from, to, fromRadiusPx, toRadiusPx }: TipTrack): {
  readonly begin: number;
  readonly end: number;
} {
  const radius = Math.max(fromRadiusPx, toRadiusPx);
  return {
    begin: Math.ceil(Math.min(from.y, to.y) - radius - 0.5),
    end: Math.floor(Math.max(from.y, to.y) + radius - 0.5) + 1,
  };
}
