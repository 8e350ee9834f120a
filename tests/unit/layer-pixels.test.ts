import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Residual } from '#domain/blend/residual.ts';
import { LayerPixelStore, type StoreSession } from '#storage/layer-pixels.ts';
import { FakeDisk, type Fault } from './storage-fakes.ts';

const session = (id: string, others: readonly string[] = []): StoreSession => ({
  id,
  running: () => Promise.resolve([id, ...others]),
});

function residual(mark: number, width = 4, height = 2): Residual {
  return {
    width,
    height,
    data: Int16Array.from({ length: width * height * 3 }, (_, i) => (i % 2 ? -1 : 1) * (mark * 100 + i)),
  };
}

/** Of residual(…): 24 values of 16 bits. */
const BYTES = 48;

async function filled(disk: FakeDisk, ids: readonly string[], budgetBytes?: number) {
  const store = new LayerPixelStore(disk.blobs, session('tab'), budgetBytes);
  await store.opened;
  for (const [i, id] of ids.entries()) await store.put(id, residual(i));
  await store.settled();
  return store;
}

describe('pixels of layers', () => {
  it('come back whatever the budget, in any order of use', () =>
    fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: 6 }),
        fc.array(fc.nat(5), { maxLength: 20 }),
        async (room, uses) => {
          const disk = new FakeDisk();
          const store = await filled(disk, ['0', '1', '2', '3', '4', '5'], room * BYTES);
          for (const use of uses) expect(await store.get(String(use))).toEqual(residual(use));
        },
      ),
      { numRuns: 40 },
    ));

  it('are read from the disk only when memory has no room for them', async () => {
    const disk = new FakeDisk();
    const store = await filled(disk, ['a', 'b', 'c'], 2 * BYTES);
    const before = disk.calls;
    await store.get('c');
    await store.get('b');
    expect(disk.calls).toBe(before);
    await store.get('a');
    expect(disk.calls).toBeGreaterThan(before);
  });

  it('are found again by a later worker, and are gone when their file is cut short', async () => {
    const disk = new FakeDisk();
    await filled(disk, ['a', 'b']);
    const cut = disk.files.get('tab.b')!;
    disk.files.set('tab.b', cut.slice(0, cut.length - 2));
    const later = new LayerPixelStore(disk.blobs, session('later'));
    await later.opened;
    expect(await later.get('a')).toEqual(residual(0));
    expect([later.has('b'), await later.get('b'), later.has('b')]).toEqual([true, null, false]);
    expect(await later.get('never')).toBeNull();
  });

  it('are whole or gone after a crash in the middle of any write', async () => {
    const disk = new FakeDisk();
    await filled(disk, ['a', 'b']);
    for (const [i, last] of disk.log.entries()) {
      const torn =
        last.kind === 'write' ? { ...last, bytes: last.bytes.slice(0, last.bytes.length / 2) } : last;
      const later = new LayerPixelStore(
        FakeDisk.after([...disk.log.slice(0, i), torn]).blobs,
        session('later'),
      );
      await later.opened;
      for (const [mark, id] of ['a', 'b'].entries())
        expect([null, residual(mark)]).toContainEqual(await later.get(id));
    }
  });

  it('that nothing names go although one of them is being read', async () => {
    const disk = new FakeDisk();
    const store = await filled(disk, ['a', 'b', 'c']);
    const reader = await disk.blobs.read('tab.a');
    await store.keep(['c']);
    expect([...disk.files.keys()]).toEqual(['tab.a', 'tab.c']);
    reader.close();
    await store.keep(['c']);
    expect([...disk.files.keys()]).toEqual(['tab.c']);
  });

  it('that nothing names go, but not those of another tab', async () => {
    const disk = new FakeDisk();
    await filled(disk, ['a', 'b']);
    const other = new LayerPixelStore(disk.blobs, session('other', ['tab']));
    await other.opened;
    await other.put('x', residual(7));
    await other.put('y', residual(8));
    await other.keep(['y']);
    expect([...disk.files.keys()].sort()).toEqual(['other.y', 'tab.a', 'tab.b']);
    expect([other.has('x'), other.has('y')]).toEqual([false, true]);
    const last = new LayerPixelStore(disk.blobs, session('last'));
    await last.opened;
    await last.keep(['b']);
    expect(await last.get('b')).toEqual(residual(1));
    expect([...disk.files.keys()]).toEqual(['tab.b']);
  });

  it.each<Fault>(['QuotaExceededError', 'InvalidStateError', 'short write'])(
    'survive any one failing call of the disk: %s',
    async (fault) => {
      for (let failAt = 0; ; failAt++) {
        const disk = new FakeDisk();
        Object.assign(disk, { failAt, fault });
        const store = await filled(disk, ['a', 'b', 'c'], BYTES);
        // A failing read answers nothing once; another time the pixels are there, and never others.
        let nothing = 0;
        for (const [i, id] of ['a', 'b', 'c', 'a', 'b', 'c'].entries()) {
          const got = await store.get(id);
          if (got) expect(got).toEqual(residual(i % 3));
          else nothing++;
        }
        expect(nothing).toBeLessThanOrEqual(1);
        await store.keep(['a']);
        if (disk.calls <= failAt) return;
      }
    },
  );

  it('stay in memory without a disk', async () => {
    const gone = () => Promise.reject(new Error('no OPFS'));
    const store = new LayerPixelStore(
      { list: gone, read: gone, write: gone, remove: gone },
      session('tab'),
      BYTES,
    );
    await store.opened;
    for (const mark of [0, 1, 2]) await store.put(String(mark), residual(mark));
    await store.settled();
    for (const mark of [0, 1, 2]) expect(await store.get(String(mark))).toEqual(residual(mark));
    expect(store.inMemoryOnlyBytes).toBe(3 * BYTES);
    await store.keep(['1']);
    expect(store.inMemoryOnlyBytes).toBe(BYTES);
    expect((await filled(new FakeDisk(), ['a', 'b'])).inMemoryOnlyBytes).toBe(0);
    expect([store.has('0'), store.has('1')]).toEqual([false, true]);
  });
});
