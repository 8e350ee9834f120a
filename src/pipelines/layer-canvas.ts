import type { LayerPaste } from '#domain/blend/layer-paste.ts';
import { residualOfBytes, type Residual } from '#domain/blend/residual.ts';
import type { ResidualStore } from '#domain/blend/residual-store.ts';
import type { Layer } from '#domain/document/layer.ts';
import { dirtyArea, isShown, sameSize } from '#domain/document/stack.ts';
import { boundingRect, overlaps, wholeRect, type Rect } from '#domain/geometry/rect.ts';
import type { Raster8 } from '#domain/raster.ts';
import { cropRaster, pasteRaster } from '#domain/resample/crop-normalise.ts';
import { Mutex } from '#inference/mutex.ts';
import type { LayerWeights } from './layer-weights.ts';
import type { PixelOps } from './services.ts';

/** Layers blended in one pass: bounds how many residuals are in use at a time. */
const PASS_LAYERS = 8;

/** What blending needs: pixels to compute with, residuals, and weights worth keeping. */
export interface LayerParts {
  readonly pixels: PixelOps;
  readonly residuals: ResidualStore;
  readonly weights: LayerWeights;
}

/** Several layers' change in one. */
export interface LayerSum {
  readonly area: Rect<'canvas'>;
  readonly residual: Residual;
}

/** What showing a stack came to: the area blended anew (null: none), and what could not be shown. */
export interface Shown {
  readonly changed: Rect<'canvas'> | null;
  /** Ids of layers of another canvas size, or whose pixels are gone. */
  readonly missing: readonly string[];
}

/**
 * A picture as the fold of layers over its upscaled original. Showing another stack blends again only where it differs
 * from the one before; the bytes are those of a fold from scratch.
 */
export class LayerCanvas {
  /** The upscaled original, never changed. */
  readonly base: Raster8<'canvas'>;
  /** The fold of the stack shown, changed in place. */
  readonly raster: Raster8<'canvas'>;
  /** Told of every area blended anew. */
  onBlended: (area: Rect<'canvas'>) => void = () => undefined;
  readonly #parts: LayerParts;
  readonly #mutex = new Mutex();
  #shown: readonly Layer[] = [];

  constructor(base: Raster8<'canvas'>, parts: LayerParts) {
    this.base = base;
    this.raster = { width: base.width, height: base.height, data: base.data.slice() };
    this.#parts = parts;
  }

  /** Another canvas of the same picture, showing no layers. */
  fork(): LayerCanvas {
    return new LayerCanvas(this.base, this.#parts);
  }

  /** What is blended now, bottom first. */
  get layers(): readonly Layer[] {
    return this.#shown;
  }

  get parts(): LayerParts {
    return this.#parts;
  }

  /** Whether a layer can be shown here. */
  fits({ canvas, pixels }: Layer): boolean {
    return sameSize(canvas, this.base) && this.#parts.residuals.has(pixels.id);
  }

  /** Blends a stack in. After an error the canvas still shows the one before. */
  show(layers: readonly Layer[]): Promise<Shown> {
    return this.change(() => layers);
  }

  /** Blends in what `edit` makes of the stack shown when its turn has come. */
  change(edit: (shown: readonly Layer[]) => readonly Layer[]): Promise<Shown> {
    return this.#mutex.run(async () => {
      const layers = edit(this.#shown);
      const areas = [await this.#blend(layers)];
      // Only reading tells of pixels whose writing was cut short.
      if (this.#shown.some((layer) => !this.fits(layer))) areas.push(await this.#blend(layers));
      const missing = layers.filter((layer) => !this.#shown.includes(layer)).map(({ id }) => id);
      return { changed: boundingRect(areas.filter((area) => area !== null)), missing };
    });
  }

  /** Blends in the layers that fit; answers what is seen of it. */
  async #blend(layers: readonly Layer[]): Promise<Rect<'canvas'> | null> {
    const fitting = layers.filter((layer) => this.fits(layer));
    const changed = dirtyArea(this.#shown, fitting);
    if (changed) pasteRaster(this.raster, changed, await this.fold(fitting, changed));
    this.#shown = fitting;
    if (changed) this.onBlended(changed);
    return changed;
  }

  /** The fold of any stack over an area, without showing it. Layers that do not fit are left out. */
  async fold(
    layers: readonly Layer[],
    area: Rect<'canvas'> = wholeRect(this.base),
  ): Promise<Raster8<'canvas'>> {
    const result = cropRaster(this.base, area);
    const shown = this.#shownOf(layers);
    await this.#paste(result, area, shown, shown);
    return result;
  }

  /** Blends layers of a stack into the pixels of an area. */
  async #paste(
    pixels: Raster8<'canvas'>,
    area: Rect<'canvas'>,
    layers: readonly Layer[],
    stack: readonly Layer[],
  ): Promise<void> {
    const touching = layers.filter((layer) => overlaps(layer.area, area));
    for (let i = 0; i < touching.length; i += PASS_LAYERS) {
      const pastes = await this.#pastes(touching.slice(i, i + PASS_LAYERS), stack);
      await this.#parts.pixels.pasteLayers(pixels, area, pastes);
    }
  }

  #shownOf(layers: readonly Layer[]): Layer[] {
    return layers.filter((layer) => isShown(layer) && this.fits(layer));
  }

  async #pastes(layers: readonly Layer[], shown: readonly Layer[]): Promise<LayerPaste[]> {
    const pastes: LayerPaste[] = [];
    for (const layer of layers) {
      const residual = await this.#parts.residuals.get(layer.pixels.id);
      if (!residual) continue;
      const weight = await this.#parts.weights.shared(layer, shown);
      pastes.push({ area: layer.area, weight, gain: layer.opacity * layer.strength, residual });
    }
    return pastes;
  }

  /**
   * What neighbours of the stack shown do to the picture together, over the rectangle around them, in its own steps of
   * 1/255: put in their place it leaves the same pixels, however they round and wherever they run into black or white.
   * Null where none of them can be seen.
   */
  async changeBy(layers: readonly Layer[]): Promise<LayerSum | null> {
    const own = this.#shownOf(layers);
    const area = boundingRect(own.map((layer) => layer.area));
    if (!area) return null;
    const stack = this.#shownOf(withGiven(this.#shown, layers));
    const first = stack.findIndex(({ id }) => own.some((layer) => layer.id === id));
    const before = cropRaster(this.base, area);
    await this.#paste(before, area, stack.slice(0, first), stack);
    const after = cropRaster(before, wholeRect(before));
    await this.#paste(after, area, own, stack);
    return { area, residual: residualOfBytes(after, before) };
  }
}

/** A stack with layers as they are given; those that are not part of it on top. */
function withGiven(stack: readonly Layer[], layers: readonly Layer[]): Layer[] {
  const given = new Map(layers.map((layer) => [layer.id, layer]));
  const present = stack.map((layer) => given.get(layer.id) ?? layer);
  return [...present, ...layers.filter((layer) => !present.includes(layer))];
}
