import type { Rect } from '#domain/geometry/rect.ts';
import type { MaskLayer } from '../mask-layer.ts';
import type { Frame, Placement } from './paged-surface.ts';
import { hueColour, packed, type Colour } from './colours.ts';

/** Device pixels in memory order: one 32-bit number each. */
export interface PixelBuffer {
  readonly width: number;
  readonly height: number;
  readonly data: Uint32Array;
}

/** Distance between hatch lines, CSS pixels. */
const HATCH_PERIOD = 10;
/** Opacities, 0 to 255. Fills stay light: what is refined has to be seen through them. */
const FILL = { plain: 42, selected: 34, disabled: 14 };
const HATCH = { plain: 96, selected: 112, disabled: 0 };
/** The dark ring under every outline: with the light line on it one of the two stands out from any picture. */
const RING: Colour = [0, 0, 0, 165];
const SELECTED_LINE: Colour = [255, 255, 255, 255];
const DISABLED_ALPHA = 120;
const VEIL: Colour = [214, 40, 40, 118];

/** Where a layer's mask lies on the screen, and what of the screen is drawn. */
interface Target {
  readonly buffer: PixelBuffer;
  readonly clip: Frame;
  readonly place: Placement;
  readonly ratio: number;
}

/**
 * Draws masks over each other: fills first, large ones below, then all outlines, so that no mask hides another's
 * edge. Lines and hatches are as wide on the screen at every zoom.
 * @param placement of the picture; masks may be of another resolution than `picture`.
 * @param clip the part of the buffer to draw; it is cleared first.
 */
export function drawMasks(
  buffer: PixelBuffer,
  clip: Frame,
  layers: readonly MaskLayer[],
  picture: { readonly width: number; readonly height: number },
  placement: Placement,
  ratio: number,
): void {
  fillFrame(buffer, clip, 0);
  const targets = visible(layers, picture, placement, clip).map(([layer, place]) => {
    const target: Target = { buffer, clip, place, ratio };
    return { layer, target };
  });
  for (const { layer, target } of targets) fillMask(layer, target);
  for (const { layer, target } of targets) outline(layer, target);
}

/** Puts everything outside these masks under a red veil. */
export function drawVeil(
  buffer: PixelBuffer,
  clip: Frame,
  layers: readonly MaskLayer[],
  picture: { readonly width: number; readonly height: number },
  placement: Placement,
  ratio: number,
): void {
  fillFrame(buffer, clip, 0);
  fillFrame(buffer, common(clip, onScreen({ x: 0, y: 0, ...picture }, placement)), packed(VEIL));
  for (const [layer, place] of visible(layers, picture, placement, clip)) {
    const target: Target = { buffer, clip, place, ratio };
    eachStretch(layer, target, (y, from, to) => fillRow(target, y, from, to, 0));
  }
  for (const [layer, place] of visible(layers, picture, placement, clip))
    outline(layer, { buffer, clip, place, ratio });
}

/** Device pixels that a rectangle of the picture covers, whole ones. */
export function onScreen(area: Rect<'image'>, { scaleX, scaleY, x, y }: Placement): Frame {
  const left = Math.floor(area.x * scaleX + x);
  const top = Math.floor(area.y * scaleY + y);
  const right = Math.ceil((area.x + area.width) * scaleX + x);
  const bottom = Math.ceil((area.y + area.height) * scaleY + y);
  return { x: left, y: top, width: right - left, height: bottom - top };
}

export function common(a: Frame, b: Frame): Frame {
  const x = Math.max(a.x, b.x);
  const y = Math.max(a.y, b.y);
  const width = Math.max(0, Math.min(a.x + a.width, b.x + b.width) - x);
  const height = Math.max(0, Math.min(a.y + a.height, b.y + b.height) - y);
  return { x, y, width, height };
}

/** How a mask's own grid lies on the screen. */
export function maskPlacement(
  layer: MaskLayer,
  picture: { readonly width: number; readonly height: number },
  { scaleX, scaleY, x, y }: Placement,
): Placement {
  return {
    scaleX: (scaleX * picture.width) / layer.width,
    scaleY: (scaleY * picture.height) / layer.height,
    x,
    y,
  };
}

