/** Where the bytes come from, exactly enough to know the same source again. */
export type ImportOrigin =
  | { readonly kind: 'file'; readonly lastModified: number | null }
  | {
      readonly kind: 'download';
      readonly url: string;
      /** Strong ETag of the answers the bytes came with; null: none seen, nothing can be resumed. */
      readonly etag: string | null;
      /** What the hub says the file's version is; a new one starts over. */
      readonly version: string | null;
    };

/**
 * What is known about one copy. The record is the only truth: a file no record knows is rubbish, and only a record
 * in state `complete` is a model (reliability-ux.md §6).
 */
export interface ImportedRecord {
  readonly id: string;
  readonly state: 'partial' | 'complete';
  /** File name as the user knows it. */
  readonly name: string;
  /** Folder inside its origin; empty at the top. */
  readonly folder: string;
  /** Free words kept for the caller, e.g. the catalogue id or where it was linked from. */
  readonly note: string;
  readonly origin: ImportOrigin;
  /** Bytes of the whole file. */
  readonly size: number;
  readonly chunkBytes: number;
  /** SHA-256 in hex of every chunk that is stored and flushed; null where it is still missing. */
  readonly chunks: readonly (string | null)[];
  /** Of the whole file, in hex; null until complete. */
  readonly sha256: string | null;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
}

/** 64 MiB: what an interruption costs at most (reliability-ux.md R16). */
export const CHUNK_BYTES = 64 * 2 ** 20;

/** Hashes of a copy of which nothing is stored yet. */
export function emptyChunks(size: number, chunkBytes: number): null[] {
  return Array.from({ length: Math.ceil(size / chunkBytes) }, () => null);
}

/** Bytes that need not be fetched again. */
export function storedBytes(record: ImportedRecord): number {
  return record.chunks.reduce((sum, hash, i) => sum + (hash === null ? 0 : chunkLength(record, i)), 0);
}

/** Bytes of one chunk; the last is what remains. */
export function chunkLength(record: ImportedRecord, chunk: number): number {
  return Math.min(record.chunkBytes, record.size - chunk * record.chunkBytes);
}

/** The stored value when it is a record as written here; null for anything else. */
export function asImportedRecord(value: unknown): ImportedRecord | null {
  if (typeof value !== 'object' || value === null) return null;
  const record = value as ImportedRecord;
  const texts = [record.id, record.name, record.folder, record.note];
  const counts = [record.size, record.chunkBytes, record.addedAt];
  const sound =
    texts.every((text) => typeof text === 'string') &&
    counts.every((count) => Number.isSafeInteger(count) && count >= 0) &&
    record.chunkBytes > 0 &&
    (record.state === 'partial' || record.state === 'complete') &&
    isHashOrNull(record.sha256) &&
    hasAllChunks(record) &&
    isOrigin(record.origin);
  return sound ? record : null;
}

function hasAllChunks(record: ImportedRecord): boolean {
  return (
    Array.isArray(record.chunks) &&
    record.chunks.length === Math.ceil(record.size / record.chunkBytes) &&
    record.chunks.every(isHashOrNull) &&
    (record.state === 'partial' || (record.sha256 !== null && !record.chunks.includes(null)))
  );
}

function isOrigin(origin: ImportOrigin): boolean {
  if (typeof origin !== 'object' || origin === null) return false;
  if (origin.kind === 'file') return origin.lastModified === null || Number.isFinite(origin.lastModified);
  return (
    origin.kind === 'download' &&
    typeof origin.url === 'string' &&
    [origin.etag, origin.version].every((tag) => tag === null || typeof tag === 'string')
  );
}

function isHashOrNull(value: unknown): boolean {
  return value === null || (typeof value === 'string' && /^[0-9a-f]{64}$/.test(value));
}
