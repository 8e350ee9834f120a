import { elementCount } from '#models/graph/dtype.ts';
import { recipeDims, type ShapeTable, type WeightRecipe } from '#models/graph/weight-recipe.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { ElementRange } from '#formats/safetensors/file.ts';

/** Part of one tensor that lies in one piece. */
export interface TensorPart extends ElementRange {
  readonly key: string;
}

/** The part of one tensor that a recipe is, if it only cuts rows and renames axes; null when it must be computed. */
export function tensorPart(recipe: WeightRecipe, shapes: ShapeTable, owner: string): TensorPart | null {
  if (recipe.kind === 'tensor')
    return { key: recipe.key, begin: 0, end: elementCount(recipeDims(recipe, shapes, owner)) };
  if (recipe.kind !== 'reshape' && recipe.kind !== 'rows') return null;
  const inner = tensorPart(recipe.of, shapes, owner);
  if (!inner || recipe.kind === 'reshape') return inner;
  const row = rowLength(recipeDims(recipe.of, shapes, owner));
  return { ...inner, begin: inner.begin + recipe.begin * row, end: inner.begin + recipe.end * row };
}

/** Where a recipe's tensors come from. */
export interface TensorReader {
  float(key: string): Promise<FloatTensor>;
  rows(key: string, begin: number, end: number): Promise<FloatTensor>;
}

/** Computes a recipe in float32. */
export async function evaluate(recipe: WeightRecipe, read: TensorReader): Promise<FloatTensor> {
  switch (recipe.kind) {
    case 'tensor':
      return read.float(recipe.key);
    case 'rows':
      return recipe.of.kind === 'tensor'
        ? read.rows(recipe.of.key, recipe.begin, recipe.end)
        : takeRows(await evaluate(recipe.of, read), recipe.begin, recipe.end);
    case 'permute-rows':
      return permuteRows(await evaluate(recipe.of, read), recipe.order);
    case 'concat-rows':
      return concatRows(await Promise.all(recipe.of.map((part) => evaluate(part, read))));
    case 'transpose':
      return transposed(await evaluate(recipe.of, read), recipe.permutation);
    case 'reshape':
      return floatTensor(recipe.dims, (await evaluate(recipe.of, read)).data);
    case 'scale': {
      const { dims, data } = await evaluate(recipe.of, read);
      return floatTensor(
        dims,
        data.map((value) => value * recipe.factor),
      );
    }
  }
}

function rowLength(dims: readonly number[]): number {
  return elementCount(dims.slice(1));
}

/** Rows [begin, end) of a tensor's first axis, copied. */
export function takeRows({ dims, data }: FloatTensor, begin: number, end: number): FloatTensor {
  const length = rowLength(dims);
  return floatTensor([end - begin, ...dims.slice(1)], data.slice(begin * length, end * length));
}

function permuteRows({ dims, data }: FloatTensor, order: readonly number[]): FloatTensor {
  const length = rowLength(dims);
  const result = floatTensor([order.length, ...dims.slice(1)]);
  order.forEach((row, i) => result.data.set(data.subarray(row * length, (row + 1) * length), i * length));
  return result;
}

function concatRows(parts: readonly FloatTensor[]): FloatTensor {
  const rowCount = parts.reduce((total, part) => total + (part.dims[0] ?? 1), 0);
  const result = floatTensor([rowCount, ...(parts[0]?.dims.slice(1) ?? [])]);
  let at = 0;
  for (const { data } of parts) {
    result.data.set(data, at);
    at += data.length;
  }
  return result;
}

function transposed({ dims, data }: FloatTensor, permutation: readonly number[]): FloatTensor {
  const result = floatTensor(permutation.map((axis) => dims[axis] ?? 1));
  const inputStrides = dims.map((_, axis) => rowLength(dims.slice(axis)));
  const strides = permutation.map((axis) => inputStrides[axis] ?? 1);
  for (let i = 0; i < data.length; i++) {
    let rest = i;
    let from = 0;
    for (let axis = result.dims.length - 1; axis >= 0; axis--) {
      const dim = result.dims[axis] as number;
      from += (rest % dim) * (strides[axis] as number);
      rest = Math.floor(rest / dim);
    }
    result.data[i] = data[from] as number;
  }
  return result;
}
