import { describe, expect, it, vi } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import { LinkedFolders } from '#storage/linked-folders.ts';
import { ModelPreferences } from '#storage/model-preferences.ts';
import { permissionOf } from '#storage/permission.ts';
import type { RecordStore } from '#storage/record-store.ts';
import { watchedSource } from '#storage/watched-source.ts';
import { FakeFile, fileHandle, folderHandle } from './folder-fakes.ts';

/** Handles cannot be cloned by Node, so rows are kept as they are. */
function records(): RecordStore & { readonly rows: Map<string, unknown> } {
  const rows = new Map<string, unknown>();
  return {
    rows,
    get: async (id) => rows.get(id),
    getAll: async () => [...rows.values()],
    put: async (record) => void rows.set(record.id, record),
    delete: async (id) => void rows.delete(id),
  };
}

describe('linked folders', () => {
  it('are remembered in their order, once each', async () => {
    const folders = new LinkedFolders(records());
    const entries = {};
    const first = await folders.add(folderHandle('ComfyUI', entries));
    const second = await folders.add(folderHandle('loras', {}));
    expect(await folders.add(folderHandle('ComfyUI', entries))).toBe(first);
    expect((await folders.list()).map(({ name }) => name)).toEqual(['ComfyUI', 'loras']);
    expect(await folders.get(second.id)).toBe(second);
    await folders.remove(first.id);
    expect((await folders.list()).map(({ name }) => name)).toEqual(['loras']);
    expect(await folders.get(first.id)).toBeNull();
  });

  it('pass over records that are none', async () => {
    const store = records();
    for (const [i, row] of [null, 7, {}, { id: 'a', name: 'b', addedAt: 1, handle: {} }].entries())
      store.rows.set(String(i), row);
    expect(await new LinkedFolders(store).list()).toEqual([]);
  });

  it('are asked for their permission, or tried', async () => {
    const handle = (extra: object) => ({ ...folderHandle('f', {}), ...extra }) as FileSystemDirectoryHandle;
    expect(await permissionOf(handle({}))).toBe('granted');
    expect(await permissionOf(handle({ queryPermission: async () => 'denied' }))).toBe('denied');
    const refused = handle({
      values: () => ({ next: () => Promise.reject(new DOMException('no', 'NotAllowedError')) }),
    });
    expect(await permissionOf(refused)).toBe('prompt');
  });
});

describe('a file that is read in place', () => {
  const opened = async (permission?: () => PermissionState) => {
    const file = new FakeFile('0123456789', 1000);
    const source = await watchedSource(fileHandle('x.safetensors', file, permission));
    return { file, source };
  };
  const failure = async (read: Promise<unknown>) => {
    const error = await read.catch((reason: unknown) => reason);
    expect(error).toBeInstanceOf(AppError);
    const { code, message } = error as AppError;
    expect(message).toContain('"x.safetensors"');
    return `${code}: ${message}`;
  };

  it('gives its bytes', async () => {
    const { source } = await opened();
    expect(source).toMatchObject({ name: 'x.safetensors', size: 10, lastModified: 1000 });
    expect(new TextDecoder().decode(await source.read(2, 5))).toBe('234');
    const dropped = await watchedSource(new File(['abc'], 'd.safetensors', { lastModified: 9 }));
    expect(dropped.lastModified).toBe(9);
    expect(new TextDecoder().decode(await dropped.read(1, 3))).toBe('bc');
  });

  it('says that it changed', async () => {
    const { file, source } = await opened();
    file.content = new Blob(['other bytes']);
    expect(await failure(source.read(0, 4))).toMatch(/^bad-file: .*changed while it was being read/);
    const touched = await opened();
    touched.file.lastModified = 2000;
    expect(await failure(touched.source.read(0, 4))).toMatch(/^bad-file: .*changed/);
  });

  it('says that it is gone, also when it is opened', async () => {
    const { file, source } = await opened();
    file.failure = 'NotFoundError';
    expect(await failure(source.read(0, 4))).toMatch(/^model-missing: .*moved, renamed or deleted/);
    expect(await failure(watchedSource(fileHandle('x.safetensors', file)))).toMatch(
      /^model-missing: .*moved/,
    );
  });

  it('says that the permission was withdrawn', async () => {
    let permission: PermissionState = 'granted';
    const asked = await opened(() => permission);
    const { file, source } = await opened();
    permission = 'prompt';
    for (const each of [asked, { file, source }]) {
      each.file.failure = 'NotAllowedError';
      expect(await failure(each.source.read(0, 4))).toMatch(/^model-missing: .*permission.*withdrawn/);
    }
  });

  it('says what the browser says when the reason is another', async () => {
    const { file, source } = await opened();
    file.failure = 'NotReadableError';
    expect(await failure(source.read(0, 4))).toMatch(/^bad-file: .*could not be read.*NotReadableError/);
  });

  it('never gives fewer bytes than asked for', async () => {
    const { source } = await opened();
    expect(await failure(source.read(8, 12))).toMatch(/^bad-file/);
    const dropped = await watchedSource(new File(['abc'], 'x.safetensors'));
    expect(await failure(dropped.read(0, 4))).toMatch(/^bad-file: .*changed/);
  });
});

describe('preferences', () => {
  const number = (value: unknown) => {
    if (typeof value !== 'number') throw new TypeError('no number');
    return value;
  };

  it('come back when they are sound, and never crash', async () => {
    const warn = vi.spyOn(console, 'warn').mockImplementation(() => undefined);
    const store = records();
    const preferences = new ModelPreferences(store);
    expect(await preferences.get('keepMinutes', number)).toBeNull();
    expect(await preferences.set('keepMinutes', 5)).toBe(true);
    expect(await preferences.get('keepMinutes', number)).toBe(5);
    expect(warn).not.toHaveBeenCalled();
    await preferences.set('keepMinutes', 'five');
    expect(await preferences.get('keepMinutes', number)).toBeNull();
    store.rows.set('memoryBudget', 'no record');
    expect(await preferences.get('memoryBudget', number)).toBeNull();
    const broken: RecordStore = {
      ...store,
      get: () => Promise.reject(new Error('disk')),
      put: () => Promise.reject(new Error('disk')),
    };
    expect(await new ModelPreferences(broken).get('selection', number)).toBeNull();
    expect(await new ModelPreferences(broken).set('selection', 1)).toBe(false);
    expect(warn).toHaveBeenCalledTimes(4);
  });
});
