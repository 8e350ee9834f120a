import type { Rect } from '#domain/geometry/rect.ts';
import type { Raster8 } from '#domain/raster.ts';
import type { OverlayItem, ViewState } from './api.ts';
import { MaskLayer } from './mask-layer.ts';
import { context2d } from './picture.ts';

/** Grey of the table the picture lies on; neutral, so that colours can be judged. */
const BACKDROP = '#161616';

/** Draws the document on the page's canvas: original, result, comparison split and masks. */
export class Viewer {
  readonly #canvas: OffscreenCanvas;
  readonly #layers = new Map<string, MaskLayer>();
  #order: string[] = [];
  #original: OffscreenCanvas | null = null;
  #refined: OffscreenCanvas | null = null;
  #refinedRaster: Raster8<'canvas'> | null = null;
  #view: ViewState | null = null;
  #scheduled = false;

  constructor(canvas: OffscreenCanvas) {
    this.#canvas = canvas;
  }

  setView(view: ViewState): void {
    this.#view = view;
    const { width, height, pixelRatio } = view.viewport;
    const deviceWidth = Math.max(1, Math.round(width * pixelRatio));
    const deviceHeight = Math.max(1, Math.round(height * pixelRatio));
    if (this.#canvas.width !== deviceWidth) this.#canvas.width = deviceWidth;
    if (this.#canvas.height !== deviceHeight) this.#canvas.height = deviceHeight;
    this.#draw();
  }

  setOriginal(raster: Raster8<'image'>): void {
    this.#original = surfaceOf(raster);
    this.setRefined(null);
    this.#layers.clear();
    this.#order = [];
  }

  /** Shows a result that will change in place; {@link refreshArea} tells where. */
  setRefined(raster: Raster8<'canvas'> | null): void {
    this.#refinedRaster = raster;
    this.#refined = raster && surfaceOf(raster);
    this.schedule();
  }

  refreshArea(area: Rect<'canvas'>): void {
    if (!this.#refined || !this.#refinedRaster) return;
    context2d(this.#refined).putImageData(areaImage(this.#refinedRaster, area), area.x, area.y);
    this.schedule();
  }

  setOverlay(items: readonly OverlayItem[]): void {
    this.#order = items.map(({ id }) => id);
    for (const item of items) {
      const layer = this.#layers.get(item.id);
      if (layer) layer.update(item);
      else this.#layers.set(item.id, new MaskLayer(item));
    }
    for (const id of this.#layers.keys()) if (!this.#order.includes(id)) this.#layers.delete(id);
    this.schedule();
  }

  layer(id: string): MaskLayer | undefined {
    return this.#layers.get(id);
  }

  /** Draws once per frame, however many changes there were. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      this.#scheduled = false;
      this.#draw();
    });
  }

  #draw(): void {
    const view = this.#view;
    if (!view) return;
    const context = context2d(this.#canvas);
    context.setTransform(1, 0, 0, 1, 0, 0);
    context.fillStyle = BACKDROP;
    context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (!this.#original) return;
    this.#drawPicture(context, view);
    if (view.masksVisible) this.#drawMasks(context, view);
  }

  #drawPicture(context: OffscreenCanvasRenderingContext2D, view: ViewState): void {
    const { mode, split } = view.compare;
    const showRefined = this.#refined !== null && mode !== 'original';
    if (!showRefined || mode === 'slider') this.#drawSurface(context, view, this.#original);
    if (!showRefined) return;
    context.save();
    if (mode === 'slider') {
      const left = split * this.#canvas.width;
      context.setTransform(1, 0, 0, 1, 0, 0);
      context.beginPath();
      context.rect(left, 0, this.#canvas.width - left, this.#canvas.height);
      context.clip();
    }
    this.#drawSurface(context, view, this.#refined);
    context.restore();
  }

  #drawMasks(context: OffscreenCanvasRenderingContext2D, view: ViewState): void {
    for (const id of this.#order)
      this.#drawSurface(context, view, this.#layers.get(id)?.surface ?? null, true);
  }

  /** Stretches a surface over the picture's rectangle, whatever its own resolution. */
  #drawSurface(
    context: OffscreenCanvasRenderingContext2D,
    view: ViewState,
    surface: OffscreenCanvas | null,
    smooth = false,
  ): void {
    if (!surface || !this.#original) return;
    const { scale, x, y } = view.camera;
    const ratio = view.viewport.pixelRatio;
    context.setTransform(ratio, 0, 0, ratio, 0, 0);
    const width = this.#original.width * scale;
    context.imageSmoothingEnabled = smooth || (width * ratio) / surface.width < 3;
    context.imageSmoothingQuality = 'high';
    context.drawImage(surface, x, y, width, this.#original.height * scale);
  }
}

function surfaceOf(raster: Raster8): OffscreenCanvas {
  const surface = new OffscreenCanvas(raster.width, raster.height);
  context2d(surface).putImageData(
    areaImage(raster, { x: 0, y: 0, width: raster.width, height: raster.height }),
    0,
    0,
  );
  return surface;
}

function areaImage(raster: Raster8, area: Rect<'canvas'>): ImageData {
  const image = new ImageData(area.width, area.height);
  for (let y = 0; y < area.height; y++) {
    const begin = ((area.y + y) * raster.width + area.x) * 4;
    image.data.set(raster.data.subarray(begin, begin + area.width * 4), y * area.width * 4);
  }
  return image;
}
