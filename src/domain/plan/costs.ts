/** What the networks of a selection take, phase by phase: the planner's input, plain data from `pipelines/costs.ts`. */

/** In the order of a job. `segment` runs before it, when objects are looked for. */
export type PhaseName = 'segment' | 'text' | 'anchor' | 'conditioning' | 'step' | 'codec';

/** Bits of the weights of Linear layers; null: as wide as the activations. */
export type LinearBits = 8 | 4 | null;

/** What one phase takes, in bytes. */
export interface PhaseCost {
  /** All networks of the phase together, which stay loaded side by side. */
  readonly weightBytes: Readonly<Record<'plain' | 'bits8' | 'bits4', number>>;
  /**
   * Tensors of its largest run, before the allocator's overhead, feeds included. Steps and conditioning: per row of
   * the batch (an item, two with guidance); others: one run.
   */
  readonly runBytes: number;
  /** Feeds and kept results among them, which no allocator mode enlarges. */
  readonly feedBytes: number;
  /** Largest tensor of a run (of one row) and largest weight: what one buffer must hold. */
  readonly largestBytes: number;
  readonly largestWeightBytes: number;
}

/** Sides of the network inputs that are planned for, pixels. */
export const CROP_SIZES = [1024, 1536] as const;
export type CropPx = (typeof CROP_SIZES)[number];

/** Sides of the tiles the autoencoder may be cut into, pixels of the picture, the largest first. */
export const CODEC_TILES = [512, 384, 256] as const;
export type CodecTilePx = (typeof CODEC_TILES)[number];

/** What a selection of models takes in every phase; null for phases it has no model for. */
export interface ModelCosts {
  /** What the networks compute in; the autoencoder says for itself. */
  readonly dtype: 'f32' | 'f16';
  readonly segment: PhaseCost | null;
  readonly text: PhaseCost;
  readonly anchor: PhaseCost | null;
  readonly conditioning: PhaseCost;
  readonly step: Readonly<Record<CropPx, PhaseCost>>;
  readonly codec: Readonly<Record<CropPx, Readonly<Record<CodecTilePx, PhaseCost>>>>;
}

/** Bytes of a phase's weights when those of Linear layers have so many bits. */
export function weightsOf({ weightBytes }: PhaseCost, bits: LinearBits): number {
  return bits === null ? weightBytes.plain : weightBytes[`bits${bits}`];
}
