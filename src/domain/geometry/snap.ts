/** Largest multiple of `step` that is ≤ value. */
export function snapDown(value: number, step: number): number {
  return Math.floor(value / step) * step;
}

/** Smallest multiple of `step` that is ≥ value. */
export function snapUp(value: number, step: number): number {
  return Math.ceil(value / step) * step;
}

/** Nearest multiple of `step`; halves go up. */
export function snapNearest(value: number, step: number): number {
  return Math.round(value / step) * step;
}

/** The nearest value in [low, high]. */
export function clamp(value: number, low: number, high: number): number {
  return Math.min(high, Math.max(low, value));
}
