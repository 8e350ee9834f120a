/** Produces the bytes of one initializer, in order, in as many pieces as suits the producer. */
export type WeightReader = () => AsyncIterator<Uint8Array, void>;

/**
 * A Blob whose bytes are made on demand: onnxruntime-web's JSPI loader checks `instanceof Blob`, `size`, and reads
 * `slice(a, b).stream().getReader()`, so conversion happens while weights stream to the GPU and the file itself is
 * never copied through one big buffer. The loader always reads a mount whole (the graph says offset 0, full length).
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

  /** @throws RangeError for anything but the whole blob. */
  override slice(begin = 0, end = this.#bytes): Blob {
    if (begin !== 0 || end !== this.#bytes)
      throw new RangeError(
        `a virtual blob of ${this.#bytes} bytes is read whole, not from ${begin} to ${end}`,
      );
    const read = this.#read;
    return {
      stream: () => ({ getReader: (options?: { mode?: string }) => pieceReader(read(), options) }),
    } as unknown as Blob;
  }
}

interface PieceReader {
  read(): Promise<{ value?: Uint8Array; done: boolean }>;
  cancel(): Promise<void>;
  releaseLock(): void;
}

function pieceReader(pieces: AsyncIterator<Uint8Array, void>, options?: { mode?: string }): PieceReader {
  if (options?.mode === 'byob') throw new TypeError('a virtual blob has no byte stream');
  return {
    read: async () => {
      const { value, done } = await pieces.next();
      return done ? { done: true } : { value, done: false };
    },
    cancel: () => Promise.resolve(),
    releaseLock: () => undefined,
  };
}
