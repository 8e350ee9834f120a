import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { droppedItems } from '#app/folder-access.ts';
import { messages } from '#app/messages.ts';
import { candidatesFor, filterEntries, groupEntries, kindOf } from '#app/models-library.ts';
import { ModelsStateHolder } from '#app/models-state.svelte.ts';
import { presetFor } from '#app/presets.ts';
import { Studio } from '#app/studio.ts';
import { Transfers, share, type TransferCall } from '#app/transfers.svelte.ts';
import {
  WorkerClient,
  type LibraryEntry,
  type LinkedFolder,
  type ModelsState,
  type Result,
  type RuntimeInfo,
  type TransferEvent,
} from '#app/worker-client.ts';

const entry = (id: string, patch: Partial<LibraryEntry> = {}): LibraryEntry => ({
  id,
  name: `${id}.safetensors`,
  folder: '',
  origin: 'linked',
  bytes: 1e9,
  gives: ['checkpoint'],
  needs: [],
  usable: true,
  sentence: '',
  family: null,
  known: null,
  ...patch,
});
const COMPLETE = ['checkpoint', 'text-l', 'text-g', 'autoencoder'] as const;
const xl = entry('xl', { gives: COMPLETE, family: 'pony', folder: 'checkpoints' });
const unet = entry('unet', { family: 'lightning', folder: 'unet' });
const vae = entry('vae', { gives: ['autoencoder'], folder: 'vae' });
const lora = entry('lora', { gives: ['lora'], folder: 'loras/style' });
const demo = entry('a-demo', { gives: COMPLETE, origin: 'demo' });
const broken = entry('broken', { gives: [], usable: false, sentence: 'Convert it.' });
const NOTHING: ModelsState['selection']['roles'] = {
  checkpoint: null,
  'text-l': null,
  'text-g': null,
  autoencoder: null,
  vision: null,
  'ip-adapter': null,
  sam3: null,
};
const stateWith = (patch: Partial<ModelsState> = {}): ModelsState => ({
  entries: [xl, unet, vae, lora, demo, broken],
  folders: [],
  catalogue: [],
  selection: { roles: { ...NOTHING, checkpoint: 'xl' }, loras: [], prediction: 'auto' },
  runtime: { networks: 'CPU', kernels: 'CPU', accelerated: false, models: [] },
  missing: [],
  unmatched: {},
  resident: [],
  keepMinutes: 5,
  memory: { budgetBytes: 8e9, guessed: true, peakBytes: null, phases: [], refusal: null },
  unfinished: [],
  storage: { persistent: false, usedBytes: 0 },
  ...patch,
});
const holderOf = (patch: Partial<ModelsState> = {}): ModelsStateHolder => {
  const holder = new ModelsStateHolder();
  holder.take(stateWith(patch), 1000);
  return holder;
};
const select = (roles: Partial<ModelsState['selection']['roles']>): Partial<ModelsState> => ({
  selection: { roles: { ...NOTHING, ...roles }, loras: [], prediction: 'auto' },
});

describe('library', () => {
  it('lists a file under what it is in the first place', () => {
    expect(kindOf(xl)).toBe('checkpoint');
    expect(kindOf(vae)).toBe('autoencoder');
    expect(kindOf(broken)).toBeNull();
  });

  it('finds every word in name, folder, sentence or title', () => {
    const known = { title: 'Big One', licence: 'MIT', source: '' };
    const entries = [xl, { ...vae, known }];
    const found = (query: string) => filterEntries(entries, query).map(({ id }) => id);
    expect(found('big ONE')).toEqual(['vae']);
    expect(found('checkpoints xl')).toEqual(['xl']);
    expect(found('checkpoints vae')).toEqual([]);
    expect(found('  ')).toEqual(['xl', 'vae']);
  });

  it('groups by kind in the order of the work, own files before the demo pack', () => {
    const groups = groupEntries([vae, demo, lora, xl], 'kind');
    expect(groups.map(({ key, entries }) => [key, entries.map(({ id }) => id)])).toEqual([
      ['checkpoint', ['xl', 'a-demo']],
      ['lora', ['lora']],
      ['autoencoder', ['vae']],
    ]);
  });

  it('groups by folder, the demo pack last', () => {
    const titles = groupEntries([demo, vae, lora, xl], 'folder').map(({ title }) => title);
    expect(titles).toEqual(['checkpoints', 'loras/style', 'vae', messages.models.library.demoGroup]);
  });

  it('offers for a role what is made for it before what merely holds it, and nothing unusable', () => {
    const spoiled = entry('spoiled', { gives: ['autoencoder'], usable: false });
    expect(candidatesFor([xl, spoiled, vae], 'autoencoder').map(({ id }) => id)).toEqual(['vae', 'xl']);
  });
});

