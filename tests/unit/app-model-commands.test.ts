import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { droppedItems } from '#app/folder-access.ts';
import { messages } from '#app/messages.ts';
import { presetFor } from '#app/presets.ts';
import { Studio } from '#app/studio.ts';
import {
  WorkerClient,
  type LinkedFolder,
  type ModelsState,
  type Result,
  type RuntimeInfo,
} from '#app/worker-client.ts';
import { lora, select, stateWith, unet, vae } from './app-models-states.ts';

/** A worker that answers every call at once and remembers it. */
class FakeClient extends WorkerClient {
  readonly calls: (readonly [method: string, ...args: unknown[]])[] = [];
  answers: Record<string, Result<unknown>> = {};
  runtime: RuntimeInfo = { networks: '', kernels: '', accelerated: false, models: [] };
  /** What the page is told as soon as it watches. */
  present: ModelsState | null = null;

  override start(): Promise<Result<RuntimeInfo>> {
    return Promise.resolve({ ok: true, value: this.runtime });
  }
  override call<T>(request: (api: never, viewer: never) => Promise<Result<T>>): Promise<Result<T>> {
    return request(this.#api, this.#api);
  }
  override async send(request: (api: never, viewer: never) => Promise<unknown>): Promise<void> {
    await request(this.#api, this.#api);
  }
  named(method: string): readonly unknown[] {
    return this.calls.filter(([name]) => name === method).map(([, ...args]) => args);
  }
  readonly #api: never = new Proxy(
    {},
    {
      get: (_target, name: string) =>
        name === 'models' ? this.#api : (...args: unknown[]) => this.#answer(name, args),
    },
  ) as never;
  #answer(name: string, args: readonly unknown[]): Promise<Result<unknown>> {
    this.calls.push([name, ...args]);
    if (name === 'watchModels' && this.present) (args[0] as (state: ModelsState) => void)(this.present);
    return Promise.resolve(this.answers[name] ?? { ok: true, value: this.runtime });
  }
}

