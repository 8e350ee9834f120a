import { AppError } from '#domain/job/app-error.ts';
import { emptyRle, rleBox } from '#domain/mask/rle-algebra.ts';
import type { BrushStroke, PaintedMask, Result, ViewState } from '../api.ts';
import type { OverlayUpdate, ViewerApi } from '../api-viewer.ts';
import { asResult } from '../jobs.ts';
import { MaskLayer } from '../mask-layer.ts';
import { MaskPainter } from '../paint.ts';
import { PixelInbox } from './pixel-inbox.ts';
import { StageCanvas } from './stage-canvas.ts';

/** The small drawing of the whole picture follows changes at most this often. */
const MINIMAP_INTERVAL_MS = 250;

/** The viewer worker's side of the contract: owns the canvas, the shown pixels and the masks as they are drawn. */
export class ViewerWorker implements ViewerApi {
  readonly #layers = new Map<string, MaskLayer>();
  readonly #painter = new MaskPainter();
  #stage: StageCanvas | null = null;
  #minimap: OffscreenCanvas | null = null;
  #minimapTimer: ReturnType<typeof setTimeout> | undefined;

  start(canvas: OffscreenCanvas, pixels: MessagePort): Promise<void> {
    const stage = new StageCanvas(canvas);
    this.#stage = stage;
    const inbox = new PixelInbox((message) => {
      stage.take(message);
      this.#minimapSoon();
    });
    pixels.onmessage = ({ data }) => inbox.push(data);
    return Promise.resolve();
  }

  setView(view: ViewState): Promise<void> {
    this.#stage?.setView(view);
    return Promise.resolve();
  }

  setOverlay({ looks, masks }: OverlayUpdate): Promise<void> {
    const arrived = new Map(masks.map(({ id, mask }) => [id, mask]));
    const shown = looks.flatMap((look) => {
      const mask = arrived.get(look.id);
      const layer = this.#layers.get(look.id) ?? (mask && new MaskLayer(look, mask));
      if (!layer) return [];
      layer.look = look;
      if (mask) layer.replace(mask);
      return [[look.id, layer] as const];
    });
    // A region somebody is just drawing is not part of the document yet.
    const fresh = [...this.#layers].filter(
      ([id, layer]) => layer.painting && !looks.some((look) => look.id === id),
    );
    this.#layers.clear();
    for (const [id, layer] of [...shown, ...fresh]) this.#layers.set(id, layer);
    this.#stage?.setLayers([...this.#layers.values()]);
    return Promise.resolve();
  }

  paint(stroke: BrushStroke): Promise<Result<PaintedMask | null>> {
    return asResult(() => Promise.resolve(this.#paint(stroke)));
  }

  #paint(stroke: BrushStroke): PaintedMask | null {
    const layer = this.#layers.get(stroke.detectionId) ?? this.#newLayer(stroke);
    const picture = this.#stage?.pictureSize;
    if (!layer || !picture)
      throw new AppError('bad-request', 'Select a detection before painting on its mask.');
    const changed = this.#painter.paint(layer, stroke, picture.width);
    if (changed) this.#stage?.painted(layer, changed);
    if (!stroke.finished) return null;
    const mask = layer.encode();
    return { mask, box: rleBox(mask) ?? { x: 0, y: 0, width: 0, height: 0 } };
  }

  /** A region of its own begins with its first stroke. */
  #newLayer({ detectionId: id, fresh }: BrushStroke): MaskLayer | null {
    if (!fresh) return null;
    const { width, height, hue, pattern } = fresh;
    const layer = new MaskLayer(
      { id, hue, pattern, enabled: true, selected: true },
      emptyRle({ width, height }),
    );
    this.#layers.set(id, layer);
    this.#stage?.setLayers([...this.#layers.values()]);
    return layer;
  }

  showMinimap(canvas: OffscreenCanvas | null): Promise<void> {
    this.#minimap = canvas;
    this.#minimapSoon();
    return Promise.resolve();
  }

  #minimapSoon(): void {
    if (!this.#minimap || this.#minimapTimer !== undefined) return;
    this.#minimapTimer = setTimeout(() => {
      this.#minimapTimer = undefined;
      if (this.#minimap) this.#stage?.drawWhole(this.#minimap);
    }, MINIMAP_INTERVAL_MS);
  }
}
