/** Random access to the bytes of a file, wherever it lies: a user's File, OPFS, disk, memory. */
export interface ByteSource {
  /** What to call the file in a message. */
  readonly name: string;
  /** Length in bytes. */
  readonly size: number;
  /** Bytes [begin, end). Rejects when the file cannot be read or has become shorter. */
  read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>>;
}

/** A Blob or File read by slices: nothing but the asked range enters memory. */
export function blobSource(blob: Blob, name: string): ByteSource {
  return {
    name,
    size: blob.size,
    read: async (begin, end) => new Uint8Array(await blob.slice(begin, end).arrayBuffer()),
  };
}

/** Bytes that are in memory already, read as a file is. */
export function memorySource(bytes: Uint8Array<ArrayBuffer>, name: string): ByteSource {
  return { name, size: bytes.length, read: (begin, end) => Promise.resolve(bytes.slice(begin, end)) };
}