describe('model commands', () => {
  const info = vi.fn<Studio['notifier']['info']>();
  const error = vi.fn<Studio['notifier']['error']>();
  let client: FakeClient;
  let studio: Studio;
  const folder = (answer: PermissionState, permission: LinkedFolder['permission'] = 'prompt') => {
    const requestPermission = vi.fn(() => Promise.resolve(answer));
    const handle = { kind: 'directory', name: 'ComfyUI', requestPermission } as never;
    const linked: LinkedFolder = {
      id: 'f1',
      name: 'ComfyUI',
      permission,
      handle,
      layout: 'ComfyUI',
      files: 3,
      notices: [],
    };
    return { linked, requestPermission };
  };
  /** What the worker tells the page. */
  const push = (patch: Partial<ModelsState> = {}) => {
    const [onChange] = client.named('watchModels')[0] as [(state: ModelsState) => void];
    onChange(stateWith(patch));
  };

  beforeEach(async () => {
    info.mockClear();
    error.mockClear();
    studio = new Studio({ info, error }, DEFAULTS, (onCrash) => (client = new FakeClient(onCrash)));
    await studio.start({} as HTMLCanvasElement);
    push();
  });
  afterEach(() => {
    vi.unstubAllGlobals();
  });

  it('follows models that come or go by themselves, and says so once', () => {
    const own = {
      role: 'checkpoint',
      name: 'xl.safetensors',
      description: '',
      bytes: 1,
      demo: false,
    } as const;
    const runtime = { ...stateWith().runtime, models: [own] };
    push({ runtime });
    push({ runtime });
    expect(studio.document.runtime).toEqual(runtime);
    expect(info).toHaveBeenCalledExactlyOnceWith(expect.stringContaining('Using xl.safetensors.'));
  });

  it('asks for reading once more and scans what was allowed', async () => {
    const { linked, requestPermission } = folder('granted');
    client.answers['scanFolder'] = { ok: true, value: linked };
    await studio.models.allowFolder(linked);
    expect(requestPermission).toHaveBeenCalledExactlyOnceWith({ mode: 'read' });
    expect(client.named('scanFolder')).toEqual([['f1']]);
    expect(studio.models.view.scanning).toEqual([]);
  });

  it('says how to undo a refusal and scans nothing', async () => {
    const { linked } = folder('denied');
    await studio.models.allowFolder(linked);
    expect(client.named('scanFolder')).toEqual([]);
    expect(error).toHaveBeenCalledExactlyOnceWith(messages.models.library.notAllowed('ComfyUI'));
  });

  it('links the chosen folder, and nothing when the choice is left', async () => {
    const { linked } = folder('granted', 'granted');
    client.answers['linkFolder'] = { ok: true, value: linked };
    vi.stubGlobal('showDirectoryPicker', () => Promise.resolve(linked.handle));
    await studio.models.pickFolder();
    expect(client.named('linkFolder')).toEqual([[linked.handle]]);
    vi.stubGlobal('showDirectoryPicker', () => Promise.reject(new DOMException('', 'AbortError')));
    await studio.models.pickFolder();
    expect(client.named('linkFolder')).toHaveLength(1);
    expect(error).not.toHaveBeenCalled();
  });

  it('says why a folder could not be opened', async () => {
    vi.stubGlobal('showDirectoryPicker', () => Promise.reject(new DOMException('no', 'SecurityError')));
    await studio.models.pickFolder();
    expect(error).toHaveBeenCalledExactlyOnceWith(messages.models.library.notOpened('no'));
  });

  it('takes a question the browser does not ask for a no', async () => {
    const { linked, requestPermission } = folder('granted');
    requestPermission.mockRejectedValue(new DOMException('', 'SecurityError'));
    await studio.models.allowFolder(linked);
    expect(error).toHaveBeenCalledExactlyOnceWith(messages.models.library.notAllowed('ComfyUI'));
  });

  it('tells folders from files in a drop', async () => {
    const directory = { kind: 'directory' };
    const file = new File([''], 'x.safetensors');
    const item = (handle: unknown) => ({
      kind: 'file',
      getAsFile: () => file,
      getAsFileSystemHandle: () => Promise.resolve(handle),
    });
    const old = { kind: 'file', getAsFile: () => file };
    const items = [item(directory), item({ kind: 'file' }), old, { kind: 'string' }];
    const dropped = await droppedItems({ items } as never);
    expect(dropped).toEqual({ folders: [directory], files: [file, file] });
  });

  it('lists only weight files of a session folder, with their places, also for the next worker', async () => {
    const file = (name: string) => Object.assign(new File([''], name), { webkitRelativePath: `m/${name}` });
    const weights = file('a.safetensors');
    await studio.models.addFiles([weights, file('readme.md')]);
    expect(client.named('addFiles')).toEqual([[[{ file: weights, path: 'm/a.safetensors' }]]]);
    await studio.start({} as HTMLCanvasElement);
    expect(client.named('addFiles')).toHaveLength(2);
  });

  it('sends only the newest LoRA stack while the worker is busy, and shows it at once', async () => {
    const stack = (strength: number) => [{ id: 'lora', strength }];
    studio.models.setLoras(stack(0.1));
    studio.models.setLoras(stack(0.2));
    studio.models.setLoras(stack(0.3));
    expect(studio.models.view.loras).toEqual(stack(0.3));
    await vi.waitFor(() => expect(studio.models.view.pendingLoras).toBeNull());
    expect(client.named('setLoras')).toEqual([[stack(0.1)], [stack(0.3)]]);
  });

  it('puts a used LoRA on the stack and any other file into its role', async () => {
    await studio.models.use(vae);
    expect(client.named('selectModel')).toEqual([['autoencoder', 'vae']]);
    await studio.models.use(lora);
    expect(client.named('setLoras')).toEqual([[[{ id: 'lora', strength: 1 }]]]);
  });

  it('changes nothing under a running job', async () => {
    studio.job.begin('refine');
    await studio.models.select('autoencoder', vae);
    studio.models.setLoras([]);
    await studio.models.unload('all');
    const { linked, requestPermission } = folder('granted');
    const showDirectoryPicker = vi.fn();
    vi.stubGlobal('showDirectoryPicker', showDirectoryPicker);
    await studio.models.pickFolder();
    await studio.models.linkFolder(linked.handle);
    await studio.models.rescan(linked);
    await studio.models.allowFolder(linked);
    await studio.models.unlink(linked);
    await studio.models.deleteImported(vae);
    expect(client.calls.filter(([name]) => name !== 'watchModels')).toEqual([]);
    expect(showDirectoryPicker).not.toHaveBeenCalled();
    expect(requestPermission).not.toHaveBeenCalled();
    expect(info.mock.calls).toEqual(Array.from({ length: 9 }, () => [messages.models.busy]));
  });

  describe('after the worker was started again', () => {
    const restart = async (present: Partial<ModelsState> | null): Promise<readonly unknown[]> => {
      client.calls.length = 0;
      client.present = present && stateWith(present);
      studio.restart();
      await studio.start({} as HTMLCanvasElement);
      return client.calls.filter(([name]) => name !== 'watchModels');
    };
    const used = new File(['x'], 'lora.safetensors');

    it('knows the dropped files and uses what was in use last, not what was dropped', async () => {
      await studio.models.useFile(used);
      const loras = [{ id: 'lora', strength: 0.4 }];
      const { roles } = select({ checkpoint: 'unet', autoencoder: 'vae' }).selection!;
      push({ selection: { roles, loras, prediction: 'v' } });
      const calls = await restart({});
      expect(calls.slice(0, 2)).toEqual([
        ['addFiles', [{ file: used, path: 'lora.safetensors' }]],
        ['selectModel', 'checkpoint', 'unet'],
      ]);
      expect(calls).toContainEqual(['selectModel', 'autoencoder', 'vae']);
      expect(calls).toContainEqual(['selectModel', 'sam3', null]);
      expect(calls.slice(-2)).toEqual([
        ['setLoras', loras],
        ['setPrediction', 'v'],
      ]);
      expect(client.named('useModelFile')).toEqual([]);
      expect(error).not.toHaveBeenCalled();
    });

    it('does not bring back a removed LoRA', async () => {
      await studio.models.useFile(used);
      const { selection } = stateWith();
      push({ selection });
      const calls = await restart({ selection: { ...selection, loras: [{ id: 'lora', strength: 1 }] } });
      expect(calls).toEqual([
        ['addFiles', [{ file: used, path: 'lora.safetensors' }]],
        ['setLoras', []],
      ]);
    });

    it('changes nothing where the worker has taken up the same by itself', async () => {
      expect(await restart({})).toEqual([]);
    });

    it('goes on with the next worker when this one ends too', async () => {
      push(select({ checkpoint: 'unet' }));
      client.answers['selectModel'] = { ok: false, error: { code: 'aborted', message: '' } };
      expect(await restart({})).toEqual([['selectModel', 'checkpoint', 'unet']]);
      client.answers = {};
      expect(await restart({})).toContainEqual(['selectModel', 'checkpoint', 'unet']);
      push(select({ checkpoint: 'unet' }));
      expect(await restart(select({ checkpoint: 'unet' }))).toEqual([]);
    });
  });

  it('lets untouched settings follow the family of the image model', async () => {
    const model = { role: 'checkpoint', name: 'x', description: '', bytes: 1, demo: false } as const;
    client.runtime = { ...client.runtime, models: [{ ...model, family: 'lightning' }] };
    await studio.models.select('checkpoint', unet);
    const { sampling } = studio.document.parameters;
    expect(presetFor('lightning')).toMatchObject(sampling);
    expect(sampling).not.toEqual(DEFAULTS.parameters.sampling);
  });

  it('sets a preset and takes it back', () => {
    studio.models.applyPreset('lcm');
    expect(studio.document.parameters.sampling.sampler).toBe('lcm');
    const [, undo] = info.mock.lastCall ?? [];
    undo?.run();
    expect(studio.document.parameters.sampling).toEqual(DEFAULTS.parameters.sampling);
  });

  it('asks the browser to keep its storage before the first copy, and only while it does not', async () => {
    const persist = vi.fn(() => Promise.resolve(true));
    vi.stubGlobal('navigator', { storage: { persist } });
    await studio.models.makeOffline(vae);
    push({ storage: { persistent: true, usedBytes: 1 } });
    await studio.models.makeOffline(vae);
    expect(persist).toHaveBeenCalledOnce();
    expect(client.named('importModel')).toHaveLength(2);
  });

  it('downloads with the accepted licence and a token that is no empty string', async () => {
    const item = { id: 'sam3', title: 'SAM 3' } as never;
    vi.stubGlobal('navigator', { storage: { persist: () => Promise.resolve(false) } });
    await studio.models.download(item, ' ');
    expect(client.named('downloadModel')[0]).toMatchObject([
      expect.any(String),
      { catalogueId: 'sam3', token: null, licenceAccepted: true },
      expect.any(Function),
    ]);
  });
});
