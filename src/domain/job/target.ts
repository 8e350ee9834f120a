import type { Layer } from '../document/layer.ts';

/** One tile of a request's tile plan. */
export interface TileTarget {
  readonly index: number;
  /** Of the scaffold; absent: the one its layer's chosen painting came from, 0 where it has none. */
  readonly region?: number;
}

/** Which parts of a request are painted. Locked layers never are. */
export interface RefineTarget {
  /** The present stack, bottom first: what is not painted anew stays, and is what new layers see below them. */
  readonly layers: readonly Layer[];
  /** `ticked`: every enabled detection of the request; else these detections, ticked or not. */
  readonly detections: 'ticked' | readonly string[];
  /** `all` when the request's global pass is enabled; else these of its tile plan, whether it is or not. */
  readonly tiles: 'all' | readonly TileTarget[];
  /** Paintings per detection, each from its own region of the scaffold; the first is the layer's choice. */
  readonly variations: number;
}

/** A first run of everything the request asks for. */
export const EVERYTHING: RefineTarget = { layers: [], detections: 'ticked', tiles: 'all', variations: 1 };
