import { intersect, type Rect, type Size } from '../geometry/rect.ts';
import type { Field, Raster8 } from '../raster.ts';
import { residualPlane, SNORM16, type Residual } from './residual.ts';

/** One layer as it is blended. */
export interface LayerPaste {
  readonly area: Rect<'canvas'>;
  /** Over the area, in canvas pixels. */
  readonly weight: Field<'canvas'>;
  /** opacity·strength. */
  readonly gain: number;
  /** At the network's size; Lanczos-resampled to the area where that differs. */
  readonly residual: Residual;
}

/** @throws RangeError when the pixels or a weight do not cover their areas. */
export function assertCovered(
  pixels: Size<'canvas'>,
  area: Rect<'canvas'>,
  pastes: readonly LayerPaste[],
): void {
  const covers = (what: string, given: Size<'canvas'>, wanted: Size<'canvas'>) => {
    if (given.width !== wanted.width || given.height !== wanted.height)
      throw new RangeError(
        `the ${what}, ${given.width}×${given.height}, do not cover ${wanted.width}×${wanted.height}`,
      );
  };
  covers('pixels', pixels, area);
  for (const paste of pastes) covers('weights', paste.weight, paste.area);
}

/**
 * pixels + weight·gain·residual for each layer in turn, in place; `pixels` are those of `area`, and of a layer only what
 * lies inside is done. Every layer leaves whole bytes; where its residual or weight is 0 they stay as they were, and so
 * does the alpha channel everywhere. Twin of blend/layer_paste.wgsl.
 */
export function pasteLayers(
  pixels: Raster8<'canvas'>,
  area: Rect<'canvas'>,
  pastes: readonly LayerPaste[],
): void {
  assertCovered(pixels, area, pastes);
  for (const paste of pastes) {
    const part = intersect(area, paste.area);
    if (part.width > 0 && part.height > 0) pasteLayer(pixels, area, part, paste);
  }
}

function pasteLayer(
  pixels: Raster8<'canvas'>,
  at: Rect<'canvas'>,
  part: Rect<'canvas'>,
  paste: LayerPaste,
): void {
  for (let channel = 0; channel < 3; channel++) {
    const plane = residualPlane(paste.residual, channel, paste.area);
    const to = ((part.y - at.y) * at.width + part.x - at.x) * 4 + channel;
    addPlane(pixels, to, part, paste, plane);
  }
}

/** @param to where the part's first byte of this channel is. */
function addPlane(
  { data, width }: Raster8<'canvas'>,
  to: number,
  part: Rect<'canvas'>,
  { area, weight, gain }: LayerPaste,
  residual: Int16Array | Float32Array,
): void {
  const scale = (gain * 255) / SNORM16;
  for (let row = 0; row < part.height; row++) {
    let byte = to + row * width * 4;
    const first = (part.y - area.y + row) * area.width + part.x - area.x;
    for (let i = first; i < first + part.width; i++, byte += 4)
      // Rounds half up. Cutting is floor for all but −1 to 0, which the clamped array makes 0 either way.
      data[byte] =
        ((data[byte] as number) + (weight.data[i] as number) * scale * (residual[i] as number) + 0.5) | 0;
  }
}
