import type { Layer, LayerPixels } from '#domain/document/layer.ts';
import { seenMarks } from '#domain/document/seen.ts';
import { layersBelow, placeLayer, seenBelow, type LayerSketch } from '#domain/document/stack.ts';
import type { RefineTarget } from '#domain/job/target.ts';
import type { LayerCanvas } from './layer-canvas.ts';
import { paintItems, type PaintItem, type PaintJob } from './paint.ts';
import { measured, measures } from './similarity.ts';

/** Items that are painted from the same canvas: one group, and the same layers below. */
interface Stage {
  readonly items: PaintItem[];
  readonly below: readonly string[];
}

/**
 * One run over a stack. Where every layer will lie is known from the start, and so is what each is painted from: the
 * fold of the shown layers below it that are not of its own group. So the result depends neither on batches nor on the
 * order in a group, and a layer painted again alone comes out as in a full run.
 */
export class LayerRun {
  readonly #job: PaintJob;
  readonly #canvas: LayerCanvas;
  readonly #source: LayerCanvas;
  readonly #stack: readonly LayerSketch[];
  readonly #stages: readonly Stage[];
  readonly #newGrid: boolean;
  /** What a stop would leave now. */
  #left: readonly Layer[];
  /** By id: layers that are not painted, and those that have been. */
  readonly #done: Map<string, Layer>;
  readonly #painted = new Set<string>();

  constructor(job: PaintJob, canvas: LayerCanvas, items: readonly PaintItem[], target: RefineTarget) {
    this.#job = job;
    this.#canvas = canvas;
    this.#source = canvas.fork();
    this.#newGrid = target.tiles === 'all';
    const sketches = new Map(items.map(({ sketch }) => [sketch.id, sketch]));
    this.#stack = [...sketches.values()].reduce(
      (stack: readonly LayerSketch[], sketch) => placeLayer(stack, sketch, this.#newGrid),
      target.layers,
    );
    this.#stages = stagesOf(this.#stack, items);
    this.#left = target.layers;
    this.#done = new Map(target.layers.map((layer) => [layer.id, layer]));
  }

  /** The whole stack, without what has not been painted yet. */
  get layers(): readonly Layer[] {
    return this.#stack.flatMap(({ id }) => this.#done.get(id) ?? []);
  }

  /** Paints the layers of one kind, from the bottom up. */
  async paint(kind: 'mask' | 'tile'): Promise<void> {
    for (const { items, below } of this.#stages) {
      if (items[0]?.sketch.weight.kind !== kind) continue;
      const layers = below.flatMap((id) => this.#done.get(id) ?? []);
      await this.#source.show(layers);
      await paintItems(this.#job, { canvas: this.#source.raster, layers }, items, (item, pixels) =>
        this.#finish(item, pixels),
      );
    }
  }

  /** Compares painted details with what was there before, where the vision tower is part of the run. */
  async measure(): Promise<void> {
    const details = this.#stages.flatMap(({ items }) => items).filter(isDetail);
    if (!measures(this.#job.services, details)) return;
    try {
      for (const id of this.#painted) await this.#measure(this.#done.get(id) as Layer);
    } finally {
      await this.#job.services.anchors?.rest();
    }
  }

  async #measure(layer: Layer): Promise<void> {
    const below = this.#seenBelow(layer.id);
    const variations: LayerPixels[] = [];
    for (const pixels of layer.variations)
      variations.push(await measured(this.#job, this.#canvas, below, layer, pixels));
    await this.#announce({ ...layer, pixels: variations[0] as LayerPixels, variations });
  }

  async #finish({ sketch }: PaintItem, pixels: LayerPixels): Promise<void> {
    const begun = this.#painted.has(sketch.id) ? this.#done.get(sketch.id) : undefined;
    const below = seenMarks(sketch, this.#seenBelow(sketch.id));
    this.#painted.add(sketch.id);
    await this.#announce({
      ...sketch,
      origin: { ...sketch.origin, below },
      pixels: begun?.pixels ?? pixels,
      variations: [...(begun?.variations ?? []), pixels],
    });
  }

  async #announce(layer: Layer): Promise<void> {
    this.#done.set(layer.id, layer);
    await this.#canvas.change((shown) => placeLayer(shown, layer, this.#newGrid));
    this.#left = placeLayer(this.#left, layer, this.#newGrid);
    this.#job.context.onEvent({ kind: 'layer', layer, order: this.#left.map(({ id }) => id) });
  }

  #seenBelow(id: string): Layer[] {
    const position = this.#stack.findIndex((layer) => layer.id === id);
    return seenBelow(this.#stack, position).flatMap((layer) => this.#done.get(layer.id) ?? []);
  }
}

function isDetail({ sketch }: PaintItem): boolean {
  return sketch.weight.kind === 'mask';
}

/** In the order they have to be painted: whatever a stage sees below it is finished by then. */
function stagesOf(stack: readonly LayerSketch[], items: readonly PaintItem[]): Stage[] {
  const stages = new Map<string, Stage>();
  stack.forEach(({ id, group }, position) => {
    const own = items.filter(({ sketch }) => sketch.id === id);
    if (own.length === 0) return;
    const below = layersBelow(stack, position).map((layer) => layer.id);
    const key = JSON.stringify([group, below]);
    const stage = stages.get(key) ?? { items: [], below };
    stage.items.push(...own);
    stages.set(key, stage);
  });
  return [...stages.values()];
}
