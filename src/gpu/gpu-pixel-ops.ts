import { assertCovered, type LayerPaste } from '#domain/blend/layer-paste.ts';
import { intersect, overlaps, rect, size, wholeRect, type Rect, type Size } from '#domain/geometry/rect.ts';
import type { ScaffoldSpec } from '#domain/job/request.ts';
import type { Field, Mask, Raster8 } from '#domain/raster.ts';
import { assertInside, cropRaster } from '#domain/resample/crop-normalise.ts';
import { lanczosTable } from '#domain/resample/lanczos-table.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { planBands, reachRows, tableRows } from './bands.ts';
import type { GpuDevice } from './gpu-device.ts';
import { cropNormalise } from './kernels/crop-normalise.ts';
import { lanczosColumns, lanczosRows, packTable } from './kernels/lanczos.ts';
import { feather, growColumns, growRows, maskResize } from './kernels/mask.ts';
import { noiseResample, scaffold } from './kernels/noise.ts';
import { layerPaste } from './kernels/layer-paste.ts';
import { BAND_BYTES } from './limits.ts';

/**
 * PixelOps (src/pipelines/services.ts) on our kernels: each call uploads, runs, reads back. Pictures of any size are
 * worked on in bands of rows, so no binding comes near 128 MiB. Answers agree with the CPU twins within 1/255.
 */
export class GpuPixelOps {
  readonly description: string;
  readonly #gpu: GpuDevice;
  readonly #bandBytes: number;

  /** @param bandBytes how much one buffer of a band may take; smaller only in tests. */
  constructor(gpu: GpuDevice, bandBytes = BAND_BYTES) {
    this.#gpu = gpu;
    this.#bandBytes = bandBytes;
    this.description = gpu.description;
  }

  /** Lanczos-3 resize, alpha-aware; weights widen with the downscale factor. */
  async resize<S extends 'image' | 'canvas'>(source: Raster8, target: Size<S>): Promise<Raster8<S>> {
    const { width, height } = target;
    if (source.width === width && source.height === height)
      return { width, height, data: source.data.slice() };
    const across = lanczosTable(source.width, width);
    const down = lanczosTable(source.height, height);
    const [packedAcross, packedDown] = [packTable(across), packTable(down)];
    const data = new Uint8ClampedArray(width * height * 4);
    const bytesPerRow = Math.max(source.width * 4, width * 16);
    for (const band of planBands(height, this.#bandBytes, bytesPerRow, tableRows(down)))
      await this.#gpu.compute(
        'the resize',
        (commands) => {
          const rows = lanczosRows(commands, {
            source: commands.upload(pixelRows(source, band.from, band.to)),
            table: commands.upload(packedAcross),
            taps: across.taps,
            sourceWidth: source.width,
            targetWidth: width,
            rows: band.to - band.from,
          });
          return lanczosColumns(commands, {
            source: rows,
            table: commands.upload(packedDown),
            taps: down.taps,
            width,
            rows: band.end - band.start,
            firstRow: band.start,
            firstSourceRow: band.from,
          });
        },
        data.subarray(band.start * width * 4, band.end * width * 4),
      );
    return { width, height, data };
  }

  /** Crop, resample to `sizePx` wide (no-op at 1:1) and normalise: [3,height,sizePx] in [0, 1]. */
  async cropToNchw(canvas: Raster8<'canvas'>, area: Rect<'canvas'>, sizePx: number): Promise<FloatTensor> {
    assertInside(canvas, area);
    if (area.width !== sizePx) {
      const target = size<'canvas'>(sizePx, Math.round((area.height * sizePx) / area.width));
      const resized = await this.resize(cropRaster(canvas, area), target);
      return this.cropToNchw(resized, wholeRect(resized), sizePx);
    }
    const result = floatTensor([3, area.height, area.width]);
    await this.#gpu.compute(
      'the crop',
      (commands) =>
        cropNormalise(commands, {
          source: commands.upload(pixelRows(canvas, area.y, area.y + area.height)),
          sourceWidth: canvas.width,
          area: rect<'canvas'>(area.x, 0, area.width, area.height),
        }),
      result.data,
    );
    return result;
  }

