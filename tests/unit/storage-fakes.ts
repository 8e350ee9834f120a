import type { BlobReader, BlobStore, BlobWriter, StoredBlob } from '#storage/blob-store.ts';
import { BUSY, type ImportLocks } from '#storage/import-locks.ts';
import type { RecordStore } from '#storage/record-store.ts';

/** One change of the disk, in the order it happened. */
export type DiskOperation =
  | { readonly kind: 'create' | 'remove' | 'flush'; readonly name: string }
  | { readonly kind: 'truncate'; readonly name: string; readonly bytes: number }
  | {
      readonly kind: 'write';
      readonly name: string;
      readonly at: number;
      readonly bytes: Uint8Array<ArrayBuffer>;
    }
  | { readonly kind: 'put'; readonly id: string; readonly record: unknown }
  | { readonly kind: 'delete'; readonly id: string };

export type Fault = 'QuotaExceededError' | 'NotAllowedError' | 'InvalidStateError' | 'short write';

/**
 * A disk and a database that log every change, fail the Nth call, and can be rebuilt from any prefix of the log: what a
 * killed browser leaves behind.
 */
export class FakeDisk {
  readonly files = new Map<string, Uint8Array<ArrayBuffer>>();
  readonly rows = new Map<string, unknown>();
  readonly log: DiskOperation[] = [];
  readonly writing = new Set<string>();
  readonly reading = new Map<string, number>();
  capacity = Infinity;
  calls = 0;
  failAt: number | null = null;
  fault: Fault = 'InvalidStateError';
  /** Called before every call, e.g. to abort there. */
  onCall: (call: number) => void = () => undefined;

  /** The disk after the given changes. */
  static after(log: readonly DiskOperation[]): FakeDisk {
    const disk = new FakeDisk();
    for (const operation of log) disk.apply(operation);
    disk.log.length = 0;
    return disk;
  }

  get blobs(): BlobStore {
    return {
      write: (name) => this.#openForWriting(name),
      read: (name) => this.#openForReading(name),
      list: async () => {
        this.touch();
        return [...this.files].map(([name, { length }]): StoredBlob => ({ name, bytes: length }));
      },
      remove: async (name) => {
        this.touch();
        if (this.writing.has(name) || (this.reading.get(name) ?? 0) > 0)
          throw new DOMException('locked', 'NoModificationAllowedError');
        if (this.files.has(name)) this.apply({ kind: 'remove', name });
      },
    };
  }

  get records(): RecordStore {
    return {
      get: async (id) => {
        this.touch();
        return structuredClone(this.rows.get(id));
      },
      getAll: async () => {
        this.touch();
        return [...this.rows.values()].map((row) => structuredClone(row));
      },
      put: async (record) => {
        this.touch();
        this.apply({ kind: 'put', id: record.id, record: structuredClone(record) });
      },
      delete: async (id) => {
        this.touch();
        this.apply({ kind: 'delete', id });
      },
    };
  }

  /** Counts a call and fails it when its turn has come. Answers whether a write has to come up short. */
  touch(): boolean {
    const call = this.calls++;
    this.onCall(call);
    if (call !== this.failAt) return false;
    if (this.fault === 'short write') return true;
    throw new DOMException('injected', this.fault);
  }

  apply(operation: DiskOperation): void {
    this.log.push(operation);
    switch (operation.kind) {
      case 'create':
        this.files.set(operation.name, new Uint8Array(0));
        break;
      case 'remove':
        this.files.delete(operation.name);
        break;
      case 'truncate':
        this.#resize(operation.name, operation.bytes);
        break;
      case 'write':
        this.#write(operation.name, operation.at, operation.bytes);
        break;
      case 'flush':
        break;
      case 'put':
        this.rows.set(operation.id, operation.record);
        break;
      case 'delete':
        this.rows.delete(operation.id);
        break;
    }
  }

  #resize(name: string, length: number): void {
    const bytes = new Uint8Array(length);
    bytes.set((this.files.get(name) ?? bytes).subarray(0, length));
    this.files.set(name, bytes);
  }

  #write(name: string, at: number, bytes: Uint8Array<ArrayBuffer>): void {
    if ((this.files.get(name)?.length ?? 0) < at + bytes.length) this.#resize(name, at + bytes.length);
    this.files.get(name)!.set(bytes, at);
  }

  #requireRoom(name: string, length: number): void {
    const others = [...this.files].reduce((sum, [key, { length }]) => sum + (key === name ? 0 : length), 0);
    if (others + length > this.capacity) throw new DOMException('full', 'QuotaExceededError');
  }

  async #openForWriting(name: string): Promise<BlobWriter> {
    this.touch();
    if (this.writing.has(name)) throw new DOMException('locked', 'NoModificationAllowedError');
    if (!this.files.has(name)) this.apply({ kind: 'create', name });
    this.writing.add(name);
    return {
      size: async () => {
        this.touch();
        return this.files.get(name)!.length;
      },
      truncate: async (bytes) => {
        this.touch();
        this.#requireRoom(name, bytes);
        this.apply({ kind: 'truncate', name, bytes });
      },
      write: async (bytes, at) => {
        const taken = this.touch() ? bytes.length >> 1 : bytes.length;
        this.#requireRoom(name, Math.max(this.files.get(name)!.length, at + taken));
        this.apply({ kind: 'write', name, at, bytes: new Uint8Array(bytes.subarray(0, taken)) });
        return taken;
      },
      read: async (begin, end) => {
        this.touch();
        return this.files.get(name)!.slice(begin, end);
      },
      flush: async () => {
        this.touch();
        this.apply({ kind: 'flush', name });
      },
      close: async () => {
        this.writing.delete(name);
      },
    };
  }

  async #openForReading(name: string): Promise<BlobReader> {
    this.touch();
    const bytes = this.files.get(name);
    if (!bytes) throw new DOMException('no such file', 'NotFoundError');
    if (this.writing.has(name)) throw new DOMException('locked', 'NoModificationAllowedError');
    this.reading.set(name, (this.reading.get(name) ?? 0) + 1);
    return {
      size: bytes.length,
      read: async (begin, end) => {
        this.touch();
        return bytes.slice(begin, end);
      },
      close: () => this.reading.set(name, this.reading.get(name)! - 1),
    };
  }
}

/** Locks of one browser: several tabs share one object. */
export function fakeLocks(): ImportLocks {
  const held = new Set<string>();
  return {
    hold: async (name, task) => {
      if (held.has(name)) return BUSY;
      held.add(name);
      try {
        return await task();
      } finally {
        held.delete(name);
      }
    },
  };
}

/** Deterministic bytes that repeat nowhere nearby. */
export function pattern(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = seed >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state & 255;
  }
  return bytes;
}