describe('models state', () => {
  it('takes parts of a complete image model from it, until they have a file of their own', () => {
    expect(holderOf().fileOf('autoencoder')).toEqual({ entry: xl, inherited: true });
    const own = holderOf(select({ checkpoint: 'xl', autoencoder: 'vae' }));
    expect(own.fileOf('autoencoder')).toEqual({ entry: vae, inherited: false });
    expect(holderOf().fileOf('sam3')).toBeNull();
  });

  it('shows text encoders only where the image model has none', () => {
    expect(holderOf().rows).not.toContain('text-l');
    const missing = (['text-l', 'text-g'] as const).map((role) => ({ role, required: true, sentence: '' }));
    expect(holderOf({ ...select({ checkpoint: 'unet' }), missing }).rows).toContain('text-g');
  });

  it('adds up what is on the device, the encoders with the image model that holds them', () => {
    const holder = holderOf({
      resident: [
        { role: 'checkpoint', bytes: 5, idleMs: 400 },
        { role: 'text-l', bytes: 2, idleMs: 300 },
        { role: 'sam3', bytes: 1, idleMs: 0 },
      ],
    });
    expect(holder.residentBytes).toBe(8);
    holder.now = 1500;
    expect(holder.residentOf('checkpoint')).toEqual({
      bytes: 7,
      idleMs: 800,
      roles: ['checkpoint', 'text-l'],
    });
    expect(holder.residentOf('vision')).toBeNull();
  });

  it('is a first run while nothing but the demo pack is known', () => {
    expect(holderOf({ entries: [demo] }).firstRun).toBe(true);
    expect(holderOf({ entries: [demo, lora] }).firstRun).toBe(false);
    expect(new ModelsStateHolder().firstRun).toBe(false);
  });

  it('keeps refused files apart and filters both', () => {
    const holder = holderOf();
    expect(holder.refused).toEqual([broken]);
    holder.filter = 'vae';
    expect(holder.groups.flatMap(({ entries }) => entries)).toEqual([vae]);
    expect(holder.refused).toEqual([]);
  });

  it('knows which files have a copy for offline use', () => {
    const copy = entry('copy', { name: xl.name, origin: 'imported' });
    const holder = holderOf({ entries: [xl, vae, copy] });
    expect(holder.isKept(xl)).toBe(true);
    expect(holder.isKept(vae)).toBe(false);
  });

  it('asks for a new plan when selection or budget change, not when networks idle', () => {
    const before = holderOf().planKey;
    expect(holderOf({ resident: [{ role: 'sam3', bytes: 1, idleMs: 9 }] }).planKey).toBe(before);
    const memory = { ...stateWith().memory, budgetBytes: 4e9 };
    expect(holderOf({ memory }).planKey).not.toBe(before);
    expect(holderOf(select({ checkpoint: 'unet' })).planKey).not.toBe(before);
  });
});

describe('transfers', () => {
  const event = (doneBytes: number): TransferEvent => ({
    doneBytes,
    totalBytes: 100,
    bytesPerSecond: null,
    remainingMs: null,
    stage: 'copying',
  });
  type Attempt = {
    readonly job: string;
    readonly report: (event: TransferEvent) => void;
    readonly settle: (result: Result<unknown>) => void;
  };
  const aborted: Result<unknown> = { ok: false, error: { code: 'aborted', message: '' } };
  let attempts: Attempt[];
  let transfers: Transfers;
  const cancel = vi.fn<(job: string) => void>();
  const onDone = vi.fn<() => void>();
  const call: TransferCall = (job, report) => new Promise((settle) => attempts.push({ job, report, settle }));
  const flush = () => new Promise((resolve) => setTimeout(resolve));

  beforeEach(() => {
    attempts = [];
    cancel.mockClear();
    onDone.mockClear();
    transfers = new Transfers(cancel);
    void transfers.start('a', 'Copying a', call, onDone);
  });

  it('shows progress and leaves the list when everything is there', async () => {
    attempts[0]!.report(event(43));
    expect(share(transfers.of('a')!.event)).toBe(0.43);
    expect(transfers.announcement).toBe(messages.models.transfer.announce('Copying a', 40));
    attempts[0]!.settle({ ok: true, value: null });
    await flush();
    expect(transfers.list).toEqual([]);
    expect(onDone).toHaveBeenCalledOnce();
  });

  it('stops by its job and goes on from where it was, deaf to the earlier attempt', async () => {
    attempts[0]!.report(event(43));
    transfers.stop('a');
    expect(cancel).toHaveBeenCalledExactlyOnceWith(attempts[0]!.job);
    attempts[0]!.settle(aborted);
    await flush();
    expect(transfers.of('a')).toMatchObject({ status: 'paused', event: event(43) });
    void transfers.resume('a');
    attempts[0]!.report(event(7));
    expect(transfers.of('a')).toMatchObject({ status: 'running', event: event(43) });
    expect(attempts[1]!.job).not.toBe(attempts[0]!.job);
    expect(onDone).not.toHaveBeenCalled();
  });

  it('keeps a failure with its reason until it is resumed or forgotten', async () => {
    attempts[0]!.settle({ ok: false, error: { code: 'quota-exceeded', message: 'The disk is full.' } });
    await flush();
    expect(transfers.of('a')).toMatchObject({ status: 'failed', problem: 'The disk is full.' });
    expect(transfers.announcement).toBe('The disk is full.');
    transfers.dismiss('a');
    expect(transfers.list).toEqual([]);
  });

  it('does not start twice what is running', () => {
    void transfers.start('a', 'Copying a', call, onDone);
    expect(attempts).toHaveLength(1);
  });
});

/** A worker that answers every call at once and remembers it. */
class FakeClient extends WorkerClient {
  readonly calls: (readonly [method: string, ...args: unknown[]])[] = [];
  answers: Record<string, Result<unknown>> = {};
  runtime: RuntimeInfo = { networks: '', kernels: '', accelerated: false, models: [] };

  override start(): Promise<Result<RuntimeInfo>> {
    return Promise.resolve({ ok: true, value: this.runtime });
  }
  override call<T>(request: (api: never) => Promise<Result<T>>): Promise<Result<T>> {
    return request(this.#api);
  }
  override async send(request: (api: never) => Promise<unknown>): Promise<void> {
    await request(this.#api);
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

  it('lists only weight files of a session folder, with their places', async () => {
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
    expect(client.calls.filter(([name]) => name !== 'watchModels')).toEqual([]);
    expect(info).toHaveBeenCalledTimes(3);
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
