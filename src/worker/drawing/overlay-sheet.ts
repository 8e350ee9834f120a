import type { Rect } from '#domain/geometry/rect.ts';
import type { MaskLayer } from '../mask-layer.ts';
import { context2d } from '../picture.ts';
import { common, drawMasks, drawVeil, maskPlacement, onScreen, type PixelBuffer } from './mask-raster.ts';
import type { Frame, Placement } from './paged-surface.ts';

/** A drawing of all masks that takes longer than this waits until the camera rests; the old one moves meanwhile. */
const PATIENCE_MS = 8;
/** The camera rests when it has not moved for this long. */
const REST_MS = 80;
/** Lines reach this far beyond the mask that is painted on, CSS pixels. */
const LINE_REACH = 4;

/** Everything the masks' drawing depends on besides the masks. */
export interface SheetView {
  readonly placement: Placement;
  readonly picture: { readonly width: number; readonly height: number };
  readonly ratio: number;
  readonly mode: 'masks' | 'veil';
}

/**
 * The masks as one transparent sheet of the canvas's size. It is drawn when masks or camera change; a stroke redraws
 * only the screen area it touched.
 */
export class OverlaySheet {
  #canvas = new OffscreenCanvas(1, 1);
  #image = new ImageData(1, 1);
  #buffer: PixelBuffer = bufferOf(this.#image);
  #drawn: SheetView | null = null;
  #stale = true;
  #lastMs = 0;
  #rest: ReturnType<typeof setTimeout> | undefined;
  readonly #redraw: () => void;

  /** @param redraw asks for a drawing once the camera rests. */
  constructor(redraw: () => void) {
    this.#redraw = redraw;
  }

  /** All masks are drawn anew next time. */
  invalidate(): void {
    this.#stale = true;
  }

  /** Draws only around a change of one mask, if the rest is up to date. */
  refresh(layers: readonly MaskLayer[], layer: MaskLayer, changed: Rect<'image'>): void {
    const view = this.#drawn;
    if (this.#stale || !view) return;
    const place = maskPlacement(layer, view.picture, view.placement);
    const touched = onScreen(changed, place);
    const reach = Math.ceil(LINE_REACH * view.ratio);
    const wide = {
      x: touched.x - reach,
      y: touched.y - reach,
      width: touched.width + 2 * reach,
      height: touched.height + 2 * reach,
    };
    this.#rasterise(layers, view, common(wide, this.#whole()));
  }

  draw(
    context: OffscreenCanvasRenderingContext2D,
    layers: readonly MaskLayer[],
    view: SheetView,
    width: number,
    height: number,
  ): void {
    this.#resize(width, height);
    clearTimeout(this.#rest);
    if (this.#stale || !this.#drawn || !sameView(this.#drawn, view)) this.#renew(layers, view);
    const from = this.#drawn?.placement ?? view.placement;
    const stretchX = view.placement.scaleX / from.scaleX;
    const stretchY = view.placement.scaleY / from.scaleY;
    const x = view.placement.x - from.x * stretchX;
    const y = view.placement.y - from.y * stretchY;
    context.imageSmoothingEnabled = stretchX !== 1;
    context.drawImage(this.#canvas, x, y, width * stretchX, height * stretchY);
  }

  #renew(layers: readonly MaskLayer[], view: SheetView): void {
    const onlyMoved = !this.#stale && this.#drawn?.mode === view.mode;
    if (onlyMoved && this.#lastMs > PATIENCE_MS) {
      this.#rest = setTimeout(() => {
        this.#stale = true;
        this.#redraw();
      }, REST_MS);
      return;
    }
    const begin = performance.now();
    this.#rasterise(layers, view, this.#whole());
    this.#lastMs = performance.now() - begin;
    this.#drawn = view;
    this.#stale = false;
  }

  #rasterise(layers: readonly MaskLayer[], view: SheetView, clip: Frame): void {
    if (clip.width <= 0 || clip.height <= 0) return;
    const { placement, picture, ratio, mode } = view;
    if (mode === 'masks') drawMasks(this.#buffer, clip, layers, picture, placement, ratio);
    else drawVeil(this.#buffer, clip, unveiled(layers), picture, placement, ratio);
    context2d(this.#canvas).putImageData(this.#image, 0, 0, clip.x, clip.y, clip.width, clip.height);
  }

  #resize(width: number, height: number): void {
    if (this.#image.width === width && this.#image.height === height) return;
    this.#canvas = new OffscreenCanvas(width, height);
    this.#image = new ImageData(width, height);
    this.#buffer = bufferOf(this.#image);
    this.#stale = true;
  }

  #whole(): Frame {
    return { x: 0, y: 0, width: this.#image.width, height: this.#image.height };
  }
}

/** What the veil leaves clear: the selected mask, or all ticked ones. */
function unveiled(layers: readonly MaskLayer[]): readonly MaskLayer[] {
  const selected = layers.filter(({ look }) => look.selected);
  return selected.length > 0 ? selected : layers.filter(({ look }) => look.enabled);
}

function bufferOf({ width, height, data }: ImageData): PixelBuffer {
  return { width, height, data: new Uint32Array(data.buffer) };
}

function sameView(a: SheetView, b: SheetView): boolean {
  const [p, q] = [a.placement, b.placement];
  const samePlace = p.x === q.x && p.y === q.y && p.scaleX === q.scaleX && p.scaleY === q.scaleY;
  return samePlace && a.mode === b.mode && a.ratio === b.ratio;
}
