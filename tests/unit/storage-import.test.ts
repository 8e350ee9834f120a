import { createHash } from 'node:crypto';
import { describe, expect, it, vi } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import { memorySource, type ByteSource } from '#formats/byte-source.ts';
import { ImportedModels } from '#storage/imported-models.ts';
import type { ImportedRecord } from '#storage/import-record.ts';
import type { TransferProgress } from '#storage/transfer-meter.ts';
import { FakeDisk, fakeLocks, pattern, type DiskOperation } from './storage-fakes.ts';
import {
  CHUNK,
  CONTENT,
  contentOf,
  counted,
  expectOldOrNew,
  importedLog,
  META,
  modelsOn,
  quiet,
} from './storage-fixtures.ts';

describe('importing a file', () => {
  it('copies it, hashes it, and lists it', async () => {
    const disk = new FakeDisk();
    const models = modelsOn(disk);
    const record = await models.import(counted(), META, quiet());
    expect(record.chunks).toHaveLength(5);
    expect(record.chunks[4]).toBe(createHash('sha256').update(CONTENT.subarray(4000)).digest('hex'));
    expect(await expectOldOrNew(models)).toBe('new');
    expect(await models.partials()).toEqual([]);
  });

  it('answers the present copy when it is imported again, without reading the source', async () => {
    const models = modelsOn(new FakeDisk());
    const first = await models.import(counted(), META, quiet());
    const source = counted();
    expect((await models.import(source, META, quiet())).id).toBe(first.id);
    expect(source.readBytes).toBe(0);
    const other = { ...counted(), lastModified: 8 };
    expect((await models.import(other, META, quiet())).id).not.toBe(first.id);
  });

  it('takes an empty file and one of exactly some chunks', async () => {
    for (const length of [0, CHUNK, 3 * CHUNK]) {
      const models = modelsOn(new FakeDisk());
      const record = await models.import(memorySource(pattern(length), 'x'), META, quiet());
      expect(await contentOf(models, record)).toEqual(pattern(length));
    }
  });

  it('flushes the bytes of a chunk before its hash is recorded', async () => {
    const log = await importedLog();
    const recorded = (operation: DiskOperation) =>
      operation.kind === 'put' ? (operation.record as ImportedRecord).chunks.filter(Boolean).length : 0;
    for (const [i, operation] of log.entries()) {
      if (recorded(operation) > 0 && (operation as { record: ImportedRecord }).record.state === 'partial')
        expect(log[i - 1]).toMatchObject({ kind: 'flush' });
    }
    expect(log.filter((operation) => operation.kind === 'flush')).toHaveLength(5);
  });

  it('reports bytes, speed and the rest', async () => {
    const reports: TransferProgress[] = [];
    let now = 0;
    const disk = new FakeDisk();
    const models = new ImportedModels({
      blobs: disk.blobs,
      records: disk.records,
      locks: fakeLocks(),
      freeSpace: async () => null,
      chunkBytes: CHUNK,
      now: () => now,
    });
    disk.onCall = () => (now += 100);
    await models.import(counted(), META, { ...quiet(), onProgress: (progress) => reports.push(progress) });
    expect(reports[0]).toMatchObject({
      doneBytes: 0,
      totalBytes: 4321,
      stage: 'copying',
      bytesPerSecond: null,
    });
    const copying = reports.filter(({ stage }) => stage === 'copying');
    expect(copying.map(({ doneBytes }) => doneBytes)).toEqual(
      [...copying.map(({ doneBytes }) => doneBytes)].sort((a, b) => a - b),
    );
    const last = copying.at(-1)!;
    // Each chunk takes a write, a flush and a record: 300 ms.
    expect(copying[2]!.bytesPerSecond).toBeGreaterThan(2000);
    expect(copying[2]!.bytesPerSecond).toBeLessThan(4000);
    expect(copying[2]!.remainingMs).toBeCloseTo(((4321 - 2000) / copying[2]!.bytesPerSecond!) * 1000);
    expect(last.doneBytes).toBe(4321);
    expect(reports.at(-1)).toMatchObject({ stage: 'checking', doneBytes: 4321 });
  });

  it('keeps a cancelled copy for later, and nothing of one cancelled at once', async () => {
    for (const [cancelAfter, kept] of [
      [0, 0],
      [2500, 2],
    ] as const) {
      const disk = new FakeDisk();
      const models = modelsOn(disk);
      const controller = new AbortController();
      const source = memorySource(CONTENT, META.name);
      const slow: ByteSource = {
        ...source,
        read: (begin, end) => {
          if (begin >= cancelAfter) controller.abort(new AppError('aborted', 'Stopped.'));
          return source.read(begin, end);
        },
      };
      const error = await models.import(slow, META, quiet(controller.signal)).catch((e: unknown) => e);
      expect(error).toMatchObject({ code: 'aborted' });
      const partials = await models.partials();
      // The piece under way when the user cancels is still stored.
      expect(partials.flatMap(({ chunks }) => chunks.filter(Boolean)).length).toBeGreaterThanOrEqual(kept);
      expect(await models.list()).toEqual([]);
      for (const { id } of partials) await models.discard(id);
      expect(disk.files.size + disk.rows.size).toBe(0);
    }
  });

  it('lets one tab write at a time', async () => {
    const disk = new FakeDisk();
    const locks = fakeLocks();
    const both = await Promise.allSettled([
      modelsOn(disk, locks).import(counted(), META, quiet()),
      modelsOn(disk, locks).import(counted(), META, quiet()),
    ]);
    expect(both.map(({ status }) => status).sort()).toEqual(['fulfilled', 'rejected']);
    const refused = both.find(({ status }) => status === 'rejected') as PromiseRejectedResult;
    expect(refused.reason).toMatchObject({ code: 'bad-request' });
    expect(await expectOldOrNew(modelsOn(disk))).toBe('new');
  });

  it('throws the half copy of an older version away', async () => {
    const disk = new FakeDisk();
    disk.failAt = 20;
    await modelsOn(disk)
      .import(counted(), META, quiet())
      .catch(() => undefined);
    expect(await modelsOn(disk).partials()).toHaveLength(1);
    const changed = { ...counted(pattern(2500, 9)), lastModified: 8 };
    await modelsOn(disk).import(changed, META, quiet());
    expect(await modelsOn(disk).partials()).toEqual([]);
    expect(disk.files.size).toBe(1);
  });

  it('copies chunks again that the disk damaged, and gives up when it keeps damaging', async () => {
    const disk = new FakeDisk();
    let damage = 1;
    const { blobs } = disk;
    const models = new ImportedModels({
      blobs: {
        ...blobs,
        write: async (name) => {
          const writer = await blobs.write(name);
          return {
            ...writer,
            read: async (begin, end) => {
              if (begin === 2000 && damage-- > 0) disk.files.get(name)![2500]! ^= 1;
              return writer.read(begin, end);
            },
          };
        },
      },
      records: disk.records,
      locks: fakeLocks(),
      freeSpace: async () => null,
      chunkBytes: CHUNK,
    });
    const source = counted();
    await models.import(source, META, quiet());
    expect(source.readBytes).toBe(CONTENT.length + CHUNK);
    expect(await expectOldOrNew(models)).toBe('new');
    damage = Infinity;
    const error = await models
      .import({ ...counted(), lastModified: 9 }, META, quiet())
      .catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'model-corrupt' });
  });
});

