import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { scanFolder, type FolderScan, type ScannedFile } from '#storage/scan-folder.ts';
import type { LinkedFolderRecord, LinkedFolders } from '#storage/linked-folders.ts';
import { watchedSource } from '#storage/watched-source.ts';
import type { LinkedFolder } from './api.ts';
import type { LibraryFile, LibraryPlace, ModelLibrary } from './library.ts';
import { folderOf, nameOf } from './paths.ts';

const ID = /^linked:([^/]+)\/(.+)$/;

/** Id of a file in a linked folder: the same at every visit. */
export const linkedId = (folderId: string, path: string): string => `linked:${folderId}/${path}`;

/** A scan opens headers only; it ends by itself within seconds. */
const NEVER = new AbortController().signal;

/** The user's linked folders and the library entries that lie in them. */
export class FolderModels {
  readonly #records: LinkedFolders;
  readonly #library: ModelLibrary;
  readonly #scans = new Map<string, FolderScan>();

  constructor(records: LinkedFolders, library: ModelLibrary) {
    this.#records = records;
    this.#library = library;
  }

  async list(): Promise<readonly LinkedFolder[]> {
    return Promise.all((await this.#records.list()).map((record) => this.#describe(record)));
  }

  async link(handle: FileSystemDirectoryHandle): Promise<LinkedFolder> {
    return this.scan((await this.#records.add(handle)).id);
  }

  /** Lists what is in a folder now; without permission only what it is called. */
  async scan(folderId: string): Promise<LinkedFolder> {
    const record = await this.#get(folderId);
    if ((await this.#records.permissionOf(record)) !== 'granted') return this.#describe(record);
    const scan = await scanFolder(record.handle, { signal: NEVER });
    const files: LibraryFile[] = [];
    for (const file of scan.files) files.push(await this.#library.read(place(folderId, file)));
    if (!(await this.#records.get(folderId))) return this.#describe(record);
    // In one go: whoever looks in between would take the chosen files for gone.
    this.#forget(folderId);
    for (const file of files) this.#library.keep(file);
    for (const { path, sentence: why } of scan.refused)
      this.#library.refuse(refusedPlace(folderId, path), why);
    this.#scans.set(folderId, scan);
    return this.#describe(record);
  }

  async unlink(folderId: string): Promise<void> {
    await this.#records.remove(folderId);
    this.#forget(folderId);
    this.#scans.delete(folderId);
  }

  /** Finds one file of an earlier visit without scanning its folder; null when it cannot be read now. */
  async find(id: string): Promise<LibraryPlace | null> {
    const [, folderId = '', path = ''] = ID.exec(id) ?? [];
    const record = await this.#records.get(folderId);
    if (!record || (await this.#records.permissionOf(record)) !== 'granted') return null;
    try {
      const handle = await fileAt(record.handle, path);
      const { size: bytes, lastModified } = await handle.getFile();
      return place(folderId, {
        path,
        name: handle.name,
        folder: folderOf(path),
        bytes,
        lastModified,
        handle,
      });
    } catch {
      return null;
    }
  }

  #forget(folderId: string): void {
    this.#library.removeWhere(({ place: { id } }) => id.startsWith(linkedId(folderId, '')));
  }

  async #get(folderId: string): Promise<LinkedFolderRecord> {
    const record = await this.#records.get(folderId);
    if (!record) throw new AppError('bad-request', 'This folder is no longer linked. Link it again.');
    return record;
  }

  async #describe(record: LinkedFolderRecord): Promise<LinkedFolder> {
    const scan = this.#scans.get(record.id);
    return {
      id: record.id,
      name: record.name,
      permission: await this.#records.permissionOf(record),
      handle: record.handle,
      layout: scan?.layout ?? 'folder',
      files: scan?.files.length ?? 0,
      notices: scan?.notices ?? [],
    };
  }
}

function place(
  folderId: string,
  file: Pick<ScannedFile, 'path' | 'name' | 'folder' | 'bytes' | 'lastModified' | 'handle'>,
): LibraryPlace {
  return {
    id: linkedId(folderId, file.path),
    name: file.name,
    folder: file.folder,
    origin: 'linked',
    bytes: file.bytes,
    lastModified: file.lastModified,
    open: () => watchedSource(file.handle),
  };
}

function refusedPlace(folderId: string, path: string): LibraryPlace {
  const refuse = () => Promise.reject(new AppError('bad-file', sentence`"${path}" cannot be used.`));
  return {
    id: linkedId(folderId, path),
    name: nameOf(path),
    folder: folderOf(path),
    origin: 'linked',
    bytes: 0,
    open: refuse,
  };
}

async function fileAt(root: FileSystemDirectoryHandle, path: string): Promise<FileSystemFileHandle> {
  const folders = path.split('/');
  const name = folders.pop() ?? '';
  let folder = root;
  for (const each of folders) folder = await folder.getDirectoryHandle(each);
  return folder.getFileHandle(name);
}
