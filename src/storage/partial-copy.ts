import { createSHA256 } from 'hash-wasm';
import { PIECE_BYTES, type BlobStore, type BlobWriter } from './blob-store.ts';
import { emptyChunks, storedBytes, type ImportedRecord, type ImportOrigin } from './import-record.ts';
import type { RecordStore } from './record-store.ts';
import { verifyCopy, type Verification } from './verify-copy.ts';

/** Bytes [begin, end) of a file. */
export interface ByteRange {
  readonly begin: number;
  readonly end: number;
}

type Hasher = Awaited<ReturnType<typeof createSHA256>>;

/**
 * A copy that grows chunk by chunk: bytes, flush, then the chunk's hash in the record, in this order, so that a
 * recorded chunk is a stored chunk whenever the browser is killed (reliability-ux.md §6).
 */
export class PartialCopy {
  readonly #writer: BlobWriter;
  readonly #records: RecordStore;
  readonly #hash: Hasher;
  #record: ImportedRecord;
  /** Next byte to write; somewhere inside a chunk that is not recorded yet, or null before the first append. */
  #position: number | null = null;

  private constructor(writer: BlobWriter, records: RecordStore, hash: Hasher, record: ImportedRecord) {
    this.#writer = writer;
    this.#records = records;
    this.#hash = hash;
    this.#record = record;
  }

  /**
   * Opens the copy `record` describes, which must be stored before. Reserves the whole length at once, so that a full
   * disk is known before anything is copied. A file whose length is not the reserved one lost its content: it starts over.
   */
  static async open(blobs: BlobStore, records: RecordStore, record: ImportedRecord): Promise<PartialCopy> {
    const writer = await blobs.write(record.id);
    try {
      const copy = new PartialCopy(writer, records, await createSHA256(), record);
      if ((await writer.size()) !== record.size) {
        if (storedBytes(record) > 0) await copy.restart(record.origin);
        await writer.truncate(record.size);
      }
      return copy;
    } catch (error) {
      await writer.close();
      throw error;
    }
  }

  get record(): ImportedRecord {
    return this.#record;
  }

  /** Bytes that are stored, the unfinished chunk included. */
  get doneBytes(): number {
    const unfinished = this.#position === null ? 0 : this.#position % this.#record.chunkBytes;
    return storedBytes(this.#record) + unfinished;
  }

  /** The next run of missing bytes; null when nothing is missing. */
  nextGap(): ByteRange | null {
    const { chunks, chunkBytes, size } = this.#record;
    const first = this.#position === null ? chunks.indexOf(null) : Math.floor(this.#position / chunkBytes);
    if (first < 0) return null;
    let last = first;
    while (chunks[last + 1] === null) last++;
    return { begin: this.#position ?? first * chunkBytes, end: Math.min((last + 1) * chunkBytes, size) };
  }

  /**
   * Writes the next bytes of the present gap.
   * @throws RangeError when there are more bytes than the gap has room for.
   */
  async append(bytes: Uint8Array<ArrayBuffer>): Promise<void> {
    let rest = bytes;
    while (rest.length > 0) {
      const gap = this.nextGap();
      if (!gap) throw new RangeError('More bytes than the file has.');
      const chunkEnd = (Math.floor(gap.begin / this.#record.chunkBytes) + 1) * this.#record.chunkBytes;
      const length = Math.min(rest.length, PIECE_BYTES, chunkEnd - gap.begin, gap.end - gap.begin);
      await this.#write(rest.subarray(0, length), gap.begin);
      rest = rest.subarray(length);
    }
  }

  /** Forgets every stored byte, because they belong to another version of the source. */
  async restart(origin: ImportOrigin): Promise<void> {
    this.#position = null;
    const chunks = emptyChunks(this.#record.size, this.#record.chunkBytes);
    await this.#save({ ...this.#record, origin, chunks });
  }

  /** Remembers what the first answer of a server told; stored with the next chunk. */
  adopt(origin: ImportOrigin): void {
    this.#record = { ...this.#record, origin };
  }

  /** Reads everything back; only for a copy without gaps. */
  verify(signal: AbortSignal, onBytes: (done: number) => void): Promise<Verification> {
    return verifyCopy(this.#writer, this.#record, signal, onBytes);
  }

  /** Chunks that turned out to be damaged are fetched again. */
  async forget(chunks: readonly number[]): Promise<void> {
    const damaged = new Set(chunks);
    await this.#save({
      ...this.#record,
      chunks: this.#record.chunks.map((hash, i) => (damaged.has(i) ? null : hash)),
    });
  }

  /** The one step that makes a model of the copy. */
  async complete(sha256: string): Promise<ImportedRecord> {
    await this.#save({ ...this.#record, sha256, state: 'complete' });
    return this.#record;
  }

  async close(): Promise<void> {
    await this.#writer.close();
  }

  async #write(bytes: Uint8Array<ArrayBuffer>, at: number): Promise<void> {
    if (at % this.#record.chunkBytes === 0) this.#hash.init();
    const written = await this.#writer.write(bytes, at);
    // Where the room was not reserved (private windows), Chrome answers a wrong count instead of throwing.
    if (written !== bytes.length)
      throw new DOMException('The disk did not take all bytes.', 'QuotaExceededError');
    this.#hash.update(bytes);
    this.#position = at + bytes.length;
    const endsChunk = this.#position % this.#record.chunkBytes === 0 || this.#position === this.#record.size;
    if (endsChunk) await this.#recordChunk(Math.floor(at / this.#record.chunkBytes));
  }

  async #recordChunk(chunk: number): Promise<void> {
    const sha256 = this.#hash.digest();
    this.#position = null;
    await this.#writer.flush();
    await this.#save({
      ...this.#record,
      chunks: this.#record.chunks.map((hash, i) => (i === chunk ? sha256 : hash)),
    });
  }

  async #save(record: ImportedRecord): Promise<void> {
    await this.#records.put(record);
    this.#record = record;
  }
}
