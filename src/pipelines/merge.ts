import type { Layer, LayerPixels } from '#domain/document/layer.ts';
import { mergedParts } from '#domain/document/seen.ts';
import { mergedShares } from '#domain/document/siblings.ts';
import { isShown } from '#domain/document/stack.ts';
import { AppError } from '#domain/job/app-error.ts';
import type { LayerCanvas } from './layer-canvas.ts';

/**
 * One layer for several neighbours of the stack that a canvas shows: what they do together, as one residual of the
 * canvas's own resolution, and what their siblings share with them. Hidden layers leave nothing behind.
 * @throws AppError `bad-request` when none of the layers can be seen.
 */
export async function mergeLayers(
  canvas: LayerCanvas,
  layers: readonly Layer[],
  name: string,
): Promise<Layer> {
  const seen = layers.filter((layer) => isShown(layer) && canvas.fits(layer));
  const top = layers.at(-1);
  const sum = await canvas.changeBy(seen);
  if (!top || !sum)
    throw new AppError('bad-request', 'None of these layers can be seen: there is nothing to merge.');
  const id = crypto.randomUUID();
  const pixels: LayerPixels = { ...top.pixels, id: crypto.randomUUID(), similarity: null };
  await canvas.parts.residuals.put(pixels.id, sum.residual);
  return {
    id,
    name,
    group: `merged ${id}`,
    area: sum.area,
    canvas: top.canvas,
    weight: { kind: 'whole', shares: mergedShares(seen, canvas.layers) },
    visible: true,
    locked: false,
    opacity: 1,
    strength: 1,
    pixels,
    variations: [pixels],
    origin: {
      detectionId: null,
      mask: null,
      below: [],
      merged: mergedParts(seen),
    },
  };
}
