import { sentence } from '#domain/job/sentence.ts';
import { proxyMarker } from 'comlink';
import { AppError } from '#domain/job/app-error.ts';
import { Mutex } from '#inference/mutex.ts';
import type { BrowserStorage } from '#storage/browser-storage.ts';
import { watchedSource } from '#storage/watched-source.ts';
import type {
  DownloadRequest,
  JobId,
  LibraryEntry,
  LinkedFolder,
  LoraChoice,
  ModelRole,
  ModelsApi,
  ModelSelection,
  ModelsState,
  Result,
  RuntimeInfo,
  SingleRole,
  TransferEvent,
} from './api.ts';
import type { Backend } from './backend.ts';
import { asResult } from './jobs.ts';
import { ModelLibrary, type LibraryFile, type LibraryPlace } from './library.ts';
import { catalogueItems, libraryAdvice } from './model-advice.ts';
import { FolderModels } from './model-folders.ts';
import { demoId, demoPlaces, DEMO_ROLES } from './model-places.ts';
import { folderOf } from './paths.ts';
import { checkedSelection, lasting, loadable, narrowed, sameSelection } from './model-preferences.ts';
import { openSet } from './model-set.ts';
import { ModelTransfers } from './model-transfers.ts';
import { missingParts, NO_MODELS, selected } from './selection.ts';

/** Changes within this time reach the page as one. */
const PUBLISH_MS = 50;

/** The Models view's side of the worker: what is known, what is chosen, what is on the device. */
export class StudioModels implements ModelsApi {
  /** Comlink calls its methods where it is instead of copying it. */
  readonly [proxyMarker] = true;
  readonly #library = new ModelLibrary(libraryAdvice);
  readonly #storage: BrowserStorage;
  readonly #folders: FolderModels;
  readonly #transfers: ModelTransfers;
  /** Called when other models are in use. */
  readonly #onChanged: () => void;
  #starting: Backend | null = null;
  #selection: ModelSelection = NO_MODELS;
  /** What was chosen at an earlier visit and cannot be opened yet. */
  #wanted: ModelSelection | null = null;
  /** Changes of the selection, one at a time. */
  readonly #exchange = new Mutex();
  /** The chosen files' versions as they were opened. */
  #used = '';
  #unmatched: ModelsState['unmatched'] = {};
  #listener: ((state: ModelsState) => void) | null = null;
  #publishing: ReturnType<typeof setTimeout> | null = null;

  constructor(storage: BrowserStorage, onChanged: () => void) {
    this.#storage = storage;
    this.#folders = new FolderModels(storage.folders, this.#library);
    this.#transfers = new ModelTransfers(storage.imported, this.#library);
    this.#onChanged = onChanged;
  }

  /** Lists the demo pack and what was imported, and takes up the last visit's selection as far as it can be read. */
  async start(backend: Backend): Promise<void> {
    this.#starting = backend;
    backend.onChange(() => this.#publish());
    backend.onIdle(() => void this.#exclusive(() => this.#catchUp()));
    for (const place of await demoPlaces()) await this.#library.list(place);
    await this.#use(this.#demoSelection());
    await this.#recall().catch((error: unknown) => {
      console.warn('The models of the last visit could not be taken up.', error);
    });
  }

