import type { Layer } from '../document/layer.ts';

/** Which parts of a request are painted. Locked layers never are. */
export interface RefineTarget {
  /** The present stack, bottom first: what is not painted anew stays, and is what new layers see below them. */
  readonly layers: readonly Layer[];
  /** `ticked`: every enabled detection of the request; else these detections, ticked or not. */
  readonly detections: 'ticked' | readonly string[];
  /** `all` when the request's global pass is enabled; else indices of its tile plan. */
  readonly tiles: 'all' | readonly number[];
  /** Paintings per detection, each from its own region of the scaffold; the first is the layer's choice. */
  readonly variations: number;
}

/** A first run of everything the request asks for. */
export const EVERYTHING: RefineTarget = { layers: [], detections: 'ticked', tiles: 'all', variations: 1 };
