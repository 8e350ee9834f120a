import { isPng, latin1, readChunks } from '../png/chunks.ts';
import { readTexts } from '../png/text.ts';
import { readExifTexts } from './exif-texts.ts';

const MOST_SEGMENTS = 1000;

/**
 * Texts in a picture's file by keyword: the text chunks of a PNG, the EXIF of a PNG, JPEG or WebP. Optional as they are,
 * whatever is broken is left out, and nothing is thrown for any bytes.
 */
export async function readPictureTexts(bytes: Uint8Array<ArrayBuffer>): Promise<ReadonlyMap<string, string>> {
  if (isPng(bytes)) return pngTexts(bytes);
  if (bytes[0] === 0xff && bytes[1] === 0xd8) return readExifTexts(jpegExif(bytes));
  if (tag(bytes, 0) === 'RIFF' && tag(bytes, 8) === 'WEBP') return readExifTexts(webpExif(bytes));
  return new Map();
}

/** Its own chunks count before its EXIF. */
async function pngTexts(bytes: Uint8Array<ArrayBuffer>): Promise<ReadonlyMap<string, string>> {
  const chunks = readChunks(bytes);
  const exif = chunks.find(({ type }) => type === 'eXIf');
  const behind = exif ? readExifTexts(exif.data) : [];
  return new Map([...behind, ...(await readTexts(chunks))]);
}

/** The first APP1 segment that holds EXIF; segments before the picture's data only. */
function jpegExif(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 2, i = 0; at + 10 <= bytes.length && i < MOST_SEGMENTS; i++) {
    const [mark, kind] = [bytes[at], bytes[at + 1]];
    if (mark !== 0xff || kind === 0xda || kind === 0xd9) break;
    const length = view.getUint16(at + 2);
    const body = bytes.slice(at + 4, at + 2 + length);
    if (kind === 0xe1 && tag(body, 0) === 'Exif') return body.slice(6);
    at += 2 + Math.max(2, length);
  }
  return new Uint8Array();
}

/** The `EXIF` chunk of a RIFF file; some writers begin it as JPEG does. */
function webpExif(bytes: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 12, i = 0; at + 8 <= bytes.length && i < MOST_SEGMENTS; i++) {
    const length = view.getUint32(at + 4, true);
    const body = bytes.subarray(at + 8, at + 8 + length);
    if (tag(bytes, at) === 'EXIF') return tag(body, 0) === 'Exif' ? body.slice(6) : body.slice();
    at += 8 + length + (length % 2);
  }
  return new Uint8Array();
}

function tag(bytes: Uint8Array, at: number): string {
  return latin1(bytes.subarray(at, at + 4));
}
