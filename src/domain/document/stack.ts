import { boundingRect, overlaps, type Rect, type Size } from '../geometry/rect.ts';
import type { LayerIndex, MaskRle } from '../job/request.ts';
import { sameMask as sameInside } from '../mask/rle-algebra.ts';
import { planTiles } from '../tiling/plan.ts';
import type { Layer, LayerWeight, WeightShare } from './layer.ts';

/** A layer whose pixels may not have been painted yet. */
export type LayerSketch = Omit<Layer, 'pixels' | 'variations'>;

type TileWeight = Extract<LayerWeight, { kind: 'tile' }>;

/** Detections of one layer index are painted from the same canvas and share their weight. */
export function detailGroup(index: LayerIndex): string {
  return `detail ${index}`;
}

/** So are tiles of one chess colour; their weights are shares already. */
export function tileGroup(color: 0 | 1): string {
  return `tiles ${color}`;
}

/** The layer index of a group of detections; null for any other group. */
function detailIndex(group: string): number | null {
  const index = /^detail (\d)$/.exec(group)?.[1];
  return index === undefined ? null : Number(index);
}

/** Whether a layer is part of the fold at all: what is fully transparent counts as hidden. */
export function isShown({ visible, opacity }: LayerSketch): boolean {
  return visible && opacity > 0;
}

/** Whether two canvases are as wide and as high as each other. */
export function sameSize(a: Size<'canvas'>, b: Size<'canvas'>): boolean {
  return a.width === b.width && a.height === b.height;
}

/** Whether two masks cover the same pixels, or there is neither. */
export function sameMask(a: MaskRle | null, b: MaskRle | null): boolean {
  return a === b || (a !== null && b !== null && sameInside(a, b));
}

/** Whether two weights come to the same over one area: edges are compared as numbers, masks by their pixels. */
export function sameWeight(a: LayerWeight, b: LayerWeight): boolean {
  if (a.kind === 'mask' && b.kind === 'mask')
    return a.growPx === b.growPx && a.featherPx === b.featherPx && sameMask(a.mask, b.mask);
  if (a.kind === 'tile' && b.kind === 'tile') return a.index === b.index && sameGrid(a, b);
  if (a.kind === 'whole' && b.kind === 'whole') return sameShares(a.shares ?? [], b.shares ?? []);
  return false;
}

/** Shares are made with their layer and never changed; what was read from storage is there once more. */
function sameShares(a: readonly WeightShare[], b: readonly WeightShare[]): boolean {
  const same = (one: WeightShare, other: WeightShare) =>
    one.group === other.group && one.opacity === other.opacity && sameWeight(one.weight, other.weight);
  return a === b || (a.length === b.length && a.every((share, i) => same(share, b[i] as WeightShare)));
}

function sameGrid(a: TileWeight, b: TileWeight): boolean {
  return a.tilePx === b.tilePx && a.overlapPx === b.overlapPx;
}

/** Whether a tile belongs to the grid of another. */
export function onGridOf(layer: LayerSketch, other: LayerSketch): boolean {
  return (
    layer.weight.kind === 'tile' &&
    other.weight.kind === 'tile' &&
    sameGrid(layer.weight, other.weight) &&
    sameSize(layer.canvas, other.canvas)
  );
}

/** What a layer to be painted at `position` of a stack sees: shown layers below that are not of its own group. */
export function layersBelow<T extends LayerSketch>(stack: readonly T[], position: number): T[] {
  const own = stack[position];
  return own ? stack.slice(0, position).filter((layer) => sees(own, layer)) : [];
}

/** Of those, the ones that lie where the layer lies. */
export function seenBelow<T extends LayerSketch>(stack: readonly T[], position: number): T[] {
  const own = stack[position];
  if (!own) return [];
  return stack.slice(0, position).filter((layer) => overlaps(layer.area, own.area) && sees(own, layer));
}

/** Whether a layer below would be part of what another is painted over, were it to lie there. */
export function sees(own: LayerSketch, below: LayerSketch): boolean {
  return isShown(below) && below.group !== own.group && sameSize(below.canvas, own.canvas);
}

/**
 * A stack with a painted layer in it: where a layer of its id was; else details above those of lower or equal index and
 * below the first tile, tiles of a grid in chess order on top.
 * @param newGrid tiles of other grids that are not locked go: this one belongs to a run of a whole new grid.
 */