describe('a full disk', () => {
  it('is told with what is needed and free; nothing is left, and freeing space is enough', async () => {
    const disk = new FakeDisk();
    disk.capacity = 3000;
    const models = modelsOn(disk);
    const error = (await models.import(counted(), META, quiet()).catch((e: unknown) => e)) as AppError;
    expect(error.code).toBe('quota-exceeded');
    expect(error.message).toContain('needs 5 kB more');
    expect(error.message).toContain('123 MB left');
    expect(disk.files.size + disk.rows.size).toBe(0);
    disk.capacity = 5000;
    await models.import(counted(), META, quiet());
    expect(await expectOldOrNew(models)).toBe('new');
  });

  it('in the middle keeps every recorded chunk', async () => {
    const disk = new FakeDisk();
    const models = modelsOn(disk);
    let writes = 0;
    const { blobs } = disk;
    const tight = new ImportedModels({
      blobs: {
        ...blobs,
        write: async (name) => {
          const writer = await blobs.write(name);
          const write: typeof writer.write = async (bytes, at) => {
            if (++writes === 4) throw new DOMException('full', 'QuotaExceededError');
            return writer.write(bytes, at);
          };
          return { ...writer, write };
        },
      },
      records: disk.records,
      locks: fakeLocks(),
      freeSpace: () => Promise.reject(new Error('no estimate')),
      chunkBytes: CHUNK,
    });
    const error = (await tight.import(counted(), META, quiet()).catch((e: unknown) => e)) as AppError;
    expect(error).toMatchObject({ code: 'quota-exceeded' });
    expect(error.message).toContain('needs 2 kB more');
    expect(await models.list()).toEqual([]);
    const source = counted();
    await models.import(source, META, quiet());
    expect(source.readBytes).toBe(CONTENT.length - 3 * CHUNK);
  });
});