  async #recall(): Promise<void> {
    const { preferences } = this.#storage;
    await this.#backend.recall(preferences);
    await this.#transfers.listImported().catch((error: unknown) => {
      console.warn('The offline copies could not be listed.', error);
    });
    this.#wanted = await preferences.get('selection', checkedSelection);
    for (const id of this.#wanted ? loadable(this.#wanted) : []) {
      const place = this.#library.get(id) ? null : await this.#folders.find(id);
      if (place) await this.#library.list(place);
    }
    await this.#takeWanted();
    // Headers of whole folders take seconds; the studio need not wait for them.
    void this.#scanAll().finally(() => this.#publish());
  }

  async #scanAll(): Promise<void> {
    for (const { id } of await this.#folders.list()) await this.#folders.scan(id).catch(console.warn);
  }

  /** The earlier selection comes into use once its checkpoint can be opened; what is missing then follows later. */
  async #takeWanted(): Promise<boolean> {
    const wanted = this.#wanted;
    if (!wanted) return false;
    const ready = narrowed(wanted, (id) => this.#library.get(id)?.entry.usable === true);
    if (loadable(ready).length === loadable(wanted).length) this.#wanted = null;
    if (ready.roles.checkpoint === null || sameSelection(ready, this.#selection)) return false;
    await this.#use(ready);
    return true;
  }

  async watchModels(onChange: (state: ModelsState) => void): Promise<void> {
    this.#listener = onChange;
    onChange(await this.#state());
  }

  linkFolder(handle: FileSystemDirectoryHandle): Promise<Result<LinkedFolder>> {
    return this.#changing(() => this.#reading(() => this.#folders.link(handle)));
  }

  scanFolder(folderId: string): Promise<Result<LinkedFolder>> {
    return this.#changing(() => this.#reading(() => this.#folders.scan(folderId)));
  }

  /** Reads a folder; what it shows of the selection, wanted or in use, is opened anew where it is not what it was. */
  async #reading(read: () => Promise<LinkedFolder>): Promise<LinkedFolder> {
    const folder = await read();
    await this.#exclusive(() => this.#catchUp());
    return folder;
  }

  /** Takes up what can be opened by now. Not under a running job, which keeps the models it began with. */
  async #catchUp(): Promise<void> {
    if (this.#backend.busy) return;
    const stale = this.#versions() !== this.#used && this.#selectionListed();
    try {
      const taken = await this.#takeWanted();
      if (stale && !taken) await this.#use(this.#selection);
      if (stale || taken) this.#onChanged();
    } catch (error) {
      // The folder was read all the same; its files say in the library what is wrong with them.
      this.#wanted = null;
      console.warn('The models of the last visit could not be taken up.', error);
    }
  }

  /** Sizes and times of the chosen files: a File of an earlier version cannot be read any more. */
  #versions(): string {
    const places = loadable(this.#selection).map((id) => this.#library.get(id)?.place);
    return JSON.stringify(places.map((place) => [place?.bytes, place?.lastModified]));
  }

  #selectionListed(): boolean {
    return loadable(this.#selection).every((id) => this.#library.get(id)?.entry.usable);
  }

  unlinkFolder(folderId: string): Promise<Result<null>> {
    return this.#changing(async () => {
      await this.#folders.unlink(folderId);
      await this.#exclusive(() => this.#dropUnlisted());
      return null;
    });
  }

  addFiles(files: readonly { readonly file: File; readonly path: string }[]): Promise<Result<null>> {
    return this.#changing(async () => {
      for (const { file, path } of files) await this.#library.list(chosenPlace(file, path));
      return null;
    });
  }

  useModelFile(file: File): Promise<Result<RuntimeInfo>> {
    return this.#changing(async () => {
      await this.#exclusive(() => this.#useFile(file));
      return this.#backend.info();
    });
  }

  async #useFile(file: File): Promise<void> {
    const known = await this.#library.read(chosenPlace(file, file.name));
    const { gives, sentence: what } = known.entry;
    const [role] = gives;
    if (!role)
      throw new AppError(
        'bad-file',
        known.model ? sentence`"${file.name}" cannot be used here. ${what}` : what,
      );
    await this.#trying(known, (library) =>
      role === 'lora'
        ? { ...this.#selection, loras: [...this.#selection.loras, { id: known.place.id, strength: 1 }] }
        : selected(library, this.#selection, role, known.place.id),
    );
  }

  /** Lists a file for as long as using it succeeds. */
  async #trying(
    file: LibraryFile,
    select: (library: readonly LibraryFile[]) => ModelSelection,
  ): Promise<void> {
    const before = this.#library.get(file.place.id);
    this.#library.keep(file);
    try {
      await this.#choose(select(this.#library.files));
    } catch (error) {
      if (!before) this.#library.removeWhere(({ place }) => place.id === file.place.id);
      throw error;
    }
  }

  useDemoPack(): Promise<Result<RuntimeInfo>> {
    return this.#selecting(() => this.#demoSelection());
  }

  /** Every role the pack fills, whatever else is in the library. */
  #demoSelection(): ModelSelection {
    return { ...NO_MODELS, roles: { ...NO_MODELS.roles, ...DEMO_ROLES } };
  }

  selectModel(role: SingleRole, entryId: string | null): Promise<Result<RuntimeInfo>> {
    return this.#selecting(() => selected(this.#library.files, this.#selection, role, entryId));
  }

  setLoras(loras: readonly LoraChoice[]): Promise<Result<RuntimeInfo>> {
    return this.#selecting(() => ({ ...this.#selection, loras }));
  }

  setPrediction(prediction: ModelSelection['prediction']): Promise<Result<RuntimeInfo>> {
    return this.#selecting(() => ({ ...this.#selection, prediction }));
  }

  importModel(
    job: JobId,
    entryId: string,
    onTransfer: (event: TransferEvent) => void,
  ): Promise<Result<LibraryEntry>> {
    return this.#changing(() => this.#transfers.import(job, entryId, onTransfer));
  }

  downloadModel(
    job: JobId,
    request: DownloadRequest,
    onTransfer: (event: TransferEvent) => void,
  ): Promise<Result<LibraryEntry>> {
    return this.#changing(() => this.#transfers.download(job, request, onTransfer));
  }

  /** Stops a transfer; what has arrived stays for the next try. */
  cancel(job: JobId): void {
    this.#transfers.cancel(job);
  }

  deleteImported(entryId: string): Promise<Result<null>> {
    return this.#changing(async () => {
      await this.#transfers.delete(entryId);
      await this.#exclusive(() => this.#dropUnlisted());
      return null;
    });
  }

  discardUnfinished(id: string): Promise<Result<null>> {
    return this.#changing(() => this.#transfers.discard(id).then(() => null));
  }

  unload(role: ModelRole | 'all'): Promise<Result<null>> {
    return this.#changing(() => this.#backend.unload(role).then(() => null));
  }

  async setKeepMinutes(minutes: number | null): Promise<void> {
    this.#backend.keepMinutes = minutes;
    await this.#storage.preferences.set('keepMinutes', { minutes });
    this.#publish();
  }

  setMemoryBudget(bytes: number | null): Promise<Result<null>> {
    return this.#changing(async () => {
      await this.#backend.setBudget(bytes);
      await this.#storage.preferences.set('memoryBudget', bytes);
      return null;
    });
  }

  get #backend(): Backend {
    if (!this.#starting) throw new AppError('internal', 'The studio is still starting.');
    return this.#starting;
  }

  /** A selection by the user: it is what the next visit begins with. */
  async #choose(selection: ModelSelection): Promise<void> {
    await this.#use(selection);
    this.#wanted = null;
    const kept = lasting(selection, demoId('sam3.safetensors'));
    await this.#storage.preferences.set('selection', kept);
    this.#onChanged();
  }

  /** @throws AppError when its files cannot be opened or do not belong together; the former stay in use. */
  async #use(selection: ModelSelection): Promise<void> {
    const set = await openSet(this.#library, selection);
    const { unmatched } = await this.#backend.use(set);
    this.#selection = selection;
    this.#used = this.#versions();
    this.#unmatched = unmatched;
    this.#publish();
  }

  /** After entries went: what they played is empty, or the demo pack's if it was the checkpoint. */
  async #dropUnlisted(): Promise<void> {
    const { roles, loras } = this.#selection;
    const gone = (id: string | null) => id !== null && !this.#library.get(id);
    if (!Object.values(roles).some(gone) && !loras.some(({ id }) => gone(id))) return;
    const kept = Object.fromEntries(Object.entries(roles).map(([role, id]) => [role, gone(id) ? null : id]));
    const rest: ModelSelection = {
      ...this.#selection,
      roles: kept as ModelSelection['roles'],
      loras: loras.filter(({ id }) => !gone(id)),
    };
    await this.#choose(rest.roles.checkpoint === null ? this.#demoSelection() : rest);
  }

  #selecting(select: () => ModelSelection): Promise<Result<RuntimeInfo>> {
    return this.#changing(() =>
      this.#exclusive(async () => {
        await this.#choose(select());
        return this.#backend.info();
      }),
    );
  }

  #exclusive<T>(work: () => Promise<T>): Promise<T> {
    return this.#exchange.run(work);
  }

  #changing<T>(work: () => Promise<T>): Promise<Result<T>> {
    return asResult(() => work().finally(() => this.#publish()));
  }

  #publish(): void {
    if (!this.#listener || this.#publishing !== null) return;
    this.#publishing = setTimeout(() => {
      this.#publishing = null;
      void this.#state().then((state) => this.#listener?.(state), console.warn);
    }, PUBLISH_MS);
  }

  async #state(): Promise<ModelsState> {
    const persistent = await orWithout(navigator.storage.persisted(), false);
    return {
      entries: this.#library.files.map(({ entry }) => entry),
      folders: await orWithout(this.#folders.list(), []),
      catalogue: catalogueItems(this.#library),
      selection: this.#selection,
      runtime: this.#backend.info(),
      missing: missingParts(this.#library.files, this.#selection, this.#wanted),
      unmatched: this.#unmatched,
      resident: this.#backend.resident(),
      keepMinutes: this.#backend.keepMinutes,
      memory: this.#backend.memory(),
      unfinished: await orWithout(this.#transfers.unfinished(), []),
      storage: { persistent, usedBytes: this.#transfers.storedBytes() },
    };
  }
}

/** A part of the view that the browser's storage does not give: the rest is shown without it. */
function orWithout<T>(part: Promise<T>, nothing: T): Promise<T> {
  return part.catch((error: unknown) => {
    console.warn('A part of the models could not be read from the browser’s storage.', error);
    return nothing;
  });
}

function chosenPlace(file: File, path: string): LibraryPlace {
  return {
    id: `file:${path}:${file.size}:${file.lastModified}`,
    name: file.name,
    folder: folderOf(path),
    origin: 'file',
    bytes: file.size,
    open: () => watchedSource(file),
  };
}
