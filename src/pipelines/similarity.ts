import type { Layer, LayerPixels } from '#domain/document/layer.ts';
import { layerWords } from '#domain/document/layer-words.ts';
import { wholeRect } from '#domain/geometry/rect.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { Raster8 } from '#domain/raster.ts';
import { canAnchor } from './anchors.ts';
import type { LayerCanvas } from './layer-canvas.ts';
import type { PaintJob } from './paint.ts';
import type { RepaintItem } from './repaint.ts';
import type { AnchorEncoder, PixelOps, Services } from './services.ts';

/** Whether a run compares what it paints with what was there: where the vision tower is in use anyway. */
export function measures(services: Services, details: readonly RepaintItem[]): boolean {
  return canAnchor(services) && details.some(({ anchorScale }) => anchorScale > 0);
}

/** Units of work that one {@link measured} counts. */
export const MEASURE_UNITS = 2;

/** A painting of a layer with its similarity: as it looks alone on the layers below, whatever the layer's opacity is. */
export async function measured(
  { tracker, memory }: Pick<PaintJob, 'tracker' | 'memory'>,
  canvas: LayerCanvas,
  below: readonly Layer[],
  layer: Layer,
  pixels: LayerPixels,
): Promise<LayerPixels> {
  const painting = { ...layer, pixels, visible: true, opacity: 1, strength: 1 };
  const label = sentence`${layerWords(layer)} · likeness`;
  const similarity = await tracker.work('anchor', MEASURE_UNITS, 'detail', label, () =>
    memory.retry((services) => similarityOf(canvas, below, painting, services)),
  );
  return { ...pixels, similarity };
}

/**
 * Cosine of the vision tower's view ({@link AnchorEncoder.embed}) of a layer's area without and with the layer, both on
 * the fold of the layers below; null without a tower.
 */
export async function similarityOf(
  canvas: LayerCanvas,
  below: readonly Layer[],
  layer: Layer,
  { anchors, pixels }: Pick<Services, 'anchors' | 'pixels'>,
): Promise<number | null> {
  if (!anchors) return null;
  const before = await canvas.fold(below, layer.area);
  const after = await canvas.fold([...below, layer], layer.area);
  return cosine(await embed(before, anchors, pixels), await embed(after, anchors, pixels));
}

async function embed(
  picture: Raster8<'canvas'>,
  anchors: AnchorEncoder,
  pixels: PixelOps,
): Promise<Float32Array> {
  return anchors.embed(await pixels.cropToNchw(picture, wholeRect(picture), picture.width));
}

/** Of two vectors of one length, −1 to 1; 1 where either is nothing. */
function cosine(a: Float32Array, b: Float32Array): number {
  let [dot, aa, bb] = [0, 0, 0];
  a.forEach((value, i) => {
    const other = b[i] as number;
    dot += value * other;
    aa += value * value;
    bb += other * other;
  });
  return aa > 0 && bb > 0 ? Math.max(-1, Math.min(1, dot / Math.sqrt(aa * bb))) : 1;
}
