import type { StepName } from '#domain/document/history.ts';
import type { Layer, LayerWeight } from '#domain/document/layer.ts';
import { seenMarks } from '#domain/document/seen.ts';
import { seenBelow } from '#domain/document/stack.ts';
import type { ConceptSpec } from '#domain/job/request.ts';
import { areNeighbours, moveBeside, moveStep, replaceLayers, unitsOf } from '#domain/document/units.ts';
import type { CommandHost } from './job-runner.ts';
import { messages } from './messages.ts';
import type { Notifier } from './studio.ts';
import type { StudioState } from './studio-state.svelte.ts';
import type { ViewState } from './view-state.svelte.ts';

/** What layer commands need of the studio around them. */
export interface LayerHost extends CommandHost {
  readonly view: ViewState;
  readonly notifier: Notifier;
}

type LayerPatch = Partial<Omit<Layer, 'id'>>;

/** Everything that changes the stack of layers without painting. Each is one step of the history. */
export class LayerCommands {
  readonly #host: LayerHost;
  /** What {@link solo} hid, to show it again. */
  #soloed: { readonly shown: string; readonly hidden: readonly string[] } | null = null;

  constructor(host: LayerHost) {
    this.#host = host;
  }

  /**
   * Gives layers other properties: opacity, strength, a variation. No network runs. A slider that is dragged and a name
   * that is typed are one step; every click of an eye or a lock is one.
   */
  update(ids: readonly string[], patch: LayerPatch, name: StepName = 'update-layers'): void {
    const clicked = 'visible' in patch || 'locked' in patch;
    const joinKey = `layers ${ids.join()} ${Object.keys(patch).join()}`;
    this.#host.document.dispatch(
      { type: 'update-layers', ids, patch },
      { name, subject: this.#subject(ids), ...(clicked ? {} : { joinKey }) },
    );
  }

