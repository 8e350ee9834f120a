import { CLIP_TOKEN_TABLE } from '#models/clip/text.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { gatherRows, type WeightSource } from './weights.ts';

/**
 * Token embeddings [N,context,width] of ids [N·context], looked up here: of a table of 49408 rows (120 MB for bigG) a
 * prompt needs a few dozen, and only those are read.
 */
export async function embedTokens(
  weights: Pick<WeightSource, 'rows'>,
  ids: Int32Array,
  context: number,
): Promise<FloatTensor> {
  const { dims, data } = await gatherRows(weights, CLIP_TOKEN_TABLE, [...ids]);
  return floatTensor([ids.length / context, context, dims[1] as number], data);
}