export function placeLayer<T extends LayerSketch>(stack: readonly T[], layer: T, newGrid = false): T[] {
  const kept = newGrid ? stack.filter((other) => !givesWay(other, layer)) : [...stack];
  const present = kept.findIndex(({ id }) => id === layer.id);
  const { weight } = layer;
  const at =
    present >= 0
      ? present
      : weight.kind === 'tile'
        ? tilePlace(kept, layer, weight)
        : detailPlace(kept, layer);
  return [...kept.slice(0, at), layer, ...kept.slice(present >= 0 ? at + 1 : at)];
}

function givesWay(other: LayerSketch, layer: LayerSketch): boolean {
  return (
    layer.weight.kind === 'tile' && other.weight.kind === 'tile' && !other.locked && !onGridOf(other, layer)
  );
}

function detailPlace(stack: readonly LayerSketch[], { group }: LayerSketch): number {
  const index = detailIndex(group) ?? Infinity;
  const firstTile = stack.findIndex(({ weight }) => weight.kind === 'tile');
  const below = firstTile < 0 ? stack : stack.slice(0, firstTile);
  const indices = below.map((layer) => detailIndex(layer.group));
  const last = indices.findLastIndex((other) => other !== null && other <= index);
  if (last >= 0) return last + 1;
  const higher = indices.findIndex((other) => other !== null);
  return higher >= 0 ? higher : below.length;
}

/** Colour 0 before colour 1, row-major inside a colour. */
function tilePlace(stack: readonly LayerSketch[], tile: LayerSketch, weight: TileWeight): number {
  const { tiles } = planTiles(tile.canvas, weight.tilePx, weight.overlapPx);
  const rankOf = (index: number) => (tiles[index]?.color ?? 0) * tiles.length + index;
  const ranks = stack.map((other) =>
    other.weight.kind === 'tile' && onGridOf(other, tile) ? rankOf(other.weight.index) : null,
  );
  const rank = rankOf(weight.index);
  const last = ranks.findLastIndex((other) => other !== null && other < rank);
  if (last >= 0) return last + 1;
  const first = ranks.findIndex((other) => other !== null);
  return first >= 0 ? first : stack.length;
}

/**
 * The smallest rectangle outside which two stacks fold to the same pixels; null where they do everywhere. Layers that
 * both have in the same order cannot make a difference, and no layer reaches beyond its area: not by its weight, and
 * not by what it takes from its siblings'.
 */
export function dirtyArea(before: readonly Layer[], after: readonly Layer[]): Rect<'canvas'> | null {
  const [old, now] = [before.filter(isShown), after.filter(isShown)];
  const shorter = Math.min(old.length, now.length);
  const same = (i: number, j: number) => sameLook(old[i] as Layer, now[j] as Layer);
  let head = 0;
  while (head < shorter && same(head, head)) head++;
  let tail = 0;
  while (tail < shorter - head && same(old.length - 1 - tail, now.length - 1 - tail)) tail++;
  const rest = <T>(list: readonly T[]) => list.slice(head, list.length - tail);
  return boundingRect(uncommon(rest(old), rest(now)).map(({ area }) => area));
}

/** Members of either list that are not in their longest common subsequence. */
function uncommon(before: readonly Layer[], after: readonly Layer[]): Layer[] {
  const width = after.length + 1;
  const common = new Uint16Array((before.length + 1) * width);
  const at = (i: number, j: number) => common[i * width + j] as number;
  const same = before.map((old) => after.map((now) => sameLook(old, now)));
  for (let i = before.length - 1; i >= 0; i--)
    for (let j = after.length - 1; j >= 0; j--)
      common[i * width + j] = same[i]?.[j] ? at(i + 1, j + 1) + 1 : Math.max(at(i + 1, j), at(i, j + 1));
  const result: Layer[] = [];
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length)
    if (same[i]?.[j]) [i, j] = [i + 1, j + 1];
    else if (at(i + 1, j) >= at(i, j + 1)) result.push(before[i++] as Layer);
    else result.push(after[j++] as Layer);
  return [...result, ...before.slice(i), ...after.slice(j)];
}

/** Whether two layers do the same to the canvas: everything but names and locks. */
function sameLook(a: Layer, b: Layer): boolean {
  if (a === b) return true;
  return (
    a.pixels.id === b.pixels.id &&
    a.opacity === b.opacity &&
    a.strength === b.strength &&
    a.visible === b.visible &&
    a.group === b.group &&
    a.area.x === b.area.x &&
    a.area.y === b.area.y &&
    sameSize(a.area as Size<'canvas'>, b.area) &&
    sameSize(a.canvas, b.canvas) &&
    sameWeight(a.weight, b.weight)
  );
}
