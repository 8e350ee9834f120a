import type { Detection } from '#domain/job/request.ts';

/** What a stroke changes of a detection. */
export type StrokeState = Pick<Detection, 'mask' | 'box' | 'edited' | 'enabled'>;

/** Strokes that can be taken back; older ones are forgotten. */
const MAX_STROKES = 200;

/** The states detections had before each brush stroke, newest last. Masks are run lengths, so a state is small. */
export class StrokeHistory {
  #strokes: { readonly id: string; readonly before: StrokeState }[] = [];

  remember({ id, mask, box, edited, enabled }: Detection): void {
    this.#strokes = [...this.#strokes.slice(1 - MAX_STROKES), { id, before: { mask, box, edited, enabled } }];
  }

  /** The newest stroke on a detection that still exists; strokes on removed ones are dropped on the way. */
  takeBack(exists: (id: string) => boolean): { readonly id: string; readonly before: StrokeState } | null {
    for (let last = this.#strokes.pop(); last; last = this.#strokes.pop()) if (exists(last.id)) return last;
    return null;
  }

  clear(): void {
    this.#strokes = [];
  }
}
