import type { BlobReader, BlobStore, BlobWriter, StoredBlob } from './blob-store.ts';

type AccessMode = 'read-only' | 'readwrite';

/** What dedicated workers offer; declared here because only the worker library of TypeScript knows it, without modes. */
interface SyncAccessHandle {
  read(into: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  write(bytes: Uint8Array<ArrayBuffer>, options: { readonly at: number }): number;
  truncate(bytes: number): void;
  getSize(): number;
  flush(): void;
  close(): void;
}
interface WorkerFileHandle {
  createSyncAccessHandle?(options: { readonly mode: AccessMode }): Promise<SyncAccessHandle>;
}

/** Waits between tries: Chrome may hold a lock for a moment after a reload or a crash (reliability-ux.md §2). */
const LOCKED_WAITS_MS = [20, 50, 100, 200, 400, 800];

/**
 * Files of one folder in the origin's private file system. Writing needs a dedicated worker, where synchronous access
 * handles exist; reading falls back to slices of a File elsewhere (onnxruntime-web.md §8).
 */
export class OpfsBlobStore implements BlobStore {
  readonly #folder: string;
  #directory: Promise<FileSystemDirectoryHandle> | null = null;

  constructor(folder = 'models') {
    this.#folder = folder;
  }

  async write(name: string): Promise<BlobWriter> {
    const file = await (await this.#open()).getFileHandle(name, { create: true });
    return new SyncWriter(await openSync(file, 'readwrite'));
  }

  async read(name: string): Promise<BlobReader> {
    const file = await (await this.#open()).getFileHandle(name);
    return (file as WorkerFileHandle).createSyncAccessHandle
      ? new SyncReader(await openSync(file, 'read-only'))
      : new SliceReader(await file.getFile());
  }

  async remove(name: string): Promise<void> {
    const directory = await this.#open();
    await whenUnlocked(() => directory.removeEntry(name)).catch((error: unknown) => {
      if (!isNamed(error, 'NotFoundError')) throw error;
    });
  }

  async list(): Promise<readonly StoredBlob[]> {
    const blobs: StoredBlob[] = [];
    for await (const entry of (await this.#open()).values()) {
      if (entry.kind !== 'file') continue;
      const file = await (entry as FileSystemFileHandle).getFile();
      blobs.push({ name: entry.name, bytes: file.size });
    }
    return blobs;
  }

  #open(): Promise<FileSystemDirectoryHandle> {
    this.#directory ??= navigator.storage
      .getDirectory()
      .then((root) => root.getDirectoryHandle(this.#folder, { create: true }))
      .catch((error: unknown) => {
        this.#directory = null;
        throw error;
      });
    return this.#directory;
  }
}

class SyncWriter implements BlobWriter {
  readonly #handle: SyncAccessHandle;

  constructor(handle: SyncAccessHandle) {
    this.#handle = handle;
  }

  async size(): Promise<number> {
    return this.#handle.getSize();
  }

  async truncate(bytes: number): Promise<void> {
    this.#handle.truncate(bytes);
  }

  async write(bytes: Uint8Array<ArrayBuffer>, at: number): Promise<number> {
    return this.#handle.write(bytes, { at });
  }

  async read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    return readSync(this.#handle, begin, end);
  }

  async flush(): Promise<void> {
    this.#handle.flush();
  }

  async close(): Promise<void> {
    this.#handle.close();
  }
}

class SyncReader implements BlobReader {
  readonly size: number;
  readonly #handle: SyncAccessHandle;

  constructor(handle: SyncAccessHandle) {
    this.#handle = handle;
    this.size = handle.getSize();
  }

  async read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    return readSync(this.#handle, begin, end);
  }

  close(): void {
    this.#handle.close();
  }
}

class SliceReader implements BlobReader {
  readonly size: number;
  readonly #file: File;

  constructor(file: File) {
    this.#file = file;
    this.size = file.size;
  }

  async read(begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    return new Uint8Array(await this.#file.slice(begin, end).arrayBuffer());
  }

  close(): void {
    // A File holds no lock.
  }
}

function readSync(handle: SyncAccessHandle, begin: number, end: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(end - begin);
  return bytes.subarray(0, handle.read(bytes, { at: begin }));
}

function openSync(file: FileSystemFileHandle, mode: AccessMode): Promise<SyncAccessHandle> {
  const handle = file as WorkerFileHandle;
  return whenUnlocked(() => {
    if (!handle.createSyncAccessHandle)
      throw new Error('Files of the private file system are written in a worker.');
    return handle.createSyncAccessHandle({ mode });
  });
}

async function whenUnlocked<T>(attempt: () => Promise<T>): Promise<T> {
  for (const waitMs of LOCKED_WAITS_MS) {
    try {
      return await attempt();
    } catch (error) {
      if (!isNamed(error, 'NoModificationAllowedError')) throw error;
      await new Promise((resolve) => setTimeout(resolve, waitMs));
    }
  }
  return attempt();
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
