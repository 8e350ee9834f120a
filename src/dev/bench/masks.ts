import type { MaskRle } from '#domain/job/request.ts';
import { Stroke } from '#domain/mask/brush.ts';
import { componentsOf, fillHoles, removeSpecks } from '#domain/mask/components.ts';
import { signedDistance } from '#domain/mask/distance.ts';
import { growMask } from '#domain/mask/morphology.ts';
import {
  invertRle,
  matchGrid,
  resizeRle,
  rleBox,
  rleIou,
  subtractRle,
  unionAll,
  unionRle,
} from '#domain/mask/rle-algebra.ts';
import { decodeRle, encodeRle, encodeRleRows } from '#domain/mask/rle.ts';
import { ellipseToRle } from '#domain/mask/shapes.ts';
import { median, percent, printTable, times, type Row } from './report.ts';

const GRID = { width: 4096, height: 4096 };
/** The document of spec/reliability-ux.md: 50 concepts × 20 detections. */
const MASKS = 1000;
const RUNS = 7;

/** Mask edits on runs against copying the same mask's pixels once, which is less than any kernel's upload takes. */
export function benchMasks(): void {
  const masks = Array.from({ length: MASKS }, (_, i) => blob(i));
  const [first, second] = [masks[0] as MaskRle, masks[1] as MaskRle];
  const rough = roughened(first, masks);
  const pixels = decodeRle(first).data;
  const copied = new Uint8Array(pixels.length);
  const copyMs = medianMs(() => copied.set(pixels));
  const versusCopy = (label: string, work: () => unknown, runs = RUNS): Row => [
    label,
    times(medianMs(work, runs) / copyMs),
  ];
  printTable('Edits of a 4096² mask on its runs, in Node: time as a multiple of one copy of its pixels', [
    versusCopy('union of two', () => unionRle(first, second)),
    versusCopy('subtract', () => subtractRle(first, second)),
    versusCopy('invert', () => invertRle(first)),
    versusCopy('bounding box', () => rleBox(first)),
    versusCopy('intersection over union', () => rleIou(first, second)),
    versusCopy(`components of ${componentsOf(rough).length} parts`, () => componentsOf(rough)),
    versusCopy('remove specks and fill holes', () => fillHoles(removeSpecks(rough, 64), 64)),
    versusCopy('from a 1024² grid', () => matchGrid([resizeRle(first, 1024, 1024), second])),
    versusCopy('grow 32 px', () => growMask(first, 32)),
    versusCopy('shrink 32 px', () => growMask(first, -32)),
    versusCopy('distance transform, for comparison', () => distance(pixels), 1),
    versusCopy('decode', () => decodeRle(first)),
    versusCopy('encode', () => encodeRle({ ...GRID, data: pixels })),
    versusCopy(`union of all ${MASKS} masks`, () => unionAll(masks, GRID)),
  ]);
  benchBrush();
}

/** A wavy disc somewhere on the grid, different for every i. */
function blob(i: number): MaskRle {
  const angle = i * 2.399963;
  const [x, y] = [2048 + 1200 * Math.cos(angle), 2048 + 1200 * Math.sin(angle)];
  const parts = Array.from({ length: 5 }, (_, k) =>
    ellipseToRle(
      { x: x + 90 * k - 300, y: y + 70 * ((k * i) % 5) - 300, width: 300 + 40 * k, height: 500 },
      GRID,
    ),
  );
  return unionAll(parts, GRID);
}

/** A mask with the specks and holes a network leaves: small dots of other masks' places swap sides. */
function roughened(mask: MaskRle, masks: readonly MaskRle[]): MaskRle {
  const dots = masks.map((_, i) =>
    ellipseToRle({ x: (i * 1741) % 4000, y: (i * 2311) % 4000, width: 9, height: 7 }, GRID),
  );
  const all = unionAll(dots, GRID);
  return unionRle(subtractRle(mask, all), subtractRle(all, mask));
}

function distance(pixels: Uint8Array): unknown {
  return signedDistance({ ...GRID, data: Float32Array.from(pixels, (value) => value / 255) });
}

function medianMs(work: () => unknown, runs = RUNS): number {
  return median(
    Array.from({ length: runs }, () => {
      const begin = performance.now();
      work();
      return performance.now() - begin;
    }),
  );
}

const BRUSH_SIDE = 8192;
const BRUSH_RADIUS_PX = 200;
/** spec/reliability-ux.md §2: the most a pointer event may take on an 8192² canvas, 95 times in 100. */
const BRUSH_BUDGET_MS = 25;
const EVENTS = 400;

/** A stroke over an 8192² mask: the 95th percentile of a pointer event, and encoding the mask when it ends. */
function benchBrush(): void {
  const rows: Row[] = [['', 'p50', 'p95', 'of 25 ms', 'encode, of whole']];
  for (const [label, hardness, stepPx] of [
    ['hard tip, slow hand', 1, 20],
    ['soft tip, slow hand', 0, 20],
    ['soft tip, fast hand', 0.5, 200],
  ] as const)
    rows.push(strokeRow(label, hardness, stepPx));
  printTable(`Brush of ${BRUSH_RADIUS_PX} px on ${BRUSH_SIDE}², in Node: ms per pointer event`, rows);
}

function strokeRow(label: string, hardness: number, stepPx: number): Row {
  const mask = { width: BRUSH_SIDE, height: BRUSH_SIDE, data: new Uint8Array(BRUSH_SIDE ** 2) };
  const before = encodeRle(mask);
  const stroke = new Stroke(mask, { radiusPx: BRUSH_RADIUS_PX, hardness, opacity: 0.8, mode: 'paint' });
  const events = Array.from({ length: EVENTS }, (_, i) => {
    const angle = (i * stepPx) / 1500;
    const point = {
      x: 4096 + 2500 * Math.cos(angle) * Math.cos(angle / 7),
      y: 4096 + 1500 * Math.sin(angle),
    };
    const begin = performance.now();
    stroke.extend([point]);
    return performance.now() - begin;
  }).sort((a, b) => a - b);
  const p95 = events[Math.floor(0.95 * EVENTS)] as number;
  const rows = stroke.touched ?? { y: 0, height: 0 };
  const share = medianMs(() => encodeRleRows(mask, before, rows)) / medianMs(() => encodeRle(mask));
  return [label, median(events).toFixed(1), p95.toFixed(1), percent(p95 / BRUSH_BUDGET_MS), percent(share)];
}
