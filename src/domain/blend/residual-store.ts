import type { Residual } from './residual.ts';

/** Where the residuals of paintings are kept, by `LayerPixels.id`. The same name always means the same pixels. */
export interface ResidualStore {
  put(id: string, residual: Residual): Promise<void>;
  has(id: string): boolean;
  /** Null when there is none, or none any more. */
  get(id: string): Promise<Residual | null>;
}
