import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { say } from '#domain/job/sentence.ts';
import type { ModelsState } from '#worker/api.ts';
import { Backend } from '#worker/backend.ts';
import { StudioModels } from '#worker/models.ts';
import { FakeFile, folderHandle, type FakeEntries } from './folder-fakes.ts';
import { demoFile, fakeStorage, hardware, NotingRuntime, serveDemoPack } from './model-fixtures.ts';

beforeEach(serveDemoPack);
afterEach(() => {
  vi.unstubAllGlobals();
  vi.restoreAllMocks();
});

async function visit(at = fakeStorage()) {
  const backend = new Backend(hardware(new NotingRuntime()));
  const onChanged = vi.fn();
  const models = new StudioModels(at.storage, onChanged);
  await models.start(backend);
  const states: ModelsState[] = [];
  await models.watchModels((state) => states.push(state));
  const state = async () => {
    await models.watchModels((each) => states.push(each));
    return states.at(-1) as ModelsState;
  };
  return { backend, models, onChanged, state, states, at };
}

async function bytes(name: string): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await (await demoFile(name)).arrayBuffer());
}

const folder = async (): Promise<FakeEntries> => ({
  models: {
    checkpoints: { 'a.safetensors': new FakeFile(await bytes('checkpoint.safetensors')) },
    vae: { 'v.safetensors': new FakeFile(await bytes('autoencoder.safetensors')) },
    broken: { 'cut.safetensors': new FakeFile((await bytes('checkpoint.safetensors')).slice(0, 5000)) },
    old: { 'x.ckpt': new FakeFile('pickle') },
  },
});

