import type { DocumentDiff } from './diff.ts';
import type { Layer } from './layer.ts';

/** Ids of the residuals layers point at, chosen or not. */
export function pixelsOfLayers(layers: readonly Layer[]): readonly string[] {
  return layers.flatMap(({ pixels, variations }) => [pixels.id, ...variations.map(({ id }) => id)]);
}

/** Ids of the residuals a difference names on either side: undoing or redoing it needs them. */
export function pixelsOfDiff({ layers }: DocumentDiff): readonly string[] {
  const sides = Object.values(layers?.items ?? {}).flat() as (Layer | undefined)[];
  return pixelsOfLayers(sides.filter((layer) => layer !== undefined));
}
