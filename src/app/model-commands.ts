import { DEFAULTS, withOverrides, type StudioDefaults } from './defaults.ts';
import { isWeightName } from './file-kinds.ts';
import { askToRead, pickFolder } from './folder-access.ts';
import type { JobState } from './job-state.svelte.ts';
import { Latest } from './latest.ts';
import { messages } from './messages.ts';
import { kindOf } from './models-library.ts';
import { ModelsStateHolder } from './models-state.svelte.ts';
import { presetFor } from './presets.ts';
import { reasonOf } from './reason.ts';
import { restoringCalls, type RestoringCall, type SessionFile } from './restored-models.ts';
import type { StudioState } from './studio-state.svelte.ts';
import type { Notifier } from './studio.ts';
import { Transfers } from './transfers.svelte.ts';
import {
  callback,
  type CatalogueItem,
  type LibraryEntry,
  type LinkedFolder,
  type LoraChoice,
  type ModelRole,
  type ModelSelection,
  type ModelsState,
  type PresetFamily,
  type Result,
  type RuntimeInfo,
  type SingleRole,
  type UnfinishedCopy,
  type WorkerClient,
} from './worker-client.ts';

const texts = messages.models;

/** What the model commands need of the studio around them. */
export interface ModelHost {
  readonly document: StudioState;
  readonly job: JobState;
  readonly client: WorkerClient;
  readonly notifier: Notifier;
  /** Settings for the demo pack. */
  readonly demoDefaults: StudioDefaults;
  /** Resolves when the worker has started. */
  readonly started: () => Promise<void>;
  /** The value, or null after saying what went wrong. */
  readonly expect: <T>(result: Result<T>) => T | null;
}

/** Everything the user can do with model files. */
export class ModelCommands {
  readonly view = new ModelsStateHolder();
  readonly transfers: Transfers;
  readonly #host: ModelHost;
  /** Files the user chose one by one or as a folder, to give them to a restarted worker again. */
  #files: readonly SessionFile[] = [];
  /** What was in use when the worker ended, until its successor uses it again. */
  #interrupted: ModelSelection | null = null;
  readonly #loras = new Latest<readonly LoraChoice[]>((loras) => this.#sendLoras(loras));

  constructor(host: ModelHost) {
    this.#host = host;
    this.transfers = new Transfers((job) => void host.client.send((api) => api.cancel(job)));
  }

  /** Listens to a worker that has just started; a successor gets the session's files and what was in use again. */
  async attach(runtime: RuntimeInfo): Promise<RuntimeInfo> {
    const { client } = this.#host;
    const before = this.view.state;
    this.#interrupted ??= before?.selection ?? null;
    const watching = client.send((api) => api.models.watchModels(callback((state) => this.#follow(state))));
    if (this.#interrupted === null) return runtime;
    await watching;
    const present = this.view.state === before ? null : (this.view.state?.selection ?? null);
    return this.#restore(runtime, restoringCalls(this.#files, this.#interrupted, present));
  }

  async #restore(runtime: RuntimeInfo, calls: readonly RestoringCall[]): Promise<RuntimeInfo> {
    let latest = runtime;
    for (const call of calls) {
      const result = await this.#host.client.call(call);
      // This worker ended too: its successor restores what this one has not.
      if (!result.ok && result.error.code === 'aborted') return latest;
      latest = this.#host.expect(result) ?? latest;
    }
    this.#interrupted = null;
    return latest;
  }

  /** What is in use may change by itself: a folder of the last visit can be read again, a copy in use is removed. */
  #follow(state: ModelsState): void {
    const { document } = this.#host;
    this.view.take(state, performance.now());
    const known = document.runtime;
    if (known === null || document.reading !== null || sameModels(known, state.runtime)) return;
    const checkpoint = state.runtime.models.find(({ role }) => role === 'checkpoint');
    const name = checkpoint?.demo ? texts.demoPack : (checkpoint?.name ?? texts.chip.noModel);
    this.take(state.runtime, texts.used(name));
  }

  /** Shows what runs now and says `done`. Settings nobody touched follow the image model: the demo's wants few steps. */
  take(runtime: RuntimeInfo, done: string): void {
    const { document, notifier } = this.#host;
    document.runtime = runtime;
    const undo = document.checkpoint();
    const fitting = this.#defaultsFor(runtime);
    const change = document.followDefaults(fitting);
    const { sampling } = fitting.parameters;
    const { steps, guidanceScale } = sampling;
    if (change === 'followed')
      notifier.info(`${done} ${texts.settingsFollow(steps, guidanceScale)}`.trim(), { ...undo, brief: true });
    else if (change === 'kept')
      notifier.info(`${done} ${texts.settingsKept(steps, guidanceScale)}`.trim(), {
        label: texts.useSettings,
        run: () => document.setParameters('sampling', sampling),
        brief: true,
      });
    else if (done) notifier.info(done);
  }

  #defaultsFor(runtime: RuntimeInfo): StudioDefaults {
    const own = runtime.models.find(({ role, demo }) => role === 'checkpoint' && !demo);
    if (!own) return this.#host.demoDefaults;
    return own.family
      ? withOverrides(DEFAULTS, { parameters: { sampling: samplingOf(own.family) } })
      : DEFAULTS;
  }

  async useFile(file: File): Promise<boolean> {
    const change = () => this.#host.client.call((api) => api.models.useModelFile(file));
    const changed = await this.#change(file.name, change, texts.used(file.name));
    if (changed) this.#files = [...this.#files, { file, path: file.name }];
    return changed;
  }

  async useDemoPack(): Promise<void> {
    const change = () => this.#host.client.call((api) => api.models.useDemoPack());
    await this.#change(texts.demoPack, change, texts.demoUsed);
  }

  /** Fills a role, or empties it. */
  async select(role: SingleRole, entry: LibraryEntry | null): Promise<void> {
    const name = entry?.name ?? texts.roles[role];
    const change = () => this.#host.client.call((api) => api.models.selectModel(role, entry?.id ?? null));
    await this.#change(name, change, entry ? texts.used(name) : texts.unused(name));
  }

  /** Uses a file for what it is made for; a LoRA is put on the stack. */
  async use(entry: LibraryEntry): Promise<void> {
    const role = kindOf(entry);
    if (role === 'lora') this.setLoras([...this.view.loras, { id: entry.id, strength: 1 }]);
    else if (role) await this.select(role, entry);
  }

  /** Takes a new stack at once and sends the newest one as soon as the worker is free. */
  setLoras(loras: readonly LoraChoice[]): void {
    this.view.pendingLoras = loras;
    this.#loras.push(loras);
  }

  async #sendLoras(loras: readonly LoraChoice[]): Promise<void> {
    await this.#change(texts.loras, () => this.#host.client.call((api) => api.models.setLoras(loras)), '');
    if (this.view.pendingLoras === loras) this.view.pendingLoras = null;
  }

