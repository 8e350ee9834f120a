import { memorySource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { fileOf, type NamedTensor } from '../golden/files.ts';
import { randomTensor } from './unet-keymaps.ts';

/** Parts of a module and their shapes, e.g. `{ 'lora_down.weight': [4, 32], 'lora_up.weight': [32, 4] }`. */
export type Parts = Readonly<Record<string, readonly number[]>>;

/** Random tensors `stem.part`; the same part of the same seed has the same values under any stem. */
export function moduleTensors(stem: string, parts: Parts, seed = ''): NamedTensor[] {
  return Object.entries(parts).map(([part, dims]) => [`${stem}.${part}`, randomTensor(dims, seed + part)]);
}

/** A LoRA file with the given modules. */
export function loraFile(
  modules: Readonly<Record<string, Parts>>,
  name = 'made.safetensors',
  seed = '',
): Promise<SafetensorsFile> {
  const tensors = Object.entries(modules).flatMap(([stem, parts]) => moduleTensors(stem, parts, seed));
  return fileOf(tensors, name);
}

/** The same tensors with `__metadata__` in the header. */
export async function withMetadata(
  file: SafetensorsFile,
  metadata: Readonly<Record<string, string>>,
): Promise<SafetensorsFile> {
  const whole = await file.source.read(0, file.source.size);
  const length = Number(new DataView(whole.buffer, whole.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(whole.subarray(8, 8 + length))) as object;
  const text = new TextEncoder().encode(JSON.stringify({ __metadata__: metadata, ...header }));
  const bytes = new Uint8Array(8 + text.length + whole.length - 8 - length);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(text.length), true);
  bytes.set(text, 8);
  bytes.set(whole.subarray(8 + length), 8 + text.length);
  return SafetensorsFile.open(memorySource(bytes, file.source.name));
}

export const lora = (out: number, input: number, rank: number): Parts => ({
  'lora_down.weight': [rank, input],
  'lora_up.weight': [out, rank],
});
