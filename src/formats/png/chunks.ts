import { crc32 } from './crc.ts';

/** The eight bytes every PNG begins with. */
export const PNG_SIGNATURE = Uint8Array.of(0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a);

/** One chunk without its length and checksum. */
export interface PngChunk {
  /** Four ASCII letters. */
  readonly type: string;
  readonly data: Uint8Array<ArrayBuffer>;
}

/** True when the bytes begin like a PNG file. */
export function isPng(bytes: Uint8Array): boolean {
  return PNG_SIGNATURE.every((byte, i) => bytes[i] === byte);
}

/**
 * The chunks of a PNG, in order, each with a correct length and CRC; reading stops quietly at the first broken one,
 * because metadata of a damaged picture is optional.
 */
export function readChunks(bytes: Uint8Array<ArrayBuffer>): PngChunk[] {
  const chunks: PngChunk[] = [];
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let at = PNG_SIGNATURE.length;
  while (isPng(bytes) && at + 12 <= bytes.length) {
    const length = view.getUint32(at);
    const end = at + 12 + length;
    if (end > bytes.length) break;
    const typeAndData = bytes.subarray(at + 4, end - 4);
    if (crc32(typeAndData) !== view.getUint32(end - 4)) break;
    chunks.push({ type: latin1(typeAndData.subarray(0, 4)), data: typeAndData.slice(4) });
    at = end;
  }
  return chunks;
}

/** Text in which every byte is a character, as PNG's tEXt has it. */
export function latin1(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => String.fromCharCode(byte)).join('');
}

/** Serialises one chunk: length, type, data, CRC. */
export function chunkBytes({ type, data }: PngChunk): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(12 + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, data.length);
  for (let i = 0; i < 4; i++) bytes[4 + i] = type.charCodeAt(i);
  bytes.set(data, 8);
  view.setUint32(8 + data.length, crc32(bytes.subarray(4, 8 + data.length)));
  return bytes;
}
