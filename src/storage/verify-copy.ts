import { createSHA256 } from 'hash-wasm';
import { PIECE_BYTES, type BlobWriter } from './blob-store.ts';
import { chunkLength, type ImportedRecord } from './import-record.ts';

/** SHA-256 of the whole stored file, and the chunks that are not what was written. */
export interface Verification {
  readonly sha256: string;
  readonly damaged: readonly number[];
}

type Stored = Pick<BlobWriter, 'read'>;

/**
 * Reads a stored copy back from end to end; `onBytes` is told how far it is. The browser's own hash takes whole chunks
 * and works beside this thread, so that only the hash of the whole file, which must be streamed, takes time.
 */
export async function verifyCopy(
  stored: Stored,
  record: ImportedRecord,
  signal: AbortSignal,
  onBytes: (done: number) => void,
): Promise<Verification> {
  const whole = await createSHA256();
  const damaged: number[] = [];
  const buffer = new Uint8Array(Math.min(record.chunkBytes, record.size));
  for (const [chunk, expected] of record.chunks.entries()) {
    signal.throwIfAborted();
    const begin = chunk * record.chunkBytes;
    const bytes = await readInto(buffer, stored, begin, begin + chunkLength(record, chunk));
    const hashing = crypto.subtle.digest('SHA-256', bytes);
    for (let at = 0; at < bytes.length; at += PIECE_BYTES) whole.update(bytes.subarray(at, at + PIECE_BYTES));
    if (hex(await hashing) !== expected) damaged.push(chunk);
    onBytes(begin + bytes.length);
  }
  return { sha256: whole.digest(), damaged };
}

/** Bytes [begin, end), fewer where the file ends earlier. */
async function readInto(
  buffer: Uint8Array<ArrayBuffer>,
  stored: Stored,
  begin: number,
  end: number,
): Promise<Uint8Array<ArrayBuffer>> {
  let length = 0;
  for (let at = begin; at < end; at += PIECE_BYTES) {
    const piece = await stored.read(at, Math.min(end, at + PIECE_BYTES));
    buffer.set(piece, length);
    length += piece.length;
  }
  return buffer.subarray(0, length);
}

function hex(digest: ArrayBuffer): string {
  return [...new Uint8Array(digest)].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
