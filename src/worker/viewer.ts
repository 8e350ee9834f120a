import { intersect, rect, wholeRect, type Rect, type Size } from '#domain/geometry/rect.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { PictureName, PixelMessage } from './drawing/pixel-messages.ts';

/** Side of the pieces a picture is sent in: each fits a page of the receiving surface (`drawing/paged-surface.ts`). */
const PIECE_PX = 1024;

/**
 * The GPU worker's end of the viewer: sends pixels to the worker that draws. Rasters stay here and are copied piece by
 * piece, so that the networks can go on changing them.
 */
export class Viewer {
  readonly #port: MessagePort;
  #refined: Raster8<'canvas'> | null = null;

  constructor(port: MessagePort) {
    this.#port = port;
  }

  /** Shows another picture; what belonged to the one before goes. */
  setOriginal(raster: Raster8<'image'>): void {
    this.setRefined(null);
    this.setBase(null);
    this.#show('original', raster);
  }

  /**
   * What a result is compared with, of the result's own size: the original upscaled by the same kernel, so that areas
   * nobody refined differ nowhere. Without it the original is stretched.
   */
  setBase(raster: Raster8<'canvas'> | null): void {
    this.#show('base', raster);
  }

  /** Shows a result that will change in place; {@link refreshArea} tells where. */
  setRefined(raster: Raster8<'canvas'> | null): void {
    this.#refined = raster;
    this.#show('refined', raster);
  }

  refreshArea(area: Rect<'canvas'>): void {
    if (this.#refined) this.#send('refined', this.#refined, area);
  }

  #show(name: PictureName, raster: Raster8 | null): void {
    const size: Size<'canvas'> | null = raster && { width: raster.width, height: raster.height };
    this.#post({ kind: 'picture', name, size });
    if (raster) this.#send(name, raster, wholeRect<'canvas'>(raster as Size<'canvas'>));
  }

  #send(name: PictureName, raster: Raster8, wanted: Rect<'canvas'>): void {
    const area = intersect(wanted, wholeRect<'canvas'>(raster as Size<'canvas'>));
    for (const piece of pieces(area))
      this.#post({ kind: 'pixels', name, area: piece, data: pixelsOf(raster, piece) });
  }

  #post(message: PixelMessage): void {
    this.#port.postMessage(message, message.kind === 'pixels' ? [message.data.buffer] : []);
  }
}

/** Cuts an area at the lines of the piece grid. */
function pieces(area: Rect<'canvas'>): Rect<'canvas'>[] {
  const result: Rect<'canvas'>[] = [];
  const first = (from: number) => Math.floor(from / PIECE_PX) * PIECE_PX;
  for (let y = first(area.y); y < area.y + area.height; y += PIECE_PX)
    for (let x = first(area.x); x < area.x + area.width; x += PIECE_PX)
      result.push(intersect(area, rect<'canvas'>(x, y, PIECE_PX, PIECE_PX)));
  return result;
}

function pixelsOf({ width, data }: Raster8, area: Rect<'canvas'>): Uint8ClampedArray<ArrayBuffer> {
  const pixels = new Uint8ClampedArray(area.width * area.height * 4);
  for (let y = 0; y < area.height; y++) {
    const begin = ((area.y + y) * width + area.x) * 4;
    pixels.set(data.subarray(begin, begin + area.width * 4), y * area.width * 4);
  }
  return pixels;
}
