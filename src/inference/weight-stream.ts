import type { EmittedGraph, WeightBinding } from '#models/graph/builder.ts';
import { elementCount, ELEMENT_BYTES } from '#models/graph/dtype.ts';
import { isPacked, rows, type InitializerRecipe } from '#models/graph/weight-recipe.ts';
import { VirtualBlob } from './virtual-blob.ts';
import { tensorPart } from './weights-evaluate.ts';
import { materialise, type WeightSource } from './weights.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/** Larger tensors are read and converted by rows: neither their file bytes nor their values are ever whole in memory. */
const PIECE_BYTES = 4 * 2 ** 20;

/** Pieces of one tensor on their way at the same time: reading is done by other processes, whose work then overlaps. */
const PARALLEL_PIECES = 4;

/** What is read before the runtime asks for it, smallest first, and how many of these reads go on at once. */
const AHEAD_BYTES = 32 * 2 ** 20;
const AHEAD_READS = 8;

/**
 * What may be on its way to the GPU process: the runtime does not wait for it, and every upload not yet done there keeps
 * its staging memory here.
 */
const BACKLOG_BYTES = 64 * 2 ** 20;

/** When a stream ends early, and how fast it may go. */
export interface WeightStreamOptions {
  /** Ends the stream at its next piece. */
  readonly signal?: AbortSignal | undefined;
  /** Resolves when what was uploaded so far has arrived. */
  readonly uploaded?: (() => Promise<unknown>) | undefined;
}

/**
 * The weights of one graph on their way to the device. onnxruntime-web asks for one initializer after the other, in the
 * order of a hash table that differs from load to load, and waits for each: what comes next cannot be foreseen. So the
 * many small tensors, which cost a round trip each and few bytes together, are read ahead; large ones are read in
 * parallel pieces.
 */
export class WeightStream {
  readonly mounts: readonly { readonly path: string; readonly data: VirtualBlob }[];
  readonly #source: WeightSource;
  readonly #options: WeightStreamOptions;
  /** Not yet begun, the smallest last. */
  readonly #waiting: WeightBinding[];
  readonly #ahead = new Map<WeightBinding, Promise<Bytes>>();
  /** Memory of pieces under way, used in turn: a piece holds until the runtime asks for the next. */
  readonly #rooms: ArrayBuffer[] = [];
  #sinceUpload = 0;
  #upload: Promise<unknown> = Promise.resolve();
  #aheadBytes = 0;
  #aheadReads = 0;
  #failure: { readonly error: unknown } | null = null;
  #closed = false;

  constructor({ weights }: EmittedGraph, source: WeightSource, options: WeightStreamOptions = {}) {
    this.#source = source;
    this.#options = options;
    this.#waiting = [...weights].sort((a, b) => bytesOf(b) - bytesOf(a));
    this.mounts = weights.map((binding) => ({
      path: binding.location,
      data: new VirtualBlob(bytesOf(binding), () => this.#read(binding)),
    }));
  }

  /** What made a read fail, in its own words: the runtime reports such failures as its own. */
  throwIfFailed(): void {
    if (this.#failure) throw this.#failure.error;
    this.#options.signal?.throwIfAborted();
  }

  /** No read begins any more; what was read ahead is forgotten. */
  close(): void {
    this.#closed = true;
    this.#ahead.clear();
    this.#rooms.length = 0;
  }

  async *#read(binding: WeightBinding): AsyncGenerator<Bytes, void> {
    try {
      await this.#holdBack(bytesOf(binding));
      this.throwIfFailed();
      const ahead = this.#takeAhead(binding);
      this.#readAhead();
      if (ahead) yield await ahead;
      else yield* this.#pieces(binding);
    } catch (error) {
      this.#failure ??= { error };
      throw error;
    }
  }

  /** Waits for the uploads before the last ones, so that there are always some under way and never too many. */
  async #holdBack(bytes: number): Promise<void> {
    this.#sinceUpload += bytes;
    if (this.#sinceUpload < BACKLOG_BYTES) return;
    this.#sinceUpload = 0;
    await this.#upload;
    // A lost device rejects; the load finds out by itself.
    this.#upload = this.#options.uploaded?.().catch(() => undefined) ?? this.#upload;
  }

  #takeAhead(binding: WeightBinding): Promise<Bytes> | undefined {
    const read = this.#ahead.get(binding);
    if (read) {
      this.#ahead.delete(binding);
      this.#aheadBytes -= bytesOf(binding);
      return read;
    }
    // The runtime's optimiser looks at a small tensor a second time now and then.
    const place = this.#waiting.lastIndexOf(binding);
    if (place >= 0) this.#waiting.splice(place, 1);
    return undefined;
  }

  #readAhead(): void {
    while (this.#aheadReads < AHEAD_READS && !this.#closed && !this.#failure) {
      const next = this.#waiting.at(-1);
      if (!next || bytesOf(next) > PIECE_BYTES || this.#aheadBytes + bytesOf(next) > AHEAD_BYTES) return;
      this.#waiting.pop();
      this.#startAhead(next);
    }
  }

  #startAhead(binding: WeightBinding): void {
    this.#aheadBytes += bytesOf(binding);
    this.#aheadReads++;
    const read = materialise(binding.recipe, binding.dtype, this.#source);
    this.#ahead.set(binding, read);
    const done = () => {
      this.#aheadReads--;
      this.#readAhead();
    };
    read.then(done, (error: unknown) => {
      this.#failure ??= { error };
      done();
    });
  }

  /** A tensor's pieces in order, the next few being read meanwhile. */
  async *#pieces({ recipe, dtype, dims }: WeightBinding): AsyncGenerator<Bytes, void> {
    let parts = rowParts(recipe, dims, ELEMENT_BYTES[dtype]);
    if (parts.length > 1 && !(await this.#isStored(recipe))) parts = [recipe];
    const reads: Promise<Bytes>[] = [];
    for (let i = 0; i < parts.length; i++) {
      while (reads.length < parts.length && reads.length < i + PARALLEL_PIECES) {
        const room = (this.#rooms[reads.length % PARALLEL_PIECES] ??= new ArrayBuffer(PIECE_BYTES));
        const read = materialise(parts[reads.length] as InitializerRecipe, dtype, this.#source, room);
        // Reported when its turn comes; until then it is nobody's unhandled rejection.
        read.catch(() => undefined);
        reads.push(read);
      }
      this.throwIfFailed();
      yield await (reads[i] as Promise<Bytes>);
      reads[i] = NOTHING;
    }
  }

  /** Only what lies in a file as it is can be taken apart without computing all of it for every part. */
  async #isStored(recipe: InitializerRecipe): Promise<boolean> {
    const part = isPacked(recipe) ? null : tensorPart(recipe, this.#source.shapes, this.#source.name);
    return part !== null && (await this.#source.stored(part.key, { begin: 0, end: 0 })) !== null;
  }
}

const NOTHING = Promise.resolve(new Uint8Array());

function bytesOf({ dims, dtype }: WeightBinding): number {
  return elementCount(dims) * ELEMENT_BYTES[dtype];
}

function rowParts(
  recipe: InitializerRecipe,
  dims: readonly number[],
  elementBytes: number,
): InitializerRecipe[] {
  const [count = 1, ...rest] = dims;
  const step = Math.max(1, Math.floor(PIECE_BYTES / (elementCount(rest) * elementBytes)));
  if (isPacked(recipe) || step >= count) return [recipe];
  return Array.from({ length: Math.ceil(count / step) }, (_, i) =>
    rows(recipe, i * step, Math.min(count, (i + 1) * step)),
  );
}