describe('storage that was cleared', () => {
  it('names the lost models, and removes files no record knows', async () => {
    const disk = new FakeDisk();
    const models = modelsOn(disk);
    const { id } = await models.import(counted(), META, quiet());
    disk.files.set('stray', pattern(10));
    expect(await models.sweep()).toEqual({ removed: ['stray'], lost: [] });
    disk.files.delete(id);
    expect(await models.list()).toEqual([]);
    await expect(models.open(id)).rejects.toMatchObject({ code: 'model-missing' });
    const { lost } = await models.sweep();
    expect(lost.map(({ name }) => name)).toEqual([META.name]);
    expect(disk.rows.size).toBe(0);
  });

  it('that another tab holds on to is left to the next sweep', async () => {
    vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const disk = new FakeDisk();
    disk.files.set('stray', pattern(10));
    disk.files.set('other', pattern(10));
    const reader = await disk.blobs.read('stray');
    expect((await modelsOn(disk).sweep()).removed).toEqual(['other']);
    reader.close();
    expect((await modelsOn(disk).sweep()).removed).toEqual(['stray']);
  });

  it('is told from what another tab imports at the same moment', async () => {
    const disk = new FakeDisk();
    for (const when of ['first list', 'second list', 'records'] as const) {
      let lists = 0;
      let imported: ImportedRecord | null = null;
      const importNow = async () => {
        imported ??= await modelsOn(disk).import(
          memorySource(pattern(50), when),
          { ...META, name: when },
          quiet(),
        );
      };
      const models = new ImportedModels({
        blobs: {
          ...disk.blobs,
          list: async () => {
            const blobs = await disk.blobs.list();
            if (when === (++lists === 1 ? 'first list' : 'second list')) await importNow();
            return blobs;
          },
        },
        records: {
          ...disk.records,
          getAll: async () => {
            const records = await disk.records.getAll();
            if (when === 'records') await importNow();
            return records;
          },
        },
        locks: fakeLocks(),
        freeSpace: async () => null,
      });
      expect(await models.sweep()).toEqual({ removed: [], lost: [] });
      expect((await modelsOn(disk).list()).map(({ name }) => name)).toContain(when);
    }
  });

  it('a complete record without its bytes is imported anew', async () => {
    const disk = new FakeDisk();
    const models = modelsOn(disk);
    const { id } = await models.import(counted(), META, quiet());
    disk.files.set(id, new Uint8Array(10));
    await models.import(counted(), META, quiet());
    expect(await expectOldOrNew(models)).toBe('new');
  });

  it('passes broken records over', async () => {
    const disk = new FakeDisk();
    const models = modelsOn(disk);
    const record = await models.import(counted(), META, quiet());
    const broken = [
      null,
      'text',
      {},
      { ...record, id: 'b', chunks: [] },
      { ...record, id: 'c', sha256: null },
      { ...record, id: 'd', chunkBytes: 0 },
      { ...record, id: 'e', origin: { kind: 'download' } },
      { ...record, id: 'f', size: -1 },
    ];
    for (const [i, row] of broken.entries()) disk.rows.set(`broken ${i}`, row);
    expect((await models.list()).map(({ id }) => id)).toEqual([record.id]);
    expect(await models.partials()).toEqual([]);
  });

  it('reads of an open model end with a sentence when it is removed', async () => {
    const models = modelsOn(new FakeDisk());
    const { id } = await models.import(counted(), META, quiet());
    const source = await models.open(id);
    expect(await source.read(10, 20)).toEqual(CONTENT.slice(10, 20));
    await models.remove(id);
    await expect(source.read(10, 20)).rejects.toMatchObject({ code: 'model-missing' });
  });
});
