/** Element types a graph may compute in or hold. `f16` needs `shader-f16` on WebGPU. */
export type ElementType = 'f32' | 'f16' | 'i32' | 'i64';

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

export const ELEMENT_BYTES: Readonly<Record<ElementType, number>> = { f32: 4, f16: 2, i32: 4, i64: 8 };
