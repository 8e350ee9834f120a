import type { Rect, Size } from '#domain/geometry/rect.ts';
import type { LoupeView, ViewState } from '../api.ts';
import type { MaskLayer } from '../mask-layer.ts';
import { context2d } from '../picture.ts';
import { DifferenceSurface } from './difference-surface.ts';
import { OverlaySheet } from './overlay-sheet.ts';
import type { Frame, PagedSurface, Placement } from './paged-surface.ts';
import { panesOf, type Pane, type PaneSource } from './panes.ts';
import { Pictures } from './pictures.ts';
import type { PixelMessage } from './pixel-messages.ts';

/** Grey of the table the picture lies on; neutral, so that colours can be judged. */
const BACKDROP = '#161616';

/** The page's canvas and what is on it: original, result, comparison, loupe and masks. */
export class StageCanvas {
  readonly #canvas: OffscreenCanvas;
  readonly #pictures = new Pictures();
  readonly #sheet = new OverlaySheet(() => this.schedule());
  #layers: readonly MaskLayer[] = [];
  #difference: DifferenceSurface | null = null;
  #view: ViewState | null = null;
  #scheduled = false;

  constructor(canvas: OffscreenCanvas) {
    this.#canvas = canvas;
  }

  /** Of the opened picture, which masks and strokes are relative to; null before one is opened. */
  get pictureSize(): Size<'canvas'> | null {
    return this.#pictures.get('original')?.size ?? null;
  }

