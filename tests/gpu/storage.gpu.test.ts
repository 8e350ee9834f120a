import { proxy, wrap, type Remote } from 'comlink';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { cdp } from 'vitest/browser';
import type { StorageProbe } from './storage-worker.ts';

const CHUNK_BYTES = 2 ** 20;
const BYTES = 6 * CHUNK_BYTES + 12_345;
const quiet = proxy(() => undefined);

interface Tab {
  readonly probe: Remote<StorageProbe>;
  readonly kill: () => void;
}

const tabs: Tab[] = [];

/** A dedicated worker of its own, as another tab or visit has it. */
function openTab(): Tab {
  const worker = new Worker(new URL('./storage-worker.ts', import.meta.url), { type: 'module' });
  const tab = { probe: wrap<StorageProbe>(worker), kill: () => worker.terminate() };
  tabs.push(tab);
  return tab;
}

beforeEach(async () => {
  await openTab().probe.clear();
});
afterEach(() => {
  for (const { kill } of tabs.splice(0)) kill();
});

describe('models in the origin private file system', () => {
  it('are copied, read back, and removed while they are open', async () => {
    const { probe } = openTab();
    const progress: number[] = [];
    const result = await probe.import(
      BYTES,
      0,
      proxy((done: number) => progress.push(done)),
    );
    expect(result).toMatchObject({
      sha256: expect.stringMatching(/^[0-9a-f]{64}$/) as string,
      readBytes: BYTES,
    });
    const { id } = result as { id: string };
    expect(progress.at(-1)).toBe(BYTES);
    expect(await probe.list()).toEqual([id]);
    expect(await probe.isSame(id, BYTES)).toBe(true);
    const other = openTab().probe;
    expect(await other.isSame(id, BYTES)).toBe(true);
    // The other tab holds the file open: it stays until that tab lets go, but it is no model any more.
    await probe.remove(id);
    expect(await probe.list()).toEqual([]);
  });

  it('survive a kill in the middle, and go on with the missing chunks', async () => {
    const first = openTab();
    let done = 0;
    const running = first.probe.import(
      BYTES,
      50,
      proxy((bytes: number) => (done = bytes)),
    );
    void running.catch(() => undefined);
    await vi.waitFor(() => expect(done).toBeGreaterThan(2 * CHUNK_BYTES), { timeout: 20_000 });
    first.kill();
    const { probe } = openTab();
    await probe.addStray();
    expect(await probe.list()).toEqual([]);
    expect(await probe.sweep()).toEqual({ removed: ['stray'], lost: [] });
    const [partial] = await probe.partials();
    expect(partial!.done).toBeGreaterThanOrEqual(2);
    const result = (await probe.import(BYTES, 0, quiet)) as { id: string; readBytes: number };
    expect(result.readBytes).toBe(BYTES - partial!.done * CHUNK_BYTES);
    expect(await probe.isSame(result.id, BYTES)).toBe(true);
  });

  it('are written by one tab at a time', async () => {
    const slow = openTab().probe.import(BYTES, 100, quiet);
    const { probe } = openTab();
    await vi.waitFor(async () => expect(await probe.partials()).toHaveLength(1), { timeout: 20_000 });
    expect(await probe.import(BYTES, 0, quiet)).toMatchObject({ code: 'bad-request' });
    expect(await slow).toMatchObject({ readBytes: BYTES });
  });

  it('end with a sentence when the quota does, and go on when there is room again', async () => {
    const { probe } = openTab();
    const { usage = 0 } = await navigator.storage.estimate();
    const session = cdp();
    const { origin } = location;
    await session.send('Storage.overrideQuotaForOrigin', { origin, quotaSize: usage + 2 * CHUNK_BYTES });
    try {
      expect(await probe.import(BYTES, 0, quiet)).toMatchObject({
        code: 'quota-exceeded',
        message: expect.stringMatching(/"a\.safetensors" needs \d MB more.*left for this site/) as string,
      });
      expect(await probe.list()).toEqual([]);
      // Two chunks at most had room; nothing at all where the whole length is reserved first.
      for (const { done } of await probe.partials()) expect(done).toBeLessThanOrEqual(2);
    } finally {
      await session.send('Storage.overrideQuotaForOrigin', { origin });
    }
    const { id } = (await probe.import(BYTES, 0, quiet)) as { id: string };
    expect(await probe.isSame(id, BYTES)).toBe(true);
  });

  it('that the browser cleared are named', async () => {
    const { probe, kill } = openTab();
    await probe.import(BYTES, 0, quiet);
    kill();
    const next = openTab().probe;
    await next.clearFiles();
    const after = openTab().probe;
    expect(await after.sweep()).toEqual({ removed: [], lost: ['a.safetensors'] });
    expect(await after.list()).toEqual([]);
  });

  it('are downloaded with the browser’s own fetch', async () => {
    const url = new URL('/package.json', location.origin).href;
    const bytes = await (await fetch(url)).arrayBuffer();
    const digest = new Uint8Array(await crypto.subtle.digest('SHA-256', bytes));
    const sha256 = [...digest].map((byte) => byte.toString(16).padStart(2, '0')).join('');
    const { probe } = openTab();
    expect(await probe.download(url, sha256)).toBe(sha256);
    expect(
      await probe.download(
        url,
        sha256.replace(/^./, (c) => (c === '0' ? '1' : '0')),
      ),
    ).toMatchObject({
      code: 'model-corrupt',
    });
    expect(await probe.list()).toHaveLength(1);
  });
});

