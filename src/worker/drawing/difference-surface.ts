import { rect, type Rect } from '#domain/geometry/rect.ts';
import { differenceMap } from '#domain/image/difference.ts';
import { AppError } from '#domain/job/app-error.ts';
import { context2d } from '../picture.ts';
import {
  drawSnapped,
  PAGE_PX,
  pageArea,
  pagesTouched,
  pictureArea,
  reduced,
  type Frame,
  type PagedSurface,
  type Placement,
} from './paged-surface.ts';

/** Pages worked out in one drawing: the others follow in the next ones, so that moving stays smooth. */
const PAGES_PER_DRAWING = 2;

/**
 * The heat map of two pictures, worked out page by page where somebody looks, at the resolution somebody looks at:
 * from 100 % on that is every pixel of the finer picture.
 */
export class DifferenceSurface {
  readonly #reference: PagedSurface;
  readonly #refined: PagedSurface;
  readonly #pages = new Map<string, OffscreenCanvas>();
  #gain = 1;

  constructor(reference: PagedSurface, refined: PagedSurface) {
    this.#reference = reference;
    this.#refined = refined;
  }

  shows(reference: PagedSurface, refined: PagedSurface): boolean {
    return this.#reference === reference && this.#refined === refined;
  }

  /** Forgets what lies over an area of the refined picture. */
  invalidate(area: Rect<'canvas'>): void {
    for (let level = 0; level < this.#refined.levels; level++)
      for (const { column, row } of pagesTouched(reduced(area, 2 ** level)))
        this.#pages.delete(keyOf(level, column, row));
  }

  /** Draws what is worked out; answers whether more is to come. */
  draw(
    context: OffscreenCanvasRenderingContext2D,
    placement: Placement,
    clip: Frame,
    gain: number,
  ): 'done' | 'more' {
    if (gain !== this.#gain) this.#pages.clear();
    this.#gain = gain;
    const level = this.#refined.levelFor(placement);
    const factor = 2 ** level;
    const { size } = this.#refined;
    const levelSize = { width: Math.ceil(size.width / factor), height: Math.ceil(size.height / factor) };
    const wanted = pagesTouched(reduced(pictureArea(placement, clip, size), factor));
    let budget = PAGES_PER_DRAWING;
    let missing = false;
    context.imageSmoothingEnabled = placement.scaleX < 2;
    for (const { column, row } of wanted) {
      const area = pageArea(column, row, levelSize);
      const page =
        this.#pages.get(keyOf(level, column, row)) ?? (budget-- > 0 ? this.#make(level, area) : null);
      if (page) drawSnapped(context, page, area, factor, placement, size);
      else missing = true;
    }
    return missing ? 'more' : 'done';
  }

  #make(level: number, area: Rect<'canvas'>): OffscreenCanvas {
    const factor = 2 ** level;
    const refined = pixelsOf(this.#refined, 1 / factor, 1 / factor, area);
    const stretch = this.#refined.size.width / this.#reference.size.width / factor;
    const stretchY = this.#refined.size.height / this.#reference.size.height / factor;
    const reference = pixelsOf(this.#reference, stretch, stretchY, area);
    const page = new OffscreenCanvas(area.width, area.height);
    const map = differenceMap(reference.data, refined.data, this.#gain);
    context2d(page).putImageData(new ImageData(map, area.width, area.height), 0, 0);
    this.#pages.set(keyOf(level, area.x / PAGE_PX, area.y / PAGE_PX), page);
    return page;
  }
}

function keyOf(level: number, column: number, row: number): string {
  return `${level}/${column}/${row}`;
}

function pixelsOf(surface: PagedSurface, scaleX: number, scaleY: number, area: Rect<'canvas'>): ImageData {
  const canvas = new OffscreenCanvas(area.width, area.height);
  // Read back at once: kept in main memory from the start.
  const context = canvas.getContext('2d', { willReadFrequently: true });
  if (!context) throw new AppError('gpu-out-of-memory', 'The browser could not create a drawing surface.');
  const whole = rect<'canvas'>(0, 0, area.width, area.height);
  surface.draw(context, { scaleX, scaleY, x: -area.x, y: -area.y }, whole);
  return context.getImageData(0, 0, area.width, area.height);
}
