import { expose } from 'comlink';
import { AppError } from '#domain/job/app-error.ts';
import { memorySource } from '#formats/byte-source.ts';
import { downloadModel } from '#storage/download-model.ts';
import { StudioDatabase } from '#storage/idb-record-store.ts';
import { webLocks } from '#storage/import-locks.ts';
import { ImportedModels } from '#storage/imported-models.ts';
import { LinkedFolders } from '#storage/linked-folders.ts';
import { ModelPreferences } from '#storage/model-preferences.ts';
import { OpfsBlobStore } from '#storage/opfs-blob-store.ts';
import { scanFolder } from '#storage/scan-folder.ts';
import { watchedSource } from '#storage/watched-source.ts';

const CHUNK_BYTES = 2 ** 20;
const FOLDER = 'storage-test';

/** Bytes that differ everywhere. */
function content(length: number): Uint8Array<ArrayBuffer> {
  const words = new Uint32Array(Math.ceil(length / 4));
  for (let i = 0; i < words.length; i++) words[i] = Math.imul(i + 1, 2654435761);
  return new Uint8Array(words.buffer, 0, length);
}

const database = new StudioDatabase('storage-test');
const imported = new ImportedModels({
  blobs: new OpfsBlobStore(FOLDER),
  records: database.store('imports'),
  locks: webLocks,
  freeSpace: async () => {
    const { quota = 0, usage = 0 } = await navigator.storage.estimate();
    return quota - usage;
  },
  chunkBytes: CHUNK_BYTES,
});
const folders = new LinkedFolders(database.store('folders'));
const preferences = new ModelPreferences(database.store('preferences'));

async function attempt<T>(
  task: () => Promise<T>,
): Promise<T | { readonly code: string; readonly message: string }> {
  try {
    return await task();
  } catch (error) {
    if (error instanceof AppError) return { code: error.code, message: error.message };
    throw error;
  }
}

async function files(): Promise<readonly string[]> {
  const root = await navigator.storage.getDirectory();
  const directory = await root.getDirectoryHandle(FOLDER, { create: true });
  const names: string[] = [];
  for await (const name of directory.keys()) names.push(name);
  return names;
}

/** What the tests ask a dedicated worker to do, where synchronous access handles exist. */
const probe = {
  files,

  clear: async () => {
    for (const { id } of [...(await imported.list()), ...(await imported.partials())])
      await imported.remove(id);
    await imported.sweep();
    for (const { id } of await folders.list()) await folders.remove(id);
  },

  /** `slowMs` passes before each piece; answers how many bytes were read from the source. */
  import: (bytes: number, slowMs: number, onDone: (doneBytes: number) => void) =>
    attempt(async () => {
      const source = memorySource(content(bytes), 'a.safetensors');
      let readBytes = 0;
      const slow = {
        ...source,
        lastModified: 1,
        read: async (begin: number, end: number) => {
          readBytes += end - begin;
          await new Promise((resolve) => setTimeout(resolve, slowMs));
          return source.read(begin, end);
        },
      };
      const meta = { name: 'a.safetensors', folder: '', note: '' };
      const { id, sha256 } = await imported.import(slow, meta, {
        signal: new AbortController().signal,
        onProgress: ({ doneBytes }) => onDone(doneBytes),
      });
      return { id, sha256, readBytes };
    }),

  /** Whether the stored model equals the source, read through two sources at once. */
  isSame: (id: string, bytes: number) =>
    attempt(async () => {
      const [one, two] = await Promise.all([imported.open(id), imported.open(id)]);
      const expected = content(bytes);
      const read = await one.read(0, bytes);
      const middle = await two.read(1000, 2000);
      return (
        read.every((byte, i) => byte === expected[i]) &&
        middle.every((byte, i) => byte === expected[1000 + i])
      );
    }),

  list: async () => (await imported.list()).map(({ id }) => id),
  partials: async () =>
    (await imported.partials()).map(({ id, chunks }) => ({ id, done: chunks.filter(Boolean).length })),
  remove: (id: string) => attempt(() => imported.remove(id)),
  sweep: async () => {
    const { removed, lost } = await imported.sweep();
    return { removed, lost: lost.map(({ name }) => name) };
  },

  addStray: async () => {
    const root = await navigator.storage.getDirectory();
    const directory = await root.getDirectoryHandle(FOLDER, { create: true });
    await directory.getFileHandle('stray', { create: true });
  },

  clearFiles: async () => {
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(FOLDER, { recursive: true });
  },

  download: (url: string, sha256: string) =>
    attempt(async () => {
      const from = { kind: 'urls', urls: [url] } as const;
      const spec = { name: 'd', folder: '', note: '', from, bytes: null, sha256, token: null };
      const options = { signal: new AbortController().signal, onProgress: () => undefined };
      return (await downloadModel(spec, imported, options)).sha256;
    }),

  /** Asks a hub that is only this function, so that the browser's build of the hub client is what runs. */
  downloadFromHub: (bytes: number) =>
    attempt(async () => {
      const asked: string[] = [];
      const fetch = async (input: RequestInfo | URL, init?: RequestInit) => {
        const headers = new Headers(init?.headers);
        asked.push(`${String(input)} ${headers.get('Range')} ${headers.get('Authorization')}`);
        if (!headers.get('Accept')?.includes('xet'))
          return new Response(content(bytes), { headers: { ETag: '"1"' } });
        return new Response('x', {
          status: 206,
          headers: { 'Content-Range': `bytes 0-0/${bytes}`, ETag: '"version"' },
        });
      };
      const from = { kind: 'hub', repo: 'owner/model', path: 'a.safetensors', revision: 'v1' } as const;
      const spec = { name: 'a', folder: '', note: '', from, bytes: null, sha256: null, token: 'hf_x' };
      const options = { signal: new AbortController().signal, onProgress: () => undefined, fetch };
      return { size: (await downloadModel(spec, imported, options)).size, asked };
    }),

  link: async (handle: FileSystemDirectoryHandle) => (await folders.add(handle)).id,
  linked: async () =>
    Promise.all(
      (await folders.list()).map(async (record) => ({
        id: record.id,
        name: record.name,
        permission: await folders.permissionOf(record),
        files: (await scanFolder(record.handle, { signal: new AbortController().signal })).files.map(
          ({ path, bytes }) => ({ path, bytes }),
        ),
      })),
    ),

  /** Opens a file, lets `change` happen, and reads it. */
  readAfter: (handle: FileSystemFileHandle, change: () => Promise<void>) =>
    attempt(async () => {
      const source = await watchedSource(handle);
      await source.read(0, 4);
      await change();
      return source.read(0, 4);
    }),

  setPreference: (value: unknown) => preferences.set('learntLimits', value),
  getPreference: () => preferences.get('learntLimits', (value) => value),
};

export type StorageProbe = typeof probe;
expose(probe);
