import type { StepOptions } from '#domain/document/history.ts';
import type { Layer, LayerPixels } from '#domain/document/layer.ts';
import type { TileTarget } from '#domain/job/target.ts';
import { followMasks } from '#domain/document/follow.ts';
import type { Detection, DetectionOverrides, RefineRequest } from '#domain/job/request.ts';
import type { JobRunner } from './job-runner.ts';
import { layerName, layersSubject, type LayerHost } from './layer-commands.ts';
import type { LayerPreviews } from './layer-previews.ts';
import { waysBack } from './likeness.ts';
import { formatDuration, messages, type Saying } from './messages.ts';
import {
  nextRegion,
  ownCommand,
  tileFromNextRegion,
  wishFor,
  withEarlier,
  withOwn,
  type OwnSettings,
  type PaintedWish,
} from './paint-wish.ts';
import { keepPresent, PaintedStack } from './painted-stack.ts';
import { VariationWall } from './variation-wall.svelte.ts';
import type { RefineTarget } from './worker-client.ts';

/** What a run paints; a missing part means everything that is ticked or switched on. */
export type RefineWish = Partial<Pick<RefineTarget, 'detections' | 'tiles' | 'variations'>>;

/** What becomes of the document with a run that is painted: settings of its own for some detections. */
interface PaintChange {
  readonly own?: OwnSettings;
  readonly step?: StepOptions;
  /** Earlier paintings of the same area stay among the layer's variations. */
  readonly keepEarlier?: boolean;
}

/** Everything that paints layers: whole runs, one again, variations of one. */
export class LayerPainting {
  readonly wall: VariationWall;
  readonly #host: LayerHost;
  readonly #runner: JobRunner;

  constructor(host: LayerHost, runner: JobRunner, previews: LayerPreviews) {
    this.#host = host;
    this.#runner = runner;
    this.wall = new VariationWall(host, previews);
  }

