import { proxyMarker, transfer } from 'comlink';
import type { ResidualStore } from '#domain/blend/residual-store.ts';
import type { Layer, LayerPixels, Likeness } from '#domain/document/layer.ts';
import { sameSize, seenBelow } from '#domain/document/stack.ts';
import type { Size } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { Mutex } from '#inference/mutex.ts';
import type { LayerCanvas } from '#pipelines/layer-canvas.ts';
import { mergeLayers } from '#pipelines/merge.ts';
import type { JobContext } from '#pipelines/progress.ts';
import { openCanvas, planRefine, refine } from '#pipelines/refine.ts';
import { similarityOf } from '#pipelines/similarity.ts';
import { planVary, vary } from '#pipelines/vary.ts';
import type { LayerPixelStore } from '#storage/layer-pixels.ts';
import type { LayersApi, RefinedLayers, RefineTarget, StackUpdate } from './api-layers.ts';
import type { JobId, Result } from './api.ts';
import type { Backend } from './backend.ts';
import { latestPainted, type Document } from './document.ts';
import { asResult, type Jobs } from './jobs.ts';
import { checkedRequest, wishOf } from './refine-request.ts';
import { RefineRun } from './refine-run.ts';
import type { Viewer } from './viewer.ts';

/** What the layers need of the studio. */
export interface LayerHost {
  readonly jobs: Jobs;
  /** @throws AppError when no picture is open. */
  opened(): Document;
  ready(): Backend;
  /** Null when another document is shown meanwhile. */
  viewerOf(document: Document): Viewer | null;
  /** What a run starting now is made of. */
  made(document: Document, request: RefineRequest, precision: string): NonNullable<Document['ran']>;
  /** A run has taken this long, without loading. */
  learnPace(request: RefineRequest, items: readonly { readonly sizePx: number }[], elapsedMs: number): void;
}

/** For work too short to be followed or stopped. */
const UNWATCHED: JobContext = { signal: new AbortController().signal, onEvent: () => undefined };

