import { elementCount, ELEMENT_BYTES } from '#models/graph/dtype.ts';
import { recipeDims, rows, tensor, type ShapeTable, type WeightRecipe } from '#models/graph/weight-recipe.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import type { ElementRange, SafetensorsFile, StoredTensor } from '#formats/safetensors/file.ts';
import { evaluate, takeRows, tensorPart } from './weights-evaluate.ts';

export { materialise } from './weights-materialise.ts';

/** Weights by canonical name, whatever the file calls them and however it packs them. */
export interface WeightSource {
  readonly name: string;
  readonly shapes: ShapeTable;
  /** One tensor as float32. */
  float(key: string): Promise<FloatTensor>;
  /** Rows [begin, end) of a tensor's first axis as float32; of a tensor in a file nothing else is read. */
  rows(key: string, begin: number, end: number): Promise<FloatTensor>;
  /** Bytes of a tensor, or of a part of it, that lies in a file; null when it must be computed. */
  stored(key: string, range?: ElementRange): Promise<StoredTensor | null>;
}

/** What all of a source's tensors take in one element type. */
export function weightBytes({ shapes }: Pick<WeightSource, 'shapes'>, dtype: 'f32' | 'f16'): number {
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
  const { name } = file.source;
  const fileShapes = file.shapes;
  const shapes = new Map([...view].map(([key, recipe]) => [key, recipeDims(recipe, fileShapes, name)]));
  const of = (key: string) => viewed(view, key);
  const float = async (recipe: WeightRecipe): Promise<FloatTensor> => {
    const part = tensorPart(recipe, fileShapes, name);
    if (!part) return evaluate(recipe, file);
    return floatTensor(recipeDims(recipe, fileShapes, name), await file.floats(part.key, part));
  };
  return {
    name,
    shapes,
    float: (key) => float(of(key)),
    rows: (key, begin, end) => float(rows(of(key), begin, end)),
    stored: async (key, range) => {
      const part = tensorPart(of(key), fileShapes, name);
      if (!part) return null;
      return file.stored(part.key, range ? subrange(part, range) : part);
    },
  };
}

function subrange(whole: ElementRange, part: ElementRange): ElementRange {
  return { begin: whole.begin + part.begin, end: whole.begin + part.end };
}

function viewed(view: WeightView, key: string): WeightRecipe {
  const recipe = view.get(key);
  if (!recipe) throw new RangeError(`no weight named "${key}"`);
  return recipe;
}

/** `WeightSource.rows` for a source whose tensors can only be made whole. */
export function rowsOfWhole(source: Pick<WeightSource, 'float'>): WeightSource['rows'] {
  return async (key, begin, end) => takeRows(await source.float(key), begin, end);
}

/** The rows of a table in the order of `indices`, each read once: [indices,width]. */
export async function gatherRows(
  source: Pick<WeightSource, 'rows'>,
  key: string,
  indices: readonly number[],
): Promise<FloatTensor> {
  const distinct = [...new Set(indices)];
  const read = await Promise.all(distinct.map((row) => source.rows(key, row, row + 1)));
  const byIndex = new Map(distinct.map((row, i) => [row, (read[i] as FloatTensor).data]));
  const width = read[0]?.dims[1] ?? 0;
  const result = floatTensor([indices.length, width]);
  indices.forEach((row, i) => result.data.set(byIndex.get(row) as Float32Array, i * width));
  return result;
}

/** For graphs that have none: probes of a device. */
export const NO_WEIGHTS: WeightSource = mergedWeights([]);

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
    rows: (key, begin, end) => of(key).rows(key, begin, end),
    stored: (key, range) => of(key).stored(key, range),
  };
}
