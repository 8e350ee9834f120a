/** Produces the bytes of one initializer when the runtime asks for them. */
export type WeightReader = () => Promise<Uint8Array<ArrayBuffer>>;

/**
 * A Blob whose bytes are made on demand: onnxruntime-web's JSPI loader checks `instanceof Blob`, `size`, and reads
 * `slice(a, b).stream().getReader()`, so conversion happens while weights stream to the GPU and the file itself is
 * never copied through one big buffer.
 *
 * BYOB readers are refused on purpose: BYOB reads of Blob streams stall at random in Chromium, and the runtime then
 * falls back to the default reader (spec/onnxruntime-web.md §1.3-1.4). This duck-types an internal contract of
 * onnxruntime-web 1.30.0: the version is pinned and tests/gpu covers it.
 */
export class VirtualBlob extends Blob {
  readonly #bytes: number;
  readonly #read: WeightReader;

  constructor(bytes: number, read: WeightReader) {
    super([]);
    this.#bytes = bytes;
    this.#read = read;
  }

  override get size(): number {
    return this.#bytes;
  }

  override slice(begin = 0, end = this.#bytes): Blob {
    const read = this.#read;
    return {
      stream: () => ({ getReader: (options?: { mode?: string }) => onceReader(read, begin, end, options) }),
    } as unknown as Blob;
  }

  override async arrayBuffer(): Promise<ArrayBuffer> {
    const bytes = await this.#read();
    return bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.byteLength);
  }
}

interface OnceReader {
  read(): Promise<{ value?: Uint8Array; done: boolean }>;
  cancel(): Promise<void>;
  releaseLock(): void;
}

function onceReader(read: WeightReader, begin: number, end: number, options?: { mode?: string }): OnceReader {
  if (options?.mode === 'byob') throw new TypeError('a virtual blob has no byte stream');
  let done = false;
  return {
    read: async () => {
      if (done) return { done: true };
      done = true;
      return { value: (await read()).subarray(begin, end), done: false };
    },
    cancel: () => Promise.resolve(),
    releaseLock: () => undefined,
  };
}
