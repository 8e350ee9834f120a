import fc from 'fast-check';
import { describe, expect, it, vi } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import type { ImportedRecord } from '#storage/import-record.ts';
import { FakeDisk, type DiskOperation, type Fault } from './storage-fakes.ts';
import {
  CHUNK,
  CONTENT,
  counted,
  expectOldOrNew,
  importedLog,
  META,
  modelsOn,
  quiet,
} from './storage-fixtures.ts';

describe('any storage call may fail', () => {
  const faults: readonly Fault[] = [
    'QuotaExceededError',
    'NotAllowedError',
    'InvalidStateError',
    'short write',
  ];

  it.each(faults)(
    '%s at the Nth call of an import: old or new, a sentence, and the next try works',
    async (fault) => {
      vi.spyOn(console, 'warn').mockImplementation(() => undefined);
      let failed = 0;
      for (let n = 0; ; n++) {
        const disk = new FakeDisk();
        disk.failAt = n;
        disk.fault = fault;
        const outcome = await modelsOn(disk)
          .import(counted(), META, quiet())
          .catch((e: unknown) => e);
        const reached = disk.calls > n;
        disk.failAt = null;
        if (!reached) break;
        const state = await expectOldOrNew(modelsOn(disk));
        if (outcome instanceof Error) {
          failed++;
          expect(outcome).toBeInstanceOf(AppError);
          expect(outcome.message).toMatch(/("a\.safetensors"|The browser's storage).*\.$/);
          expect(state).toBe('old');
        } else expect(state).toBe('new');
        await modelsOn(disk).import(counted(), META, quiet());
        expect(await expectOldOrNew(modelsOn(disk))).toBe('new');
        expect((await modelsOn(disk).sweep()).lost).toEqual([]);
        expect([...disk.files.keys()]).toEqual([...disk.rows.keys()]);
      }
      expect(failed).toBeGreaterThan(fault === 'short write' ? 4 : 20);
    },
  );

  it('while a model is removed: it is whole or it is no model, and removing again ends it', async () => {
    for (let n = 0; ; n++) {
      const disk = new FakeDisk();
      const { id } = await modelsOn(disk).import(counted(), META, quiet());
      disk.failAt = disk.calls + n;
      const outcome = await modelsOn(disk)
        .remove(id)
        .catch((e: unknown) => e);
      const reached = disk.calls > disk.failAt;
      disk.failAt = null;
      if (!reached) break;
      if (outcome instanceof Error) expect(outcome).toBeInstanceOf(AppError);
      await expectOldOrNew(modelsOn(disk));
      await modelsOn(disk).sweep();
      await modelsOn(disk).remove(id);
      expect(disk.files.size + disk.rows.size).toBe(0);
    }
  });
});

/** What of `log` is on the disk when the power goes after it: unflushed changes of a file may or may not be. */
function afterPowerLoss(log: readonly DiskOperation[], survives: (i: number) => boolean): FakeDisk {
  const flushedUntil = new Map<string, number>();
  for (const [i, operation] of log.entries())
    if (operation.kind === 'flush') flushedUntil.set(operation.name, i);
  const kept = log.filter((operation, i) => {
    if (operation.kind === 'put' || operation.kind === 'delete') return true;
    return i <= (flushedUntil.get(operation.name) ?? -1) || survives(i);
  });
  const created = new Set<string>();
  return FakeDisk.after(
    kept.filter((operation) => {
      if (operation.kind === 'create') created.add(operation.name);
      return !('name' in operation) || created.has(operation.name);
    }),
  );
}

async function expectRecovery(disk: FakeDisk, recorded: number): Promise<void> {
  const models = modelsOn(disk);
  await expectOldOrNew(models);
  await models.sweep();
  const source = counted();
  await models.import(source, META, quiet());
  expect(source.readBytes).toBe(CONTENT.length - recorded);
  expect(await expectOldOrNew(models)).toBe('new');
}

describe('a kill at any point', () => {
  it('loses at most the chunk under way', async () => {
    const log = await importedLog();
    for (let k = 0; k <= log.length; k++) {
      const prefix = log.slice(0, k);
      await expectRecovery(FakeDisk.after(prefix), recordedBytes(prefix));
    }
  });

  it('with the power gone too: whatever unflushed change is missing, the copy is right in the end', async () => {
    const log = await importedLog();
    for (let k = 0; k <= log.length; k++) {
      const prefix = log.slice(0, k);
      await expectRecovery(
        afterPowerLoss(prefix, () => false),
        recordedBytes(prefix),
      );
    }
    await fc.assert(
      fc.asyncProperty(fc.nat(log.length), fc.array(fc.boolean()), async (k, coins) => {
        const prefix = log.slice(0, k);
        await expectRecovery(
          afterPowerLoss(prefix, (i) => coins[i % coins.length] ?? false),
          recordedBytes(prefix),
        );
      }),
      { numRuns: 200 },
    );
  });

  function recordedBytes(prefix: readonly DiskOperation[]): number {
    const puts = prefix.filter((operation) => operation.kind === 'put');
    const last = puts.at(-1)?.record as ImportedRecord | undefined;
    return (last?.chunks ?? []).reduce(
      (sum, hash, i) => sum + (hash === null ? 0 : Math.min(CHUNK, CONTENT.length - i * CHUNK)),
      0,
    );
  }
});
