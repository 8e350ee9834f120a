import { fileURLToPath } from 'node:url';
import { openSafetensors } from '#node/file-source.ts';
import { memorySource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { writeSafetensors } from '#formats/safetensors/write.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';

/** A file of the committed reference data. */
export function goldenFile(kind: string, name = 'weights.safetensors'): Promise<SafetensorsFile> {
  return openSafetensors(fileURLToPath(new URL(`data/${kind}/${name}`, import.meta.url)));
}

export type NamedTensor = readonly [name: string, tensor: FloatTensor];

/** Tensors as an opened F32 file in memory. */
export function fileOf(tensors: readonly NamedTensor[], name = 'made.safetensors'): Promise<SafetensorsFile> {
  const bytes = writeSafetensors(
    tensors.map(([key, { dims, data }]) => ({
      name: key,
      dtype: 'F32',
      dims,
      bytes: new Uint8Array(data.buffer, data.byteOffset, data.byteLength),
    })),
  );
  return SafetensorsFile.open(memorySource(bytes, name));
}

/** A file with every tensor renamed, reshaped or split: how the same weights look in another naming. */
export async function rewritten(
  file: SafetensorsFile,
  change: (name: string, tensor: FloatTensor) => readonly NamedTensor[],
): Promise<SafetensorsFile> {
  const tensors: NamedTensor[] = [];
  for (const name of file.names) tensors.push(...change(name, await file.float(name)));
  return fileOf(tensors);
}

/** [a,b] -> [b,a]. */
export function transposed({ dims, data }: FloatTensor): FloatTensor {
  const [rows, columns] = dims as [number, number];
  const result = floatTensor([columns, rows]);
  for (let i = 0; i < rows; i++)
    for (let j = 0; j < columns; j++) result.data[j * rows + i] = data[i * columns + j]!;
  return result;
}

/** Equal row blocks. */
export function rowBlocks({ dims, data }: FloatTensor, count: number): FloatTensor[] {
  const size = data.length / count;
  return Array.from({ length: count }, (_, i) =>
    floatTensor([dims[0]! / count, ...dims.slice(1)], data.slice(i * size, (i + 1) * size)),
  );
}

export function maxDifference(a: FloatTensor, b: FloatTensor): number {
  if (a.dims.join() !== b.dims.join()) throw new RangeError(`[${a.dims.join()}] against [${b.dims.join()}]`);
  return a.data.reduce((worst, value, i) => {
    const error = Math.abs(value - b.data[i]!);
    return error <= worst ? worst : error;
  }, 0);
}
