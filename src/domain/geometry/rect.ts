/**
 * The coordinate spaces of the studio. A length in one is never a length in another:
 * `image` pixels of the opened picture, `canvas` pixels of the upscaled document (long side 4096 by default),
 * `latent` cells (canvas / 8), `crop` pixels of one network input (1024 or 1536 square), `unit` fractions in [0, 1].
 */
export type Space = 'image' | 'canvas' | 'latent' | 'crop' | 'unit';

declare const SPACE: unique symbol;

/** Width and height in one space. The phantom key costs nothing and rejects mixing spaces. */
export interface Size<S extends Space> {
  readonly width: number;
  readonly height: number;
  readonly [SPACE]?: S;
}

/** Axis-aligned rectangle: [x, x+width) × [y, y+height). */
export interface Rect<S extends Space> extends Size<S> {
  readonly x: number;
  readonly y: number;
}

/** Canvas pixels per latent cell: the autoencoder's downscale factor. */
export const LATENT_PX = 8;

/** A size in the units of a space, which types keep apart. */
export function size<S extends Space>(width: number, height: number): Size<S> {
  return { width, height };
}

/** A rectangle in the units of a space: left, top, extent. */
export function rect<S extends Space>(x: number, y: number, width: number, height: number): Rect<S> {
  return { x, y, width, height };
}

/** What two rectangles have in common; of no extent when they are apart. */
export function intersect<S extends Space>(a: Rect<S>, b: Rect<NoInfer<S>>): Rect<S> {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const right = Math.min(a.x + a.width, b.x + b.width);
  const bottom = Math.min(a.y + a.height, b.y + b.height);
  return rect(x, y, Math.max(0, right - x), Math.max(0, bottom - y));
}

/** Whether two rectangles have a pixel in common. */
export function overlaps<S extends Space>(a: Rect<S>, b: Rect<NoInfer<S>>): boolean {
  return (
    Math.min(a.x + a.width, b.x + b.width) > Math.max(a.x, b.x) &&
    Math.min(a.y + a.height, b.y + b.height) > Math.max(a.y, b.y)
  );
}

/** The smallest rectangle holding all of some; null of none. */
export function boundingRect<S extends Space>(parts: readonly Rect<S>[]): Rect<S> | null {
  if (parts.length === 0) return null;
  const x = Math.min(...parts.map((part) => part.x));
  const y = Math.min(...parts.map((part) => part.y));
  const right = Math.max(...parts.map((part) => part.x + part.width));
  const bottom = Math.max(...parts.map((part) => part.y + part.height));
  return rect(x, y, right - x, bottom - y);
}

/** Whether one rectangle lies wholly inside another; edges may touch. */
export function contains<S extends Space>(outer: Rect<S>, inner: Rect<NoInfer<S>>): boolean {
  return (
    inner.x >= outer.x &&
    inner.y >= outer.y &&
    inner.x + inner.width <= outer.x + outer.width &&
    inner.y + inner.height <= outer.y + outer.height
  );
}

/** The whole extent of a size, as a rectangle at the origin. */
export function wholeRect<S extends Space>(extent: Size<S>): Rect<S> {
  return rect(0, 0, extent.width, extent.height);
}

/** Canvas rectangle on the latent grid. Throws unless every edge lies on a multiple of 8 px. */
export function canvasToLatent(area: Rect<'canvas'>): Rect<'latent'> {
  for (const edge of [area.x, area.y, area.width, area.height])
    if (edge % LATENT_PX !== 0)
      throw new RangeError(`canvas edge ${edge} is not on the ${LATENT_PX} px latent grid`);
  return rect(area.x / LATENT_PX, area.y / LATENT_PX, area.width / LATENT_PX, area.height / LATENT_PX);
}

/** Scales normalised fractions to pixels of an extent. */
export function unitToCanvas(area: Rect<'unit'>, canvas: Size<'canvas'>): Rect<'canvas'> {
  return rect(
    area.x * canvas.width,
    area.y * canvas.height,
    area.width * canvas.width,
    area.height * canvas.height,
  );
}
