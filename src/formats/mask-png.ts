import type { MaskRle } from '#domain/job/request.ts';
import { decodeRle, encodeRle, INSIDE } from '#domain/mask/rle.ts';
import type { Mask, Raster8 } from '#domain/raster.ts';
import { chunkBytes, PNG_SIGNATURE, type PngChunk } from './png/chunks.ts';
import { deflate } from './png/zlib.ts';

/** Filter type 2: the difference to the row above, which for a mask is nearly always nothing. */
const FILTER_UP = 2;

/** A mask as an 8-bit greyscale PNG: white is inside, black outside. Source: PNG specification §9, §11. */
export async function encodeMaskPng(rle: MaskRle): Promise<Blob> {
  const mask = decodeRle(rle);
  const chunks: PngChunk[] = [
    { type: 'IHDR', data: greyHeader(mask) },
    { type: 'IDAT', data: await deflate(filteredRows(mask)) },
    { type: 'IEND', data: new Uint8Array(0) },
  ];
  return new Blob([PNG_SIGNATURE, ...chunks.map(chunkBytes)], { type: 'image/png' });
}

function greyHeader({ width, height }: Mask): Uint8Array<ArrayBuffer> {
  const header = new Uint8Array(13);
  const view = new DataView(header.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  header[8] = 8;
  return header;
}

function* filteredRows({ width, height, data }: Mask): Generator<Uint8Array<ArrayBuffer>> {
  for (let y = 0; y < height; y++) {
    const row = new Uint8Array(1 + width);
    row[0] = FILTER_UP;
    for (let x = 0; x < width; x++) {
      const above = y > 0 ? (data[(y - 1) * width + x] as number) : 0;
      row[1 + x] = (data[y * width + x] as number) - above;
    }
    yield row;
  }
}

/**
 * The mask a decoded picture stands for: its alpha where that varies (a cut-out: opaque is inside), otherwise its
 * luminance (white is inside); half and more counts as inside.
 */
export function maskOfPicture({ width, height, data }: Raster8<'image'>): MaskRle {
  const coverage = alphaVaries(data) ? alphaOf : luminanceOf;
  const inside = new Uint8Array(width * height);
  for (let i = 0; i < inside.length; i++) inside[i] = coverage(data, i * 4) >= INSIDE ? 255 : 0;
  return encodeRle({ width, height, data: inside });
}

function alphaVaries(rgba: Uint8ClampedArray): boolean {
  for (let i = 7; i < rgba.length; i += 4) if (rgba[i] !== rgba[3]) return true;
  return false;
}

function alphaOf(rgba: Uint8ClampedArray, at: number): number {
  return rgba[at + 3] as number;
}

/** Luma of the coded colours, BT.709 weights, rounded so that grey stays what it is. */
function luminanceOf(rgba: Uint8ClampedArray, at: number): number {
  const [r, g, b] = [rgba[at] as number, rgba[at + 1] as number, rgba[at + 2] as number];
  return Math.round(0.2126 * r + 0.7152 * g + 0.0722 * b);
}
