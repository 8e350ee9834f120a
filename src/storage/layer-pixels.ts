import type { ResidualStore } from '#domain/blend/residual-store.ts';
import type { Residual } from '#domain/blend/residual.ts';
import type { BlobStore } from './blob-store.ts';

export class LayerPixelStore implements ResidualStore {
  readonly opened: Promise<void> = Promise.resolve();
  readonly #m = new Map<string, Residual>();
  constructor(_blobs: BlobStore) {}
  put(id: string, r: Residual) {
    this.#m.set(id, r);
    return Promise.resolve();
  }
  has(id: string) {
    return this.#m.has(id);
  }
  get(id: string) {
    return Promise.resolve(this.#m.get(id) ?? null);
  }
  keep(ids: readonly string[]): Promise<void> {
    for (const id of this.#m.keys()) if (!ids.includes(id)) this.#m.delete(id);
    return Promise.resolve();
  }
}
