import type { Layer } from './layer.ts';
import { onGridOf } from './stack.ts';

/** What a list of layers shows as one: a layer by itself, or the tiles of one grid that lie together. */
export interface LayerUnit {
  /** Of the lowest layer in it. */
  readonly id: string;
  /** Bottom first. */
  readonly layers: readonly Layer[];
}

/** Bottom first, as the layers. */
export function unitsOf(layers: readonly Layer[]): LayerUnit[] {
  const units: { id: string; layers: Layer[] }[] = [];
  for (const layer of layers) {
    const below = units.at(-1);
    if (below && onGridOf(below.layers[0] as Layer, layer)) below.layers.push(layer);
    else units.push({ id: layer.id, layers: [layer] });
  }
  return units;
}

/** Takes layers out of a stack and puts them, in their order, right above or below another; that one itself stays. */
export function moveBeside(
  layers: readonly Layer[],
  ids: readonly string[],
  targetId: string,
  side: 'above' | 'below',
): readonly Layer[] {
  if (ids.includes(targetId)) return layers;
  const moving = layers.filter(({ id }) => ids.includes(id));
  const rest = layers.filter(({ id }) => !ids.includes(id));
  const target = rest.findIndex(({ id }) => id === targetId);
  if (target < 0 || moving.length === 0) return layers;
  return rest.toSpliced(side === 'above' ? target + 1 : target, 0, ...moving);
}

/**
 * Moves layers one unit up or down: over a whole grid of tiles at once, unless the tiles themselves are moved. Answers
 * the same list where there is nothing to move over.
 */
export function moveStep(
  layers: readonly Layer[],
  ids: readonly string[],
  direction: 'up' | 'down',
): readonly Layer[] {
  const positions = layers.flatMap(({ id }, index) => (ids.includes(id) ? [index] : []));
  const [edge, side] =
    direction === 'up' ? ([positions.at(-1), 'above'] as const) : ([positions[0], 'below'] as const);
  const neighbour = edge === undefined ? undefined : layers[direction === 'up' ? edge + 1 : edge - 1];
  if (edge === undefined || !neighbour) return layers;
  const unit = unitsOf(layers).find((candidate) => candidate.layers.includes(neighbour)) as LayerUnit;
  const inside = unit.layers.includes(layers[edge] as Layer);
  const target = inside ? neighbour : direction === 'up' ? unit.layers.at(-1) : unit.layers[0];
  return moveBeside(layers, ids, (target as Layer).id, side);
}

/** Whether layers lie on each other without another one between them. */
export function areNeighbours(layers: readonly Layer[], ids: readonly string[]): boolean {
  const positions = layers.flatMap(({ id }, index) => (ids.includes(id) ? [index] : []));
  const [first = 0, last = 0] = [positions[0], positions.at(-1)];
  return positions.length === ids.length && last - first === positions.length - 1;
}

/** The layer with one put in the place of the topmost of those it stands for, which go. */
export function replaceLayers(layers: readonly Layer[], ids: readonly string[], by: Layer): readonly Layer[] {
  const top = layers.findLastIndex(({ id }) => ids.includes(id));
  return layers.flatMap((layer, index) => {
    if (index === top) return [by];
    return ids.includes(layer.id) ? [] : [layer];
  });
}
