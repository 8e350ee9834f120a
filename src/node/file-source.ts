import { open, stat } from 'node:fs/promises';
import { basename } from 'node:path';
import type { ByteSource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';

/** A file on disk as a {@link ByteSource}. Opened per read: callers never have to close it. */
export async function diskSource(path: string): Promise<ByteSource> {
  const { size } = await stat(path);
  return { name: basename(path), size, read: (begin, end) => readRange(path, begin, end) };
}

async function readRange(path: string, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
  const handle = await open(path);
  try {
    const bytes = new Uint8Array(end - begin);
    const { bytesRead } = await handle.read(bytes, 0, bytes.length, begin);
    return bytes.subarray(0, bytesRead);
  } finally {
    await handle.close();
  }
}

export async function openSafetensors(path: string): Promise<SafetensorsFile> {
  return SafetensorsFile.open(await diskSource(path));
}
