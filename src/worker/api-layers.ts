import type { ProxyMarked } from 'comlink';
import type { Layer, LayerPixels, Likeness } from '#domain/document/layer.ts';
import type { Rect } from '#domain/geometry/rect.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import type { RefineTarget } from '#domain/job/target.ts';
import type { JobId, Result } from './api.ts';

export type { RefineTarget };

export interface RefinedLayers {
  /** The whole stack after the run, bottom first: kept layers under their ids, new ones where those they replace were. */
  readonly layers: readonly Layer[];
  readonly elapsedMs: number;
  /** Share of the wall time spent outside the networks. */
  readonly overheadShare: number;
}

/** The stack to show. A layer is sent once and stays with the worker until another replaces it. */
export interface StackUpdate {
  /** Ids of all layers, bottom first. One that is missing here is forgotten. */
  readonly order: readonly string[];
  /** Layers that are new or others than before. */
  readonly layers: readonly Layer[];
}

/** The layer stack's side of the contract, called as `api.layers.show(…)`. */
export interface LayersApi extends ProxyMarked {
  /**
   * Makes this the stack of the picture and blends again where it differs from the one shown before: no network runs.
   * Layers painted on another canvas size, or whose pixels are gone, are named in `missing` and left out.
   */
  show(update: StackUpdate): Promise<
    Result<{
      readonly changed: Rect<'canvas'> | null;
      readonly missing: readonly string[];
      readonly elapsedMs: number;
      /** Of pixels the disk would not take: they end with the worker. */
      readonly inMemoryOnlyBytes: number;
    }>
  >;
  /** Paints; every finished area is announced as a `layer` event and shown at once. A stop keeps what was finished. */
  refine(
    job: JobId,
    request: RefineRequest,
    target: RefineTarget,
    onEvent: (event: JobEvent) => void,
  ): Promise<Result<RefinedLayers>>;
  /**
   * Paints one layer again with `count` further regions of the scaffold; answers all its paintings, old ones first. Every
   * finished one is announced as a `layer` event of the layer with the paintings it has by then; a stop keeps them.
   */
  vary(
    job: JobId,
    request: RefineRequest,
    target: RefineTarget & { readonly layerId: string; readonly count: number },
    onEvent: (event: JobEvent) => void,
  ): Promise<Result<readonly LayerPixels[]>>;
  /** One layer for several neighbours of the stack: all they do to the picture. Looks the same (±1/255). */
  merge(layers: readonly Layer[], name: string): Promise<Result<Layer>>;
  /** The canvas of a layer's area as it looks with one of its paintings; for the wall of variations. */
  preview(layer: Layer, pixelsId: string, maxSidePx: number): Promise<Result<ImageBitmap>>;
  /** Cosine of the CLIP-vision embeddings of a layer's area before and after; null without a vision model. */
  similarity(layer: Layer): Promise<Result<Likeness | null>>;
  /** Pixels nothing names any more may go: the document, its history and its snapshots name these. */
  keepPixels(ids: readonly string[]): Promise<void>;
}