  /** pixels + weight·gain·residual for each layer in turn, in place; `pixels` are those of `area`. */
  async pasteLayers(
    pixels: Raster8<'canvas'>,
    area: Rect<'canvas'>,
    pastes: readonly LayerPaste[],
  ): Promise<void> {
    assertCovered(pixels, area, pastes);
    for (const { start, end } of planBands(area.height, this.#bandBytes, area.width * 4, sameRows)) {
      const band = rect<'canvas'>(area.x, area.y + start, area.width, end - start);
      const touching = pastes.filter((paste) => overlaps(paste.area, band));
      if (touching.length === 0) continue;
      await this.#gpu.compute(
        'the blend',
        (commands) => {
          const rows = commands.upload(pixelRows(pixels, start, end));
          for (const paste of touching)
            layerPaste(commands, {
              ...paste,
              pixels: rows,
              band,
              weight: commands.upload(weightRows(paste, band)),
              residual: commands.upload(paste.residual.data),
              size: paste.residual,
            });
          return rows;
        },
        pixelRows(pixels, start, end),
      );
    }
  }

  /** Coverage of one canvas area from a mask of the whole picture, bilinear. */
  async cropMask(
    mask: Mask<'image'>,
    canvas: Size<'canvas'>,
    area: Rect<'canvas'>,
  ): Promise<Field<'canvas'>> {
    const { width, height } = area;
    const data = new Float32Array(width * height);
    for (const { start, end } of planBands(height, this.#bandBytes, width * 4, sameRows))
      await this.#gpu.compute(
        'the mask crop',
        (commands) =>
          maskResize(commands, {
            mask: commands.upload(mask.data),
            maskSize: size(mask.width, mask.height),
            canvas,
            area: rect<'canvas'>(area.x, area.y + start, width, end - start),
          }),
        data.subarray(start * width, end * width),
      );
    return { width, height, data };
  }

  /** Grow (+) or shrink (−) by a radius, then a smoothstep ramp of the given width. */
  async featherMask(mask: Field<'canvas'>, growPx: number, featherPx: number): Promise<Field<'canvas'>> {
    const { width, height } = mask;
    const data = new Float32Array(width * height);
    const reach = Math.ceil(Math.abs(growPx) + featherPx / 2) + 1;
    for (const { start, end, from, to } of planBands(
      height,
      this.#bandBytes,
      width * 4,
      reachRows(height, reach),
    ))
      await this.#gpu.compute(
        'the mask feather',
        (commands) => {
          const source = commands.upload(mask.data.subarray(from * width, to * width));
          const alongRows = growRows(commands, { mask: source, width, rows: to - from, reach });
          const rows = end - start;
          const distance = growColumns(commands, {
            source: alongRows,
            width,
            sourceRows: to - from,
            firstRow: start - from,
            rows,
            reach,
          });
          return feather(commands, { distance, width, rows, growPx, featherPx });
        },
        data.subarray(start * width, end * width),
      );
    return { width, height, data };
  }

  /** The document's noise for a latent area: [channels,h,w]. */
  async scaffoldNoise(spec: ScaffoldSpec, area: Rect<'latent'>, channels: number): Promise<FloatTensor> {
    const result = floatTensor([channels, area.height, area.width]);
    await this.#gpu.compute(
      'the noise',
      (commands) => scaffold(commands, { spec, area, channels }),
      result.data,
    );
    return result;
  }

  /** The scaffold over `area` resampled to another latent grid, exactly white at any rational ratio. */
  async resampledNoise(
    spec: ScaffoldSpec,
    area: Rect<'latent'>,
    target: Size<'latent'>,
    channels: number,
  ): Promise<FloatTensor> {
    const result = floatTensor([channels, target.height, target.width]);
    await this.#gpu.compute(
      'the noise resampling',
      (commands) => {
        const source = scaffold(commands, { spec, area, channels });
        return noiseResample(commands, {
          source,
          channels,
          from: area,
          to: target,
          seed: spec.seed,
          origin: area,
        });
      },
      result.data,
    );
    return result;
  }
}

function sameRows(start: number, end: number): { from: number; to: number } {
  return { from: start, to: end };
}

/** Bytes of whole rows, sharing memory with the picture. */
function pixelRows(raster: Raster8, from: number, to: number): Uint8ClampedArray {
  return raster.data.subarray(from * raster.width * 4, to * raster.width * 4);
}

/** A layer's weights in the rows it shares with a band. */
function weightRows({ area, weight }: LayerPaste, band: Rect<'canvas'>): Float32Array {
  const { y, height } = intersect(band, area);
  return weight.data.subarray((y - area.y) * area.width, (y - area.y + height) * area.width);
}
