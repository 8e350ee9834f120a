import type { Layer } from '#domain/document/layer.ts';
import { unitsOf, type LayerUnit } from '#domain/document/units.ts';

/** One line of the layers panel. */
export interface LayerRow {
  readonly id: string;
  /** Tiles of one grid have a line for all of them; opened, one for each below it. */
  readonly kind: 'layer' | 'tiles';
  /** Bottom first; exactly one but for `tiles`. */
  readonly layers: readonly Layer[];
  /** 2 inside an opened group. */
  readonly level: 1 | 2;
  readonly open: boolean;
}

/** What the panel lists, top layer first. `open` has the ids of opened groups. */
export function rowsOf(layers: readonly Layer[], open: readonly string[]): LayerRow[] {
  return unitsOf(layers)
    .toReversed()
    .flatMap((unit) => rowsOfUnit(unit, open));
}

function rowsOfUnit({ id, layers }: LayerUnit, openGroups: readonly string[]): LayerRow[] {
  if (layers.length === 1) return [lineOf(layers[0] as Layer, 1)];
  const groupId = `tiles ${id}`;
  const open = openGroups.includes(groupId);
  const tiles = open ? layers.toReversed().map((layer) => lineOf(layer, 2)) : [];
  return [{ id: groupId, kind: 'tiles', layers, level: 1, open }, ...tiles];
}

function lineOf(layer: Layer, level: 1 | 2): LayerRow {
  return { id: layer.id, kind: 'layer', layers: [layer], level, open: false };
}

/** Ids of the layers of all lines from one to another, whichever is higher. */
export function layersBetween(rows: readonly LayerRow[], from: string, to: string): string[] {
  const ends = [from, to].map((id) => rows.findIndex((row) => row.id === id));
  const [first, last] = [Math.min(...ends), Math.max(...ends)];
  if (first < 0) return [];
  return [...new Set(rows.slice(first, last + 1).flatMap((row) => row.layers.map(({ id }) => id)))];
}
