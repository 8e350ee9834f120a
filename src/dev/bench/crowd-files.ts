import { encode } from 'fast-png';
import { cocoDataSet } from '#formats/coco-annotations.ts';
import type { MaskRle } from '#domain/job/request.ts';

/** A picture, and masks over it, as files a user could open: see {@link crowdFiles}. */
export interface CrowdFiles {
  readonly picture: Buffer;
  /** COCO, one category per concept. */
  readonly masks: Buffer;
}

/**
 * A square picture full of objects: `concepts` kinds of them, `each` of every kind. Discs on a grid, larger than its
 * cells now and then, so that some overlap as heads and hands do.
 */
export function crowdFiles(sidePx: number, concepts: number, each: number): CrowdFiles {
  const perRow = Math.ceil(Math.sqrt(concepts * each));
  const cellPx = sidePx / perRow;
  const masks = Array.from({ length: concepts * each }, (_, i) => ({
    name: `object ${(i % concepts) + 1}`,
    mask: disc(
      sidePx,
      ((i % perRow) + 0.5) * cellPx,
      (Math.floor(i / perRow) + 0.5) * cellPx,
      cellPx * (0.3 + 0.05 * (i % 7)),
    ),
  }));
  const data = cocoDataSet(masks, { width: sidePx, height: sidePx } as Parameters<typeof cocoDataSet>[1]);
  return { picture: Buffer.from(paper(sidePx)), masks: Buffer.from(JSON.stringify(data)) };
}

function disc(sidePx: number, centreX: number, centreY: number, radiusPx: number): MaskRle {
  const runs: number[] = [];
  let at = 0;
  for (let y = Math.max(0, Math.ceil(centreY - radiusPx)); y < Math.min(sidePx, centreY + radiusPx); y++) {
    const half = Math.sqrt(Math.max(0, radiusPx ** 2 - (y - centreY) ** 2));
    const from = y * sidePx + Math.max(0, Math.round(centreX - half));
    const to = y * sidePx + Math.min(sidePx, Math.round(centreX + half));
    if (to <= from) continue;
    runs.push(from - at, to - from);
    at = to;
  }
  return { width: sidePx, height: sidePx, runs: [...runs, sidePx * sidePx - at] };
}

/** Soft waves of colour: every part of the picture is another, and the file stays small. */
function paper(sidePx: number): Uint8Array {
  const data = new Uint8Array(sidePx * sidePx * 3);
  const wave = Uint8Array.from({ length: sidePx }, (_, i) => 128 + 90 * Math.sin((i / sidePx) * 40));
  for (let y = 0; y < sidePx; y++)
    for (let x = 0; x < sidePx; x++) {
      const at = (y * sidePx + x) * 3;
      data[at] = wave[x] as number;
      data[at + 1] = wave[y] as number;
      data[at + 2] = (x + y) >> 6;
    }
  return encode({ width: sidePx, height: sidePx, data, channels: 3, depth: 8 });
}
