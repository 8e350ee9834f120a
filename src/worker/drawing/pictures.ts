import type { Rect, Size } from '#domain/geometry/rect.ts';
import { PagedSurface } from './paged-surface.ts';
import type { PictureName, PixelMessage } from './pixel-messages.ts';

type Piece = Extract<PixelMessage, { readonly kind: 'pixels' }>;

interface Arriving {
  readonly surface: PagedSurface;
  missingPx: number;
}

/**
 * The pictures as they arrive in pieces. A result shows once it is whole: until then what it replaces, or the original,
 * stays on the screen. The upscaled original waits as plain bytes until somebody compares: surfaces may lie in the
 * GPU's memory, which the networks need.
 */
export class Pictures {
  readonly #shown = new Map<PictureName, PagedSurface>();
  readonly #arriving = new Map<PictureName, Arriving>();
  #baseSize: Size<'canvas'> | null = null;
  #basePieces: Piece[] = [];

  get(name: PictureName): PagedSurface | undefined {
    if (name === 'base') this.#unpackBase();
    return this.#shown.get(name);
  }

  has(name: PictureName): boolean {
    return this.#shown.has(name);
  }

  take(message: PixelMessage): void {
    if (message.name === 'base') this.#keepBase(message);
    else if (message.kind === 'pixels') this.#fill(message.name, message.area, message.data);
    else this.#begin(message.name, message.size);
  }

  #keepBase(message: PixelMessage): void {
    if (message.kind === 'pixels') this.#basePieces.push(message);
    else {
      this.#shown.delete('base');
      this.#baseSize = message.size;
      this.#basePieces = [];
    }
  }

  #unpackBase(): void {
    if (!this.#baseSize || this.#basePieces.length === 0) return;
    const surface = this.#shown.get('base') ?? new PagedSurface(this.#baseSize);
    for (const { area, data } of this.#basePieces) surface.put(area, data);
    this.#basePieces = [];
    this.#shown.set('base', surface);
  }

  #begin(name: PictureName, size: Size<'canvas'> | null): void {
    this.#arriving.delete(name);
    if (!size) {
      this.#shown.delete(name);
      return;
    }
    const { width, height } = this.#shown.get(name)?.size ?? { width: 0, height: 0 };
    // One of the same size is painted over, piece by piece.
    if (name !== 'original' && width === size.width && height === size.height) return;
    const surface = new PagedSurface(size);
    if (name === 'original') this.#shown.set(name, surface);
    else this.#arriving.set(name, { surface, missingPx: size.width * size.height });
  }

  #fill(name: PictureName, area: Rect<'canvas'>, data: Uint8ClampedArray<ArrayBuffer>): void {
    const arriving = this.#arriving.get(name);
    if (!arriving) return this.#shown.get(name)?.put(area, data);
    arriving.surface.put(area, data);
    arriving.missingPx -= area.width * area.height;
    if (arriving.missingPx > 0) return;
    this.#arriving.delete(name);
    this.#shown.set(name, arriving.surface);
  }
}