/** Everything after diffusion, and what paints: the layer stack's side of the worker. */
export class StudioLayers implements LayersApi {
  /** Comlink calls its methods where it is instead of copying it. */
  readonly [proxyMarker] = true;
  readonly #host: LayerHost;
  readonly #store: LayerPixelStore;
  /** Painted since the last run began: the page may not know of them yet. */
  readonly #recent = new Set<string>();
  /** The store, taking note of what is painted. */
  readonly #residuals: ResidualStore = {
    put: (id, residual) => {
      this.#recent.add(id);
      return this.#store.put(id, residual);
    },
    has: (id) => this.#store.has(id),
    get: (id) => this.#store.get(id),
  };
  readonly #choosing = new Mutex();
  /** By id, as the page has sent them to be shown. */
  #sent: ReadonlyMap<string, Layer> = new Map();
  /** The last {@link show}; never rejects. */
  #showing: Promise<unknown> = Promise.resolve();

  constructor(host: LayerHost, store: LayerPixelStore) {
    this.#host = host;
    this.#store = store;
  }

  show(update: StackUpdate): ReturnType<LayersApi['show']> {
    const showing = asResult(async () => {
      const begin = performance.now();
      const layers = this.#updated(update);
      await this.#store.opened;
      const canvas = await this.#choosing.run(() => this.#canvasOf(layers));
      const shown = await canvas?.show(layers);
      const missing = shown?.missing ?? layers.map(({ id }) => id);
      const { inMemoryOnlyBytes } = this.#store;
      const elapsedMs = performance.now() - begin;
      return { changed: shown?.changed ?? null, missing, elapsedMs, inMemoryOnlyBytes };
    });
    this.#showing = showing;
    return showing;
  }

  refine(
    job: JobId,
    request: RefineRequest,
    target: RefineTarget,
    onEvent: (event: JobEvent) => void,
  ): Promise<Result<RefinedLayers>> {
    return this.#host.jobs.run(job, onEvent, (context) =>
      this.#host.ready().during(() => this.#refine(checkedRequest(request), target, context)),
    );
  }

  async #refine(request: RefineRequest, target: RefineTarget, context: JobContext): Promise<RefinedLayers> {
    const document = this.#host.opened();
    const backend = this.#host.ready();
    const { raster } = document.picture;
    const begin = performance.now();
    const { busyMs, loadMs } = backend.runtime;
    const { details, tiles } = planRefine(request, raster, target);
    const items = [...details, ...tiles];
    const wish = wishOf(request, items);
    const services = await backend.services(context, wish);
    await this.#store.opened;
    this.#recent.clear();
    const made = this.#host.made(document, request, backend.precision(wish));
    const run = new RefineRun(
      document,
      made,
      (size) => this.#open(document, size),
      (canvas) => this.#put(document, canvas),
    );
    const { layers } = await run.follow(({ onEvent, canvasFor }) => {
      const model = modelName(backend);
      return refine(raster, request, services, { ...context, onEvent }, { target, model, canvasFor });
    }, context.onEvent);
    const elapsedMs = performance.now() - begin;
    backend.worked(wish);
    // Loading happens once; the next estimate is of what happens again.
    this.#host.learnPace(request, items, elapsedMs - (backend.runtime.loadMs - loadMs));
    const networkMs = backend.runtime.busyMs - busyMs;
    return { layers, elapsedMs, overheadShare: Math.max(0, 1 - networkMs / elapsedMs) };
  }

  vary(
    job: JobId,
    request: RefineRequest,
    target: RefineTarget & { readonly layerId: string; readonly count: number },
    onEvent: (event: JobEvent) => void,
  ): Promise<Result<readonly LayerPixels[]>> {
    return this.#host.jobs.run(job, onEvent, (context) =>
      this.#host.ready().during(async () => {
        const document = this.#host.opened();
        const backend = this.#host.ready();
        const canvas = this.#shownCanvas();
        const checked = checkedRequest(request);
        const items = await planVary(canvas, target);
        const services = await backend.services(context, wishOf(checked, items));
        this.#recent.clear();
        const model = modelName(backend);
        const onEvent = (event: JobEvent) => {
          if (event.kind === 'layer') for (const { id } of event.layer.variations) document.painted.add(id);
          context.onEvent(event);
        };
        return vary(canvas, checked, target, services, { ...context, onEvent }, model);
      }),
    );
  }

  merge(layers: readonly Layer[], name: string): Promise<Result<Layer>> {
    return asResult(async () => {
      const merged = await mergeLayers(this.#shownCanvas(), layers, name);
      this.#host.opened().painted.add(merged.pixels.id);
      return merged;
    });
  }

  preview(layer: Layer, pixelsId: string, maxSidePx: number): Promise<Result<ImageBitmap>> {
    return asResult(async () => {
      // A worker that has just taken over may still be reading the layers below.
      await this.#showing;
      const canvas = this.#shownCanvas();
      const pixels = layer.variations.find(({ id }) => id === pixelsId) ?? { ...layer.pixels, id: pixelsId };
      const stack = withLayer(canvas.layers, { ...layer, pixels });
      const picture = await canvas.fold(stack, layer.area);
      const scale = Math.min(1, maxSidePx / Math.max(picture.width, picture.height));
      const side = (px: number) => Math.max(1, Math.round(px * scale));
      const size = { width: side(picture.width), height: side(picture.height) };
      const { data, width, height } = await this.#host.ready().pixels.resize<'canvas'>(picture, size);
      const bitmap = await createImageBitmap(new ImageData(new Uint8ClampedArray(data), width, height));
      return transfer(bitmap, [bitmap]);
    });
  }

  similarity(layer: Layer): Promise<Result<Likeness | null>> {
    return asResult(async () => {
      const canvas = this.#shownCanvas();
      const backend = this.#host.ready();
      const stack = withLayer(canvas.layers, { ...layer, visible: true });
      const below = seenBelow(
        stack,
        stack.findIndex(({ id }) => id === layer.id),
      );
      return backend.during(async () => {
        const services = await backend.detecting(UNWATCHED);
        try {
          return await similarityOf(canvas, below, { ...layer, visible: true }, services);
        } finally {
          await services.anchors?.rest();
        }
      });
    });
  }

  async keepPixels(ids: readonly string[]): Promise<void> {
    await this.#store.opened;
    await this.#store.keep([...ids, ...this.#recent]);
  }

  /** The stack that an update makes of the one before. */
  #updated({ order, layers }: StackUpdate): readonly Layer[] {
    const known = new Map([...this.#sent, ...layers.map((layer) => [layer.id, layer] as const)]);
    const stack = order.map((id) => {
      const layer = known.get(id);
      if (!layer) throw new Error(`layer ${id} was never sent`);
      return layer;
    });
    this.#sent = new Map(stack.map((layer) => [layer.id, layer]));
    return stack;
  }

  /** The canvas that a stack is of: the present one, or one of the size its latest painting was made on. */
  async #canvasOf(layers: readonly Layer[]): Promise<LayerCanvas | null> {
    const document = this.#host.opened();
    const size = (latestPainted(document, layers) ?? this.#stored(document, layers))?.canvas;
    if (!size || (document.canvas && sameSize(document.canvas.base, size))) return document.canvas;
    const canvas = await this.#open(document, size);
    this.#put(document, canvas);
    return canvas;
  }

  /**
   * After this worker took over from another, paintings of the picture are on the disk that it knows nothing of; one of
   * them, unless the present canvas can show some.
   */
  #stored({ canvas }: Document, layers: readonly Layer[]): Layer | null {
    if (canvas && layers.some((layer) => canvas.fits(layer))) return null;
    return layers.findLast(({ pixels }) => this.#store.has(pixels.id)) ?? null;
  }

  #shownCanvas(): LayerCanvas {
    const { canvas } = this.#host.opened();
    if (!canvas) throw new AppError('bad-request', 'The pixels of these layers are gone. Refine them again.');
    return canvas;
  }

  #open({ picture }: Document, size: Size<'canvas'>): Promise<LayerCanvas> {
    return openCanvas(picture.raster, size, this.#host.ready().pixels, this.#residuals);
  }

  #put(document: Document, canvas: LayerCanvas | null): void {
    document.canvas = canvas;
    const viewer = this.#host.viewerOf(document);
    viewer?.setBase(canvas?.base ?? null);
    viewer?.setRefined(canvas?.raster ?? null);
    if (canvas) canvas.onBlended = (area) => this.#host.viewerOf(document)?.refreshArea(area);
  }
}

/** The stack with a layer as given, on top where it is not part of it. */
function withLayer(stack: readonly Layer[], layer: Layer): readonly Layer[] {
  const present = stack.some(({ id }) => id === layer.id);
  return present ? stack.map((other) => (other.id === layer.id ? layer : other)) : [...stack, layer];
}

/** "lightning · file name", as far as it is known how the model was trained. */
function modelName(backend: Backend): string {
  const checkpoint = backend.info().models.find(({ role }) => role === 'checkpoint');
  if (!checkpoint) return '';
  return checkpoint.family ? `${checkpoint.family} · ${checkpoint.name}` : checkpoint.name;
}
