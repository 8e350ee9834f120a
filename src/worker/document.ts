import type { Layer } from '#domain/document/layer.ts';
import type { Recipe } from '#domain/job/request.ts';
import type { LayerCanvas } from '#pipelines/layer-canvas.ts';
import type { Picture } from './picture.ts';

/** The opened picture and what is shown of it. */
export interface Document {
  readonly name: string;
  readonly picture: Picture;
  /** The picture on a canvas with its layers; null until something was painted or shown. */
  canvas: LayerCanvas | null;
  /** What the last run that painted anything was made of. */
  ran: Omit<Recipe, 'complete' | 'layers'> | null;
  /** Ids of everything painted on this picture, in order of painting: tells which canvas size a stack is of. */
  readonly painted: Set<string>;
}

/** The latest painting among the layers decides which canvas they are shown on; null where none was painted here. */
export function latestPainted({ painted }: Document, layers: readonly Layer[]): Layer | null {
  const byPixels = new Map(layers.map((layer) => [layer.pixels.id, layer]));
  const latest = [...painted].findLast((id) => byPixels.has(id));
  return latest === undefined ? null : (byPixels.get(latest) ?? null);
}
