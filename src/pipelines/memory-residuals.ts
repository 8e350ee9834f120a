import type { ResidualStore } from '#domain/blend/residual-store.ts';
import type { Residual } from '#domain/blend/residual.ts';

/** Residuals in memory only, for jobs that nobody looks at afterwards. */
export class MemoryResiduals implements ResidualStore {
  readonly #residuals = new Map<string, Residual>();

  put(id: string, residual: Residual): Promise<void> {
    this.#residuals.set(id, residual);
    return Promise.resolve();
  }

  has(id: string): boolean {
    return this.#residuals.has(id);
  }

  get(id: string): Promise<Residual | null> {
    return Promise.resolve(this.#residuals.get(id) ?? null);
  }
}
