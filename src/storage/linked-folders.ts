import { permissionOf } from './permission.ts';
import type { RecordStore } from './record-store.ts';

/** A folder of the user's that is read in place. Handles are structured-cloneable, so IndexedDB keeps them. */
export interface LinkedFolderRecord {
  readonly id: string;
  readonly name: string;
  readonly handle: FileSystemDirectoryHandle;
  /** Milliseconds since 1970. */
  readonly addedAt: number;
}

/** Remembers linked folders between visits; never touches what is in them. */
export class LinkedFolders {
  readonly #records: RecordStore;

  constructor(records: RecordStore) {
    this.#records = records;
  }

  /** In the order they were added. */
  async list(): Promise<readonly LinkedFolderRecord[]> {
    const records = (await this.#records.getAll()).map(asFolder).filter((record) => record !== null);
    return records.sort((a, b) => a.addedAt - b.addedAt);
  }

  async get(id: string): Promise<LinkedFolderRecord | null> {
    return asFolder(await this.#records.get(id));
  }

  /** Linking a folder that is linked already answers the present record. */
  async add(handle: FileSystemDirectoryHandle): Promise<LinkedFolderRecord> {
    for (const present of await this.list()) {
      if (await present.handle.isSameEntry(handle).catch(() => false)) return present;
    }
    const record = { id: crypto.randomUUID(), name: handle.name, handle, addedAt: Date.now() };
    await this.#records.put(record);
    return record;
  }

  async remove(id: string): Promise<void> {
    await this.#records.delete(id);
  }

  /** Whether the folder may be read now; `prompt` asks the page for a click. */
  permissionOf(record: LinkedFolderRecord): Promise<PermissionState> {
    return permissionOf(record.handle);
  }
}

/** Records of another version or a broken profile are passed over, not believed. */
function asFolder(value: unknown): LinkedFolderRecord | null {
  const record = value as Partial<LinkedFolderRecord> | null | undefined;
  const sound =
    typeof record?.id === 'string' &&
    typeof record.name === 'string' &&
    typeof record.addedAt === 'number' &&
    record.handle?.kind === 'directory';
  return sound ? (record as LinkedFolderRecord) : null;
}
