import { size } from '../geometry/rect.ts';
import type { MaskRle } from '../job/request.ts';
import { emptyRle, invertRle, rleBounds } from './rle-algebra.ts';
import { placed, RunBuilder, spansOf, type RowSpans } from './spans.ts';

/** Whether pixels meeting only at a corner belong together (8) or not (4). */
export type Connectivity = 4 | 8;

/**
 * Connected components by union-find over row spans: a span joins every span of the row above that it touches
 * (Rosenfeld & Pfaltz 1966, on runs instead of pixels). Time in the number of spans; no pixel is looked at.
 */
interface Labels {
  readonly spans: RowSpans;
  /** Component of each span; numbered by their first pixel in reading order. */
  readonly of: Int32Array;
  /** Pixels of each component. */
  readonly areas: readonly number[];
}

/** The connected parts of a mask, largest first; equally large ones in reading order of their first pixel. */
export function componentsOf(mask: MaskRle, connectivity: Connectivity = 8): MaskRle[] {
  const { spans, of, areas } = labelled(mask, connectivity);
  const builders = areas.map(() => new RunBuilder());
  forEachSpan(spans, (i, start, end) => builders[of[i] as number]?.add(start, end));
  return builders
    .map((builder, label) => ({ builder, area: areas[label] as number }))
    .sort((a, b) => b.area - a.area)
    .map(({ builder }) => builder.build(mask.width, mask.height));
}

/** The largest connected part alone, the first of equally large ones; an empty mask stays empty. */
export function keepLargest(mask: MaskRle, connectivity: Connectivity = 8): MaskRle {
  const labels = labelled(mask, connectivity);
  const largest = labels.areas.reduce(
    (best, area, label) => (area > (labels.areas[best] as number) ? label : best),
    0,
  );
  return keepLabels(labels, (label) => label === largest);
}

/** Without the connected parts of fewer than `minAreaPx` pixels. */
export function removeSpecks(mask: MaskRle, minAreaPx: number, connectivity: Connectivity = 8): MaskRle {
  const labels = labelled(mask, connectivity);
  return keepLabels(labels, (label) => (labels.areas[label] as number) >= minAreaPx);
}

/** One mask per connected part of at least `minAreaPx` pixels, largest first: a detection split into several. */
export function splitComponents(mask: MaskRle, minAreaPx: number, connectivity: Connectivity = 8): MaskRle[] {
  return componentsOf(removeSpecks(mask, minAreaPx, connectivity), connectivity);
}

/**
 * Fills holes of at most `maxAreaPx` pixels: parts of the outside that do not touch the border. The outside is
 * connected the other way (4 for a mask that is connected 8), so that a diagonal line of pixels encloses.
 */
export function fillHoles(mask: MaskRle, maxAreaPx = Infinity, connectivity: Connectivity = 8): MaskRle {
  const box = rleBounds(mask);
  if (!box) return emptyRle(mask);
  // A ring of outside pixels around the mask's box joins all that is open; being first, it is component 0.
  const ringed = size<'image'>(box.width + 2, box.height + 2);
  const outside = labelled(invertRle(placed(mask, ringed, 1 - box.x, 1 - box.y)), connectivity === 8 ? 4 : 8);
  const kept = keepLabels(outside, (label) => label === 0 || (outside.areas[label] as number) > maxAreaPx);
  return placed(invertRle(kept), mask, box.x - 1, box.y - 1);
}

function labelled(mask: MaskRle, connectivity: Connectivity): Labels {
  const spans = spansOf(mask);
  const parent = joinRows(spans, connectivity === 8 ? 1 : 0);
  const of = new Int32Array(parent.length);
  const areas: number[] = [];
  for (let i = 0; i < parent.length; i++) {
    const root = rootOf(parent, i);
    // A root is the first span of its component, so it is numbered before any other of its spans.
    const label = root === i ? areas.push(0) - 1 : (of[root] as number);
    of[i] = label;
    areas[label] = (areas[label] as number) + (spans.to[i] as number) - (spans.from[i] as number);
  }
  return { spans, of, areas };
}

/** Union-find forest over spans; two spans of neighbouring rows touch when they overlap by more than −reach. */
function joinRows({ height, firstOfRow, from, to }: RowSpans, reach: 0 | 1): Int32Array {
  const parent = Int32Array.from(from, (_, i) => i);
  for (let y = 1; y < height; y++) {
    let above = firstOfRow[y - 1] as number;
    const row = firstOfRow[y] as number;
    for (let i = row; i < (firstOfRow[y + 1] as number); i++) {
      while (above < row && (to[above] as number) + reach <= (from[i] as number)) above++;
      for (let k = above; k < row && (from[k] as number) < (to[i] as number) + reach; k++)
        unite(parent, i, k);
    }
  }
  return parent;
}

function unite(parent: Int32Array, a: number, b: number): void {
  const [rootA, rootB] = [rootOf(parent, a), rootOf(parent, b)];
  parent[Math.max(rootA, rootB)] = Math.min(rootA, rootB);
}

function rootOf(parent: Int32Array, of: number): number {
  let at = of;
  while (parent[at] !== at) {
    const grandparent = parent[parent[at] as number] as number;
    parent[at] = grandparent;
    at = grandparent;
  }
  return at;
}

function keepLabels({ spans, of }: Labels, keep: (label: number) => boolean): MaskRle {
  const kept = new RunBuilder();
  forEachSpan(spans, (i, start, end) => {
    if (keep(of[i] as number)) kept.add(start, end);
  });
  return kept.build(spans.width, spans.height);
}

/** Visits the spans in order: their number and the row-major indices [start, end) they cover. */
function forEachSpan(
  { width, height, firstOfRow, from, to }: RowSpans,
  visit: (i: number, start: number, end: number) => void,
): void {
  for (let y = 0; y < height; y++)
    for (let i = firstOfRow[y] as number; i < (firstOfRow[y + 1] as number); i++)
      visit(i, y * width + (from[i] as number), y * width + (to[i] as number));
}
