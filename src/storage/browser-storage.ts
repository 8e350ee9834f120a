import { StudioDatabase } from './idb-record-store.ts';
import { webLocks } from './import-locks.ts';
import { ImportedModels } from './imported-models.ts';
import { LinkedFolders } from './linked-folders.ts';
import { ModelPreferences } from './model-preferences.ts';
import { OpfsBlobStore } from './opfs-blob-store.ts';

/** All that is kept about models between visits. */
export interface BrowserStorage {
  readonly folders: LinkedFolders;
  readonly imported: ImportedModels;
  readonly preferences: ModelPreferences;
}

/** Everything on the browser's own stores, for a dedicated worker. Opens nothing before it is used. */
export function browserStorage(): BrowserStorage {
  const database = new StudioDatabase();
  return {
    folders: new LinkedFolders(database.store('folders')),
    imported: new ImportedModels({
      blobs: new OpfsBlobStore(),
      records: database.store('imports'),
      locks: webLocks,
      freeSpace,
    }),
    preferences: new ModelPreferences(database.store('preferences')),
  };
}

async function freeSpace(): Promise<number | null> {
  const { quota, usage } = await navigator.storage.estimate();
  return quota === undefined || usage === undefined ? null : Math.max(0, quota - usage);
}
