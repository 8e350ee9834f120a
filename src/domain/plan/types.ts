/** What the networks may take and how they are run, decided before anything loads (plan.ts) and followed by everyone. */

/** Element type of a network's weights and activations; `linearBits` packs Linear weights as MatMulNBits. */
export interface NetworkPrecision {
  readonly dtype: 'f32' | 'f16';
  readonly linearBits: 8 | 4 | null;
}

export interface ExecutionPlan {
  readonly unet: NetworkPrecision;
  /** Text encoders, vision tower, image projection, SAM 3. */
  readonly others: NetworkPrecision;
  /** The autoencoder runs in 32 bit unless its owner calls it safe for 16 (spec/sdxl.md B.2). */
  readonly codecTilePx: 512 | 384 | 256;
  /** What the activations of one batch may take. */
  readonly batchBudgetBytes: number;
  /** Weights that may be on the device together; the least recently used networks go first. */
  readonly residentBytes: number;
  /** Record the sampler's step once and replay it (spec/onnxruntime-web.md §2.3). Keeps its activations. */
  readonly capture: boolean;
}