  /** The soft edge of layers that are seen through a mask; others have none. */
  setEdge(ids: readonly string[], edge: { readonly growPx?: number; readonly featherPx?: number }): void {
    const commands = this.#layers(ids).flatMap(({ id, weight }) => {
      if (weight.kind !== 'mask') return [];
      const edged: LayerWeight = { ...weight, ...edge };
      return [{ type: 'update-layers', ids: [id], patch: { weight: edged } } as const];
    });
    const joinKey = `layers ${ids.join()} ${Object.keys(edge).join()}`;
    if (commands.length > 0)
      this.#host.document.dispatch(commands, { name: 'edge', subject: this.#subject(ids), joinKey });
  }

  /** Shows these alone; asked again for the same, shows again what that hid. */
  solo(ids: readonly string[]): void {
    const { document } = this.#host;
    const others = document.layers.filter(({ id }) => !ids.includes(id));
    const seen = others.filter(({ visible }) => visible);
    const shown = ids.join();
    const remembered = this.#soloed?.shown === shown ? this.#soloed.hidden : others.map(({ id }) => id);
    const hide = seen.length > 0;
    const changing = hide ? seen.map(({ id }) => id) : remembered;
    this.#soloed = hide ? { shown, hidden: changing } : null;
    document.dispatch(
      [
        { type: 'update-layers', ids, patch: { visible: true } },
        { type: 'update-layers', ids: changing, patch: { visible: !hide } },
      ],
      { name: hide ? 'solo' : 'visibility', subject: this.#subject(ids) },
    );
  }

  /** Removes what is not locked, and offers to bring it back. */
  remove(ids: readonly string[]): void {
    const { document, notifier } = this.#host;
    const free = this.#layers(ids).filter(({ locked }) => !locked);
    if (free.length === 0) return this.#sayLocked(ids);
    const subject = this.#subject(free.map(({ id }) => id));
    const undo = document.checkpoint();
    const next = this.#besides(free);
    document.dispatch({ type: 'remove-layers', ids: free.map(({ id }) => id) }, { subject });
    document.select(next ? { kind: 'layer', id: next.id } : { kind: 'document' });
    notifier.info(messages.layers.removed(subject), undo);
  }

  /** Copies right above; each stands for itself, so that what it does comes on top of what the original does. */
  duplicate(ids: readonly string[]): void {
    const { document } = this.#host;
    const layers = withCopies(document.layers, ids, document.stale);
    const last = layers.findLast((layer) => !document.layers.includes(layer));
    if (!last) return;
    document.dispatch(
      { type: 'set-layers', layers },
      { name: 'duplicate-layers', subject: this.#subject(ids) },
    );
    document.select({ kind: 'layer', id: last.id });
  }

  /** One place up or down, over a grid of tiles at once. */
  move(ids: readonly string[], direction: 'up' | 'down'): void {
    this.#reorder(ids, moveStep(this.#host.document.layers, ids, direction));
  }

  moveBeside(ids: readonly string[], targetId: string, side: 'above' | 'below'): void {
    this.#reorder(ids, moveBeside(this.#host.document.layers, ids, targetId, side));
  }

  /** Paints a concept's detections as this layer was painted from now on. */
  copyToConcept({ pixels: { recipe } }: Layer, { id, phrase }: ConceptSpec): void {
    const { document, notifier } = this.#host;
    const { prompt, negative, denoise, anchorScale } = recipe;
    const patch = { prompt, negative, denoise, anchorScale };
    const undo = document.checkpoint();
    document.dispatch({ type: 'update-concept', id, patch }, { subject: phrase });
    notifier.info(messages.layers.inspector.copied(phrase), undo);
  }

  /** Paints tiles as this one was painted from now on. */
  copyToGlobal({ pixels: { recipe } }: Layer): void {
    const { document, notifier } = this.#host;
    const { prompt, negative, denoise, anchorScale } = recipe;
    const undo = document.checkpoint();
    document.setParameters('global', { prompt, negative, denoise, anchorScale });
    const what = messages.parameters.sections.global;
    notifier.info(messages.layers.inspector.copied(what), undo);
  }

  /** Makes one layer of several, or of one and what lies below it. */
  async mergeDown(ids: readonly string[]): Promise<void> {
    await this.#merge([...this.#below(ids), ...ids]);
  }

  /** Makes one layer of all that is seen. */
  async mergeVisible(): Promise<void> {
    const shown = this.#host.document.layers.filter(({ visible, opacity }) => visible && opacity > 0);
    await this.#merge(shown.map(({ id }) => id));
  }

  async #merge(ids: readonly string[]): Promise<void> {
    const { document, client, job, expect, notifier } = this.#host;
    const layers = this.#layers(ids);
    const texts = messages.layers;
    if (layers.some(({ locked }) => locked)) return this.#sayLocked(ids);
    if (layers.length < 2) return notifier.info(texts.mergeNeedsTwo);
    const hidden = layers.filter(({ visible }) => !visible);
    // What is not seen would be gone without a trace.
    if (hidden.length > 0) return notifier.info(texts.mergeNeedsVisible(hidden.map(layerName).join(', ')));
    const shownBetween = document.layers.filter(({ id, visible }) => visible || ids.includes(id));
    if (!areNeighbours(shownBetween, ids)) return notifier.info(texts.mergeNeedsNeighbours);
    if (job.running) return notifier.info(texts.waitForRun);
    const name = texts.merged(layers.length);
    const merged = expect(await client.call((api) => api.layers.merge(layers, name)));
    if (!merged) return;
    const changed = layers.some((layer) => !document.layers.includes(layer));
    if (changed) return notifier.info(texts.mergeOvertaken);
    document.dispatch(
      { type: 'set-layers', layers: replaceLayers(document.layers, ids, merged) },
      { name: 'merge-layers', subject: name },
    );
    document.select({ kind: 'layer', id: merged.id });
  }

  #reorder(ids: readonly string[], layers: readonly Layer[]): void {
    const { document } = this.#host;
    if (layers === document.layers) return;
    document.dispatch({ type: 'set-layers', layers }, { name: 'move-layer', subject: this.#subject(ids) });
  }

  #layers(ids: readonly string[]): readonly Layer[] {
    return this.#host.document.layers.filter(({ id }) => ids.includes(id));
  }

  #sayLocked(ids: readonly string[]): void {
    const locked = this.#layers(ids).filter((layer) => layer.locked);
    if (locked.length > 0)
      this.#host.notifier.info(messages.layers.isLocked(this.#subject(locked.map(({ id }) => id))));
  }

  /** What a single layer, or a whole grid of tiles, lies on; nothing below several. */
  #below(ids: readonly string[]): readonly string[] {
    const { layers } = this.#host.document;
    const units = unitsOf(layers);
    const index = units.findIndex((unit) => unit.layers.every(({ id }) => ids.includes(id)));
    if (index >= 0 && units[index]?.layers.length === ids.length)
      return units[index - 1]?.layers.map(({ id }) => id) ?? [];
    const position = layers.findIndex(({ id }) => id === ids[0]);
    const next = ids.length === 1 ? layers[position - 1] : undefined;
    return next ? [next.id] : [];
  }

  /** The layer that is selected when these are gone: the next below, else above. */
  #besides(layers: readonly Layer[]): Layer | undefined {
    const stack = this.#host.document.layers;
    const lowest = stack.indexOf(layers[0] as Layer);
    return stack[lowest - 1] ?? stack.slice(lowest).find((layer) => !layers.includes(layer));
  }

  #subject(ids: readonly string[]): string {
    return layersSubject(this.#layers(ids));
  }
}

/** "face 1", or "5 layers": what a step was done to. */
export function layersSubject(layers: readonly Layer[]): string {
  const [first] = layers;
  if (!first) return '';
  return layers.length === 1 ? layerName(first) : messages.layers.count(layers.length);
}

/** What a layer is called; a tile that nobody has named goes by its number. */
export function layerName({ name, weight }: Layer): string {
  return name === '' && weight.kind === 'tile' ? messages.layers.tile(weight.index + 1) : name;
}

/** A stack with copies right above some of its layers. They are out of date only if their originals are. */
function withCopies(
  layers: readonly Layer[],
  ids: readonly string[],
  stale: StudioState['stale'],
): readonly Layer[] {
  const fresh = new Set<Layer>();
  const copied = layers.flatMap((layer) => {
    if (!ids.includes(layer.id)) return [layer];
    const copy = copyOf(layer);
    if (!stale.get(layer.id)?.includes('below')) fresh.add(copy);
    return [layer, copy];
  });
  return copied.map((layer, position) => {
    const below = seenMarks(layer, seenBelow(copied, position));
    return fresh.has(layer) ? { ...layer, origin: { ...layer.origin, below } } : layer;
  });
}

/**
 * In a group of its own: in the original's they would share one weight, and nothing would change. Nor does the copy of
 * a merged layer take of its siblings' weight a second time.
 */
function copyOf(layer: Layer): Layer {
  const id = crypto.randomUUID();
  const name = messages.layers.copyOf(layerName(layer));
  const weight: LayerWeight = layer.weight.kind === 'whole' ? { kind: 'whole' } : layer.weight;
  return { ...layer, id, group: `copy ${id}`, name, weight, locked: false };
}
