import type { WeightedArea } from '../blend/overlap.ts';
import { overlaps } from '../geometry/rect.ts';
import type { Layer, WeightShare } from './layer.ts';
import type { LayerSketch } from './stack.ts';

/** What a layer's weight is shared with: a part of the stack weighted by a mask. */
export type Sharer = Omit<WeightedArea, 'alpha'> & Pick<LayerSketch, 'id' | 'canvas' | 'weight'>;

/**
 * The siblings of a layer of a stack (bottom first), which share their weight where they overlap: layers of its group
 * that are weighted by masks, and what merged layers hold of its group's weight.
 */
export function siblingsOf(layer: Layer, stack: readonly Layer[]): Sharer[] {
  if (layer.weight.kind !== 'mask') return [];
  const position = stack.findIndex(({ id }) => id === layer.id);
  return stack.flatMap((other, i) => {
    if (other.id === layer.id) return [];
    return sharersIn(other, layer, position < i).filter(({ area }) => overlaps(area, layer.area));
  });
}

function sharersIn(other: Layer, layer: Layer, isAbove: boolean): Sharer[] {
  const { weight, canvas, opacity } = other;
  if (weight.kind === 'mask') return other.group === layer.group ? [other] : [];
  if (weight.kind !== 'whole') return [];
  return (weight.shares ?? []).flatMap((share, i) => {
    const shares = share.group === layer.group && (isAbove || share.paintings.includes(layer.pixels.id));
    return shares
      ? [{ ...share, id: `${other.id} share ${i}`, canvas, opacity: opacity * share.opacity }]
      : [];
  });
}

/** What a layer that is merged from these holds of the weight of their groups; the stack is what they are part of. */
export function mergedShares(layers: readonly Layer[], stack: readonly Layer[]): WeightShare[] {
  const others = stack.filter(({ id }) => layers.every((layer) => layer.id !== id));
  return layers.flatMap((layer): WeightShare[] => {
    const { weight, group, area, opacity } = layer;
    if (weight.kind === 'whole')
      return (weight.shares ?? []).map((share) => ({ ...share, opacity: opacity * share.opacity }));
    const siblings = others.filter((other) => siblingsOf(other, [layer, other]).length > 0);
    if (weight.kind !== 'mask' || siblings.length === 0) return [];
    const paintings = siblings.flatMap(({ variations }) => variations.map(({ id }) => id));
    return [{ group, area, weight, opacity, paintings }];
  });
}