  /** The target of a run over the present stack. */
  targetOf({ detections = 'ticked', tiles = 'all', variations = 1 }: RefineWish = {}): RefineTarget {
    return { layers: this.#host.document.layers, detections, tiles, variations };
  }

  /** What painting these layers again would paint. */
  wishOf(layers: readonly Layer[]): PaintedWish {
    return wishFor(layers, this.#host.document.request);
  }

  /** Paints. What is finished when the run is stopped stays, and a run is one step of the history. */
  async refine(wish: RefineWish = {}, change: PaintChange = {}): Promise<void> {
    const { document, client, view } = this.#host;
    const request = withOwn(document.request, change.own ?? new Map());
    const target = this.targetOf(wish);
    const painted = new PaintedStack(target.layers);
    view.masksVisible = false;
    await this.#runner.run({
      kind: 'refine',
      request: (id, onEvent) => client.call((api) => api.layers.refine(id, request, target, onEvent)),
      onEvent: (event) => painted.follow(event),
      interrupted: () => {
        if (!painted.isEmpty)
          this.#take(painted.stack(document.layers), target, request, {
            ...change,
            own: new Map([...(change.own ?? [])].filter(([detectionId]) => painted.has(detectionId))),
          });
        // Without a result to judge, hidden masks would look lost.
        if (document.layers.length === 0) view.showMasks();
      },
      take: ({ layers, elapsedMs }) => {
        this.#take(keepPresent(layers, target.layers, document.layers), target, request, change);
        return () => messages.bar.done(formatDuration(elapsedMs));
      },
    });
  }

  /** Paints layers again as the document is set now; locked ones, and those whose detection is gone, stay. */
  async repaint(layers: readonly Layer[]): Promise<void> {
    const wish = this.wishOf(layers);
    if (this.#nothing([...wish.detections, ...wish.tiles], layers)) return;
    await this.refine(wish, { step: { name: 'repaint', subject: layersSubject(layers) } });
  }

  /** Paints again from noise that none of the paintings there are has had: the next region of the scaffold. */
  async reroll(wish: PaintedWish, of?: readonly Layer[]): Promise<void> {
    const { document } = this.#host;
    const { layers } = document;
    const painted = layers.filter(({ origin }) => wish.detections.includes(origin.detectionId ?? ''));
    const wanted = document.detections.filter(({ id }) => wish.detections.includes(id));
    const detections = this.#unlocked(wanted);
    const own = new Map(
      detections.map((detection) => [detection.id, { region: nextRegion(detection, layers) }]),
    );
    const tiles = wish.tiles.map((tile) => tileFromNextRegion(tile, layers));
    if (this.#nothing([...detections, ...tiles], of ?? painted)) return;
    const subject = this.#subjectOf(detections, tiles);
    const change = { own, step: { name: 'reroll', subject }, keepEarlier: true } as const;
    await this.refine({ detections: [...own.keys()], tiles }, change);
  }

  /** Re-rolls the detections and tiles of the selected layers, or the selected detection. */
  async rerollSelected(layers: readonly Layer[]): Promise<void> {
    const { document, notifier } = this.#host;
    const { selectedDetection: detection } = document;
    if (layers.length === 0 && !detection) return notifier.info(messages.layers.selectFirst);
    if (detection) return this.reroll({ detections: [detection.id], tiles: [] });
    await this.reroll(this.wishOf(layers), layers);
  }

  /** Paints a layer's detection again with less strength; offered by the guard, never done by itself. */
  async gentler(layer: Layer): Promise<void> {
    await this.#again(layer, { denoise: waysBack(layer).denoise });
  }

  /** Paints a layer's detection again with the look held on to more firmly. */
  async anchored(layer: Layer): Promise<void> {
    const { anchorScale } = waysBack(layer);
    if (anchorScale !== null) await this.#again(layer, { anchorScale });
  }

  /** Paints what is selected: layers, a detection, or all of a concept. */
  async refineSelected(layers: readonly Layer[]): Promise<void> {
    const { document, notifier } = this.#host;
    if (layers.length > 0) return this.repaint(layers);
    const { selectedDetection, selectedConcept } = document;
    const found = selectedConcept ? document.detectionsOf(selectedConcept.id) : [];
    const detections = (selectedDetection ? [selectedDetection] : found).map(({ id }) => id);
    if (detections.length === 0) return notifier.info(messages.layers.selectFirst);
    await this.refine({ detections, tiles: [] });
  }

  /** Paints `count` further variations of a layer and shows all of them to choose from, also when it is stopped. */
  async vary(layer: Layer, count: number): Promise<void> {
    const { document, client, notifier } = this.#host;
    if (layer.locked) return notifier.info(messages.layers.isLocked(layerName(layer)));
    const { request } = document;
    if (this.#nothing([layer], [layer])) return;
    const target = { ...this.targetOf({ detections: [], tiles: [] }), layerId: layer.id, count };
    let painted: readonly LayerPixels[] = [];
    await this.#runner.run({
      kind: 'refine',
      request: (id, onEvent) => client.call((api) => api.layers.vary(id, request, target, onEvent)),
      onEvent: (event) => {
        if (event.kind === 'layer') painted = event.layer.variations;
      },
      interrupted: () => void this.#takeVariations(layer, painted),
      take: (variations) => this.#takeVariations(layer, variations),
    });
  }

  /** One step: further paintings beside those the layer has by now; says how many there are. */
  #takeVariations({ id, variations: before }: Layer, painted: readonly LayerPixels[]): Saying {
    const { document } = this.#host;
    const layer = document.layers.find((other) => other.id === id);
    const further = painted.slice(before.length);
    if (!layer || further.length === 0) return '';
    const variations = [...layer.variations, ...further];
    document.dispatch(
      { type: 'update-layers', ids: [layer.id], patch: { variations } },
      { name: 'variations', subject: layerName(layer) },
    );
    this.wall.open(layer.id);
    return () => messages.layers.varied(variations.length);
  }

  async #again(layer: Layer, patch: DetectionOverrides): Promise<void> {
    const wish = this.wishOf([layer]);
    const [id] = wish.detections;
    if (this.#nothing([...wish.detections, ...wish.tiles], [layer]) || id === undefined) return;
    const own = new Map([[id, patch]]);
    await this.refine(wish, { own, step: { name: 'repaint', subject: layerName(layer) }, keepEarlier: true });
  }

  /** One step: the settings it was painted with, the layers, and masks that changed while the run went on. */
  #take(
    layers: readonly Layer[],
    { layers: before }: RefineTarget,
    request: RefineRequest,
    { own, step, keepEarlier }: PaintChange,
  ): void {
    const { document } = this.#host;
    const stack = keepEarlier ? layers.map((layer) => withEarlier(layer, before)) : layers;
    const settings = [...(own ?? [])].flatMap(([id, patch]) => ownCommand(document.candidates, id, patch));
    const follow = followMasks(request.detections, document.request.detections, stack);
    document.dispatch([...settings, { type: 'set-layers', layers: stack }, ...follow], {
      name: 'refine',
      ...step,
    });
  }

  #unlocked(detections: readonly Detection[]): Detection[] {
    const { layers } = this.#host.document;
    return detections.filter(({ id }) => {
      const own = layers.filter(({ origin }) => origin.detectionId === id);
      return own.length === 0 || own.some(({ locked }) => !locked);
    });
  }

  /** Whether there is nothing to paint of these layers, or no way to now; says which. */
  #nothing(wanted: readonly unknown[], layers: readonly Layer[]): boolean {
    const { document, job, notifier } = this.#host;
    if (job.running) notifier.info(messages.layers.waitForRun);
    else if (wanted.length === 0) notifier.info(whyNothing(layers));
    return job.running || !document.ready || wanted.length === 0;
  }

  /** The name of a single one, else how many there are. */
  #subjectOf(detections: readonly Detection[], tiles: readonly TileTarget[]): string {
    const count = detections.length + tiles.length;
    const [[detection], [tile]] = [detections, tiles];
    if (count === 1 && detection) return this.#nameOf(detection);
    const layers = this.#host.document.layers;
    const layer = layers.find(({ weight }) => weight.kind === 'tile' && weight.index === tile?.index);
    return count === 1 && layer ? layerName(layer) : messages.layers.count(count);
  }

  #nameOf(detection: Detection): string {
    const { document } = this.#host;
    return messages.detection.name(
      document.numberOf(detection.id),
      document.conceptOf(detection)?.phrase ?? '',
    );
  }
}

/** Why none of these layers can be painted again. */
function whyNothing(layers: readonly Layer[]): string {
  const texts = messages.layers;
  const free = layers.filter(({ locked }) => !locked);
  if (free.length === 0) return texts.isLocked(layersSubject(layers));
  if (free.every(({ weight }) => weight.kind === 'whole')) return texts.isMerged;
  return free.some(({ weight }) => weight.kind === 'tile') ? texts.gridGone : texts.detectionGone;
}
