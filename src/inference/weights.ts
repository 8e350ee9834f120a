import { float16Bits } from '#models/graph/builder.ts';
import { elementCount, ELEMENT_BYTES, type ElementType } from '#models/graph/dtype.ts';
import { recipeDims, tensor, type ShapeTable, type WeightRecipe } from '#models/graph/weight-recipe.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import type { SafetensorsDtype } from '#formats/safetensors/header.ts';

/** Weights by canonical name, whatever the file calls them and however it packs them. */
export interface WeightSource {
  readonly name: string;
  readonly shapes: ShapeTable;
  /** One tensor as float32. */
  float(key: string): Promise<FloatTensor>;
  /** The stored bytes, if the file holds exactly this tensor; null when it must be computed. */
  stored(key: string): Promise<{ dtype: SafetensorsDtype; bytes: Uint8Array<ArrayBuffer> } | null>;
}

/** What all of a source's tensors take in one element type. */
export function weightBytes({ shapes }: WeightSource, dtype: 'f32' | 'f16'): number {
  let elements = 0;
  for (const dims of shapes.values()) elements += elementCount(dims);
  return elements * ELEMENT_BYTES[dtype];
}

/** Canonical name -> how to make it from the file's own tensors. */
export type WeightView = ReadonlyMap<string, WeightRecipe>;

/** The view in which every tensor keeps the name it has in the file. */
export function identityView(names: Iterable<string>): WeightView {
  return new Map([...names].map((name) => [name, tensor(name)]));
}

/** A safetensors file seen through a naming view. */
export function fileWeights(
  file: SafetensorsFile,
  view: WeightView = identityView(file.names),
): WeightSource {
  const fileShapes = new Map([...file.header.tensors].map(([name, entry]) => [name, entry.dims]));
  const shapes = new Map(
    [...view].map(([key, recipe]) => [key, recipeDims(recipe, fileShapes, file.source.name)]),
  );
  const raw: Reader = (key) => file.float(key);
  return {
    name: file.source.name,
    shapes,
    float: (key) => evaluate(viewed(view, key), raw),
    stored: async (key) => {
      const recipe = viewed(view, key);
      if (recipe.kind !== 'tensor') return null;
      return { dtype: file.entry(recipe.key).dtype, bytes: await file.bytes(recipe.key) };
    },
  };
}

function viewed(view: WeightView, key: string): WeightRecipe {
  const recipe = view.get(key);
  if (!recipe) throw new RangeError(`no weight named "${key}"`);
  return recipe;
}

/** Several sources as one; the first that has a key wins. */
export function mergedWeights(sources: readonly WeightSource[]): WeightSource {
  const owner = new Map<string, WeightSource>();
  for (const source of sources)
    for (const key of source.shapes.keys()) if (!owner.has(key)) owner.set(key, source);
  const of = (key: string): WeightSource => {
    const source = owner.get(key);
    if (!source) throw new RangeError(`no weight named "${key}"`);
    return source;
  };
  return {
    name: sources.map((source) => source.name).join(' + '),
    shapes: new Map([...owner].map(([key, source]) => [key, source.shapes.get(key) ?? []])),
    float: (key) => of(key).float(key),
    stored: (key) => of(key).stored(key),
  };
}

type Reader = (key: string) => Promise<FloatTensor>;

const STORED_AS: Readonly<Partial<Record<ElementType, SafetensorsDtype>>> = { f32: 'F32', f16: 'F16' };

/** The bytes of an initializer: straight from the file when it already is what the graph wants. */
export async function materialise(
  recipe: WeightRecipe,
  dtype: ElementType,
  source: WeightSource,
): Promise<Uint8Array<ArrayBuffer>> {
  const plain = recipe.kind === 'reshape' ? recipe.of : recipe;
  if (plain.kind === 'tensor') {
    const stored = await source.stored(plain.key);
    if (stored && stored.dtype === STORED_AS[dtype]) return stored.bytes;
  }
  return encode((await evaluate(recipe, (key) => source.float(key))).data, dtype);
}

function encode(values: Float32Array, dtype: ElementType): Uint8Array<ArrayBuffer> {
  if (dtype === 'f16') return new Uint8Array(Uint16Array.from(values, float16Bits).buffer);
  if (dtype !== 'f32') throw new RangeError(`weights cannot be stored as ${dtype}`);
  return new Uint8Array(values.buffer as ArrayBuffer, values.byteOffset, values.byteLength);
}

/** Computes a recipe in float32. */
export async function evaluate(recipe: WeightRecipe, read: Reader): Promise<FloatTensor> {
  switch (recipe.kind) {
    case 'tensor':
      return read(recipe.key);
    case 'rows':
      return takeRows(await evaluate(recipe.of, read), recipe.begin, recipe.end);
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
  return dims.slice(1).reduce((total, dim) => total * dim, 1);
}

function takeRows({ dims, data }: FloatTensor, begin: number, end: number): FloatTensor {
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
