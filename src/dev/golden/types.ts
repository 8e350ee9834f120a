import type { NetworkRuntime } from '#inference/runtime.ts';

/** One comparison with a reference tensor. */
export interface CaseResult {
  readonly name: string;
  /** Largest absolute difference; NaN or Infinity where a comparison was impossible. */
  readonly maxAbs: number;
  /** √(Σ(actual−expected)² / Σ expected²). */
  readonly relRms: number;
  readonly pass: boolean;
  /** A yes/no check: no tolerance applies. */
  readonly exact?: boolean;
  /** Why it failed, where the figures do not say so (shapes differ, values are not finite). */
  readonly note?: string;
}

/** What a handler is given: one golden folder and a place to report to. */
export interface GoldenContext {
  /** Absolute path of the folder. References to other folders (`../clip_l/…`) are relative to it. */
  readonly dir: string;
  /** config.json, or an empty object where the folder has none. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly runtime: NetworkRuntime;
  report(result: CaseResult): void;
}

/** Checks every case of a folder. Throws only when the folder cannot be used at all (GoldenError, AppError). */
export type GoldenHandler = (context: GoldenContext) => Promise<void>;

/** A golden folder that cannot be run: the message is the sentence that is printed. */
export class GoldenError extends Error {
  override readonly name = 'GoldenError';
}
