import type { Detection } from '#domain/job/request.ts';
import { MANY_BADGES } from './badges.ts';
import type { Extent } from './camera.ts';
import { transferred, type WorkerClient } from './worker-client.ts';

const LONGEST = { width: 176, height: 128 };
/** Of many detections those below this share of the picture's side are specks on the overview. */
const LEGIBLE_SHARE = 1 / 12;

/** Size of the overview, CSS pixels: the picture's shape inside a small box, never thinner than a finger's width. */
export function minimapSize(picture: Extent): Extent {
  const scale = Math.min(LONGEST.width / picture.width, LONGEST.height / picture.height);
  return {
    width: Math.max(24, Math.round(picture.width * scale)),
    height: Math.max(24, Math.round(picture.height * scale)),
  };
}

/** What the overview marks: everything, or of many detections the large ones and the selected one. */
export function markedOnMap(detections: readonly Detection[], selectedId?: string): readonly Detection[] {
  if (detections.length <= MANY_BADGES) return detections;
  return detections.filter(
    ({ id, box }) => id === selectedId || Math.max(box.width, box.height) >= LEGIBLE_SHARE,
  );
}

/**
 * Lets the viewer worker draw the whole picture on a canvas, which it keeps: an element can be given away once.
 * @returns how to end that.
 */
export function giveMinimap(
  client: WorkerClient,
  canvas: HTMLCanvasElement,
  { width, height }: Extent,
): () => void {
  canvas.width = Math.round(width * devicePixelRatio);
  canvas.height = Math.round(height * devicePixelRatio);
  const offscreen = canvas.transferControlToOffscreen();
  void client.send((_api, viewer) => viewer.showMinimap(transferred(offscreen)));
  return () => void client.send((_api, viewer) => viewer.showMinimap(null));
}
