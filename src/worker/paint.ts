import type { Rect } from '#domain/geometry/rect.ts';
import { Stroke } from '#domain/mask/brush.ts';
import type { BrushStroke } from './api.ts';
import type { MaskLayer } from './mask-layer.ts';

/** Draws strokes on masks as their points arrive. One stroke is drawn at a time: there is one pointer. */
export class MaskPainter {
  #layer: MaskLayer | null = null;
  #stroke: Stroke | null = null;

  /**
   * Draws on, from the first piece of a stroke to the one that finishes it.
   * @param pictureWidth of the opened image, whose pixels the stroke's points and radius are in.
   * @returns what changed, in mask pixels; null when nothing did.
   */
  paint(layer: MaskLayer, piece: BrushStroke, pictureWidth: number): Rect<'image'> | null {
    const scale = layer.width / pictureWidth;
    this.#begin(layer, piece, scale);
    const points = piece.points.map((point) => ({ ...point, x: point.x * scale, y: point.y * scale }));
    const changed = this.#stroke?.extend(points) ?? null;
    if (changed) layer.touch(changed);
    if (piece.finished) this.#stroke = null;
    layer.painting = !piece.finished;
    return changed;
  }

  #begin(layer: MaskLayer, { radiusPx, hardness, opacity, mode }: BrushStroke, scale: number): void {
    if (this.#layer !== layer) {
      if (this.#layer) this.#layer.painting = false;
      this.#layer?.release();
      this.#stroke = null;
    }
    this.#layer = layer;
    this.#stroke ??= new Stroke(layer.mask, {
      radiusPx: radiusPx * scale,
      hardness: hardness ?? 1,
      opacity: opacity ?? 1,
      mode: mode === 'add' ? 'paint' : 'erase',
    });
  }
}
