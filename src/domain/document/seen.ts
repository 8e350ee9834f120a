import { intersect, overlaps, rect, unitToCanvas, type Rect } from '../geometry/rect.ts';
import { maskDigest } from '../mask/digest.ts';
import { rleBox } from '../mask/rle-algebra.ts';
import type { Layer, LayerWeight, MergedPart } from './layer.ts';
import { isShown, seenBelow, sees, type LayerSketch } from './stack.ts';

/**
 * What a layer shows of its painting, in one word: which painting, how strongly, and through what weight. Names and
 * locks are not part of it.
 */
function markOf({ pixels, opacity, strength, weight }: Layer): string {
  return [pixels.id, opacity, strength, weightMark(weight)].join(' ');
}

function weightMark(weight: LayerWeight): string {
  switch (weight.kind) {
    case 'mask':
      return `mask:${weight.growPx}:${weight.featherPx}:${maskDigest(weight.mask)}`;
    case 'tile':
      return `tile:${weight.index}:${weight.tilePx}:${weight.overlapPx}`;
    case 'whole':
      return 'whole';
  }
}

/** A part with the mark it has among others of its group: without those it would look different. */
interface Part extends MergedPart {
  readonly sharedMark: string;
}

const known = new WeakMap<Layer, readonly Part[]>();

/** What a layer shows: itself; a merged one that shows all of what it was made from stands for that. */
function partsOf(layer: Layer): readonly Part[] {
  const parts = known.get(layer) ?? freshParts(layer).map(withSharedMark);
  known.set(layer, parts);
  return parts;
}

function freshParts(layer: Layer): readonly MergedPart[] {
  const { merged } = layer.origin;
  if (merged && layer.opacity === 1 && layer.strength === 1) return merged;
  return [{ mark: markOf(layer), group: layer.group, area: reachOf(layer) }];
}

function withSharedMark({ mark, group, area }: MergedPart): Part {
  return { mark, group, area, sharedMark: `${mark} ${group}` };
}

/** The part of a layer's area outside which its weight is 0: crops are far larger than what is masked in them. */
export function reachOf({ weight, area, canvas }: LayerSketch): Rect<'canvas'> {
  if (weight.kind !== 'mask') return area;
  const { mask, growPx, featherPx } = weight;
  const box = rleBox(mask);
  if (!box) return rect(area.x, area.y, 0, 0);
  const { x, y, width, height } = unitToCanvas(box, canvas);
  // Masks are sampled bilinearly: their edge may lie up to a cell beyond the last one inside.
  const cellPx = Math.max(canvas.width / mask.width, canvas.height / mask.height);
  const more = Math.max(0, growPx + featherPx / 2) + cellPx + 1;
  return intersect(area, rect(x - more, y - more, width + 2 * more, height + 2 * more));
}

/** What a layer that is merged from these stands for: it looks like them. */
export function mergedParts(layers: readonly Layer[]): readonly MergedPart[] {
  const parts = layers.filter(isShown).flatMap(partsOf);
  return parts.map(({ mark, group, area }) => ({ mark, group, area }));
}

/** Marks of what a layer of this area sees of those below it, for its {@link LayerOrigin}. */
export function seenMarks({ area }: Pick<LayerSketch, 'area'>, seen: readonly Layer[]): readonly string[] {
  return marksOf(seen.flatMap(partsOf).filter((part) => overlaps(part.area, area)));
}

function marksOf(parts: readonly Part[]): string[] {
  const sizes = new Map<string, number>();
  for (const { group } of parts) sizes.set(group, (sizes.get(group) ?? 0) + 1);
  return parts.map(({ mark, sharedMark, group }) => (sizes.get(group) === 1 ? mark : sharedMark));
}

/** A stack in which every layer is asked what it sees, at every step of a drag. */
export class Sight {
  readonly #layers: readonly Layer[];
  readonly #parts: readonly (readonly Part[])[];

  constructor(layers: readonly Layer[]) {
    this.#layers = layers;
    this.#parts = layers.map(partsOf);
  }

  /**
   * Whether a layer would see below it now what it saw when it was painted. A merge looks like the layers it was made
   * from, and so it is taken; layers of the own group in it, which are never seen by themselves, are not held against
   * it.
   */
  isAsPainted(position: number): boolean {
    const own = this.#layers[position] as Layer;
    const { below } = own.origin;
    if (below[0]?.includes(' ') === false) return sawInFull(below, seenBelow(this.#layers, position));
    const now = this.#seen(own, position);
    const others = now.filter(({ group }) => group !== own.group);
    return sameView(below, others) || (others.length < now.length && sameView(below, now));
  }

  #seen(own: Layer, position: number): Part[] {
    const seen: Part[] = [];
    for (let i = 0; i < position; i++) {
      const layer = this.#layers[i] as Layer;
      if (overlaps(layer.area, own.area) && sees(own, layer))
        for (const part of this.#parts[i] as readonly Part[])
          if (overlaps(part.area, own.area)) seen.push(part);
    }
    return seen;
  }
}

/** Layers of before marks said how a painting was shown have the ids of their pixels instead: those mean all of it. */
function sawInFull(ids: readonly string[], seen: readonly Layer[]): boolean {
  const inFull = ({ pixels, opacity, strength }: Layer, i: number) =>
    pixels.id === ids[i] && opacity === 1 && strength === 1;
  return ids.length === seen.length && seen.every(inFull);
}

/** The same marks, those of parts that overlap in the same order: elsewhere the order makes no difference. */
function sameView(before: readonly string[], now: readonly Part[]): boolean {
  if (before.length !== now.length) return false;
  const marks = marksOf(now);
  if (marks.every((mark, i) => mark === before[i])) return true;
  const places = placesOf(before);
  const was = marks.map((mark) => places.get(mark)?.shift() ?? -1);
  return !was.includes(-1) && !overtakes(now, was);
}

/** Where each mark stood, ascending. */
function placesOf(marks: readonly string[]): Map<string, number[]> {
  const places = new Map<string, number[]>();
  marks.forEach((mark, i) => {
    const stood = places.get(mark);
    if (stood) stood.push(i);
    else places.set(mark, [i]);
  });
  return places;
}

/** Whether any two parts that overlap have changed their order; `was[i]` is where part i stood. */
function overtakes(parts: readonly MergedPart[], was: readonly number[]): boolean {
  return parts.some((part, i) =>
    parts.some(
      (other, j) => j > i && (was[i] as number) > (was[j] as number) && overlaps(part.area, other.area),
    ),
  );
}
