import type { PackingBits } from './dtype.ts';

/**
 * How the bytes of one initializer come out of the user's weight file.
 *
 * A recipe is plain data, so that the runtime can evaluate it while the weights stream in: most initializers are
 * one tensor as it lies in the file; a few are rows of a packed matrix, a permutation or a transpose.
 */
export type WeightRecipe =
  | { readonly kind: 'tensor'; readonly key: string }
  | { readonly kind: 'rows'; readonly of: WeightRecipe; readonly begin: number; readonly end: number }
  | { readonly kind: 'permute-rows'; readonly of: WeightRecipe; readonly order: readonly number[] }
  | { readonly kind: 'concat-rows'; readonly of: readonly WeightRecipe[] }
  | { readonly kind: 'transpose'; readonly of: WeightRecipe; readonly permutation: readonly number[] }
  | { readonly kind: 'reshape'; readonly of: WeightRecipe; readonly dims: readonly number[] }
  | { readonly kind: 'scale'; readonly of: WeightRecipe; readonly factor: number };

/**
 * One half of a matrix [N,K] packed for com.microsoft.MatMulNBits (spec/onnxruntime-web.md §5): `bits`-bit codes u8
 * [N,K/block,block·bits/8], or scales [N·K/block]. Both know the scales' type, because codes make up for its rounding.
 */
export interface PackedRecipe {
  readonly kind: 'packed-codes' | 'packed-scales';
  readonly of: WeightRecipe;
  readonly bits: PackingBits;
  readonly block: number;
  readonly scaleType: 'f32' | 'f16';
}

/** What an initializer may be filled with. */
export type InitializerRecipe = WeightRecipe | PackedRecipe;

/** Whether a weight is made as quantised blocks (codes or scales) instead of values. */
export function isPacked(recipe: InitializerRecipe): recipe is PackedRecipe {
  return recipe.kind === 'packed-codes' || recipe.kind === 'packed-scales';
}

/** Shapes of the tensors in a weight file by (canonical) name: all a network needs to emit its graph. */
export type ShapeTable = ReadonlyMap<string, readonly number[]>;

/** Names what is missing and where, so that a wrong file can be explained to its owner. */
export class MissingWeightError extends Error {
  override readonly name = 'MissingWeightError';
  readonly key: string;

  constructor(key: string, network: string) {
    super(`The file has no tensor "${key}", which the ${network} needs.`);
    this.key = key;
  }
}

/** Shape of a recipe's result. Throws {@link MissingWeightError} if a tensor is not in the table. */
export function recipeDims(
  recipe: InitializerRecipe,
  shapes: ShapeTable,
  network: string,
): readonly number[] {
  switch (recipe.kind) {
    case 'tensor': {
      const dims = shapes.get(recipe.key);
      if (!dims) throw new MissingWeightError(recipe.key, network);
      return dims;
    }
    case 'rows':
      return [recipe.end - recipe.begin, ...recipeDims(recipe.of, shapes, network).slice(1)];
    case 'permute-rows':
      return [recipe.order.length, ...recipeDims(recipe.of, shapes, network).slice(1)];
    case 'concat-rows': {
      const parts = recipe.of.map((part) => recipeDims(part, shapes, network));
      return [parts.reduce((rows, dims) => rows + (dims[0] ?? 1), 0), ...(parts[0] ?? []).slice(1)];
    }
    case 'transpose': {
      const dims = recipeDims(recipe.of, shapes, network);
      return recipe.permutation.map((axis) => dims[axis] ?? 1);
    }
    case 'reshape':
      return recipe.dims;
    case 'scale':
      return recipeDims(recipe.of, shapes, network);
    case 'packed-codes':
    case 'packed-scales':
      return packedDims(recipe, recipeDims(recipe.of, shapes, network));
  }
}

function packedDims({ kind, bits, block }: PackedRecipe, dims: readonly number[]): readonly number[] {
  const [rowCount = 1, columns = 1] = dims;
  const blocks = columns / block;
  return kind === 'packed-codes' ? [rowCount, blocks, (block * bits) / 8] : [rowCount * blocks];
}

/** Every file tensor a recipe reads. */
export function recipeKeys(recipe: InitializerRecipe): string[] {
  switch (recipe.kind) {
    case 'tensor':
      return [recipe.key];
    case 'concat-rows':
      return recipe.of.flatMap(recipeKeys);
    default:
      return recipeKeys(recipe.of);
  }
}

/** A tensor of the file as it is. */
export const tensor = (key: string): WeightRecipe => ({ kind: 'tensor', key });
/** Rows [begin, end) of the first axis. */
export const rows = (of: WeightRecipe, begin: number, end: number): WeightRecipe => ({
  kind: 'rows',
  of,
  begin,
  end,
});
