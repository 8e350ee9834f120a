import type { Size, Space } from './geometry/rect.ts';

/** Interleaved 8-bit sRGB with alpha, row-major: what pictures are opened and exported as. */
export interface Raster8<S extends Space = 'image' | 'canvas'> extends Size<S> {
  readonly data: Uint8ClampedArray;
}

/** Interleaved float RGB in [0, 1], row-major: what crops and tiles are computed in. */
export interface RasterF<S extends Space = 'canvas' | 'crop'> extends Size<S> {
  readonly data: Float32Array;
}

/** One channel of coverage, 0 = keep, 255 = change. */
export interface Mask<S extends Space = 'image' | 'canvas' | 'crop'> extends Size<S> {
  readonly data: Uint8Array;
}

/** One channel of real values, e.g. a feathered mask or mask logits. */
export interface Field<S extends Space = 'image' | 'canvas' | 'crop' | 'latent'> extends Size<S> {
  readonly data: Float32Array;
}
