import { intersect, rect, type Rect } from '../geometry/rect.ts';
import type { FoundObject, MaskRle } from '../job/request.ts';
import { intersectRle, maskAreaPx, overlapPx, rleBounds, rleIou, unionAll } from '../mask/rle-algebra.ts';
import { rectToRle } from '../mask/shapes.ts';

/** One answer of the detector about a part of the picture; all masks lie on one grid over the whole picture. */
export interface TileAnswer {
  readonly found: FoundObject;
  /** Null: it was asked about the whole picture. Else where, in mask pixels; one object for all answers of a tile. */
  readonly tile: Rect<'image'> | null;
  /** Side of a cell of the mask head, in mask pixels: nothing about the outline is known more exactly. */
  readonly cellPx: number;
}

/** Two answers of different tiles are one object when their masks overlap by more than this (IoU). */
const SAME_OBJECT = 0.5;
/** A part that a tile's border cut off gives way when another answer holds more than this share of it. */
const HELD_BY_ANOTHER = 0.5;
/** Two parts continue each other when they agree at least so much where both tiles look (IoU). */
const CONTINUES = 0.5;

/** Up to so many cells across, an outline on whole cells says more about the cells than about the object. */
const SMALL_CELLS = 6;
/** How far the outline of one small object may lie apart in two answers, in cells. */
const OUTLINE_CELLS = 1.5;
/** From so many cells across, the whole picture's mask of an object is fine enough, and has no seam. */
const FINE_CELLS = 12;

type Side = 'left' | 'right' | 'top' | 'bottom';
const SIDES: readonly Side[] = ['left', 'right', 'top', 'bottom'];

/** An answer on its way: what it came from, and where it was cut off. */
interface Piece {
  readonly found: FoundObject;
  readonly bounds: Rect<'image'>;
  readonly area: number;
  readonly cellPx: number;
  readonly tiles: readonly (Rect<'image'> | null)[];
  /** Sides of its tile, inside the picture, at which its mask ends. */
  readonly cut: readonly Side[];
}

/**
 * One list of objects from the answers about a picture and its overlapping tiles, best first. In this order:
 * 1. Parts cut by the borders of neighbouring tiles become one object where they agree in what both tiles see.
 * 2. Of several answers that are one object one stays, with the best score among them: that of a tile which holds all
 *    of it, for its finer mask; else the whole picture's where that is fine enough; else the joined one.
 * 3. A part that is still cut off gives way to an answer that holds most of it.
 * Answers about one and the same tile are never measured against each other: that is for the concept's rules.
 */
export function mergeTiles(answers: readonly TileAnswer[]): FoundObject[] {
  const pieces = joined(answers.flatMap(pieceOf)).toSorted(
    (a, b) => trust(b) - trust(a) || b.found.score - a.found.score,
  );
  const kept: { piece: Piece; score: number }[] = [];
  for (const piece of pieces) {
    const better = kept.filter((other) => areOne(piece, other.piece));
    for (const other of better) other.score = Math.max(other.score, piece.found.score);
    if (better.length === 0 && !kept.some((other) => isHeldBy(piece, other.piece)))
      kept.push({ piece, score: piece.found.score });
  }
  return kept.map(({ piece, score }) => ({ ...piece.found, score })).sort((a, b) => b.score - a.score);
}

/** Whose mask is taken, the higher. */
function trust({ tiles, cut, bounds, cellPx }: Piece): number {
  if (cut.length > 0) return 0;
  if (tiles.length > 1) return 2;
  if (tiles[0] !== null) return 4;
  return Math.min(bounds.width, bounds.height) >= FINE_CELLS * cellPx ? 3 : 1;
}

/** Nothing for an answer without a pixel. */
function pieceOf({ found, tile, cellPx }: TileAnswer): Piece[] {
  const bounds = rleBounds(found.mask);
  if (!bounds) return [];
  const marginPx = cellPx + 1;
  const cut = tile ? SIDES.filter((side) => isCut(side, bounds, tile, found.mask, marginPx)) : [];
  return [{ found, bounds, area: maskAreaPx(found.mask), cellPx, tiles: [tile], cut }];
}

/** Coordinate of a side. */
function edge({ x, y, width, height }: Rect<'image'>, side: Side): number {
  switch (side) {
    case 'left':
      return x;
    case 'right':
      return x + width;
    case 'top':
      return y;
    case 'bottom':
      return y + height;
  }
}

const isAcross = (side: Side): boolean => side === 'left' || side === 'right';

function isCut(
  side: Side,
  bounds: Rect<'image'>,
  tile: Rect<'image'>,
  grid: MaskRle,
  marginPx: number,
): boolean {
  const at = edge(tile, side);
  const end = isAcross(side) ? grid.width : grid.height;
  const atPictureBorder = at < 0.5 || at > end - 0.5;
  return !atPictureBorder && Math.abs(edge(bounds, side) - at) <= marginPx;
}

