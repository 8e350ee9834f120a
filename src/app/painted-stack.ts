import type { Layer, LayerWeight } from '#domain/document/layer.ts';
import type { JobEvent } from '#domain/job/events.ts';

/** Collects the layers of a run as they are finished, so that a stop loses none. */
export class PaintedStack {
  readonly #before: readonly Layer[];
  readonly #painted = new Map<string, Layer>();
  #order: readonly string[] = [];

  constructor(before: readonly Layer[]) {
    this.#before = before;
  }

  get isEmpty(): boolean {
    return this.#painted.size === 0;
  }

  /** Whether the run has finished a layer of this detection. */
  has(detectionId: string): boolean {
    return [...this.#painted.values()].some(({ origin }) => origin.detectionId === detectionId);
  }

  follow(event: JobEvent): void {
    if (event.kind !== 'layer') return;
    this.#painted.set(event.layer.id, event.layer);
    this.#order = event.order;
  }

  /** The stack a run that ends now leaves; `present` has what the user changed meanwhile. */
  stack(present: readonly Layer[]): readonly Layer[] {
    if (this.isEmpty) return present;
    const known = new Map([...this.#before.map((layer) => [layer.id, layer] as const), ...this.#painted]);
    return keepPresent(
      this.#order.flatMap((id) => known.get(id) ?? []),
      this.#before,
      present,
    );
  }
}

/**
 * A run's stack with what the user did while it went on: what was removed or locked meanwhile is, settings stay, and
 * layers that were added or moved lie where they were put.
 */
export function keepPresent(
  run: readonly Layer[],
  before: readonly Layer[],
  present: readonly Layer[],
): readonly Layer[] {
  if (present === before) return run;
  const old = new Map(before.map((layer) => [layer.id, layer]));
  const painted = new Map(run.map((layer) => [layer.id, layer]));
  const kept = present.flatMap((now) => {
    const result = painted.get(now.id);
    if (result) return [withSettings(result, old.get(now.id), now)];
    return old.has(now.id) ? [] : [now];
  });
  run.forEach((layer, index) => {
    if (old.has(layer.id)) return;
    const below = new Set(run.slice(0, index).map(({ id }) => id));
    kept.splice(kept.findLastIndex(({ id }) => below.has(id)) + 1, 0, layer);
  });
  return kept;
}

/** What a run painted, as the user has set it since the run began. */
function withSettings(painted: Layer, before: Layer | undefined, now: Layer): Layer {
  if (now === before) return painted;
  if (now.locked || now.pixels.id !== before?.pixels.id || painted.pixels.id === now.pixels.id) return now;
  const { name, visible, opacity, strength } = now;
  return { ...painted, name, visible, opacity, strength, weight: edgeOf(painted.weight, now.weight) };
}

/** The mask a run painted for, with the edge the user sees. */
function edgeOf(painted: LayerWeight, now: LayerWeight): LayerWeight {
  if (painted.kind !== 'mask' || now.kind !== 'mask') return painted;
  return { ...painted, growPx: now.growPx, featherPx: now.featherPx };
}