describe('the models of a visit', () => {
  it('begin with the demo pack, complete', async () => {
    const { state } = await visit();
    const { entries, selection, missing, memory } = await state();
    expect(entries.map(({ origin }) => origin)).toEqual(Array(5).fill('demo'));
    expect(Object.values(selection.roles).filter(Boolean)).toHaveLength(5);
    expect(missing).toEqual([]);
    expect(memory).toMatchObject({ refusal: null, guessed: true });
    expect(memory.peakBytes).toBeGreaterThan(0);
  });

  it('list a linked folder, good files and bad ones, each with a sentence', async () => {
    const { models, state } = await visit();
    const linked = await models.linkFolder(folderHandle('ComfyUI', await folder()));
    expect(linked).toMatchObject({ ok: true, value: { name: 'ComfyUI', permission: 'granted' } });
    const { entries } = await state();
    const own = entries.filter(({ origin }) => origin === 'linked');
    expect(own.map(({ name, usable }) => [name, usable])).toEqual([
      ['cut.safetensors', false],
      ['a.safetensors', true],
      ['v.safetensors', true],
      ['x.ckpt', false],
    ]);
    expect(own.every(({ sentence }) => say(sentence).length > 20)).toBe(true);
  });

  it('come back at the next visit with what was chosen, before anything is scanned', async () => {
    const first = await visit();
    await first.models.linkFolder(folderHandle('ComfyUI', await folder()));
    const id = (await first.state()).entries.find(({ name }) => name === 'a.safetensors')!.id;
    expect(await first.models.selectModel('checkpoint', id)).toMatchObject({ ok: true });
    expect(first.onChanged).toHaveBeenCalledOnce();
    const second = await visit(fakeStorage(first.at.disks));
    expect((await second.state()).selection.roles.checkpoint).toBe(id);
    expect(second.backend.info().models[0]).toMatchObject({ name: 'a.safetensors', demo: false });
  });

  it('wait for permission, and take up the choice once it is given', async () => {
    const first = await visit();
    const entries = await folder();
    let permission: PermissionState = 'granted';
    const handle = Object.assign(folderHandle('ComfyUI', entries), {
      queryPermission: () => Promise.resolve(permission),
    });
    await first.models.linkFolder(handle);
    const { id } = (await first.state()).entries.find(({ name }) => name === 'a.safetensors')!;
    await first.models.selectModel('checkpoint', id);
    permission = 'prompt';
    const second = await visit(fakeStorage(first.at.disks));
    const before = await second.state();
    expect(before.selection.roles.checkpoint).toBe('demo:checkpoint.safetensors');
    expect(before.folders).toMatchObject([{ permission: 'prompt' }]);
    permission = 'granted';
    await second.models.scanFolder(before.folders[0]!.id);
    expect((await second.state()).selection.roles.checkpoint).toBe(id);
    expect(second.onChanged).toHaveBeenCalledOnce();
  });

  it('wait for permission, and take up the choice when their folder is given again', async () => {
    const first = await visit();
    let permission: PermissionState = 'granted';
    const handle = Object.assign(folderHandle('ComfyUI', await folder()), {
      queryPermission: () => Promise.resolve(permission),
    });
    await first.models.linkFolder(handle);
    const { id } = (await first.state()).entries.find(({ name }) => name === 'a.safetensors')!;
    await first.models.selectModel('checkpoint', id);
    permission = 'prompt';
    const second = await visit(fakeStorage(first.at.disks));
    expect((await second.state()).runtime.models[0]).toMatchObject({ demo: true });
    permission = 'granted';
    await second.models.linkFolder(handle);
    const { selection, runtime } = await second.state();
    expect(selection.roles.checkpoint).toBe(id);
    expect(runtime.models[0]).toMatchObject({ name: 'a.safetensors', demo: false });
  });

  it('are opened anew when their folder is read again after they changed, and only then', async () => {
    const { models, state, backend } = await visit();
    const vae = new FakeFile(await bytes('autoencoder.safetensors'));
    const entries = {
      models: { ...((await folder())['models'] as FakeEntries), vae: { 'v.safetensors': vae } },
    };
    await models.linkFolder(folderHandle('ComfyUI', entries));
    const { entries: listed, folders } = await state();
    await models.selectModel('checkpoint', listed.find(({ name }) => name === 'a.safetensors')!.id);
    const use = vi.spyOn(backend, 'use');
    await models.scanFolder(folders[0]!.id);
    expect(use).not.toHaveBeenCalled();
    vae.lastModified += 1000;
    await models.scanFolder(folders[0]!.id);
    expect(use).toHaveBeenCalledOnce();
  });

  it('come back without the parts that were chosen one by one for that visit', async () => {
    const first = await visit();
    await first.models.linkFolder(folderHandle('ComfyUI', await folder()));
    const { entries } = await first.state();
    const { id } = entries.find(({ name }) => name === 'a.safetensors')!;
    await first.models.selectModel('checkpoint', id);
    await first.models.useModelFile(await demoFile('sam3.safetensors', 'chosen.safetensors'));
    expect((await first.state()).selection.roles.sam3).toMatch(/^file:/);
    const { roles } = (await (await visit(fakeStorage(first.at.disks))).state()).selection;
    expect(roles).toMatchObject({ checkpoint: id, sam3: 'demo:sam3.safetensors' });
  });

  it('stay chosen while their folder is scanned again', async () => {
    const { models, state } = await visit();
    await models.linkFolder(folderHandle('ComfyUI', await folder()));
    const { entries, folders } = await state();
    const { id } = entries.find(({ name }) => name === 'a.safetensors')!;
    await models.selectModel('checkpoint', id);
    let done = false;
    const scanning = models.scanFolder(folders[0]!.id).finally(() => (done = true));
    const seen: boolean[] = [];
    while (!done) {
      await new Promise((resolve) => setImmediate(resolve));
      seen.push((await state()).entries.some((entry) => entry.id === id));
    }
    await scanning;
    expect(seen.length).toBeGreaterThan(0);
    expect(seen).not.toContain(false);
  });

  it('are not exchanged under a running job', async () => {
    const first = await visit();
    let permission: PermissionState = 'granted';
    const handle = Object.assign(folderHandle('ComfyUI', await folder()), {
      queryPermission: () => Promise.resolve(permission),
    });
    await first.models.linkFolder(handle);
    const { id } = (await first.state()).entries.find(({ name }) => name === 'a.safetensors')!;
    await first.models.selectModel('checkpoint', id);
    permission = 'prompt';
    const { backend, models, state } = await visit(fakeStorage(first.at.disks));
    permission = 'granted';
    await backend.during(async () => {
      await models.scanFolder((await state()).folders[0]!.id);
      expect((await state()).selection.roles.checkpoint).toBe('demo:checkpoint.safetensors');
    });
    await vi.waitFor(async () => expect((await state()).selection.roles.checkpoint).toBe(id));
  });

  it('go back to the demo pack when their folder is unlinked', async () => {
    const { models, state } = await visit();
    await models.linkFolder(folderHandle('ComfyUI', await folder()));
    const { entries, folders } = await state();
    await models.selectModel('checkpoint', entries.find(({ name }) => name === 'a.safetensors')!.id);
    await models.unlinkFolder(folders[0]!.id);
    const after = await state();
    expect(after.selection.roles.checkpoint).toBe('demo:checkpoint.safetensors');
    expect(after.entries.every(({ origin }) => origin === 'demo')).toBe(true);
  });
});