  async setPrediction(prediction: ModelSelection['prediction']): Promise<void> {
    const change = () => this.#host.client.call((api) => api.models.setPrediction(prediction));
    await this.#change(texts.predictionChanged, change, '');
  }

  /** A running job uses the models it began with, so nothing is changed under it. Says why when nothing may change. */
  #mayChange(): boolean {
    const { document, job, notifier } = this.#host;
    const obstacle = job.running ? texts.busy : document.reading && texts.reading(document.reading);
    if (obstacle !== null) notifier.info(obstacle);
    return obstacle === null;
  }

  async #change(name: string, change: () => Promise<Result<RuntimeInfo>>, done: string): Promise<boolean> {
    if (!this.#mayChange()) return false;
    const { document } = this.#host;
    document.reading = name;
    await this.#host.started();
    const runtime = this.#host.expect(await change());
    document.reading = null;
    if (runtime) this.take(runtime, done);
    return runtime !== null;
  }

  /** Sampling for a family of image models, with a way back. */
  applyPreset(family: PresetFamily): void {
    const { document, notifier } = this.#host;
    const undo = document.checkpoint();
    document.setParameters('sampling', samplingOf(family));
    notifier.info(texts.preset.applied(texts.preset.families[family]), undo);
  }

  /** Lets the user choose a folder and links it. */
  async pickFolder(): Promise<void> {
    if (!this.#mayChange()) return;
    try {
      const handle = await pickFolder();
      if (handle) await this.linkFolder(handle);
    } catch (error) {
      this.#host.notifier.error(texts.library.notOpened(reasonOf(error)));
    }
  }

  async linkFolder(handle: FileSystemDirectoryHandle): Promise<void> {
    if (!this.#mayChange()) return;
    const linked = await this.#scan(handle.name, () =>
      this.#host.client.call((api) => api.models.linkFolder(handle)),
    );
    if (!linked) return;
    this.view.tab = 'library';
    this.#host.notifier.info(texts.library.linked(linked.name, linked.files));
  }

  /** Asks for the permission of this visit, then reads the folder. Must be called from a click. */
  async allowFolder(folder: LinkedFolder): Promise<void> {
    if (!this.#mayChange()) return;
    if (await askToRead(folder.handle)) await this.rescan(folder);
    else this.#host.notifier.error(texts.library.notAllowed(folder.name));
  }

  async rescan(folder: LinkedFolder): Promise<void> {
    if (!this.#mayChange()) return;
    await this.#scan(folder.name, () => this.#host.client.call((api) => api.models.scanFolder(folder.id)));
  }

  async unlink(folder: LinkedFolder): Promise<void> {
    if (!this.#mayChange()) return;
    const { client, expect, notifier } = this.#host;
    const result = await client.call((api) => api.models.unlinkFolder(folder.id));
    if (!result.ok) return void expect(result);
    const run = () => void this.linkFolder(folder.handle);
    notifier.info(texts.library.unlinked(folder.name), { label: messages.app.undo, run });
  }

  async #scan(name: string, call: () => Promise<Result<LinkedFolder>>): Promise<LinkedFolder | null> {
    this.view.scanning = [...this.view.scanning, name];
    await this.#host.started();
    const folder = this.#host.expect(await call());
    this.view.scanning = this.view.scanning.filter((each) => each !== name);
    return folder;
  }

  /** Lists the weight files of a chosen folder for this session; other files in it are passed over. */
  async addFiles(files: readonly File[]): Promise<void> {
    const weights = files
      .filter(({ name }) => isWeightName(name))
      .map((file) => ({ file, path: file.webkitRelativePath || file.name }));
    if (weights.length === 0) return this.#host.notifier.info(texts.library.noWeights);
    await this.#host.started();
    const result = await this.#host.client.call((api) => api.models.addFiles(weights));
    if (result.ok) this.#files = [...this.#files, ...weights];
    else this.#host.expect(result);
  }

  /** Copies a file into the browser's storage, which is asked to be kept the first time. */
  async makeOffline(entry: LibraryEntry): Promise<void> {
    await this.#protectStorage();
    await this.transfers.start({
      key: entry.id,
      title: texts.transfer.import(entry.name),
      fileName: entry.name,
      call: (job, onTransfer) =>
        this.#host.client.call((api) => api.models.importModel(job, entry.id, callback(onTransfer))),
      onDone: () => this.#host.notifier.info(texts.library.keptOffline(entry.name)),
    });
  }

  /** Fetches a catalogue file of which the user has accepted the licence. */
  async download(item: CatalogueItem, token: string): Promise<void> {
    await this.#protectStorage();
    const request = { catalogueId: item.id, token: token.trim() || null, licenceAccepted: true };
    await this.transfers.start({
      key: item.id,
      title: texts.transfer.download(item.title),
      fileName: item.fileName,
      call: (job, onTransfer) =>
        this.#host.client.call((api) => api.models.downloadModel(job, request, callback(onTransfer))),
      onDone: () => this.#host.notifier.info(texts.get.done(item.title)),
    });
  }

  async deleteImported(entry: LibraryEntry): Promise<void> {
    if (!this.#mayChange()) return;
    const result = await this.#host.client.call((api) => api.models.deleteImported(entry.id));
    if (result.ok) this.#host.notifier.info(texts.library.removed(entry.name));
    else this.#host.expect(result);
  }

  async discardUnfinished({ id, name }: UnfinishedCopy): Promise<void> {
    const result = await this.#host.client.call((api) => api.models.discardUnfinished(id));
    if (result.ok) this.#host.notifier.info(texts.library.discarded(name));
    else this.#host.expect(result);
  }

  /** Takes networks off the device; a running job needs them. */
  async unload(roles: readonly ModelRole[] | 'all'): Promise<void> {
    if (!this.#mayChange()) return;
    const { notifier, client, expect } = this.#host;
    for (const role of roles === 'all' ? (['all'] as const) : roles) {
      const result = await client.call((api) => api.models.unload(role));
      if (!result.ok) return void expect(result);
    }
    notifier.info(texts.use.unloaded);
  }

  async setKeepMinutes(minutes: number | null): Promise<void> {
    await this.#host.client.send((api) => api.models.setKeepMinutes(minutes));
  }

  async setMemoryBudget(bytes: number | null): Promise<void> {
    const result = await this.#host.client.call((api) => api.models.setMemoryBudget(bytes));
    if (!result.ok) this.#host.expect(result);
  }

  /** Only pages may ask for it, and browsers may refuse: the view shows which it is. */
  async #protectStorage(): Promise<void> {
    if (!this.view.state?.storage.persistent) await navigator.storage.persist().catch(() => false);
  }
}

function sameModels(a: RuntimeInfo, b: RuntimeInfo): boolean {
  return JSON.stringify(a.models) === JSON.stringify(b.models);
}

function samplingOf(family: PresetFamily): StudioDefaults['parameters']['sampling'] {
  const { steps, guidanceScale, sampler, scheduler } = presetFor(family);
  return { steps, guidanceScale, sampler, scheduler };
}
