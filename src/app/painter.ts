import type { Point } from './camera.ts';
import type { BrushStroke } from './worker-client.ts';

/** Collects pointer positions and hands them on once per animation frame, overlapping by a point so that lines join. */
export class Painter {
  #stroke: Omit<BrushStroke, 'points' | 'finished'> | null = null;
  #points: Point[] = [];
  #frame = 0;
  readonly #send: (stroke: BrushStroke) => void;

  constructor(send: (stroke: BrushStroke) => void) {
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
    this.#frame ||= requestAnimationFrame(() => this.#flush(false));
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
    this.#send({ ...this.#stroke, points: this.#points, finished });
    this.#points = this.#points.slice(-1);
  }
}
