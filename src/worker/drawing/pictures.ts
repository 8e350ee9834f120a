import type { Rect, Size } from '#domain/geometry/rect.ts';
import { PagedSurface } from './paged-surface.ts';
import type { PictureName, PixelMessage } from './pixel-messages.ts';

interface Arriving {
  readonly surface: PagedSurface;
  missingPx: number;
}

/**
 * The pictures as they arrive in pieces. A result or upscaled original shows once it is whole: until then what it
 * replaces, or what it is compared with, stays on the screen.
 */
export class Pictures {
  readonly #shown = new Map<PictureName, PagedSurface>();
  readonly #arriving = new Map<PictureName, Arriving>();

  get(name: PictureName): PagedSurface | undefined {
    return this.#shown.get(name);
  }

  has(name: PictureName): boolean {
    return this.#shown.has(name);
  }

  take(message: PixelMessage): void {
    if (message.kind === 'pixels') this.#fill(message.name, message.area, message.data);
    else this.#begin(message.name, message.size);
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
