import { intersect, rect, wholeRect, type Rect, type Size } from '#domain/geometry/rect.ts';
import { context2d } from '../picture.ts';

/** Side of one page. No surface of the browser's is larger, whatever the picture (spec/reliability-ux.md §1 finding 14). */
export const PAGE_PX = 1024;

/** From this many device pixels per picture pixel on, pixels are shown as squares. */
const NEAREST_FROM = 2;

/** Where a picture lies: device pixel = picture pixel · scale + offset. */
export interface Placement {
  readonly scaleX: number;
  readonly scaleY: number;
  readonly x: number;
  readonly y: number;
}

/** Device pixels of what is drawn on. */
export interface Frame {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** One resolution of a picture: 2^level picture pixels per pixel, in pages row by row. */
interface Level {
  readonly size: Size<'canvas'>;
  readonly columns: number;
  readonly pages: OffscreenCanvas[];
}

/**
 * A picture of any size as pages of {@link PAGE_PX} at every power-of-two reduction, so that a drawing never touches
 * many more pixels than the screen has.
 */
export class PagedSurface {
  readonly size: Size<'canvas'>;
  readonly #levels: Level[];

  constructor(size: Size<'canvas'>) {
    this.size = size;
    this.#levels = [emptyLevel(size)];
    for (let next = size; Math.max(next.width, next.height) > 256;) {
      next = { width: Math.ceil(next.width / 2), height: Math.ceil(next.height / 2) };
      this.#levels.push(emptyLevel(next));
    }
  }

  get levels(): number {
    return this.#levels.length;
  }

  /** Replaces the pixels of an area (RGBA, row by row) at every resolution. */
  put(area: Rect<'canvas'>, data: Uint8ClampedArray<ArrayBuffer>): void {
    const image = new ImageData(data, area.width, area.height);
    this.#eachPage(0, area, (page, { x, y }) => context2d(page).putImageData(image, area.x - x, area.y - y));
    for (let level = 1; level < this.#levels.length; level++) this.#reduce(level, area);
  }

  /** Draws what of the picture falls inside `clip`. */
  draw(context: OffscreenCanvasRenderingContext2D, placement: Placement, clip: Frame): void {
    const level = this.levelFor(placement);
    const factor = 2 ** level;
    const visible = pictureArea(placement, clip, this.size);
    context.imageSmoothingEnabled = placement.scaleX < NEAREST_FROM;
    context.imageSmoothingQuality = 'low';
    this.#eachPage(level, reduced(visible, factor), (page, area) =>
      drawSnapped(context, page, area, factor, placement, this.size),
    );
  }

  /** The coarsest resolution that still has a pixel for every device pixel. */
  levelFor({ scaleX }: Placement): number {
    const wanted = Math.floor(Math.log2(1 / scaleX) + 1e-6);
    return Math.min(Math.max(0, wanted), this.#levels.length - 1);
  }

  /** Visits the pages of a level that an area (in that level's pixels) touches, with where they lie. */
  #eachPage(
    level: number,
    area: Rect<'canvas'>,
    visit: (page: OffscreenCanvas, place: Rect<'canvas'>) => void,
  ): void {
    const { size, columns, pages } = this.#levels[level] as Level;
    for (const { column, row } of pagesTouched(area)) {
      const page = pages[row * columns + column];
      if (page && column < columns) visit(page, pageArea(column, row, size));
    }
  }

  /** Halves what changed in the level below: the mean of 2 × 2 pixels. */
  #reduce(level: number, changed: Rect<'canvas'>): void {
    const { columns, pages } = this.#levels[level] as Level;
    const below = reduced(changed, 2 ** (level - 1));
    this.#eachPage(level - 1, below, (source, place) => {
      const target = pages[(place.y >> 11) * columns + (place.x >> 11)];
      const cut = evenWithin(intersect(below, place), place);
      if (target) drawHalf(source, target, cut, place);
    });
  }
}

