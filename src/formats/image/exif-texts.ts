import { latin1 } from '../png/chunks.ts';

/** Tags of the TIFF structure EXIF is (CIPA DC-008, §4.6). */
const EXIF_IFD = 0x8769;
const USER_COMMENT = 0x9286;
const ASCII_TYPE = 2;
const UNDEFINED_TYPE = 7;
const MOST_ENTRIES = 512;
const MAX_TEXT_BYTES = 2 * 1024 * 1024;

interface Entry {
  readonly tag: number;
  readonly type: number;
  readonly count: number;
  /** Where its value lies if it needs more than four bytes, else the value's own place. */
  readonly at: number;
}

/**
 * Texts other tools leave in EXIF, by the keywords their PNGs have: A1111 writes its parameters as the user comment,
 * ComfyUI "prompt:{…}" and "workflow:{…}" into text tags of the first directory.
 * @param tiff from its byte order mark on. Every offset and count is checked; what does not fit is left out.
 */
export function readExifTexts(tiff: Uint8Array<ArrayBuffer>): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  const reader = readerOf(tiff);
  if (!reader) return texts;
  const first = reader.directory(reader.long(4));
  for (const entry of first.filter(({ type }) => type === ASCII_TYPE)) {
    const bytes = reader.bytes(entry);
    const [, keyword] = /^(prompt|workflow):/.exec(latin1(bytes.subarray(0, 9))) ?? [];
    if (keyword && !texts.has(keyword)) texts.set(keyword, utf8(bytes.subarray(keyword.length + 1)));
  }
  const pointer = first.find(({ tag }) => tag === EXIF_IFD);
  const inner = pointer ? reader.directory(reader.long(pointer.at)) : [];
  const comment = inner.find(({ tag, type }) => tag === USER_COMMENT && type === UNDEFINED_TYPE);
  const text = comment ? commentText(reader.bytes(comment), reader.littleEndian) : '';
  if (text) texts.set('parameters', text);
  return texts;
}

interface TiffReader {
  readonly littleEndian: boolean;
  /** 0 outside the data. */
  long(at: number): number;
  directory(at: number): readonly Entry[];
  /** Empty when the value does not lie inside the data. */
  bytes(entry: Entry): Uint8Array<ArrayBuffer>;
}

function readerOf(tiff: Uint8Array<ArrayBuffer>): TiffReader | null {
  const mark = latin1(tiff.subarray(0, 2));
  if (tiff.length < 8 || (mark !== 'II' && mark !== 'MM')) return null;
  const littleEndian = mark === 'II';
  const view = new DataView(tiff.buffer, tiff.byteOffset, tiff.byteLength);
  const fits = (at: number, length: number) => at >= 0 && at + length <= tiff.length;
  const short = (at: number) => (fits(at, 2) ? view.getUint16(at, littleEndian) : 0);
  const long = (at: number) => (fits(at, 4) ? view.getUint32(at, littleEndian) : 0);
  const entryAt = (at: number): Entry => {
    const [type, count] = [short(at + 2), long(at + 4)];
    const inPlace = (type === ASCII_TYPE || type === UNDEFINED_TYPE) && count > 4 ? long(at + 8) : at + 8;
    return { tag: short(at), type, count, at: inPlace };
  };
  return {
    littleEndian,
    long,
    directory: (at) => {
      const count = Math.min(short(at), MOST_ENTRIES);
      const places = Array.from({ length: count }, (_, i) => at + 2 + 12 * i);
      return places.filter((place) => fits(place, 12)).map(entryAt);
    },
    bytes: ({ at, count }) =>
      count <= MAX_TEXT_BYTES && fits(at, count) ? tiff.subarray(at, at + count) : new Uint8Array(),
  };
}

/** Eight bytes name the code of the text after them. Zeros mean an unknown one: UTF-8 where it is, in practice. */
function commentText(bytes: Uint8Array<ArrayBuffer>, littleEndian: boolean): string {
  const code = latin1(bytes.subarray(0, 8)).replace(/\0+$/, '');
  const body = bytes.subarray(8);
  if (code === 'UNICODE') return utf16(body, littleEndian);
  return code === '' || code === 'ASCII' ? utf8(body) : '';
}

/**
 * The standard leaves the byte order open. Writers use the file's or, whatever the file's is, big-endian: where the text
 * is mostly Latin its zero bytes tell.
 */
function utf16(body: Uint8Array<ArrayBuffer>, littleEndian: boolean): string {
  const zeros = (odd: 0 | 1) => body.reduce((sum, byte, i) => sum + (byte === 0 && i % 2 === odd ? 1 : 0), 0);
  const [even, odd] = [zeros(0), zeros(1)];
  const little = even === odd ? littleEndian : odd > even;
  return trimmed(new TextDecoder(little ? 'utf-16le' : 'utf-16be').decode(body));
}

const utf8 = (bytes: Uint8Array<ArrayBuffer>): string => trimmed(new TextDecoder().decode(bytes));
const trimmed = (text: string): string => text.replace(/\0+$/, '');
