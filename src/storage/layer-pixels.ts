import type { ResidualStore } from '#domain/blend/residual-store.ts';
import type { Residual } from '#domain/blend/residual.ts';
import type { BlobStore } from './blob-store.ts';

/** What is kept in memory; the rest lies on the disk alone. About eighty crops of 1024². */
const BUDGET_BYTES = 512 * 2 ** 20;

/** Width and height before the values, 32 bits each. */
const HEADER_BYTES = 8;

/** One run of the studio. Several tabs share the disk, and none may clear away what another one shows. */
export interface StoreSession {
  /** Contains no dot. */
  readonly id: string;
  /** Sessions that are running now, this one among them or not. */
  running(): Promise<readonly string[]>;
}

interface Entry {
  readonly residual: Residual;
  /** Whether it is on the disk too, and may leave memory. */
  written: boolean;
  /** The disk would not take it. */
  refused: boolean;
}

/**
 * Residuals of paintings by id: the most recently used in memory, all of them on the disk, from where a later worker of
 * the same tab finds them again. Where the disk cannot be had or is full they stay in memory.
 */
export class LayerPixelStore implements ResidualStore {
  /** What lies on the disk is known from then on; never rejects. */
  readonly opened: Promise<void>;
  readonly #blobs: BlobStore;
  readonly #session: StoreSession;
  readonly #budgetBytes: number;
  /** Least recently used first. */
  readonly #memory = new Map<string, Entry>();
  /** Blob name by id. */
  readonly #disk = new Map<string, string>();
  /** Writes and removals, one after the other. */
  #work: Promise<void> = Promise.resolve();

  constructor(blobs: BlobStore, session: StoreSession, budgetBytes = BUDGET_BYTES) {
    this.#blobs = blobs;
    this.#session = session;
    this.#budgetBytes = budgetBytes;
    this.opened = this.#index();
  }

  has(id: string): boolean {
    return this.#memory.has(id) || this.#disk.has(id);
  }

  /** Of residuals the disk would not take: memory holds them without limit, and they end with the worker. */
  get inMemoryOnlyBytes(): number {
    return [...this.#memory.values()].reduce(
      (bytes, { residual, refused }) => bytes + (refused ? residual.data.byteLength : 0),
      0,
    );
  }

  /** Resolves at once: writing goes on behind. */
  put(id: string, residual: Residual): Promise<void> {
    this.#memory.set(id, { residual, written: false, refused: false });
    this.#work = this.#work.then(() => this.#write(id));
    return Promise.resolve();
  }

  async get(id: string): Promise<Residual | null> {
    const known = this.#memory.get(id);
    if (known) {
      this.#memory.delete(id);
      this.#memory.set(id, known);
      return known.residual;
    }
    const name = this.#disk.get(id);
    const residual = name === undefined ? null : await this.#read(id, name);
    if (residual) this.#memory.set(id, { residual, written: true, refused: false });
    this.#trim();
    return residual;
  }

  /** Forgets all others, and what ended sessions have left behind. */
  async keep(ids: readonly string[]): Promise<void> {
    const wanted = new Set(ids);
    for (const id of this.#memory.keys()) if (!wanted.has(id)) this.#memory.delete(id);
    this.#work = this.#work.then(() => this.#clear(wanted)).catch(() => undefined);
    await this.#work;
  }

  /** Resolves when everything so far is on the disk, or cannot be. */
  settled(): Promise<void> {
    return this.#work;
  }

  async #index(): Promise<void> {
    try {
      for (const { name } of await this.#blobs.list()) {
        const id = idOf(name);
        if (!this.#disk.has(id)) this.#disk.set(id, name);
      }
    } catch {
      // No disk: memory has to do.
    }
  }

  /** What cannot be written stays in memory. */
  async #write(id: string): Promise<void> {
    const entry = this.#memory.get(id);
    if (!entry) return;
    const name = `${this.#session.id}.${id}`;
    try {
      await writeBlob(this.#blobs, name, encode(entry.residual));
      entry.written = true;
      this.#disk.set(id, name);
    } catch {
      entry.refused = true;
      await this.#blobs.remove(name).catch(() => undefined);
    }
    this.#trim();
  }

  /** A blob that is gone or cut short is forgotten; one that cannot be read now may be read another time. */
  async #read(id: string, name: string): Promise<Residual | null> {
    try {
      const reader = await this.#blobs.read(name);
      try {
        const residual = decode(await reader.read(0, reader.size));
        if (!residual) this.#disk.delete(id);
        return residual;
      } finally {
        reader.close();
      }
    } catch (error) {
      if (error instanceof Error && error.name === 'NotFoundError') this.#disk.delete(id);
      return null;
    }
  }

  async #clear(wanted: ReadonlySet<string>): Promise<void> {
    const running = new Set(await this.#session.running());
    running.delete(this.#session.id);
    for (const { name } of await this.#blobs.list()) {
      const id = idOf(name);
      if (wanted.has(id) || this.#memory.has(id) || running.has(sessionOf(name))) continue;
      this.#disk.delete(id);
      // One that is being read stays until the next time.
      await this.#blobs.remove(name).catch(() => undefined);
    }
  }

  #trim(): void {
    let bytes = 0;
    for (const { residual } of this.#memory.values()) bytes += residual.data.byteLength;
    for (const [id, { residual, written }] of this.#memory) {
      if (bytes <= this.#budgetBytes) return;
      if (!written) continue;
      this.#memory.delete(id);
      bytes -= residual.data.byteLength;
    }
  }
}

function sessionOf(name: string): string {
  return name.slice(0, name.indexOf('.'));
}

function idOf(name: string): string {
  return name.slice(name.indexOf('.') + 1);
}

/** The header last: without it, a blob whose writing was cut short is none. */
async function writeBlob(blobs: BlobStore, name: string, bytes: Uint8Array<ArrayBuffer>): Promise<void> {
  const writer = await blobs.write(name);
  const write = async (part: Uint8Array<ArrayBuffer>, at: number) => {
    if ((await writer.write(part, at)) !== part.length) throw new Error('the disk took only a part');
  };
  try {
    await writer.truncate(bytes.length);
    await write(bytes.subarray(HEADER_BYTES), HEADER_BYTES);
    await writer.flush();
    await write(bytes.subarray(0, HEADER_BYTES), 0);
    await writer.flush();
  } finally {
    await writer.close();
  }
}

function encode({ width, height, data }: Residual): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(HEADER_BYTES + data.byteLength);
  new Uint32Array(bytes.buffer, 0, 2).set([width, height]);
  new Int16Array(bytes.buffer, HEADER_BYTES).set(data);
  return bytes;
}

function decode(bytes: Uint8Array<ArrayBuffer>): Residual | null {
  if (bytes.length < HEADER_BYTES) return null;
  const own = bytes.slice();
  const [width = 0, height = 0] = new Uint32Array(own.buffer, 0, 2);
  if (own.length !== HEADER_BYTES + width * height * 6) return null;
  return { width, height, data: new Int16Array(own.buffer, HEADER_BYTES) };
}