/** The masks that show, from the bottom up: large ones first, the selected one last. */
function visible(
  layers: readonly MaskLayer[],
  picture: { readonly width: number; readonly height: number },
  placement: Placement,
  clip: Frame,
): (readonly [MaskLayer, Placement])[] {
  const area = ({ bounds }: MaskLayer) => bounds.width * bounds.height;
  return layers
    .map((layer) => [layer, maskPlacement(layer, picture, placement)] as const)
    .filter(([layer, place]) => area(layer) > 0 && touches(onScreen(layer.bounds, place), clip))
    .toSorted(([a], [b]) => Number(a.look.selected) - Number(b.look.selected) || area(b) - area(a));
}

function touches(a: Frame, b: Frame): boolean {
  const margin = 8;
  return (
    a.x - margin < b.x + b.width &&
    b.x < a.x + a.width + margin &&
    a.y - margin < b.y + b.height &&
    b.y < a.y + a.height + margin
  );
}

function fillMask(layer: MaskLayer, target: Target): void {
  const { hue, pattern } = layer.look;
  const kind = kindOf(layer);
  const [r, g, b] = hueColour(hue);
  const fill = packed([r, g, b, FILL[kind]]);
  const line = packed([r, g, b, HATCH[kind]]);
  const period = Math.round(HATCH_PERIOD * target.ratio);
  const width = Math.max(1, Math.round(target.ratio));
  eachStretch(layer, target, (y, from, to) => {
    fillRow(target, y, from, to, fill);
    if (HATCH[kind] > 0) hatchRow(target, y, from, to, line, pattern, period, width);
  });
}

function kindOf({ look }: MaskLayer): keyof typeof FILL {
  if (look.selected) return 'selected';
  return look.enabled ? 'plain' : 'disabled';
}

/** Four line directions, so that concepts differ without colour. They move with the picture. */
function hatchRow(
  target: Target,
  y: number,
  from: number,
  to: number,
  colour: number,
  pattern: number,
  period: number,
  width: number,
): void {
  const originX = Math.round(target.place.x);
  const row = y - Math.round(target.place.y);
  if (pattern % 4 === 3) {
    if (modulo(row, period) < width) fillRow(target, y, from, to, colour);
    return;
  }
  const lean = [row, -row, 0][pattern % 4] as number;
  const first = from - modulo(from - originX + lean, period);
  for (let x = first; x < to; x += period)
    fillRow(target, y, Math.max(from, x), Math.min(to, x + width), colour);
}

function modulo(value: number, period: number): number {
  return ((value % period) + period) % period;
}

/** Visits every stretch of every device row of the clip, in device pixels. */
function eachStretch(
  layer: MaskLayer,
  target: Target,
  visit: (y: number, from: number, to: number) => void,
): void {
  const rows = common(target.clip, onScreen(layer.bounds, target.place));
  const row = new DeviceRows(layer, target.place);
  for (let y = rows.y; y < rows.y + rows.height; y++) {
    const count = row.read(y);
    for (let i = 0; i < count; i += 2) visit(y, row.at(i), row.at(i + 1));
  }
}

/** A mask's rows in device pixels, sampled at pixel centres. */
class DeviceRows {
  readonly #layer: MaskLayer;
  readonly #place: Placement;
  readonly #stretches: number[] = [];
  #maskRow = -1;
  #count = 0;

  constructor(layer: MaskLayer, place: Placement) {
    this.#layer = layer;
    this.#place = place;
  }

