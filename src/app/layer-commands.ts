import type { JobEvent } from '#domain/job/events.ts';
import type { Layer } from '#domain/document/layer.ts';
import { formatDuration, messages } from './messages.ts';
import type { JobRunner } from './job-runner.ts';
import type { CommandHost } from './job-runner.ts';
import type { ViewState } from './view-state.svelte.ts';
import type { RefineTarget } from './worker-client.ts';

/** What a run paints; a missing part means everything that is ticked or switched on. */
export type RefineWish = Partial<Pick<RefineTarget, 'detections' | 'tiles' | 'variations'>>;

/** Everything that paints layers or changes their stack. */
export class LayerCommands {
  readonly #host: CommandHost & { readonly view: ViewState };
  readonly #runner: JobRunner;

  constructor(host: CommandHost & { readonly view: ViewState }, runner: JobRunner) {
    this.#host = host;
    this.#runner = runner;
  }

  /** The target of a run over the present stack. */
  targetOf({ detections = 'ticked', tiles = 'all', variations = 1 }: RefineWish = {}): RefineTarget {
    return { layers: this.#host.document.layers, detections, tiles, variations };
  }

  /** Paints. What is finished when the run is stopped stays, and a run is one step of the history. */
  async refine(wish: RefineWish = {}): Promise<void> {
    const { document, client, view } = this.#host;
    const { request } = document;
    const target = this.targetOf(wish);
    const painted = new PaintedStack(document.layers);
    view.masksVisible = false;
    await this.#runner.run({
      kind: 'refine',
      request: (id, onEvent) => client.call((api) => api.layers.refine(id, request, target, onEvent)),
      onEvent: (event) => painted.follow(event),
      interrupted: () => {
        this.#setStack(painted.stack(document.layers));
        // Without a result to judge, hidden masks would look lost.
        if (document.layers.length === 0) view.showMasks();
      },
      take: ({ layers, elapsedMs }) => {
        this.#setStack(keepPresent(layers, target.layers, document.layers));
        return messages.bar.done(formatDuration(elapsedMs));
      },
    });
  }

  /** Gives layers other properties: opacity, order, feather, a variation. No network runs. */
  update(ids: readonly string[], patch: Partial<Omit<Layer, 'id'>>): void {
    const { document } = this.#host;
    const subject = document.layers.find(({ id }) => id === ids[0])?.name ?? '';
    const joinKey = `layers ${ids.join()} ${Object.keys(patch).join()}`;
    document.dispatch({ type: 'update-layers', ids, patch }, { subject, joinKey });
  }

  remove(ids: readonly string[]): void {
    const { document } = this.#host;
    const subject = document.layers.find(({ id }) => id === ids[0])?.name ?? '';
    document.dispatch({ type: 'remove-layers', ids }, { subject });
  }

  #setStack(layers: readonly Layer[]): void {
    const { document } = this.#host;
    document.dispatch({ type: 'set-layers', layers }, { name: 'refine' });
  }
}

/** Collects the layers of a run as they are finished, so that a stop loses none. */
class PaintedStack {
  readonly #before: readonly Layer[];
  readonly #painted = new Map<string, Layer>();
  #order: readonly string[] | null = null;

  constructor(before: readonly Layer[]) {
    this.#before = before;
  }

  follow(event: JobEvent): void {
    if (event.kind !== 'layer') return;
    this.#painted.set(event.layer.id, event.layer);
    this.#order = event.order;
  }

  /** The stack a run that ends now leaves; `present` has what the user changed meanwhile. */
  stack(present: readonly Layer[]): readonly Layer[] {
    if (!this.#order) return present;
    const known = new Map([...this.#before.map((layer) => [layer.id, layer] as const), ...this.#painted]);
    const run = this.#order.flatMap((id) => known.get(id) ?? []);
    return keepPresent(run, this.#before, present);
  }
}

/** A run's stack with what the user changed or removed while it went on. */
function keepPresent(
  run: readonly Layer[],
  before: readonly Layer[],
  present: readonly Layer[],
): readonly Layer[] {
  const now = new Map(present.map((layer) => [layer.id, layer]));
  const removed = new Set(before.map(({ id }) => id).filter((id) => !now.has(id)));
  return run.filter(({ id }) => !removed.has(id)).map((layer) => now.get(layer.id) ?? layer);
}
