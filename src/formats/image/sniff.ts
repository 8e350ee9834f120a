import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { isPng } from '../png/chunks.ts';

/** Formats that are opened. */
export type PictureFormat = 'png' | 'jpeg' | 'webp';

/** What the first bytes say; the size in pixels. */
export interface PictureHeader {
  readonly format: PictureFormat;
  readonly width: number;
  readonly height: number;
}

/** Larger pictures decode to more memory than a tab can hold beside the models (spec/reliability-ux.md S5). */
export const MAX_SIDE_PX = 16384;
/** Width times height of the largest picture that is opened. */
export const MAX_PIXELS = 64 * 1024 * 1024;
const MIN_SIDE_PX = 16;

/**
 * Format and size from the first bytes, before anything is decoded: a 33 KB PNG can claim a gigabyte of pixels.
 * @throws AppError `bad-file` for other formats, broken headers and sizes outside the limits.
 */
export function sniffPicture(bytes: Uint8Array<ArrayBuffer>, name: string): PictureHeader {
  const header = readHeader(bytes, name);
  const { width, height } = header;
  if (width > MAX_SIDE_PX || height > MAX_SIDE_PX || width * height > MAX_PIXELS)
    throw new AppError(
      'bad-file',
      sentence`"${name}" is ${width} × ${height} px. Pictures may have sides up to ${MAX_SIDE_PX} px and ${MAX_PIXELS / 2 ** 20} megapixels; scale it down first.`,
    );
  if (width < MIN_SIDE_PX || height < MIN_SIDE_PX)
    throw new AppError(
      'bad-file',
      sentence`"${name}" is only ${width} × ${height} px; there is nothing to refine.`,
    );
  return header;
}

function readHeader(bytes: Uint8Array<ArrayBuffer>, name: string): PictureHeader {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const found = isPng(bytes)
    ? pngHeader(view)
    : bytes[0] === 0xff && bytes[1] === 0xd8
      ? jpegHeader(view)
      : ascii(bytes, 0, 4) === 'RIFF' && ascii(bytes, 8, 4) === 'WEBP'
        ? webpHeader(view, bytes)
        : undefined;
  if (found === undefined)
    throw new AppError('bad-file', sentence`"${name}" is not a PNG, JPEG or WebP picture.`);
  if (found === null)
    throw new AppError('bad-file', sentence`"${name}" is damaged: its header ends before the picture size.`);
  return found;
}

function ascii(bytes: Uint8Array, begin: number, length: number): string {
  return String.fromCharCode(...bytes.subarray(begin, begin + length));
}

function pngHeader(view: DataView): PictureHeader | null {
  if (view.byteLength < 24) return null;
  return { format: 'png', width: view.getUint32(16), height: view.getUint32(20) };
}

/** Walks the marker segments to the frame header (SOF0-15 without DHT, JPG and DAC). */
function jpegHeader(view: DataView): PictureHeader | null {
  let at = 2;
  while (at + 9 < view.byteLength) {
    if (view.getUint8(at) !== 0xff) return null;
    const marker = view.getUint8(at + 1);
    if (marker >= 0xc0 && marker <= 0xcf && ![0xc4, 0xc8, 0xcc].includes(marker))
      return { format: 'jpeg', height: view.getUint16(at + 5), width: view.getUint16(at + 7) };
    at += marker === 0xff ? 1 : 2 + view.getUint16(at + 2);
  }
  return null;
}

function webpHeader(view: DataView, bytes: Uint8Array): PictureHeader | null {
  if (view.byteLength < 30) return null;
  switch (ascii(bytes, 12, 4)) {
    case 'VP8 ':
      return {
        format: 'webp',
        width: view.getUint16(26, true) & 0x3fff,
        height: view.getUint16(28, true) & 0x3fff,
      };
    case 'VP8L': {
      const bits = view.getUint32(21, true);
      return { format: 'webp', width: (bits & 0x3fff) + 1, height: ((bits >>> 14) & 0x3fff) + 1 };
    }
    case 'VP8X':
      return { format: 'webp', width: uint24(view, 24) + 1, height: uint24(view, 27) + 1 };
    default:
      return null;
  }
}

function uint24(view: DataView, at: number): number {
  return view.getUint16(at, true) | (view.getUint8(at + 2) << 16);
}
