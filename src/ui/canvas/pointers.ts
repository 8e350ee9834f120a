import type { Point } from '#app/camera.ts';

/** The pointers that are down and where they were last seen. Nothing draws from it, so it is not reactive. */
export class Pointers extends Map<number, Point> {
  /** Of two fingers, the one that is not moving. */
  otherThan(pointerId: number): Point | undefined {
    return [...this].find(([id]) => id !== pointerId)?.[1];
  }
}
