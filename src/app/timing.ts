/**
 * Tells observers of the page's user timings how long something took the user waited for: `luna:view` from a camera
 * move to its drawing, `luna:stroke` from the pointer to the painted mask. Nothing is kept. `npm run bench` listens.
 */
export function tellDuration(name: 'view' | 'stroke', start: number): void {
  performance.measure(`luna:${name}`, { start });
  performance.clearMeasures(`luna:${name}`);
}