  /** How many numbers row `y` has. Rows of the same mask row are read once. */
  read(y: number): number {
    const { y: offset, scaleY, x, scaleX } = this.#place;
    const maskRow = Math.floor((y + 0.5 - offset) / scaleY);
    if (maskRow === this.#maskRow) return this.#count;
    this.#maskRow = maskRow;
    this.#count = this.#layer.row(maskRow, this.#stretches);
    for (let i = 0; i < this.#count; i++)
      this.#stretches[i] = Math.ceil((this.#stretches[i] as number) * scaleX + x - 0.5);
    return this.#count;
  }

  at(index: number): number {
    return this.#stretches[index] as number;
  }

  get rowKey(): number {
    return this.#maskRow;
  }

  snapshot(): readonly number[] {
    return this.#stretches.slice(0, this.#count);
  }
}

/** A piece of an outline: stretches [from, to) of the line above row y, or, of no length, the left side of pixel `from`. */
type Segment = readonly [y: number, from: number, to: number];

/** The dark ring of the whole outline lies under the whole line, or crossing lines would cut each other. */
function outline(layer: MaskLayer, target: Target): void {
  const segments = segmentsOf(layer, target);
  const { selected, enabled } = layer.look;
  const thick = (selected ? 1 : 0.5) * target.ratio;
  const ring = thick + target.ratio;
  const dashed = !enabled && !selected;
  const [r, g, b] = hueColour(layer.look.hue);
  const line: Colour = selected ? SELECTED_LINE : [r, g, b, dashed ? DISABLED_ALPHA : 255];
  if (!dashed) stamp(target, segments, ring, packed(RING), 0);
  stamp(target, segments, thick, packed(line), dashed ? Math.round(3 * target.ratio) : 0);
}

/** @param dash length of dashes and gaps in device pixels; 0: none. */
function stamp(
  target: Target,
  segments: readonly Segment[],
  halfWidth: number,
  colour: number,
  dash: number,
): void {
  const before = Math.max(0, Math.floor(halfWidth));
  const after = Math.max(1, Math.ceil(halfWidth));
  for (const [y, from, to] of dash > 0 ? dashes(segments, dash) : segments) {
    const isSide = to <= from;
    const top = isSide ? y : y - before;
    const bottom = isSide ? y + 1 : y + after;
    for (let row = top; row < bottom; row++)
      fillRow(target, row, from - before, Math.max(to, from) + after, colour);
  }
}

/** Every other square of a board of `dash` device pixels. */
function* dashes(segments: readonly Segment[], dash: number): Generator<Segment> {
  for (const [y, from, to] of segments)
    for (let x = from; x < Math.max(to, from + 1); x = (Math.floor(x / dash) + 1) * dash)
      if (((Math.floor(x / dash) + Math.floor(y / dash)) & 1) === 0)
        yield [y, x, Math.min(to, (Math.floor(x / dash) + 1) * dash)];
}

function segmentsOf(layer: MaskLayer, target: Target): Segment[] {
  const { clip, place, ratio } = target;
  const margin = Math.ceil(3 * ratio);
  const all = onScreen(layer.bounds, place);
  const top = Math.max(all.y - 1, clip.y - margin);
  const bottom = Math.min(all.y + all.height + 1, clip.y + clip.height + margin);
  const rows = new DeviceRows(layer, place);
  rows.read(top - 1);
  let above = rows.snapshot();
  const segments: Segment[] = [];
  for (let y = top; y <= bottom; y++) {
    const key = rows.rowKey;
    rows.read(y);
    const here = rows.rowKey === key ? above : rows.snapshot();
    if (here !== above) pushDifference(segments, y, above, here);
    for (const x of here) segments.push([y, x, x]);
    above = here;
  }
  return segments;
}

/** Where exactly one of two rows is inside: ends of the stretches of both, in order, bound it in turn. */
function pushDifference(
  segments: Segment[],
  y: number,
  above: readonly number[],
  here: readonly number[],
): void {
  let [i, j] = [0, 0];
  let begin: number | null = null;
  while (i < above.length || j < here.length) {
    const nextAbove = above[i] ?? Infinity;
    const nextHere = here[j] ?? Infinity;
    const at = Math.min(nextAbove, nextHere);
    if (nextAbove === at) i++;
    if (nextHere === at) j++;
    if (nextAbove === nextHere) continue;
    if (begin === null) begin = at;
    else {
      if (at > begin) segments.push([y, begin, at]);
      begin = null;
    }
  }
}

function fillRow({ buffer, clip }: Target, y: number, from: number, to: number, colour: number): void {
  if (y < clip.y || y >= clip.y + clip.height) return;
  const left = Math.max(from, clip.x);
  const right = Math.min(to, clip.x + clip.width);
  if (right > left) buffer.data.fill(colour, y * buffer.width + left, y * buffer.width + right);
}

function fillFrame(buffer: PixelBuffer, frame: Frame, colour: number): void {
  for (let y = frame.y; y < frame.y + frame.height; y++)
    buffer.data.fill(colour, y * buffer.width + frame.x, y * buffer.width + frame.x + frame.width);
}
