/**
 * Small records by id. A resolved `put` or `delete` is durable: it survives a kill and, as far as the browser can
 * promise, a power loss. What comes back is data of unknown age and shape: check it before believing it.
 */
export interface RecordStore {
  get(id: string): Promise<unknown>;
  getAll(): Promise<readonly unknown[]>;
  put(record: { readonly id: string }): Promise<void>;
  delete(id: string): Promise<void>;
}
