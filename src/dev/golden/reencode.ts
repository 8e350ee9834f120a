import { memorySource } from '#formats/byte-source.ts';
import { toFloat32 } from '#formats/safetensors/convert.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import type { SafetensorsDtype } from '#formats/safetensors/header.ts';
import { writeSafetensors, type TensorToWrite } from '#formats/safetensors/write.ts';

/** Types that `npm run golden -- --weights=` can re-encode weights in. */
export const WEIGHT_TYPES = ['F32', 'BF16', 'F16', 'F8_E4M3', 'F8_E5M2'] as const;
export type WeightType = (typeof WEIGHT_TYPES)[number];

const REAL_TYPES: ReadonlySet<SafetensorsDtype> = new Set([...WEIGHT_TYPES, 'F64']);
const CODES = { BF16: 65536, F16: 65536, F8_E4M3: 256, F8_E5M2: 256 } as const;

/**
 * The same weights as if they had been saved in another type. A tensor that the type cannot hold exactly keeps its
 * own (READMEs: all values are exact in every type, except some halved LoRA matrices in E4M3).
 */
export async function reencoded(file: SafetensorsFile, type: WeightType): Promise<SafetensorsFile> {
  const tensors: TensorToWrite[] = [];
  for (const [name, { dtype, dims }] of file.header.tensors) {
    const bytes = await file.bytes(name);
    const exact = REAL_TYPES.has(dtype) ? encodeExactly(toFloat32(bytes, dtype), type) : null;
    tensors.push(exact ? { name, dtype: type, dims, bytes: exact } : { name, dtype, dims, bytes });
  }
  const metadata = Object.fromEntries(file.header.metadata);
  return SafetensorsFile.open(memorySource(writeSafetensors(tensors, metadata), file.source.name));
}

/** Bytes of the values in a type; null where one of them is not a value of it. */
function encodeExactly(values: Float32Array<ArrayBuffer>, type: WeightType): Uint8Array | null {
  if (type === 'F32') return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const codes = codesOf(type);
  const result = CODES[type] === 256 ? new Uint8Array(values.length) : new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const code = codes.get(values[i] as number);
    if (code === undefined) return null;
    result[i] = code;
  }
  return new Uint8Array(result.buffer);
}

const tables = new Map<WeightType, ReadonlyMap<number, number>>();

/** Value -> code of every value a type has. */
function codesOf(type: Exclude<WeightType, 'F32'>): ReadonlyMap<number, number> {
  const known = tables.get(type);
  if (known) return known;
  const count = CODES[type];
  const all = Uint16Array.from({ length: count }, (_, code) => code);
  const bytes = count === 256 ? Uint8Array.from(all) : new Uint8Array(all.buffer);
  const codes = new Map<number, number>();
  toFloat32(bytes, type).forEach((value, code) => {
    if (!codes.has(value)) codes.set(value, code);
  });
  tables.set(type, codes);
  return codes;
}
