/** Bytes of one read or write: what a copy holds in memory at a time. */
export const PIECE_BYTES = 4 * 2 ** 20;

/** Big immutable-by-convention files under flat names. OPFS in the browser, a fake disk in tests. */
export interface BlobStore {
  /** Opens for writing, alone; creates an empty file when the name is free. */
  write(name: string): Promise<BlobWriter>;
  /** @throws DOMException `NotFoundError` when there is no such file. */
  read(name: string): Promise<BlobReader>;
  /** Removing what is not there is fine. */
  remove(name: string): Promise<void>;
  list(): Promise<readonly StoredBlob[]>;
}

/** A file in the store, by its size. */
export interface StoredBlob {
  readonly name: string;
  readonly bytes: number;
}

/** Writes may lie in a cache until `flush` resolves. */
export interface BlobWriter {
  size(): Promise<number>;
  /** Grows with zeros or cuts. Growing past the quota throws at once, so it also reserves the room. */
  truncate(bytes: number): Promise<void>;
  /** Answers how many bytes were taken; fewer than given is a failure of the caller's to handle. */
  write(bytes: Uint8Array<ArrayBuffer>, at: number): Promise<number>;
  /** Bytes [begin, end) as written, flushed or not. */
  read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  flush(): Promise<void>;
  /** Does not flush. */
  close(): Promise<void>;
}

export interface BlobReader {
  readonly size: number;
  /** Bytes [begin, end), fewer when the file is shorter. */
  read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
  close(): void;
}
