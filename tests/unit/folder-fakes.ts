/** Plain records may hold themselves: a cycle of links. */
export interface FakeEntries {
  [name: string]: FakeFile | FakeEntries;
}

/** A user's file whose reading can be made to fail. */
export class FakeFile {
  content: Blob;
  lastModified: number;
  failure: string | null = null;
  constructor(content: string | Uint8Array<ArrayBuffer>, lastModified = 1) {
    this.content = new Blob([content]);
    this.lastModified = lastModified;
  }
}

const asError = (name: string) => new DOMException(`injected ${name}`, name);

/** As Chrome does it: a File is a snapshot whose slices stop being readable once the file is another one. */
export function fileHandle(
  name: string,
  file: FakeFile,
  permission?: () => PermissionState,
): FileSystemFileHandle {
  const snapshot = () => {
    const { content, lastModified } = file;
    const isSame = () => file.content === content && file.lastModified === lastModified;
    return {
      name,
      size: content.size,
      lastModified,
      arrayBuffer: () => content.arrayBuffer(),
      slice: (begin: number, end: number) => ({
        size: end - begin,
        arrayBuffer: async () => {
          if (file.failure) throw asError(file.failure);
          if (!isSame()) throw asError('NotReadableError');
          return content.slice(begin, end).arrayBuffer();
        },
      }),
    };
  };
  return {
    kind: 'file',
    name,
    getFile: async () => {
      if (file.failure) throw asError(file.failure);
      return snapshot();
    },
    ...(permission ? { queryPermission: async () => permission() } : {}),
  } as unknown as FileSystemFileHandle;
}

/** A folder as File System Access shows it. */
export function folderHandle(name: string, entries: FakeEntries): FileSystemDirectoryHandle {
  const wrap = (key: string) => {
    const entry = entries[key];
    return entry instanceof FakeFile ? fileHandle(key, entry) : folderHandle(key, entry ?? {});
  };
  return {
    kind: 'directory',
    name,
    async *values() {
      for (const key of Object.keys(entries)) yield wrap(key);
    },
    getDirectoryHandle: async (key: string) => {
      if (key === '..' || key === '.') throw new TypeError('Name is not allowed.');
      if (!Object.hasOwn(entries, key)) throw asError('NotFoundError');
      if (entries[key] instanceof FakeFile) throw asError('TypeMismatchError');
      return wrap(key);
    },
    getFileHandle: async (key: string) => {
      if (!Object.hasOwn(entries, key)) throw asError('NotFoundError');
      if (!(entries[key] instanceof FakeFile)) throw asError('TypeMismatchError');
      return wrap(key);
    },
    isSameEntry: async (other: { entries?: FakeEntries }) => other.entries === entries,
    entries,
  } as unknown as FileSystemDirectoryHandle;
}
