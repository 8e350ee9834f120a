import { planExport } from '#domain/geometry/canvas-size.ts';
import type { Size } from '#domain/geometry/rect.ts';
import type { Recipe } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import { parametersText } from '#formats/parameters-text.ts';
import type { PngChunk } from '#formats/png/chunks.ts';
import { encodePng } from '#formats/png/encode.ts';
import { internationalTextChunk, textChunk } from '#formats/png/text.ts';
import type { JobContext } from './progress.ts';
import type { PixelOps } from './services.ts';

/** Keyword of the `iTXt` chunk our own recipe lies under. */
export const RECIPE_KEYWORD = 'luna';
/** Keyword A1111 and galleries read. */
export const PARAMETERS_KEYWORD = 'parameters';

export interface ExportOutcome {
  readonly png: Blob;
  readonly size: Size<'canvas'>;
}

/** Scales the canvas to the wanted size and writes it as PNG, with the recipe unless `recipe` is null. */
export async function exportPicture(
  canvas: Raster8<'canvas'>,
  longSidePx: number,
  recipe: Recipe | null,
  pixels: PixelOps,
  context: JobContext,
): Promise<ExportOutcome> {
  const size = planExport({ width: canvas.width, height: canvas.height }, longSidePx);
  const unchanged = size.width === canvas.width && size.height === canvas.height;
  const raster = unchanged ? canvas : await pixels.resize(canvas, size);
  context.signal.throwIfAborted();
  return { png: await encodePng(raster, recipe ? recipeChunks(recipe, size) : []), size };
}

function recipeChunks(recipe: Recipe, size: Size<'canvas'>): PngChunk[] {
  const checkpoint = recipe.models.find(({ role }) => role === 'checkpoint')?.name ?? 'unknown';
  return [
    textChunk(PARAMETERS_KEYWORD, parametersText(recipe.request, size, checkpoint)),
    internationalTextChunk(RECIPE_KEYWORD, JSON.stringify(recipe)),
  ];
}
