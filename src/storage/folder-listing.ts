import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';

/** What lies directly in a folder, in the order of the alphabet. */
export interface FolderListing {
  readonly files: ReadonlyMap<string, FileSystemFileHandle>;
  readonly folders: ReadonlyMap<string, FileSystemDirectoryHandle>;
}

/** @param onEntry called for every entry; what it throws ends the listing. */
export async function listFolder(
  directory: FileSystemDirectoryHandle,
  onEntry: () => void,
): Promise<FolderListing> {
  const entries: FileSystemHandle[] = [];
  for await (const entry of directory.values()) {
    onEntry();
    entries.push(entry);
  }
  entries.sort((a, b) => (a.name < b.name ? -1 : 1));
  const files = new Map<string, FileSystemFileHandle>();
  const folders = new Map<string, FileSystemDirectoryHandle>();
  for (const entry of entries) {
    if (entry.kind === 'file') files.set(entry.name, entry as FileSystemFileHandle);
    else folders.set(entry.name, entry as FileSystemDirectoryHandle);
  }
  return { files, folders };
}

/** The folder at `path` below `root`; null when there is none. */
export async function folderAt(
  root: FileSystemDirectoryHandle,
  path: readonly string[],
): Promise<FileSystemDirectoryHandle | null> {
  let directory = root;
  for (const name of path) {
    const next = await directory.getDirectoryHandle(name).catch((error: unknown) => {
      throwIfWithdrawn(error, root.name);
      return null;
    });
    if (!next) return null;
    directory = next;
  }
  return directory;
}

/** A withdrawn permission ends a scan; any other trouble concerns one entry only. */
export function throwIfWithdrawn(error: unknown, folder: string): void {
  if (error instanceof Error && error.name === 'NotAllowedError')
    throw new AppError(
      'model-missing',
      sentence`The folder "${folder}" may not be read (any more). Allow reading it in the Models view, then scan it again.`,
      { cause: error },
    );
}
