import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { Raster8 } from '#domain/raster.ts';
import { readPictureTexts } from '#formats/image/picture-texts.ts';
import { sniffPicture } from '#formats/image/sniff.ts';

export interface Picture {
  readonly raster: Raster8<'image'>;
  readonly sha256: string;
  /** What other programs and this one left in the file, by keyword. */
  readonly texts: ReadonlyMap<string, string>;
}

/** A file larger than this is not a picture anyone refines; reading it would fill the tab's memory. */
const MAX_FILE_BYTES = 512 * 1024 * 1024;

/**
 * Decodes a picture after its header has been checked. EXIF orientation is applied, colours are converted to sRGB.
 * @throws AppError `bad-file` with a sentence; nothing of the open document is touched.
 */
export async function decodePicture(file: Blob, name: string): Promise<Picture> {
  if (file.size > MAX_FILE_BYTES)
    throw new AppError(
      'bad-file',
      sentence`"${name}" is ${Math.round(file.size / 2 ** 20)} MB, larger than any picture this studio opens.`,
    );
  const bytes = new Uint8Array(await file.arrayBuffer());
  sniffPicture(bytes, name);
  const raster = await pixels(file, name);
  return { raster, sha256: await sha256(bytes), texts: await readPictureTexts(bytes) };
}

/** The texts alone, of any file: nothing is decoded, and one that is too large or no picture has none. */
export async function textsOfFile(file: Blob): Promise<ReadonlyMap<string, string>> {
  if (file.size > MAX_FILE_BYTES) return new Map();
  return readPictureTexts(new Uint8Array(await file.arrayBuffer()));
}

async function pixels(file: Blob, name: string): Promise<Raster8<'image'>> {
  let bitmap: ImageBitmap;
  try {
    bitmap = await createImageBitmap(file);
  } catch (cause) {
    throw new AppError('bad-file', sentence`"${name}" is damaged or truncated and cannot be decoded.`, {
      cause,
    });
  }
  const { width, height } = bitmap;
  const context = context2d(new OffscreenCanvas(width, height));
  context.drawImage(bitmap, 0, 0);
  bitmap.close();
  return { width, height, data: context.getImageData(0, 0, width, height).data };
}

export function context2d(canvas: OffscreenCanvas): OffscreenCanvasRenderingContext2D {
  const context = canvas.getContext('2d', { willReadFrequently: false });
  if (!context) throw new AppError('gpu-out-of-memory', 'The browser could not create a drawing surface.');
  return context;
}

async function sha256(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
  return Array.from(digest, (byte) => byte.toString(16).padStart(2, '0')).join('');
}
