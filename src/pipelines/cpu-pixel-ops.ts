import { pasteLayers, type LayerPaste } from '#domain/blend/layer-paste.ts';
import type { Rect, Size } from '#domain/geometry/rect.ts';
import type { ScaffoldSpec } from '#domain/job/request.ts';
import { cropMask } from '#domain/mask/bilinear.ts';
import { featherMask } from '#domain/mask/feather.ts';
import { resampleNoise } from '#domain/noise/resample.ts';
import { scaffoldNoise } from '#domain/noise/scaffold.ts';
import type { Field, Mask, Raster8 } from '#domain/raster.ts';
import { cropToNchw } from '#domain/resample/crop-normalise.ts';
import { resizeRaster } from '#domain/resample/resize.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import type { PixelOps } from './services.ts';

/**
 * PixelOps on the CPU twins: what runs where there is no WebGPU adapter, or only a software one, and in Node. The
 * methods are async only to fit the interface; they compute before they return.
 */
export class CpuPixelOps implements PixelOps {
  readonly description = 'CPU';

  resize<S extends 'image' | 'canvas'>(source: Raster8, target: Size<S>): Promise<Raster8<S>> {
    return settle(() => resizeRaster(source, target));
  }

  cropToNchw(canvas: Raster8<'canvas'>, area: Rect<'canvas'>, sizePx: number): Promise<FloatTensor> {
    return settle(() => cropToNchw(canvas, area, sizePx));
  }

  pasteLayers(pixels: Raster8<'canvas'>, area: Rect<'canvas'>, pastes: readonly LayerPaste[]): Promise<void> {
    return settle(() => {
      pasteLayers(pixels, area, pastes);
    });
  }

  cropMask(mask: Mask<'image'>, canvas: Size<'canvas'>, area: Rect<'canvas'>): Promise<Field<'canvas'>> {
    return settle(() => cropMask(mask, canvas, area));
  }

  featherMask(mask: Field<'canvas'>, growPx: number, featherPx: number): Promise<Field<'canvas'>> {
    return settle(() => featherMask(mask, growPx, featherPx));
  }

  scaffoldNoise(spec: ScaffoldSpec, area: Rect<'latent'>, channels: number): Promise<FloatTensor> {
    return settle(() => scaffoldNoise(spec, area, channels));
  }

  resampledNoise(
    spec: ScaffoldSpec,
    area: Rect<'latent'>,
    target: Size<'latent'>,
    channels: number,
  ): Promise<FloatTensor> {
    return settle(() => resampleNoise(scaffoldNoise(spec, area, channels), target, spec.seed, area));
  }
}

/** The value of a computation as a promise; what it throws becomes a rejection. */
function settle<T>(compute: () => T): Promise<T> {
  return new Promise((resolve) => {
    resolve(compute());
  });
}
