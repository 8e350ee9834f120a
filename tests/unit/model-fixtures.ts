import { readFile } from 'node:fs/promises';
import { vi } from 'vitest';
import type { Network, NetworkRuntime } from '#inference/runtime.ts';
import type { OrtWebRuntime } from '#inference/ort-web-runtime.ts';
import { OrtNodeRuntime } from '#node/ort-node-runtime.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import type { BrowserStorage } from '#storage/browser-storage.ts';
import { ImportedModels } from '#storage/imported-models.ts';
import { LinkedFolders } from '#storage/linked-folders.ts';
import { ModelPreferences } from '#storage/model-preferences.ts';
import type { Hardware } from '#worker/hardware.ts';
import type { RecordStore } from '#storage/record-store.ts';
import { FakeDisk, fakeLocks } from './storage-fakes.ts';

const ROOT = new URL('../..', import.meta.url);

/** The demo pack is fetched from the repository. */
export function serveDemoPack(): void {
  vi.stubGlobal('fetch', async (url: string) => new Response(await readFile(new URL(`.${url}`, ROOT))));
  vi.stubGlobal('navigator', {
    storage: { persisted: () => Promise.resolve(false), estimate: () => Promise.resolve({ usage: 7 }) },
  });
}

export async function demoFile(name: string, as = name): Promise<File> {
  return new File([await readFile(new URL(`models/demo/${name}`, ROOT))], as, { lastModified: 1 });
}

/** The node runtime, noting which networks are loaded and released. */
export class NotingRuntime implements NetworkRuntime {
  readonly description = 'noting';
  readonly #inner = new OrtNodeRuntime({ threads: 1 });
  readonly emission = this.#inner.emission;
  readonly loaded: string[] = [];
  readonly released: string[] = [];
  releaseFails = false;
  busyMs = 0;

  async load(...[family, graph, weights]: Parameters<NetworkRuntime['load']>): Promise<Network> {
    const network = await this.#inner.load(family, graph, weights);
    this.loaded.push(family);
    return {
      name: network.name,
      run: network.run.bind(network),
      release: async () => {
        this.released.push(family);
        await network.release();
        if (this.releaseFails) throw new Error(`${family} is stuck`);
      },
    };
  }
}

export function hardware(runtime: NetworkRuntime, device: Partial<Hardware['device']> = {}): Hardware {
  return {
    runtime: runtime as OrtWebRuntime,
    pixels: new CpuPixelOps(),
    accelerated: false,
    device: {
      kind: 'cpu',
      adapter: 'test',
      guessedBytes: 4 * 2 ** 30,
      maxBufferBytes: Infinity,
      maxBindingBytes: Infinity,
      shaderF16: false,
      ...device,
    },
  };
}

/** Handles are kept as they are: no fake of them can be cloned. */
class HandleRecords implements RecordStore {
  readonly #rows = new Map<string, { readonly id: string }>();
  get = (id: string) => Promise.resolve(this.#rows.get(id));
  getAll = () => Promise.resolve([...this.#rows.values()]);
  put = (record: { readonly id: string }) => Promise.resolve(void this.#rows.set(record.id, record));
  delete = (id: string) => Promise.resolve(void this.#rows.delete(id));
}

/** What survives a visit. */
export class Disks {
  readonly models = new FakeDisk();
  readonly small = new FakeDisk();
  readonly folders = new HandleRecords();
}

/** Storage on disks that live in memory: a later visit is another call with the same disks. */
export function fakeStorage(disks = new Disks()): { storage: BrowserStorage; disks: Disks } {
  disks.models.reading.clear();
  const storage: BrowserStorage = {
    folders: new LinkedFolders(disks.folders),
    imported: new ImportedModels({
      blobs: disks.models.blobs,
      records: disks.models.records,
      locks: fakeLocks(),
      freeSpace: () => Promise.resolve(null),
      chunkBytes: 2 ** 20,
    }),
    preferences: new ModelPreferences(disks.small.records),
  };
  return { storage, disks };
}
