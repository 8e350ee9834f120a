import { planExport } from '#domain/geometry/canvas-size.ts';
import type { Size } from '#domain/geometry/rect.ts';
import type { Recipe } from '#domain/job/request.ts';
import type { Raster8 } from '#domain/raster.ts';
import { KEYWORDS } from '#domain/settings/keywords.ts';
import { parametersText } from '#formats/parameters-text.ts';
import type { PngChunk } from '#formats/png/chunks.ts';
import { encodePng } from '#formats/png/encode.ts';
import { compressedTextChunk, textChunk } from '#formats/png/text.ts';
import type { JobContext } from './progress.ts';
import type { PixelOps } from './services.ts';

/** The finished file, and its size in pixels. */
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
  return { png: await encodePng(raster, recipe ? await recipeChunks(recipe, size) : []), size };
}

async function recipeChunks(recipe: Recipe, size: Size<'canvas'>): Promise<PngChunk[]> {
  const checkpoint = recipe.models.find(({ role }) => role === 'checkpoint')?.name ?? 'unknown';
  return [
    textChunk(KEYWORDS.parameters, parametersText(recipe.request, size, checkpoint)),
    await compressedTextChunk(KEYWORDS.recipe, JSON.stringify(recipe)),
  ];
}
