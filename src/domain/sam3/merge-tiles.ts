import { intersect, rect, type Rect } from '../geometry/rect.ts';
import type { FoundObject, MaskRle } from '../job/request.ts';
import { intersectRle, maskAreaPx, overlapPx, rleBounds, rleIou, unionAll } from '../mask/rle-algebra.ts';
import { rectToRle } from '../mask/shapes.ts';

/** One answer of the detector about a part of the picture; all masks lie on one grid over the whole picture. */
export interface TileAnswer {
  readonly found: FoundObject;
  /** Null: it was asked about the whole picture. Else where, in mask pixels. */
  readonly tile: Rect<'image'> | null;
}

/** Two answers of different tiles are one object when their masks overlap by more than this (IoU). */
const SAME_OBJECT = 0.5;
/** A part that a tile's border cut off gives way when another answer holds more than this share of it. */
const HELD_BY_ANOTHER = 0.5;
/** Two parts continue each other when they agree at least so much where both tiles look (IoU). */
const CONTINUES = 0.5;

type Side = 'left' | 'right' | 'top' | 'bottom';
const SIDES: readonly Side[] = ['left', 'right', 'top', 'bottom'];

/** An answer on its way: what it came from, and where it was cut off. */
interface Piece {
  readonly found: FoundObject;
  readonly bounds: Rect<'image'>;
  readonly area: number;
  readonly tiles: readonly (Rect<'image'> | null)[];
  /** Sides of its tile, inside the picture, at which its mask ends. */
  readonly cut: readonly Side[];
}

/**
 * One list of objects from the answers about a picture and its overlapping tiles, best first. In this order:
 * 1. Parts cut by the borders of neighbouring tiles become one object where they agree in what both tiles see.
 * 2. Of answers of different tiles with nearly the same mask the best-scored stays.
 * 3. A part that is still cut off gives way to an answer that holds most of it.
 * Answers about one and the same tile are never measured against each other: that is for the concept's rules.
 * @param marginPx how near to its tile's border a mask counts as cut by it: about a cell of the mask head.
 */
export function mergeTiles(answers: readonly TileAnswer[], marginPx: number): FoundObject[] {
  const pieces = joined(answers.flatMap((answer) => pieceOf(answer, marginPx)));
  const whole = pieces.filter(({ cut }) => cut.length === 0);
  const parts = pieces.filter(({ cut }) => cut.length > 0);
  const kept: Piece[] = [];
  for (const piece of [...byScore(whole), ...byScore(parts)])
    if (!kept.some((better) => givesWay(piece, better))) kept.push(piece);
  return byScore(kept).map(({ found }) => found);
}

function byScore(pieces: readonly Piece[]): readonly Piece[] {
  return pieces.toSorted((a, b) => b.found.score - a.found.score);
}

/** Nothing for an answer without a pixel. */
function pieceOf({ found, tile }: TileAnswer, marginPx: number): Piece[] {
  const bounds = rleBounds(found.mask);
  if (!bounds) return [];
  const cut = tile ? SIDES.filter((side) => isCut(side, bounds, tile, found.mask, marginPx)) : [];
  return [{ found, bounds, area: maskAreaPx(found.mask), tiles: [tile], cut }];
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
  const tiles = group.flatMap((piece) => piece.tiles);
  const cut = group.flatMap((piece) => piece.cut.filter((side) => isOpen(piece, side, tiles)));
  return {
    found: { ...best, mask, box: group.map(({ found }) => found.box).reduce(around) },
    bounds: rleBounds(mask) ?? first.bounds,
    area: maskAreaPx(mask),
    tiles,
    cut,
  };
}

/** Whether no other tile of the group sees on where this piece was cut off. */
function isOpen(piece: Piece, side: Side, tiles: Piece['tiles']): boolean {
  const [own] = piece.tiles;
  return !own || !tiles.some((tile) => tile && tile !== own && seesBeyond(tile, side, edge(own, side)));
}

function around(a: Rect<'unit'>, b: Rect<'unit'>): Rect<'unit'> {
  const [x, y] = [Math.min(a.x, b.x), Math.min(a.y, b.y)];
  const right = Math.max(a.x + a.width, b.x + b.width);
  const bottom = Math.max(a.y + a.height, b.y + b.height);
  return rect(x, y, right - x, bottom - y);
}

function givesWay(piece: Piece, better: Piece): boolean {
  const [own] = piece.tiles;
  const sameTile = piece.tiles.length === 1 && better.tiles.length === 1 && better.tiles[0] === own;
  if (sameTile || !meet(piece, better)) return false;
  const overlap = overlapPx(piece.found.mask, better.found.mask);
  if (overlap > SAME_OBJECT * (piece.area + better.area - overlap)) return true;
  return piece.cut.length > 0 && overlap > HELD_BY_ANOTHER * piece.area;
}

/** Masks whose bounds have nothing in common need not be looked at. */
function meet(a: Piece, b: Piece): boolean {
  const common = intersect(a.bounds, b.bounds);
  return common.width > 0 && common.height > 0;
}
