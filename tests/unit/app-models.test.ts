import { beforeEach, describe, expect, it, vi } from 'vitest';
import { messages } from '#app/messages.ts';
import { candidatesFor, filterEntries, groupEntries, kindOf } from '#app/models-library.ts';
import { ModelsStateHolder } from '#app/models-state.svelte.ts';
import { Transfers, share, type TransferCall } from '#app/transfers.svelte.ts';
import { type LinkedFolder, type ModelsState, type Result, type TransferEvent } from '#app/worker-client.ts';
import { broken, demo, entry, lora, select, stateWith, vae, xl } from './app-models-states.ts';

const holderOf = (patch: Partial<ModelsState> = {}): ModelsStateHolder => {
  const holder = new ModelsStateHolder();
  holder.take(stateWith(patch), 1000);
  return holder;
};

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
    const twin = entry('twin', { name: xl.name, folder: 'elsewhere' });
    const copy = entry('copy', { name: xl.name, origin: 'imported', copyOf: 'xl' });
    const downloaded = entry('downloaded', { name: vae.name, origin: 'imported', copyOf: null });
    const holder = holderOf({ entries: [xl, twin, vae, copy, downloaded] });
    expect(holder.isKept(xl)).toBe(true);
    expect(holder.isKept(twin)).toBe(false);
    expect(holder.isKept(vae)).toBe(false);
  });

  it('says what an image model lacks only until other files bring it', () => {
    const sentence = 'An SDXL UNet; it also needs a VAE from other files.';
    const bare = entry('bare', { needs: ['autoencoder'], sentence });
    const missing = [{ role: 'autoencoder', required: true, sentence: '' }] as const;
    const lacking = holderOf({ ...select({ checkpoint: 'bare' }), missing });
    expect(lacking.checkpointSentence(bare)).toBe(sentence);
    expect(holderOf().checkpointSentence(bare)).toBe('An SDXL UNet.');
    const whole = entry('whole', { sentence: 'Complete; as it is.' });
    expect(holderOf().checkpointSentence(whole)).toBe('Complete; as it is.');
  });

  it('counts what cannot be used in a folder, but not what never was a model file', () => {
    const unusable = { usable: false, gives: [] };
    const entries = [
      entry('linked:f1/a'),
      entry('linked:f1/cut', unusable),
      entry('linked:f1/old.ckpt', { ...unusable, bytes: 0 }),
      entry('linked:f10/cut', unusable),
    ];
    expect(holderOf({ entries }).unusableIn({ id: 'f1' } as LinkedFolder)).toBe(1);
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
  const order = { key: 'a', title: 'Copying a', fileName: 'a.safetensors', call, onDone };
  const flush = () => new Promise((resolve) => setTimeout(resolve));

  beforeEach(() => {
    attempts = [];
    cancel.mockClear();
    onDone.mockClear();
    transfers = new Transfers(cancel);
    void transfers.start(order);
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
    expect(transfers.of('a')).toMatchObject({ status: 'paused', event: event(43), problem: '' });
    void transfers.resume('a');
    attempts[0]!.report(event(7));
    expect(transfers.of('a')).toMatchObject({ status: 'running', event: event(43) });
    expect(attempts[1]!.job).not.toBe(attempts[0]!.job);
    expect(onDone).not.toHaveBeenCalled();
  });

  it('says why it paused when nobody wanted it to', async () => {
    const { restarted } = messages.models.transfer;
    attempts[0]!.settle(aborted);
    await flush();
    expect(transfers.of('a')).toMatchObject({ status: 'paused', problem: restarted });
    void transfers.resume('a');
    expect(transfers.of('a')).toMatchObject({ status: 'running', problem: '' });
  });

  it('holds the interrupted copy of its file, until it is left', () => {
    const copy = { name: 'a.safetensors', totalBytes: 100 };
    expect(transfers.holds(copy)).toBe(true);
    attempts[0]!.report(event(43));
    expect(transfers.holds(copy)).toBe(true);
    expect(transfers.holds({ ...copy, totalBytes: 99 })).toBe(false);
    expect(transfers.holds({ ...copy, name: 'b.safetensors' })).toBe(false);
    transfers.dismiss('a');
    expect(transfers.holds(copy)).toBe(false);
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
    void transfers.start(order);
    expect(attempts).toHaveLength(1);
  });
});
