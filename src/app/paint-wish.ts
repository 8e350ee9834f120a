import type { DocumentCommand } from '#domain/document/commands.ts';
import type { Layer } from '#domain/document/layer.ts';
import { sameSize } from '#domain/document/stack.ts';
import type { Candidate } from '#domain/document/state.ts';
import { tileGrid } from '#domain/tiling/grid.ts';
import type { Detection, DetectionOverrides, RefineRequest } from '#domain/job/request.ts';
import type { TileTarget } from '#domain/job/target.ts';

/** What some detections do differently, by their ids. */
export type OwnSettings = ReadonlyMap<string, DetectionOverrides>;

/** Detections and tiles to paint, and nothing else. */
export interface PaintedWish {
  readonly detections: readonly string[];
  readonly tiles: readonly TileTarget[];
}

/** The detections and tiles that layers were painted for, where a request can paint them again. */
export function wishFor(
  layers: readonly Layer[],
  { detections, global }: Pick<RefineRequest, 'detections' | 'global'>,
): PaintedWish {
  const free = layers.filter(({ locked }) => !locked);
  const known = new Set(detections.map(({ id }) => id));
  const wanted = free.flatMap(({ origin: { detectionId } }) =>
    detectionId !== null && known.has(detectionId) ? [detectionId] : [],
  );
  const tiles = free.flatMap(({ weight, canvas }) => {
    if (weight.kind !== 'tile') return [];
    // A number means another place on another grid.
    const { tilePx, overlapPx } = tileGrid(global, canvas);
    return weight.tilePx === tilePx && weight.overlapPx === overlapPx ? [{ index: weight.index }] : [];
  });
  return { detections: [...new Set(wanted)], tiles };
}

/** The first region of the scaffold beyond those a detection's paintings have come from. */
export function nextRegion({ id, own }: Detection, layers: readonly Layer[]): number {
  const painted = layers.filter(({ origin }) => origin.detectionId === id);
  return Math.max(own?.region ?? 0, lastRegion(painted)) + 1;
}

/** A tile, to be painted from the first region beyond those that tiles of its number have come from. */
export function tileFromNextRegion({ index }: TileTarget, layers: readonly Layer[]): TileTarget {
  const painted = layers.filter(({ weight }) => weight.kind === 'tile' && weight.index === index);
  return { index, region: lastRegion(painted) + 1 };
}

function lastRegion(layers: readonly Layer[]): number {
  return Math.max(0, ...layers.flatMap(({ variations }) => variations.map(({ recipe }) => recipe.region)));
}

/** A request in which some detections have other settings of their own. */
export function withOwn(request: RefineRequest, own: OwnSettings): RefineRequest {
  const detections = request.detections.map((detection) => {
    const patch = own.get(detection.id);
    return patch ? { ...detection, own: { ...detection.own, ...patch } } : detection;
  });
  return { ...request, detections };
}

/** A candidate's own settings with a patch; nothing where it has gone. */
export function ownCommand(
  candidates: readonly Candidate[],
  id: string,
  patch: DetectionOverrides,
): DocumentCommand[] {
  const candidate = candidates.find((other) => other.id === id);
  if (!candidate) return [];
  return [{ type: 'update-candidates', ids: [id], patch: { own: { ...candidate.own, ...patch } } }];
}

/** A painted layer with the paintings it had before, where they cover the same area. */
export function withEarlier(layer: Layer, before: readonly Layer[]): Layer {
  const earlier = before.find(({ id }) => id === layer.id);
  if (!earlier || earlier.pixels.id === layer.pixels.id || !sameArea(earlier, layer)) return layer;
  const known = new Set(layer.variations.map(({ id }) => id));
  return {
    ...layer,
    variations: [...earlier.variations.filter(({ id }) => !known.has(id)), ...layer.variations],
  };
}

function sameArea(a: Layer, b: Layer): boolean {
  const sides = ['x', 'y', 'width', 'height'] as const;
  return sides.every((side) => a.area[side] === b.area[side]) && sameSize(a.canvas, b.canvas);
}
