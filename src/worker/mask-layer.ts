import type { Mask } from '#domain/raster.ts';
import { decodeRle } from '#domain/mask/rle.ts';
import type { OverlayItem } from './api.ts';
import { context2d } from './picture.ts';

/** Opacities of a mask drawn over the picture, 0 to 255. */
const FILL = 70;
const HATCH = 130;
const EDGE = 255;
const DISABLED_SHARE = 0.35;

/** Distance between hatch lines, mask pixels. */
const HATCH_PERIOD = 12;

/** One detection's mask as a tinted bitmap, rebuilt only when the mask or its look changes. */
export class MaskLayer {
  readonly surface: OffscreenCanvas;
  mask: Mask<'image'>;
  /** While a stroke is being drawn here, masks arriving from the page are older than what the user sees. */
  painting = false;
  #item: OverlayItem;

  constructor(item: OverlayItem) {
    this.#item = item;
    this.mask = decodeRle(item.mask);
    this.surface = new OffscreenCanvas(this.mask.width, this.mask.height);
    this.redraw();
  }

  /** Takes over new looks or a new mask; true when something had to be redrawn. */
  update(item: OverlayItem): boolean {
    const sameMask = this.painting || sameRuns(item.mask.runs, this.#item.mask.runs);
    if (!sameMask) this.mask = decodeRle(item.mask);
    const sameLook =
      item.hue === this.#item.hue &&
      item.pattern === this.#item.pattern &&
      item.enabled === this.#item.enabled &&
      item.selected === this.#item.selected;
    this.#item = item;
    if (sameMask && sameLook) return false;
    this.redraw();
    return true;
  }

  redraw(): void {
    const { width, height } = this.mask;
    if (this.surface.width !== width) this.surface.width = width;
    if (this.surface.height !== height) this.surface.height = height;
    context2d(this.surface).putImageData(tinted(this.mask, this.#item), 0, 0);
  }
}

function sameRuns(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((run, i) => run === b[i]);
}

function tinted({ width, height, data }: Mask<'image'>, item: OverlayItem): ImageData {
  const image = new ImageData(width, height);
  const [r, g, b] = hueColour(item.hue);
  const share = item.enabled || item.selected ? 1 : DISABLED_SHARE;
  for (let y = 0, i = 0; y < height; y++)
    for (let x = 0; x < width; x++, i++) {
      if ((data[i] as number) < 128) continue;
      const edge = isEdge(data, x, y, width, height);
      const alpha = edge ? EDGE : onHatch(x, y, item.pattern) ? HATCH : FILL;
      image.data.set([r, g, b, alpha * share * (item.selected ? 1 : 0.8)], i * 4);
    }
  return image;
}

function isEdge(data: Uint8Array, x: number, y: number, width: number, height: number): boolean {
  const outside = (nx: number, ny: number) =>
    nx >= 0 && ny >= 0 && nx < width && ny < height && (data[ny * width + nx] as number) < 128;
  return outside(x - 1, y) || outside(x + 1, y) || outside(x, y - 1) || outside(x, y + 1);
}

/** Four line directions, so that concepts differ without colour. */
function onHatch(x: number, y: number, pattern: number): boolean {
  const along = [x + y, x - y, x, y][pattern % 4] as number;
  return ((along % HATCH_PERIOD) + HATCH_PERIOD) % HATCH_PERIOD < 2;
}

/** A hue at the lightness and chroma the overlays use (OKLCH would need a table; HSL is close enough for a tint). */
function hueColour(hue: number): readonly [number, number, number] {
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    return Math.round(255 * (0.6 - 0.34 * Math.max(-1, Math.min(k - 3, 9 - k, 1))));
  };
  return [channel(0), channel(8), channel(4)];
}