  setView(view: ViewState): void {
    this.#view = view;
    const width = Math.max(1, Math.round(view.viewport.width * view.viewport.pixelRatio));
    const height = Math.max(1, Math.round(view.viewport.height * view.viewport.pixelRatio));
    if (this.#canvas.width !== width) this.#canvas.width = width;
    if (this.#canvas.height !== height) this.#canvas.height = height;
    this.draw();
  }

  setLayers(layers: readonly MaskLayer[]): void {
    this.#layers = layers;
    this.#sheet.invalidate();
    this.schedule();
  }

  /** A mask was painted on: draws at once, because somebody is waiting for it under the pointer. */
  painted(layer: MaskLayer, changed: Rect<'image'>): void {
    this.#sheet.refresh(this.#layers, layer, changed);
    this.draw();
  }

  take(message: PixelMessage): void {
    this.#pictures.take(message);
    if (message.kind === 'pixels' && message.name === 'refined') this.#difference?.invalidate(message.area);
    else this.#difference = null;
    if (message.kind === 'picture' && message.name === 'original') this.#sheet.invalidate();
    this.schedule();
  }

  /** Draws once per frame, however many changes there were. */
  schedule(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    requestAnimationFrame(() => {
      if (this.#scheduled) this.draw();
    });
  }

  draw(): void {
    this.#scheduled = false;
    const view = this.#view;
    if (!view) return;
    const context = context2d(this.#canvas);
    context.fillStyle = view.backdrop ?? BACKDROP;
    context.fillRect(0, 0, this.#canvas.width, this.#canvas.height);
    if (!this.#pictures.has('original')) return;
    for (const pane of panesOf(view, this.#pictures.has('refined'))) this.#drawPane(context, view, pane);
    if (view.masksVisible || view.quickMask) this.#drawMasks(context, view);
    if (view.loupe) this.#drawLoupe(context, view, view.loupe);
  }

  /** The result, or before there is one the original, as large as fits a canvas of its own. */
  drawWhole(canvas: OffscreenCanvas): void {
    const surface = this.#surface('refined') ?? this.#surface('reference');
    if (!surface) return;
    const { width, height } = surface.size;
    const placement = { scaleX: canvas.width / width, scaleY: canvas.height / height, x: 0, y: 0 };
    const context = context2d(canvas);
    context.clearRect(0, 0, canvas.width, canvas.height);
    surface.draw(context, placement, { x: 0, y: 0, width: canvas.width, height: canvas.height });
  }

  #drawPane(
    context: OffscreenCanvasRenderingContext2D,
    view: ViewState,
    { frame, shift, source }: Pane,
  ): void {
    const { scale, x, y } = view.camera;
    const ratio = view.viewport.pixelRatio;
    const corner = { x: x * ratio + shift.x, y: y * ratio + shift.y };
    within(context, frame, () => this.#drawSource(context, source, scale * ratio, corner, frame));
  }

  /** @param scale device pixels per pixel of the opened picture. */
  #drawSource(
    context: OffscreenCanvasRenderingContext2D,
    source: PaneSource,
    scale: number,
    corner: { readonly x: number; readonly y: number },
    frame: Frame,
  ): void {
    const picture = this.pictureSize;
    const surface = this.#surface(source === 'difference' ? 'refined' : source);
    if (!picture || !surface) return;
    const placement: Placement = {
      scaleX: (scale * picture.width) / surface.size.width,
      scaleY: (scale * picture.height) / surface.size.height,
      ...corner,
    };
    if (source !== 'difference') return surface.draw(context, placement, frame);
    const gain = this.#view?.compare.gain ?? 1;
    if (this.#heat(surface).draw(context, placement, frame, gain) === 'more') this.schedule();
  }

  #heat(refined: PagedSurface): DifferenceSurface {
    const reference = this.#surface('reference') ?? refined;
    if (!this.#difference?.shows(reference, refined))
      this.#difference = new DifferenceSurface(reference, refined);
    return this.#difference;
  }

  /** Beside a result the upscaled original stands for the original: it lies on the result's own pixels. */
  #surface(source: 'reference' | 'refined'): PagedSurface | undefined {
    const refined = this.#pictures.get('refined');
    if (source === 'refined') return refined;
    return (refined && this.#pictures.get('base')) ?? this.#pictures.get('original');
  }

  #drawMasks(context: OffscreenCanvasRenderingContext2D, view: ViewState): void {
    const picture = this.pictureSize;
    if (!picture) return;
    const { scale, x, y } = view.camera;
    const ratio = view.viewport.pixelRatio;
    const placement = { scaleX: scale * ratio, scaleY: scale * ratio, x: x * ratio, y: y * ratio };
    const { width, height } = this.#canvas;
    const mode = view.quickMask ? 'veil' : 'masks';
    this.#sheet.draw(context, this.#layers, { placement, picture, ratio, mode }, width, height);
  }

  #drawLoupe(context: OffscreenCanvasRenderingContext2D, view: ViewState, loupe: LoupeView): void {
    const ratio = view.viewport.pixelRatio;
    const side = Math.round(loupe.side * ratio);
    const scale = view.camera.scale * ratio * loupe.zoom;
    const sources: readonly PaneSource[] = ['reference', 'refined'];
    const ordered = view.compare.swapped ? sources.toReversed() : sources;
    const shown = loupe.glasses === 2 ? ordered : sources.slice(0, 1);
    shown.forEach((source, i) => {
      const x = Math.round((loupe.left + i * (loupe.side + loupe.gap)) * ratio);
      const frame = { x, y: Math.round(loupe.top * ratio), width: side, height: side };
      const corner = {
        x: Math.round(frame.x + side / 2 - loupe.at.x * scale),
        y: Math.round(frame.y + side / 2 - loupe.at.y * scale),
      };
      within(context, frame, () => {
        context.fillStyle = view.backdrop ?? BACKDROP;
        context.fillRect(frame.x, frame.y, side, side);
        this.#drawSource(context, source, scale, corner, frame);
      });
    });
  }
}

function within(context: OffscreenCanvasRenderingContext2D, frame: Frame, draw: () => void): void {
  context.save();
  context.beginPath();
  context.rect(frame.x, frame.y, frame.width, frame.height);
  context.clip();
  draw();
  context.restore();
}
