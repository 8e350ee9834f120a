import type { Layer } from '../document/layer.ts';
import type { Words } from './sentence.ts';

/** The phases of the main job, in order. */
export type JobPhase =
  'load' | 'encode-image' | 'detect' | 'upscale' | 'conditioning' | 'detail' | 'global' | 'export';

/** Progress of a running job, throttled by the worker before it crosses to the page. */
export interface ProgressEvent {
  readonly kind: 'progress';
  readonly phase: JobPhase;
  /** Finished share of the whole job, 0 to 1, never decreasing. */
  readonly fraction: number;
  /** Estimated time left; null while the pace of most of the remaining work is unknown. */
  readonly remainingMs: number | null;
  /** "tile 7/25 · step 4/7". */
  readonly detail: Words;
}

/** A finished layer: its pixels are in the worker's store and the canvas shows it already. */
export interface LayerEvent {
  readonly kind: 'layer';
  readonly layer: Layer;
  /** Ids of the whole stack with this layer in it, bottom first: what a run that is stopped now leaves. */
  readonly order: readonly string[];
}

/** Something the user should know though the job goes on, e.g. that no vision model is loaded. */
export interface NoticeEvent {
  readonly kind: 'notice';
  readonly message: Words;
}

/** What a job says while it runs. */
export type JobEvent = ProgressEvent | LayerEvent | NoticeEvent;
