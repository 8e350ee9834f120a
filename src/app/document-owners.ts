/** Who may write a document: one tab at a time, however often the tab is duplicated. */
export interface DocumentOwners {
  /**
   * Makes this tab the owner until it ends or gives the document back; null when another tab is, also after waiting.
   * @throws where the browser has no locks: then nothing may be stored.
   */
  take(id: string, patienceMs?: number): Promise<(() => void) | null>;
}

/**
 * Which document a tab had, over reloads and crashes: '' for a tab that started afresh, null for a new one. A duplicated
 * tab remembers the same, but does not own it.
 */
export interface TabMemory {
  read(): string | null;
  write(id: string): void;
}

/** Locks that end with the tab, however it ends. */
export const webLockOwners: DocumentOwners = {
  take: (id, patienceMs = 0) =>
    new Promise((resolve, reject) => {
      const options = patienceMs > 0 ? { signal: AbortSignal.timeout(patienceMs) } : { ifAvailable: true };
      navigator.locks
        .request(`luna-document ${id}`, options, (lock) => {
          if (lock) return new Promise<void>((release) => resolve(release));
          resolve(null);
          return undefined;
        })
        .catch((error: unknown) => {
          if (error instanceof Error && ['TimeoutError', 'AbortError'].includes(error.name)) resolve(null);
          else reject(error as Error);
        });
    }),
};

const KEY = 'luna-document';

/** The tab's own storage; one that the browser forbids remembers nothing. */
export const tabMemory: TabMemory = {
  read: () => {
    try {
      return sessionStorage.getItem(KEY);
    } catch {
      return null;
    }
  },
  write: (id) => {
    try {
      sessionStorage.setItem(KEY, id);
    } catch {
      // The newest document nobody has is found without it.
    }
  },
};