describe('importing', () => {
  it('makes a copy that is a model of its own, and can be deleted', async () => {
    const { models, state, at } = await visit();
    const file = await demoFile('checkpoint.safetensors', 'mine.safetensors');
    await models.addFiles([{ file, path: 'mine.safetensors' }]);
    const { id } = (await state()).entries.find(({ origin }) => origin === 'file')!;
    const imported = await models.importModel('job', id, () => undefined);
    expect(imported).toMatchObject({ ok: true, value: { origin: 'imported', name: 'mine.safetensors' } });
    const copy = (await state()).entries.find(({ origin }) => origin === 'imported')!;
    expect(await models.selectModel('checkpoint', copy.id)).toMatchObject({ ok: true });
    const next = await visit(fakeStorage(at.disks));
    expect((await next.state()).selection.roles.checkpoint).toBe(copy.id);
    expect(await next.models.deleteImported(copy.id)).toMatchObject({ ok: true });
    expect((await next.state()).selection.roles.checkpoint).toBe('demo:checkpoint.safetensors');
    expect(await next.models.deleteImported('demo:sam3.safetensors')).toMatchObject({ ok: false });
  });
});

describe('an interrupted copy', () => {
  it('is listed with what has arrived, goes on when started again, and can be discarded', async () => {
    const { models, state } = await visit();
    const file = await demoFile('checkpoint.safetensors', 'mine.safetensors');
    await models.addFiles([{ file, path: 'mine.safetensors' }]);
    const { id } = (await state()).entries.find(({ origin }) => origin === 'file')!;
    const stopAfter = (bytes: number) =>
      models.importModel('job', id, ({ doneBytes }) => doneBytes >= bytes && models.cancel('job'));
    expect(await stopAfter(3e6)).toMatchObject({ ok: false, error: { code: 'aborted' } });
    const [copy] = (await state()).unfinished;
    expect(copy).toMatchObject({ name: 'mine.safetensors', totalBytes: file.size });
    expect(copy!.doneBytes).toBeGreaterThan(1e6);
    expect((await state()).entries.some(({ origin }) => origin === 'imported')).toBe(false);
    await models.discardUnfinished(copy!.id);
    expect((await state()).unfinished).toEqual([]);
    await stopAfter(3e6);
    const first: number[] = [];
    const done = await models.importModel('job', id, ({ doneBytes }) => first.push(doneBytes));
    expect(done).toMatchObject({ ok: true });
    expect(first[0]).toBeGreaterThan(1e6);
    expect((await state()).unfinished).toEqual([]);
  });
});

describe('a selection', () => {
  it('that does not fit together changes nothing', async () => {
    const { models, state } = await visit();
    const before = (await state()).selection;
    const file = await demoFile('checkpoint.safetensors', 'own.safetensors');
    await models.addFiles([{ file, path: 'own.safetensors' }]);
    const foreign = (await state()).entries.find(({ origin }) => origin === 'file')!;
    expect(await models.selectModel('sam3', foreign.id)).toMatchObject({ ok: false });
    expect((await state()).selection).toEqual(before);
  });

  it('goes all the way back to the demo pack, though the library has a detector of one’s own', async () => {
    const { models, state } = await visit();
    await models.useModelFile(await demoFile('sam3.safetensors', 'own.safetensors'));
    expect((await state()).selection.roles.sam3).toMatch(/^file:/);
    await models.useDemoPack();
    expect((await state()).selection.roles.sam3).toBe('demo:sam3.safetensors');
  });

  it('tells a watcher once about a burst of changes', async () => {
    const { models, states } = await visit();
    await new Promise((resolve) => setTimeout(resolve, 100));
    const before = states.length;
    await models.setKeepMinutes(1);
    await models.setKeepMinutes(null);
    await vi.waitFor(() => expect(states.length).toBe(before + 1));
    expect(states.at(-1)?.keepMinutes).toBeNull();
  });
});
