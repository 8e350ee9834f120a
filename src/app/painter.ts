import type { BrushPoint } from '#domain/mask/brush.ts';
import type { BrushStroke } from './worker-client.ts';

/** What a stroke is drawn on and with. */
export type StrokeStyle = Omit<BrushStroke, 'points' | 'finished'>;

/** Collects pointer positions and hands them on once per animation frame, overlapping by a point so that lines join. */
export class Painter {
  #stroke: StrokeStyle | null = null;
  #points: BrushPoint[] = [];
  #frame = 0;
  /** When the oldest of the waiting points came. */
  #since = 0;
  #last: { readonly detectionId: string; readonly point: BrushPoint } | null = null;
  readonly #send: (stroke: BrushStroke, since: number) => void;

  /** @param send gets the next piece of a stroke and the time since when the user waits to see it. */
  constructor(send: (stroke: BrushStroke, since: number) => void) {
    this.#send = send;
  }

  get painting(): boolean {
    return this.#stroke !== null;
  }

  begin(stroke: StrokeStyle, point: BrushPoint): void {
    this.#stroke = stroke;
    this.#points = [];
    this.extend([point]);
  }

  /** Draws from where the last stroke on the same mask ended; a dot where there was none. */
  beginLine(stroke: StrokeStyle, point: BrushPoint): void {
    const last = this.#last?.detectionId === stroke.detectionId ? this.#last.point : point;
    this.begin(stroke, last);
    this.extend([point]);
  }

  extend(points: readonly BrushPoint[]): void {
    if (!this.#stroke) return;
    this.#points.push(...points);
    const point = points.at(-1);
    if (point) this.#last = { detectionId: this.#stroke.detectionId, point };
    if (this.#frame) return;
    this.#since = performance.now();
    this.#frame = requestAnimationFrame(() => this.#flush(false));
  }

  end(): void {
    if (!this.#stroke) return;
    cancelAnimationFrame(this.#frame);
    this.#flush(true);
    this.#stroke = null;
  }

  /** Leaves the stroke as it is: nobody wants its answer any more. */
  cancel(): void {
    if (this.#frame) cancelAnimationFrame(this.#frame);
    this.#frame = 0;
    this.#stroke = null;
    this.#last = null;
  }

  #flush(finished: boolean): void {
    this.#frame = 0;
    if (!this.#stroke) return;
    this.#send({ ...this.#stroke, points: this.#points, finished }, this.#since);
    this.#points = this.#points.slice(-1);
  }
}
