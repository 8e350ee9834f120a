import type { Layer, LayerPixels, Likeness } from '#domain/document/layer.ts';
import { layerWords } from '#domain/document/layer-words.ts';
import { wholeRect } from '#domain/geometry/rect.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { Raster8 } from '#domain/raster.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
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
  const likeness = await tracker.work('anchor', MEASURE_UNITS, 'detail', label, () =>
    memory.retry((services) => similarityOf(canvas, below, painting, services)),
  );
  return { ...pixels, ...likeness };
}

/**
 * Cosine of the vision tower's view ({@link AnchorEncoder.embed}) of a layer's area without and with the layer, both on
 * the fold of the layers below; null without a tower.
 *
 * The plain cosine, as the field compares pictures (0.7 to 0.95 for ViT-H). Centring it on neutral pictures was measured
 * on the demo pack's tower and tells less there: a hand painted anew at strength 1 has 0.45 plain, 0.93 around the mean
 * of twelve plain pictures, 0.997 around grey. What a tower cannot tell its own {@link unlikeOf} says.
 */
export async function similarityOf(
  canvas: LayerCanvas,
  below: readonly Layer[],
  layer: Layer,
  { anchors, pixels }: Pick<Services, 'anchors' | 'pixels'>,
): Promise<Likeness | null> {
  if (!anchors) return null;
  const before = await canvas.fold(below, layer.area);
  const after = await canvas.fold([...below, layer], layer.area);
  const similarity = cosine(await embed(before, anchors, pixels), await embed(after, anchors, pixels));
  return { similarity, unlike: await unlikeOf(anchors) };
}

const known = new WeakMap<AnchorEncoder, number>();

/**
 * Cosine that a tower gives two pictures of the same two colours in the same shares, one halved, the other chequered.
 * A tower that knows shapes tells them apart; to the demo pack's, which knows colours, they are one (1.0000).
 */
async function unlikeOf(anchors: AnchorEncoder): Promise<number> {
  const before = known.get(anchors);
  if (before !== undefined) return before;
  const halves = await anchors.embed(twoColours((column) => column < CELLS / 2));
  const chequers = await anchors.embed(twoColours((column, row) => (column + row) % 2 === 0));
  const unlike = cosine(halves, chequers);
  known.set(anchors, unlike);
  return unlike;
}

const CELLS = 8;
const CELL_PX = 32;
const ORANGE = [0.9, 0.59, 0.24] as const;
const BLUE = [0.16, 0.31, 0.63] as const;

function twoColours(isOrange: (column: number, row: number) => boolean): FloatTensor {
  const side = CELLS * CELL_PX;
  const picture = floatTensor([3, side, side]);
  for (let i = 0; i < picture.data.length; i++) {
    const [channel, pixel] = [Math.floor(i / side ** 2) as 0 | 1 | 2, i % side ** 2];
    const cell = (px: number) => Math.floor(px / CELL_PX);
    const colour = isOrange(cell(pixel % side), cell(Math.floor(pixel / side))) ? ORANGE : BLUE;
    picture.data[i] = colour[channel];
  }
  return picture;
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
