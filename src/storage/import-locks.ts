/** One writer per copy across tabs: a lock is held while `task` runs. */
export interface ImportLocks {
  /** Answers `busy` without running the task when somebody else holds the lock. */
  hold<T>(name: string, task: () => Promise<T>): Promise<T | Busy>;
}

/** Answer instead of a result when another tab is writing the same copy. */
export const BUSY = Symbol('somebody else holds the lock');
export type Busy = typeof BUSY;

/** Locks that end with the tab or worker that holds them, however it ends. */
export const webLocks: ImportLocks = {
  hold: async (name, task) =>
    navigator.locks.request(`luna-import:${name}`, { ifAvailable: true }, (lock) => (lock ? task() : BUSY)),
};
