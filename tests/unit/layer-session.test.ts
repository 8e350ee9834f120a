import { afterEach, expect, it, vi } from 'vitest';
import { pageSession } from '#app/page-session.ts';
import { LayerPixelStore } from '#storage/layer-pixels.ts';
import { PageSession } from '#storage/layer-session.ts';
import { FakeDisk } from './storage-fakes.ts';

afterEach(() => {
  vi.unstubAllGlobals();
});

it('pixels stay while their page does, though its worker is gone and no document names them', async () => {
  const held = new Set<string>();
  vi.stubGlobal('navigator', {
    locks: {
      request: (name: string) => (held.add(name), new Promise(() => undefined)),
      query: () => Promise.resolve({ held: [...held].map((name) => ({ name })) }),
    },
  });
  const worker = (session: string, disk: FakeDisk) => {
    const page = new PageSession();
    const store = new LayerPixelStore(disk.blobs, page);
    page.join(session);
    return store;
  };
  const disk = new FakeDisk();
  const id = pageSession();
  expect(pageSession()).toBe(id);
  const pixels = { width: 1, height: 1, data: Int16Array.of(1, 2, 3) };
  const first = worker(id, disk);
  await first.put('painted', pixels);
  await first.settled();
  await worker('another', disk).keep([]);
  const second = worker(id, disk);
  await second.opened;
  expect(await second.get('painted')).toEqual(pixels);
  held.clear();
  await worker('another', disk).keep([]);
  expect([...disk.files.keys()]).toEqual([]);
});
