import type { Point } from './camera.ts';
import type { BrushStroke } from './worker-client.ts';

/** Collects pointer positions and hands them on once per animation frame, overlapping by a point so that lines join. */
export class Painter {
  #stroke: Omit<BrushStroke, 'points' | 'finished'> | null = null;
  #points: Point[] = [];
  #frame = 0;
  /** When the oldest of the waiting points came. */
  #since = 0;
  readonly #send: (stroke: BrushStroke, since: number) => void;

  /** @param send gets the next piece of a stroke and the time since when the user waits to see it. */
  constructor(send: (stroke: BrushStroke, since: number) => void) {
    this.#send = send;
  }

  get painting(): boolean {
    return this.#stroke !== null;
  }

  begin(stroke: Omit<BrushStroke, 'points' | 'finished'>, point: Point): void {
    this.#stroke = stroke;
    this.#points = [];
    this.extend([point]);
  }

  extend(points: readonly Point[]): void {
    if (!this.#stroke) return;
    this.#points.push(...points);
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

  #flush(finished: boolean): void {
    this.#frame = 0;
    if (!this.#stroke) return;
    this.#send({ ...this.#stroke, points: this.#points, finished }, this.#since);
    this.#points = this.#points.slice(-1);
  }
}
