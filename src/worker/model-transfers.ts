import { sentence, type Sentence } from '#domain/job/sentence.ts';
import { AppError } from '#domain/job/app-error.ts';
import { downloadModel } from '#storage/download-model.ts';
import type { ImportedModels } from '#storage/imported-models.ts';
import { storedBytes, type ImportedRecord } from '#storage/import-record.ts';
import type { DownloadRequest, JobId, LibraryEntry, TransferEvent, UnfinishedCopy } from './api.ts';
import type { LibraryPlace, ModelLibrary } from './library.ts';
import { catalogueSource } from './model-advice.ts';

const importedId = (recordId: string): string => `imported:${recordId}`;

/** Copies of models in the browser's own storage, and the imports and downloads that make them. */
export class ModelTransfers {
  readonly #imported: ImportedModels;
  readonly #library: ModelLibrary;
  readonly #running = new Map<JobId, AbortController>();

  constructor(imported: ImportedModels, library: ModelLibrary) {
    this.#imported = imported;
    this.#library = library;
  }

  /** Lists the complete copies, after clearing away what an interruption left behind. */
  async listImported(): Promise<void> {
    const { lost } = await this.#imported.sweep();
    for (const record of lost) this.#library.refuse(this.#place(record), clearedSentence(record.name));
    for (const record of await this.#imported.list()) await this.#list(record);
  }

  /** Lists a copy; the file is closed again, so that other tabs may delete it while nobody uses it. */
  async #list(record: ImportedRecord): Promise<LibraryEntry> {
    const { entry } = await this.#library.list(this.#place(record));
    await this.#imported.close(record.id);
    return entry;
  }

  async import(
    job: JobId,
    entryId: string,
    onProgress: (event: TransferEvent) => void,
  ): Promise<LibraryEntry> {
    const file = this.#library.get(entryId);
    if (!file?.entry.usable) throw new AppError('bad-request', 'Choose a usable model file to import.');
    const { name, folder } = file.place;
    const source = await file.place.open();
    return this.#transfer(job, (signal) =>
      this.#imported.import(source, { name, folder, note: entryId }, { signal, onProgress }),
    );
  }

  async download(
    job: JobId,
    { catalogueId, token, licenceAccepted }: DownloadRequest,
    onProgress: (event: TransferEvent) => void,
  ): Promise<LibraryEntry> {
    const source = catalogueSource(catalogueId);
    if (!licenceAccepted)
      throw new AppError('bad-request', 'Read and accept the model’s licence before downloading it.');
    return this.#transfer(job, (signal) =>
      downloadModel({ ...source, token }, this.#imported, { signal, onProgress }),
    );
  }

  /** What was interrupted. While something is on its way nothing counts as that. */
  async unfinished(): Promise<readonly UnfinishedCopy[]> {
    if (this.#running.size > 0) return [];
    return (await this.#imported.partials()).map((record) => ({
      id: record.id,
      name: record.name,
      doneBytes: storedBytes(record),
      totalBytes: record.size,
    }));
  }

  /** What complete copies take. */
  storedBytes(): number {
    return this.#library.files
      .filter(({ place, entry }) => place.origin === 'imported' && entry.usable)
      .reduce((sum, { place }) => sum + place.bytes, 0);
  }

  discard(id: string): Promise<void> {
    return this.#imported.discard(id);
  }

  cancel(job: JobId): void {
    this.#running.get(job)?.abort(new AppError('aborted', 'Stopped. What has arrived is kept.'));
  }

  async delete(entryId: string): Promise<void> {
    const file = this.#library.get(entryId);
    if (file?.place.origin !== 'imported')
      throw new AppError(
        'bad-request',
        'Only imported copies can be deleted; linked files are never touched.',
      );
    // Whatever becomes of the bytes, from here on it is no model any more.
    this.#library.removeWhere(({ place }) => place.id === entryId);
    await this.#imported.remove(entryId.slice(importedId('').length));
  }

  async #transfer(job: JobId, work: (signal: AbortSignal) => Promise<ImportedRecord>): Promise<LibraryEntry> {
    const controller = new AbortController();
    this.#running.set(job, controller);
    try {
      const record = await work(controller.signal);
      return await this.#list(record);
    } finally {
      this.#running.delete(job);
    }
  }

  #place({ id, name, folder, size, sha256, note }: ImportedRecord): LibraryPlace {
    const open = () => this.#imported.open(id);
    return { id: importedId(id), name, folder, origin: 'imported', bytes: size, sha256, copyOf: note, open };
  }
}

function clearedSentence(name: string): Sentence {
  return sentence`The browser has cleared the offline copy of "${name}". Make it available offline again.`;
}
