import { createSHA256 } from 'hash-wasm';
import { PIECE_BYTES, type BlobWriter } from './blob-store.ts';
import { chunkLength, type ImportedRecord } from './import-record.ts';

/** SHA-256 of the whole stored file, and the chunks that are not what was written. */
export interface Verification {
  readonly sha256: string;
  readonly damaged: readonly number[];
}

/** Reads a stored copy back from end to end; `onBytes` is told how far it is. */
export async function verifyCopy(
  stored: Pick<BlobWriter, 'read'>,
  record: ImportedRecord,
  signal: AbortSignal,
  onBytes: (done: number) => void,
): Promise<Verification> {
  const whole = await createSHA256();
  const ofChunk = await createSHA256();
  const damaged: number[] = [];
  for (const [chunk, expected] of record.chunks.entries()) {
    const begin = chunk * record.chunkBytes;
    const end = begin + chunkLength(record, chunk);
    ofChunk.init();
    for (let at = begin; at < end; at += PIECE_BYTES) {
      signal.throwIfAborted();
      const bytes = await stored.read(at, Math.min(end, at + PIECE_BYTES));
      whole.update(bytes);
      ofChunk.update(bytes);
      onBytes(at + bytes.length);
    }
    if (ofChunk.digest() !== expected) damaged.push(chunk);
  }
  return { sha256: whole.digest(), damaged };
}
