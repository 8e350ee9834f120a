import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { ElementType } from '#models/graph/dtype.ts';
import {
  isPacked,
  type InitializerRecipe,
  type PackedRecipe,
  type WeightRecipe,
} from '#models/graph/weight-recipe.ts';
import { toFloat16, toFloat32 } from '#formats/safetensors/convert.ts';
import type { StoredTensor } from '#formats/safetensors/file.ts';
import { encodeFloat16, FLOAT16_MAX, hasNonFiniteFloat16 } from '#formats/safetensors/float16.ts';
import { OverflowError } from './overflow.ts';
import { evaluate, tensorPart } from './weights-evaluate.ts';
import { blockCodes, blockScales } from './weights-pack.ts';
import type { WeightSource } from './weights.ts';

type Bytes = Uint8Array<ArrayBuffer>;

/**
 * The bytes of an initializer. What the file already holds as the graph wants it is handed out untouched; of the rest
 * no more is in memory than the tensor and its result.
 * @param room memory the bytes may be written to, if they fit; then they only hold until it is used again.
 * @throws OverflowError where a value does not fit 16 bits: the UNet, text encoders and autoencoder then run in 32.
 */
export async function materialise(
  recipe: InitializerRecipe,
  dtype: ElementType,
  source: WeightSource,
  room?: ArrayBuffer,
): Promise<Bytes> {
  if (isPacked(recipe)) return packed(recipe, dtype, source);
  if (dtype !== 'f32' && dtype !== 'f16') throw new RangeError(`weights cannot be stored as ${dtype}`);
  const part = tensorPart(recipe, source.shapes, source.name);
  const stored = part && (await source.stored(part.key, part));
  if (!stored) return encoded((await evaluate(recipe, source)).data, dtype, () => nameOf(recipe, source));
  return converted(stored, dtype, () => nameOf(recipe, source), room);
}

function converted(
  { dtype, bytes, scale }: StoredTensor,
  target: 'f32' | 'f16',
  name: () => Sentence,
  room: ArrayBuffer | undefined,
): Bytes {
  if (target === 'f32') return bytesOf(toFloat32(bytes, dtype, scale, room));
  const halves = toFloat16(bytes, dtype, scale, room);
  return bytesOf(dtype === 'F16' && (scale ?? 1) === 1 ? halves : fitting(halves, name));
}

function encoded(values: Float32Array, target: 'f32' | 'f16', name: () => Sentence): Bytes {
  return bytesOf(target === 'f32' ? values : fitting(encodeFloat16(values), name));
}

/** 16-bit values made of wider ones: infinity would spread through the whole picture, so it is refused here. */
function fitting(halves: Uint16Array<ArrayBuffer>, name: () => Sentence): Uint16Array<ArrayBuffer> {
  if (!hasNonFiniteFloat16(halves)) return halves;
  throw new OverflowError(
    sentence`${name()} holds values beyond ±${FLOAT16_MAX}, the largest that 16-bit numbers reach. Choose another version of this file.`,
  );
}

function nameOf(recipe: WeightRecipe, source: WeightSource): Sentence {
  const part = tensorPart(recipe, source.shapes, source.name);
  return part ? sentence`"${part.key}" of "${source.name}"` : sentence`A weight of "${source.name}"`;
}

/**
 * Half of a packed matrix. Codes and scales are separate initializers, asked for at separate times; reading the matrix
 * twice costs less than keeping the other half of a whole model.
 */
async function packed(recipe: PackedRecipe, dtype: ElementType, source: WeightSource): Promise<Bytes> {
  const { data } = await evaluate(recipe.of, source);
  const scales = encoded(blockScales(data, recipe), recipe.scaleType, () => nameOf(recipe.of, source));
  if (recipe.kind === 'packed-scales') return scales;
  if (dtype !== 'u8') throw new RangeError(`codes cannot be stored as ${dtype}`);
  const used = toFloat32(scales, recipe.scaleType === 'f16' ? 'F16' : 'F32');
  return blockCodes(data, used, recipe);
}

function bytesOf({ buffer, byteOffset, byteLength }: Float32Array | Uint16Array): Bytes {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}
