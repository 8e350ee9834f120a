/** What the networks may take and how they are run, decided before anything loads (plan.ts) and followed by everyone. */

/** Element type of a network's weights and activations; `linearBits` packs Linear weights as MatMulNBits. */
export interface NetworkPrecision {
  readonly dtype: 'f32' | 'f16';
  readonly linearBits: 8 | 4 | null;
}

/**
 * What stays on the device between uses.
 * - `all`: every network.
 * - `sampler`: the step graph and the autoencoder; text encoders, vision, conditioning and SAM 3 leave after use.
 * - `one`: only what is running.
 */
export type Residency = 'all' | 'sampler' | 'one';

/** Every decision about precision, residency and batch of one job. */
export interface ExecutionPlan {
  /** The step graph and the conditioning graph. */
  readonly unet: NetworkPrecision;
  /** Text encoders, vision tower, image projection, SAM 3. */
  readonly others: NetworkPrecision;
  /** The autoencoder runs in 32 bit unless its owner calls it safe for 16 (spec/sdxl.md B.2). One tile per run. */
  readonly codecTilePx: 512 | 384 | 256;
  /** Crops of one model call under guidance, in units of 1024² (1536² counts 2.25). Without guidance twice as many. */
  readonly batchItems: number;
  /** What the activations of one batch may take: those of `batchItems`. */
  readonly batchBudgetBytes: number;
  readonly residency: Residency;
  /** Weights that may be on the device together; the least recently used networks go first. */
  readonly residentBytes: number;
  /**
   * Record the sampler's step once and replay it (spec/onnxruntime-web.md §2.3). Keeps its activations. Everything not
   * recorded gives its buffers back after each submit (storageBufferCacheMode `lazyRelease`, §2.4).
   */
  readonly capture: boolean;
}

/** For models so small that nothing has to be planned: the demo pack outside the studio, goldens, benchmarks. */
export const SMALL_MODELS_PLAN: ExecutionPlan = {
  unet: { dtype: 'f32', linearBits: null },
  others: { dtype: 'f32', linearBits: null },
  codecTilePx: 512,
  batchItems: 4,
  batchBudgetBytes: 2 ** 30,
  residency: 'all',
  residentBytes: Infinity,
  capture: false,
};