/** The part of a picture that lies inside a frame, in picture pixels; whole pixels, within the picture. */
export function pictureArea(placement: Placement, frame: Frame, size: Size<'canvas'>): Rect<'canvas'> {
  const { scaleX, scaleY, x, y } = placement;
  const left = Math.floor((frame.x - x) / scaleX);
  const top = Math.floor((frame.y - y) / scaleY);
  const right = Math.ceil((frame.x + frame.width - x) / scaleX);
  const bottom = Math.ceil((frame.y + frame.height - y) / scaleY);
  return intersect(rect<'canvas'>(left, top, right - left, bottom - top), wholeRect(size));
}

/** The pixels of a reduced picture that hold any of these. */
export function reduced(area: Rect<'canvas'>, factor: number): Rect<'canvas'> {
  const x = Math.floor(area.x / factor);
  const y = Math.floor(area.y / factor);
  const right = Math.ceil((area.x + area.width) / factor);
  const bottom = Math.ceil((area.y + area.height) / factor);
  return rect(x, y, right - x, bottom - y);
}

/** Pages by place that an area touches; none for an empty one. */
export function pagesTouched(area: Rect<'canvas'>): { readonly column: number; readonly row: number }[] {
  const result: { column: number; row: number }[] = [];
  if (area.width <= 0 || area.height <= 0) return result;
  for (let row = Math.floor(area.y / PAGE_PX); row * PAGE_PX < area.y + area.height; row++)
    for (let column = Math.floor(area.x / PAGE_PX); column * PAGE_PX < area.x + area.width; column++)
      result.push({ column, row });
  return result;
}

/** What a page covers, in pixels of its level. */
export function pageArea(column: number, row: number, size: Size<'canvas'>): Rect<'canvas'> {
  const page = rect<'canvas'>(column * PAGE_PX, row * PAGE_PX, PAGE_PX, PAGE_PX);
  return intersect(page, wholeRect(size));
}

/**
 * Draws a page of a level with its edges on whole device pixels: neighbours share them, so that no seam shows.
 * @param area what the page covers, in pixels of its level; `factor` picture pixels each.
 */
export function drawSnapped(
  context: OffscreenCanvasRenderingContext2D,
  page: OffscreenCanvas,
  area: Rect<'canvas'>,
  factor: number,
  { scaleX, scaleY, x, y }: Placement,
  size: Size<'canvas'>,
): void {
  const left = Math.round(area.x * factor * scaleX + x);
  const top = Math.round(area.y * factor * scaleY + y);
  const right = Math.round(Math.min(size.width, (area.x + area.width) * factor) * scaleX + x);
  const bottom = Math.round(Math.min(size.height, (area.y + area.height) * factor) * scaleY + y);
  const width = Math.max(1, right - left);
  const height = Math.max(1, bottom - top);
  context.drawImage(page, 0, 0, area.width, area.height, left, top, width, height);
}

function emptyLevel(size: Size<'canvas'>): Level {
  const columns = Math.ceil(size.width / PAGE_PX);
  const rows = Math.ceil(size.height / PAGE_PX);
  const pages = Array.from({ length: columns * rows }, (_, i) => {
    const { width, height } = pageArea(i % columns, Math.floor(i / columns), size);
    return new OffscreenCanvas(width, height);
  });
  return { size, columns, pages };
}

/** Grown to even coordinates of its page, as far as the page goes. */
function evenWithin(area: Rect<'canvas'>, page: Rect<'canvas'>): Rect<'canvas'> {
  const x = area.x & ~1;
  const y = area.y & ~1;
  const right = Math.min(page.x + page.width, (area.x + area.width + 1) & ~1);
  const bottom = Math.min(page.y + page.height, (area.y + area.height + 1) & ~1);
  return rect(x, y, right - x, bottom - y);
}

function drawHalf(
  source: OffscreenCanvas,
  target: OffscreenCanvas,
  cut: Rect<'canvas'>,
  place: Rect<'canvas'>,
): void {
  const context = context2d(target);
  const x = (cut.x >> 1) % PAGE_PX;
  const y = (cut.y >> 1) % PAGE_PX;
  const width = Math.ceil(cut.width / 2);
  const height = Math.ceil(cut.height / 2);
  context.imageSmoothingEnabled = true;
  context.imageSmoothingQuality = 'low';
  context.clearRect(x, y, width, height);
  context.drawImage(source, cut.x - place.x, cut.y - place.y, cut.width, cut.height, x, y, width, height);
}