describe('the hub client in a browser', () => {
  it('finds the file, and the token goes along', async () => {
    const address = 'https://huggingface.co/owner/model/resolve/v1/a.safetensors';
    expect(await openTab().probe.downloadFromHub(BYTES)).toEqual({
      size: BYTES,
      asked: [`${address} bytes=0-0 Bearer hf_x`, `${address} null Bearer hf_x`],
    });
  });
});

describe('linked folders', () => {
  async function folder() {
    const root = await navigator.storage.getDirectory();
    const models = await root.getDirectoryHandle('linked-test', { create: true });
    const loras = await models.getDirectoryHandle('loras', { create: true });
    const file = await loras.getFileHandle('x.safetensors', { create: true });
    const write = async (text: string) => {
      const writable = await file.createWritable();
      await writable.write(text);
      await writable.close();
    };
    await write('12345678');
    return { models, file, loras, write };
  }

  it('are remembered by the next visit and scanned in place', async () => {
    const { models } = await folder();
    const first = openTab();
    const id = await first.probe.link(models);
    expect(await first.probe.link(models)).toBe(id);
    first.kill();
    expect(await openTab().probe.linked()).toEqual([
      {
        id,
        name: 'linked-test',
        permission: 'granted',
        files: [{ path: 'loras/x.safetensors', bytes: 8 }],
      },
    ]);
  });

  it('tell when a file changed or went away while it was being read', async () => {
    const { probe } = openTab();
    const { file, loras, write } = await folder();
    expect(await probe.readAfter(file, quiet as never)).toEqual(new TextEncoder().encode('1234'));
    const changed = await probe.readAfter(
      file,
      proxy(() => write('other, longer')),
    );
    expect(changed).toMatchObject({
      code: 'bad-file',
      message: expect.stringContaining('changed while it was being read') as string,
    });
    const removed = await probe.readAfter(
      file,
      proxy(() => loras.removeEntry('x.safetensors')),
    );
    expect(removed).toMatchObject({ code: 'model-missing' });
  });
});

describe('preferences', () => {
  it('survive a kill', async () => {
    const first = openTab();
    expect(await first.probe.setPreference({ tiles: 4 })).toBe(true);
    first.kill();
    expect(await openTab().probe.getPreference()).toEqual({ tiles: 4 });
  });
});
