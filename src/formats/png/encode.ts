import type { Raster8 } from '#domain/raster.ts';
import { chunkBytes, PNG_SIGNATURE, type PngChunk } from './chunks.ts';
import { deflate } from './zlib.ts';

/** Rows filtered per compressor write: large enough to be quick, small enough to stay out of memory's way. */
const BAND_ROWS = 64;

/**
 * Encodes 8-bit sRGB as PNG: RGB, or RGBA when any pixel is not opaque. Ancillary chunks go between IHDR and IDAT.
 * Source: PNG specification (W3C, third edition) §9 filters, §11 chunks.
 */
export async function encodePng(raster: Raster8, ancillary: readonly PngChunk[] = []): Promise<Blob> {
  const channels = isOpaque(raster.data) ? 3 : 4;
  const pixels = await deflate(filteredBands(raster, channels));
  const chunks: PngChunk[] = [
    { type: 'IHDR', data: header(raster, channels) },
    { type: 'sRGB', data: Uint8Array.of(0) },
    ...ancillary,
    { type: 'IDAT', data: pixels },
    { type: 'IEND', data: new Uint8Array(0) },
  ];
  return new Blob([PNG_SIGNATURE, ...chunks.map(chunkBytes)], { type: 'image/png' });
}

function isOpaque(rgba: Uint8ClampedArray): boolean {
  for (let i = 3; i < rgba.length; i += 4) if (rgba[i] !== 255) return false;
  return true;
}

function header({ width, height }: Raster8, channels: 3 | 4): Uint8Array<ArrayBuffer> {
  const data = new Uint8Array(13);
  const view = new DataView(data.buffer);
  view.setUint32(0, width);
  view.setUint32(4, height);
  data.set([8, channels === 3 ? 2 : 6, 0, 0, 0], 8);
  return data;
}

function* filteredBands(
  { width, height, data }: Raster8,
  channels: 3 | 4,
): Generator<Uint8Array<ArrayBuffer>> {
  const rowBytes = width * channels;
  let previous = new Uint8Array(rowBytes);
  for (let top = 0; top < height; top += BAND_ROWS) {
    const rows = Math.min(BAND_ROWS, height - top);
    const band = new Uint8Array(rows * (rowBytes + 1));
    for (let y = 0; y < rows; y++) {
      const current = packRow(data, (top + y) * width * 4, width, channels);
      paethRow(current, previous, channels, band, y * (rowBytes + 1));
      previous = current;
    }
    yield band;
  }
}

function packRow(
  rgba: Uint8ClampedArray,
  begin: number,
  width: number,
  channels: 3 | 4,
): Uint8Array<ArrayBuffer> {
  const row = new Uint8Array(width * channels);
  for (let x = 0; x < width; x++)
    for (let c = 0; c < channels; c++) row[x * channels + c] = rgba[begin + x * 4 + c] as number;
  return row;
}

/** Filter type 4 (Paeth) for every row: the best single choice for photographs and paintings. */
function paethRow(row: Uint8Array, above: Uint8Array, bpp: number, out: Uint8Array, at: number): void {
  out[at] = 4;
  for (let i = 0; i < row.length; i++) {
    const left = i < bpp ? 0 : (row[i - bpp] as number);
    const up = above[i] as number;
    const upLeft = i < bpp ? 0 : (above[i - bpp] as number);
    out[at + 1 + i] = (row[i] as number) - paeth(left, up, upLeft);
  }
}

function paeth(left: number, up: number, upLeft: number): number {
  const estimate = left + up - upLeft;
  const toLeft = Math.abs(estimate - left);
  const toUp = Math.abs(estimate - up);
  const toUpLeft = Math.abs(estimate - upLeft);
  if (toLeft <= toUp && toLeft <= toUpLeft) return left;
  return toUp <= toUpLeft ? up : upLeft;
}
