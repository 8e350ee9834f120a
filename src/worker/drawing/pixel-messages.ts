import type { Rect, Size } from '#domain/geometry/rect.ts';

/**
 * The pictures the viewer shows: `original` as opened, `base` the same upscaled to the canvas by the studio's own
 * kernel, `refined` the canvas with its layers.
 */
export type PictureName = 'original' | 'base' | 'refined';

/** What the GPU worker posts to the viewer worker. */
export type PixelMessage =
  /** A picture of this size begins, empty; null: there is none any more. */
  | { readonly kind: 'picture'; readonly name: PictureName; readonly size: Size<'canvas'> | null }
  /** RGBA of an area of it, row by row. */
  | {
      readonly kind: 'pixels';
      readonly name: PictureName;
      readonly area: Rect<'canvas'>;
      readonly data: Uint8ClampedArray<ArrayBuffer>;
    };
