import type { BrushStroke, OverlayItem, PaintedMask, Result, ViewState } from './api.ts';

/** The looks of one detection; its mask is sent once and stays with the viewer until another replaces it. */
export type OverlayLook = Omit<OverlayItem, 'mask'>;

/** What is drawn over the picture from now on. */
export interface OverlayUpdate {
  /** All detections. One that is missing here is forgotten with its mask. */
  readonly looks: readonly OverlayLook[];
  /** Masks that are new or others than before. */
  readonly masks: readonly Pick<OverlayItem, 'id' | 'mask'>[];
}

/**
 * The contract between the page and the viewer worker, which draws and nothing else: networks that keep the GPU worker
 * busy never hold up the picture under the pointer.
 */
export interface ViewerApi {
  /** Takes the page's canvas, and the port on which the GPU worker sends pixels. */
  start(canvas: OffscreenCanvas, pixels: MessagePort): Promise<void>;
  /** Answers when it is drawn. */
  setView(view: ViewState): Promise<void>;
  setOverlay(update: OverlayUpdate): Promise<void>;
  /** Paints on a detection's mask and answers when it is drawn; a finished stroke answers with the mask. */
  paint(stroke: BrushStroke): Promise<Result<PaintedMask | null>>;
  /** Draws the whole picture on this canvas too, anew whenever pixels change; null ends that. */
  showMinimap(canvas: OffscreenCanvas | null): Promise<void>;
}
