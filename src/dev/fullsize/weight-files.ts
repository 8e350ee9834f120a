import { createReadStream } from 'node:fs';
import { mkdir, open, readFile, rename, stat, type FileHandle } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShapeTable } from '#models/graph/weight-recipe.ts';
import { safetensorsBegin, type TensorLayout } from '#formats/safetensors/write.ts';
import { DTYPE_BYTES, RandomTensor, type FullsizeDtype } from './random-tensors.ts';

export type FullsizeName = 'checkpoint' | 'ip-adapter' | 'clip-vision' | 'sam3';

interface FullsizeFile {
  readonly fileName: string;
  /** Key list of the real file, in `tests/golden/data/keymaps`. */
  readonly keys: string;
  readonly dtype: FullsizeDtype;
}

/** The files a user has, by the types they are published in. */
export const FULLSIZE_FILES: Readonly<Record<FullsizeName, FullsizeFile>> = {
  checkpoint: { fileName: 'sdxl.safetensors', keys: 'sdxl_checkpoint_keys.json', dtype: 'F16' },
  'ip-adapter': {
    fileName: 'ip-adapter-plus.safetensors',
    keys: 'ip_adapter_plus_sdxl_vit_h_keys.json',
    dtype: 'F16',
  },
  'clip-vision': { fileName: 'clip-vit-h.safetensors', keys: 'clip_vit_h_keys.json', dtype: 'F32' },
  sam3: { fileName: 'sam3.safetensors', keys: 'sam3_transformers_keys.json', dtype: 'F32' },
};

export const FULLSIZE_NAMES = Object.keys(FULLSIZE_FILES) as readonly FullsizeName[];

const KEYMAPS = new URL('../../../tests/golden/data/keymaps/', import.meta.url);

/** Changes whenever the values do, so that files of an older generator are written anew. */
const METADATA = { generator: 'luna-studio fullsize 1' };

const CHUNK_BYTES = 8 * 2 ** 20;

/** Names and shapes of a real file's tensors. */
export async function fullsizeShapes(name: FullsizeName): Promise<ShapeTable> {
  const json = await readFile(new URL(FULLSIZE_FILES[name].keys, KEYMAPS), 'utf8');
  return new Map(Object.entries(JSON.parse(json) as Record<string, readonly number[]>));
}

/** Length of a file's data: its header, which comes before, is not counted. */
export async function fullsizeBytes(name: FullsizeName): Promise<number> {
  return dataBytes(layout(await fullsizeShapes(name), FULLSIZE_FILES[name].dtype));
}

/** Path of a random-weight file of the real shapes; written unless it is there already. */
export async function ensureFullsizeFile(dir: string, name: FullsizeName): Promise<string> {
  const { fileName, dtype } = FULLSIZE_FILES[name];
  await mkdir(dir, { recursive: true });
  const path = join(dir, fileName);
  await writeRandomFile(path, await fullsizeShapes(name), dtype);
  return path;
}

/** Writes random tensors chunk by chunk, unless a file of the same size and header is there. */
export async function writeRandomFile(path: string, shapes: ShapeTable, dtype: FullsizeDtype): Promise<void> {
  const tensors = layout(shapes, dtype);
  const begin = safetensorsBegin(tensors, METADATA);
  if (await isWritten(path, begin, tensors)) return;
  const part = `${path}.part`;
  const file = await open(part, 'w');
  try {
    await file.write(begin);
    for (const tensor of tensors) await writeTensor(file, tensor);
  } finally {
    await file.close();
  }
  await rename(part, path);
}

function dataBytes(tensors: readonly TensorLayout[]): number {
  return tensors.reduce((sum, { byteLength }) => sum + byteLength, 0);
}

/** Integer tensors are the position numbers that old files carry. */
function layout(
  shapes: ShapeTable,
  dtype: FullsizeDtype,
): (TensorLayout & { readonly dtype: FullsizeDtype })[] {
  return [...shapes].map(([name, dims]) => {
    const own = name.endsWith('.position_ids') ? 'I64' : dtype;
    const elements = dims.reduce((product, dim) => product * dim, 1);
    return { name, dims, dtype: own, byteLength: elements * DTYPE_BYTES[own] };
  });
}

async function isWritten(
  path: string,
  begin: Uint8Array,
  tensors: readonly TensorLayout[],
): Promise<boolean> {
  const size = await stat(path).then(
    (found) => found.size,
    () => -1,
  );
  if (size !== begin.length + dataBytes(tensors)) return false;
  const stream = createReadStream(path, { end: begin.length - 1 });
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).equals(begin);
}

async function writeTensor(
  file: FileHandle,
  { name, dims, dtype, byteLength }: TensorLayout & { readonly dtype: FullsizeDtype },
): Promise<void> {
  const values = new RandomTensor(name, dims, dtype);
  const chunk = new Uint8Array(Math.min(CHUNK_BYTES, byteLength));
  for (let at = 0; at < byteLength; at += chunk.length) {
    const part = chunk.subarray(0, Math.min(chunk.length, byteLength - at));
    values.fill(part);
    await file.write(part);
  }
}
