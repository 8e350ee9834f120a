import type { LoraDelta, LoraFactor, LoraModule } from '#models/lora/parse.ts';
import { peftScale } from '#models/lora/peft-scale.ts';
import { AppError } from '#domain/job/app-error.ts';
import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { FloatTensor } from '#domain/tensor.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import type { SafetensorsDtype } from '#formats/safetensors/header.ts';
import {
  addHadamard,
  addKronecker,
  addScaled,
  allFinite,
  rescaleToMagnitudes,
  transposedMatrix,
  tuckerProduct,
} from './lora-delta.ts';
import { addProduct } from './matrix-product.ts';

/** A module with the file it is in and how strongly it applies. */
export interface LoraPatch {
  readonly file: SafetensorsFile;
  readonly module: LoraModule;
  /** The user's multiplier; negative takes away. */
  readonly strength: number;
}

const REAL: ReadonlySet<SafetensorsDtype> = new Set(['F16', 'BF16', 'F32', 'F64', 'F8_E4M3', 'F8_E5M2']);

function damaged(file: SafetensorsFile, key: string, reason: Sentence): AppError {
  return new AppError(
    'model-corrupt',
    sentence`The LoRA "${file.source.name}" cannot be used: its tensor "${key}" ${reason}. The file may be damaged; download it again or take it out of the stack.`,
  );
}

/** @throws AppError `model-corrupt` naming file and key for NaN, infinities and types that are not real numbers. */
async function read(file: SafetensorsFile, key: string): Promise<Float32Array> {
  const { dtype } = file.entry(key);
  if (!REAL.has(dtype)) throw damaged(file, key, sentence`is of type ${dtype}, which holds no real numbers`);
  const { data } = await file.float(key);
  if (!allFinite(data)) throw damaged(file, key, sentence`holds values that are not finite`);
  return data;
}

/** bias += strength · diff_b. */
export async function patchBias(bias: Float32Array, { file, module, strength }: LoraPatch): Promise<void> {
  if (module.bias) addScaled(bias, await read(file, module.bias.key), strength);
}

/**
 * W ← W + strength · (W' − W), where W' is the weight merged at strength 1: for everything but DoRA the same as
 * W + strength · scale · Δ; DoRA has a norm in between (spec/sdxl.md G.2, the continuous form of the two it gives).
 * @param weight changed in place.
 */
export async function patchWeight(weight: FloatTensor, patch: LoraPatch): Promise<void> {
  const { file, module, strength } = patch;
  const { delta } = module;
  if (!delta) return;
  const scale = await scaleOf(patch);
  if (delta.dora) {
    const merged = weight.data.slice();
    await addDelta(merged, file, delta, scale);
    const [rows = 1, columns = 1] = weight.dims;
    const sizes = { rows, columns, kernel: merged.length / (rows * columns) };
    rescaleToMagnitudes(merged, await read(file, delta.dora.key), delta.dora.axis, sizes);
    interpolate(weight.data, merged, strength);
  } else await addDelta(weight.data, file, delta, strength * scale);
  if (!allFinite(weight.data))
    throw damaged(file, firstKey(delta), sentence`makes the weight grow beyond all numbers`);
}

function firstKey({ factors: [factor] }: LoraDelta): string {
  if (!factor) throw new RangeError('a delta without factors');
  return factor.kind === 'full' ? factor.key : factor.a;
}

function interpolate(from: Float32Array, to: Float32Array, amount: number): void {
  if (amount === 1) from.set(to);
  else
    for (let i = 0; i < from.length; i++)
      (from[i] as number) += amount * ((to[i] as number) - (from[i] as number));
}

/** alpha/rank; alpha 0 counts as the rank, as trainers have it. */
async function scaleOf({ file, module }: LoraPatch): Promise<number> {
  const rank = module.delta?.rank;
  if (!rank) return 1;
  if (module.alpha === null) return peftScale(file.header.metadata, module.stem, rank);
  const [alpha = 0] = await read(file, module.alpha);
  return alpha === 0 ? 1 : alpha / rank;
}

async function addDelta(
  target: Float32Array,
  file: SafetensorsFile,
  { family, factors }: LoraDelta,
  factor: number,
): Promise<void> {
  const [first, second] = factors as readonly [LoraFactor, LoraFactor | undefined];
  if (!second && first.kind === 'product') return addFactors(target, file, first, factor);
  const x = await evaluated(file, first);
  if (!second) return addScaled(target, x, factor);
  const y = await evaluated(file, second);
  if (family === 'loha') return addHadamard(target, x, y, factor);
  addKronecker(
    target,
    { data: x, columns: first.dims[1] ?? 1 },
    { data: y, columns: y.length / (second.dims[0] ?? 1) },
    factor,
  );
}

/** One factor as a row-major [out, in·kernel] matrix. */
async function evaluated(file: SafetensorsFile, factor: LoraFactor): Promise<Float32Array> {
  if (factor.kind === 'full') return read(file, factor.key);
  if (factor.kind === 'tucker') return tucker(file, factor);
  const result = new Float32Array(factor.dims.reduce((product, dim) => product * dim, 1));
  await addFactors(result, file, factor, 1);
  return result;
}

async function addFactors(
  target: Float32Array,
  file: SafetensorsFile,
  { a, b, dims }: LoraFactor & { readonly kind: 'product' },
  factor: number,
): Promise<void> {
  const [left, right] = [await read(file, a), await read(file, b)];
  const rows = dims[0] ?? 1;
  const inner = left.length / rows;
  addProduct(target, left, right, { rows, inner, columns: right.length / inner }, factor);
}

async function tucker(
  file: SafetensorsFile,
  { a, core, b, outFirst, dims }: LoraFactor & { readonly kind: 'tucker' },
): Promise<Float32Array> {
  const [out = 1, input = 1, ...kernelDims] = dims;
  const [left, middle, right] = [await read(file, a), await read(file, core), await read(file, b)];
  const kernel = kernelDims.reduce((product, dim) => product * dim, 1);
  const size = { out, i: left.length / out, j: right.length / input, kernel, input };
  return tuckerProduct(outFirst ? left : transposedMatrix(left, out), middle, right, size);
}