/** Whether a side of a tile runs through another tile, which then sees on. */
function seesBeyond(tile: Rect<'image'>, side: Side, at: number): boolean {
  const [from, to] = isAcross(side) ? [tile.x, tile.x + tile.width] : [tile.y, tile.y + tile.height];
  return at > from && at < to;
}

/** Groups of pieces that continue each other become one, over any number of tiles. */
function joined(pieces: readonly Piece[]): Piece[] {
  const groups: Piece[][] = [];
  for (const piece of pieces) {
    const continued = groups.filter((group) => group.some((member) => continues(piece, member)));
    const group = [...continued.flat(), piece];
    for (const old of continued) groups.splice(groups.indexOf(old), 1);
    groups.push(group);
  }
  return groups.map(unionOf);
}

function continues(a: Piece, b: Piece): boolean {
  const [tileA, tileB] = [a.tiles[0], b.tiles[0]];
  if (!tileA || !tileB || tileA === tileB) return false;
  const cutTowards = (piece: Piece, from: Rect<'image'>, to: Rect<'image'>) =>
    piece.cut.some((side) => seesBeyond(to, side, edge(from, side)));
  if (!cutTowards(a, tileA, tileB) || !cutTowards(b, tileB, tileA)) return false;
  const shared = intersect(tileA, tileB);
  if (shared.width === 0 || shared.height === 0 || !meet(a, b)) return false;
  const zone = rectToRle(shared, a.found.mask);
  return rleIou(intersectRle(a.found.mask, zone), intersectRle(b.found.mask, zone)) >= CONTINUES;
}

function unionOf(group: readonly Piece[]): Piece {
  const [first] = group as [Piece];
  if (group.length === 1) return first;
  const mask = unionAll(
    group.map(({ found }) => found.mask),
    first.found.mask,
  );
  const best = group.reduce((a, b) => (b.found.score > a.found.score ? b : a)).found;
  return {
    found: { ...best, mask, box: group.map(({ found }) => found.box).reduce(around) },
    bounds: rleBounds(mask) ?? first.bounds,
    area: maskAreaPx(mask),
    cellPx: first.cellPx,
    tiles: group.flatMap((piece) => piece.tiles),
    cut: group.flatMap((piece) => piece.cut.filter((side) => isOpen(piece, side, mask))),
  };
}

/** Whether a joined mask still ends where this piece was cut off: it goes on beyond less than half of the cut. */
function isOpen({ found, tiles, cellPx }: Piece, side: Side, whole: MaskRle): boolean {
  const [tile] = tiles;
  if (!tile) return false;
  const reach = cellPx + 1;
  const along = (from: number) => overlapPx(whole, rectToRle(stripAt(tile, side, from, reach), whole));
  const inside = overlapPx(found.mask, rectToRle(stripAt(tile, side, -reach, reach), whole));
  return along(0) < inside / 2;
}

/** A strip along a side of a tile, beginning `from` outside it (negative: inside) and going outwards. */
function stripAt(tile: Rect<'image'>, side: Side, from: number, depth: number): Rect<'image'> {
  const at = edge(tile, side);
  const outwards = side === 'left' || side === 'top' ? at - from - depth : at + from;
  return isAcross(side)
    ? rect(outwards, tile.y, depth, tile.height)
    : rect(tile.x, outwards, tile.width, depth);
}

function around(a: Rect<'unit'>, b: Rect<'unit'>): Rect<'unit'> {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return rect(x, y, right - x, bottom - y);
}

/** Whether two answers are the same object. */
function areOne(a: Piece, b: Piece): boolean {
  if (ofOneTile(a, b) || !meet(a, b)) return false;
  const overlap = overlapPx(a.found.mask, b.found.mask);
  if (overlap > SAME_OBJECT * (a.area + b.area - overlap)) return true;
  return a.cut.length === 0 && b.cut.length === 0 && agreeInCells(a, b);
}

/** Whether the bounds of two small or thin masks agree as far as the cells of the coarser can tell. */
function agreeInCells(a: Piece, b: Piece): boolean {
  const cellPx = Math.max(a.cellPx, b.cellPx);
  const small = ({ bounds }: Piece) => Math.min(bounds.width, bounds.height) <= SMALL_CELLS * cellPx;
  const apart = (side: Side) => Math.abs(edge(a.bounds, side) - edge(b.bounds, side));
  return small(a) && small(b) && SIDES.every((side) => apart(side) <= OUTLINE_CELLS * cellPx);
}

/** Whether most of a part that was cut off belongs to another answer. */
function isHeldBy(part: Piece, other: Piece): boolean {
  if (part.cut.length === 0 || ofOneTile(part, other) || !meet(part, other)) return false;
  return overlapPx(part.found.mask, other.found.mask) > HELD_BY_ANOTHER * part.area;
}

function ofOneTile(a: Piece, b: Piece): boolean {
  return a.tiles.length === 1 && b.tiles.length === 1 && a.tiles[0] === b.tiles[0];
}

/** Masks whose bounds have nothing in common need not be looked at. */
function meet(a: Piece, b: Piece): boolean {
  const common = intersect(a.bounds, b.bounds);
  return common.width > 0 && common.height > 0;
}
