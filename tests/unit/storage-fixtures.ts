import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { memorySource, type ByteSource } from '#formats/byte-source.ts';
import { ImportedModels, type TransferOptions } from '#storage/imported-models.ts';
import type { ImportedRecord } from '#storage/import-record.ts';
import { FakeDisk, fakeLocks, pattern, type DiskOperation } from './storage-fakes.ts';

export const CHUNK = 1000;
export const CONTENT = pattern(4321);
export const SHA256 = createHash('sha256').update(CONTENT).digest('hex');
export const META = { name: 'a.safetensors', folder: 'checkpoints', note: 'test' };

export const modelsOn = (disk: FakeDisk, locks = fakeLocks()) =>
  new ImportedModels({
    blobs: disk.blobs,
    records: disk.records,
    locks,
    freeSpace: async () => 123_000_000,
    chunkBytes: CHUNK,
  });

export const quiet = (signal = new AbortController().signal): TransferOptions => ({
  signal,
  onProgress: () => undefined,
});

/** Counts the bytes that are read from the source. */
export function counted(content = CONTENT): ByteSource & { lastModified: number; readBytes: number } {
  const source = memorySource(content, META.name);
  return {
    ...source,
    lastModified: 7,
    readBytes: 0,
    read(begin, end) {
      this.readBytes += end - begin;
      return source.read(begin, end);
    },
  };
}

export async function contentOf(models: ImportedModels, { id, size }: ImportedRecord) {
  const source = await models.open(id);
  const bytes = await source.read(0, size);
  await models.close(id);
  return bytes;
}

export async function expectOldOrNew(models: ImportedModels): Promise<'old' | 'new'> {
  const listed = await models.list();
  if (listed.length === 0) return 'old';
  expect(listed).toHaveLength(1);
  expect(listed[0]).toMatchObject({
    state: 'complete',
    size: CONTENT.length,
    sha256: SHA256,
    name: META.name,
  });
  expect(await contentOf(models, listed[0]!)).toEqual(CONTENT);
  return 'new';
}

export async function importedLog(): Promise<readonly DiskOperation[]> {
  const disk = new FakeDisk();
  await modelsOn(disk).import(counted(), META, quiet());
  return disk.log;
}
