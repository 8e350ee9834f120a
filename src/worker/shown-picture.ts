import type { Layer } from '#domain/document/layer.ts';
import { planCanvas } from '#domain/geometry/canvas-size.ts';
import type { Size } from '#domain/geometry/rect.ts';
import type { Recipe } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import { isComplete, layerRecords } from '#domain/document/records.ts';
import type { PixelOps } from '#pipelines/services.ts';
import type { Document } from './document.ts';

export interface ShownPicture {
  readonly canvas: Raster8<'canvas'>;
  readonly recipe: Recipe;
}

/**
 * A picture with a stack of layers as it is exported, and what made it: the last run that painted, and the layers. A
 * picture nobody has refined is its upscale, and the recipe says just that.
 * @param made what a run starting now would be made of.
 */
export async function shownPicture(
  document: Document,
  layers: readonly Layer[],
  made: NonNullable<Document['ran']>,
  pixels: PixelOps,
): Promise<ShownPicture> {
  const { canvas, ran } = document;
  const shown = canvas ? layers.filter((layer) => canvas.fits(layer)) : [];
  if (canvas && shown.length > 0) {
    const recipe = ran ?? made;
    const complete = isComplete(recipe.request, shown, canvas.base);
    return {
      canvas: await canvas.fold(shown),
      recipe: { ...recipe, layers: layerRecords(shown), complete },
    };
  }
  const { request } = made;
  const plain = { ...request, detections: [], global: { ...request.global, enabled: false } };
  const { raster } = document.picture;
  const upscaled = await pixels.resize(raster, planCanvas(raster, request.output.canvasLongSidePx));
  return { canvas: upscaled, recipe: { ...made, request: plain, complete: true } };
}

/** "portrait-luna-4096x4096.png". */
export function exportName(name: string, { width, height }: Size<'canvas'>): string {
  return `${name.replace(/\.[^.]*$/, '')}-luna-${width}x${height}.png`;
}
