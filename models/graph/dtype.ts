/** Element types of a graph's inputs and outputs. `f16` needs `shader-f16` on WebGPU. */
export type PortType = 'f32' | 'f16' | 'i32' | 'i64';

/** Element types a graph may hold: `u8` are the codes of packed matrices. */
export type ElementType = PortType | 'u8';

/** Bits per value of packed Linear weights (com.microsoft.MatMulNBits). */
export type PackingBits = 8 | 4;

/** How wide a graph's numbers are. */
export interface Precision {
  /** The type activations and weights have inside the graph. */
  readonly dtype: 'f32' | 'f16';
  /** Bits of large Linear weights; null or absent: as wide as everything else. */
  readonly linearBits?: PackingBits | null;
}

/** A dimension: a size, or the name of a free axis such as the batch `'N'`. */
export type Dim = number | string;
export type Dims = readonly Dim[];

/** Number of elements of a fully static shape. Throws when an axis is free. */
export function elementCount(dims: Dims): number {
  return dims.reduce<number>((total, dim) => {
    if (typeof dim !== 'number') throw new Error(`element count of a shape with free axis "${dim}"`);
    return total * dim;
  }, 1);
}

/** Bytes of one element. */
export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = {
  f32: 4,
  f16: 2,
  i32: 4,
  i64: 8,
  u8: 1,
};
