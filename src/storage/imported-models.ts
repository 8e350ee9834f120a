import { sha256 as sha256Of } from 'hash-wasm';
import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { ByteSource } from '#formats/byte-source.ts';
import { PIECE_BYTES, type BlobReader, type BlobStore, type StoredBlob } from './blob-store.ts';
import { BUSY, type ImportLocks } from './import-locks.ts';
import {
  asImportedRecord,
  CHUNK_BYTES,
  emptyChunks,
  storedBytes,
  type ImportedRecord,
  type ImportOrigin,
} from './import-record.ts';
import { PartialCopy } from './partial-copy.ts';
import type { RecordStore } from './record-store.ts';
import { storageFailure, type FreeSpace } from './storage-failure.ts';
import { TransferMeter, type TransferProgress } from './transfer-meter.ts';

/** What copies are kept in; tests bring their own clock and chunk size. */
export interface ImportServices {
  readonly blobs: BlobStore;
  readonly records: RecordStore;
  readonly locks: ImportLocks;
  readonly freeSpace: FreeSpace;
  readonly now?: () => number;
  readonly chunkBytes?: number;
}

/** What a copy is called and where it came from, as the library shows it. */
export interface ImportMeta {
  readonly name: string;
  readonly folder: string;
  readonly note: string;
}

/** What is to be stored. `identity` names the source: equal identities resume the same copy. */
export interface ImportDraft extends ImportMeta {
  readonly identity: string;
  readonly origin: ImportOrigin;
  readonly size: number;
  /** In lower-case hex; a copy with another hash is thrown away. */
  readonly sha256: string | null;
}

/** How a copy is followed and ended. */
export interface TransferOptions {
  readonly signal: AbortSignal;
  readonly onProgress: (progress: TransferProgress) => void;
}

/** Fills the gaps of a copy, however the bytes come. */
export type Feed = (copy: PartialCopy, meter: TransferMeter) => Promise<void>;

/** Tells whether `draft` is another version of the file `record` began to copy. */
function replaces(draft: ImportDraft, record: ImportedRecord): boolean {
  if (record.name !== draft.name || record.folder !== draft.folder) return false;
  if (record.origin.kind === 'file' || draft.origin.kind === 'file')
    return record.origin.kind === draft.origin.kind;
  return record.origin.url === draft.origin.url;
}

/**
 * Copies of models in the browser's own storage. An unfinished copy is never a model: it waits in `partials()` for
 * the same source to be imported again, or for `discard`.
 */
export class ImportedModels {
  readonly #services: ImportServices;
  readonly #now: () => number;
  readonly #open = new Map<string, Promise<BlobReader>>();

  constructor(services: ImportServices) {
    this.#services = services;
    this.#now = services.now ?? (() => Date.now());
  }

  /** Complete models whose bytes are there. */
  async list(): Promise<readonly ImportedRecord[]> {
    const complete = (await this.#records()).filter(({ state }) => state === 'complete');
    const isStored = await this.#storedCheck();
    return complete.filter(isStored);
  }

  /** Copies that were interrupted, for the page to offer going on or discarding. */
  async partials(): Promise<readonly ImportedRecord[]> {
    return (await this.#records()).filter((record) => record.state === 'partial');
  }

  /**
   * The bytes of a complete model. The file stays open until `close` or `remove`.
   * @throws AppError `model-missing` when it was removed or cleared by the browser.
   */
  async open(id: string): Promise<ByteSource> {
    const record = await this.#get(id);
    if (record?.state !== 'complete')
      throw new AppError('model-missing', 'This imported model is no longer there. Import it again.');
    const reader = await this.#reader(record).catch((error: unknown) => {
      throw cleared(record, error);
    });
    if (reader.size !== record.size) throw cleared(record);
    return { name: record.name, size: record.size, read: (begin, end) => this.#read(record, begin, end) };
  }

  /** Lets go of an open file; a source of it opens it again when it is read. */
  async close(id: string): Promise<void> {
    const reader = this.#open.get(id);
    this.#open.delete(id);
    (await reader?.catch(() => null))?.close();
  }

  /** Deletes a copy, complete or not. From the first step on it is no model any more. */
  async remove(id: string): Promise<void> {
    const name = (await this.#get(id))?.name ?? 'The model';
    await this.#alone(id, name, async () => {
      await this.close(id);
      await this.#services.records.delete(id);
      await this.#services.blobs.remove(id);
    }).catch(async (error: unknown) => {
      if (error instanceof AppError) throw error;
      throw new AppError('internal', sentence`"${name}" could not be deleted completely. Try again.`, {
        cause: error,
      });
    });
  }

  /** Gives up an interrupted copy. */
  async discard(id: string): Promise<void> {
    if ((await this.#get(id))?.state === 'partial') await this.remove(id);
  }

  /**
   * Recovery at start: deletes files no record knows and records whose bytes the browser has cleared. What cannot be
   * deleted now, e.g. because another tab reads it, is left to the next time.
   * Answers the lost models, so that the page can name them.
   */
  async sweep(): Promise<{ readonly removed: readonly string[]; readonly lost: readonly ImportedRecord[] }> {
    const { blobs, records } = this.#services;
    // Another tab may be importing: a file listed before the records had its record stored before it was created, and a
    // complete record had its bytes before the files are listed again.
    const stored = await this.#blobs();
    const known = await this.#records();
    const isStored = await this.#storedCheck();
    const unknown = stored.map(({ name }) => name).filter((name) => !known.some(({ id }) => id === name));
    const gone = known.filter((record) => record.state === 'complete' && !isStored(record));
    return {
      removed: await eachPossible(unknown, (name) => blobs.remove(name)),
      lost: await eachPossible(gone, ({ id }) => records.delete(id)),
    };
  }

  /**
   * Copies a file. After any interruption the same call goes on with the chunks that are missing.
   * @throws AppError `quota-exceeded`, `bad-file` (the source changed) or `internal`, always with a sentence; what
   *   was stored stays for the next try, and nothing is listed before it is complete.
   */
  import(
    source: ByteSource & { readonly lastModified?: number },
    meta: ImportMeta,
    options: TransferOptions,
  ): Promise<ImportedRecord> {
    const lastModified = source.lastModified ?? null;
    const identity = JSON.stringify(['file', meta.folder, meta.name, source.size, lastModified]);
    const origin = { kind: 'file', lastModified } as const;
    const draft = { ...meta, identity, origin, size: source.size, sha256: null };
    return this.fill(draft, (copy, meter) => copyAll(source, copy, meter, options.signal), options);
  }

  /** Completes the copy `draft` describes with what `feed` delivers, and checks it from end to end. */
  async fill(draft: ImportDraft, feed: Feed, options: TransferOptions): Promise<ImportedRecord> {
    const id = (await sha256Of(draft.identity)).slice(0, 32);
    return this.#alone(id, draft.name, async () => {
      try {
        const record = await this.#begin(id, draft);
        if (record.state === 'complete') return record;
        return await this.#transfer(record, draft.sha256, feed, options);
      } catch (error) {
        const stored = await this.#afterFailure(id);
        options.signal.throwIfAborted();
        throw await storageFailure(error, draft.name, draft.size - stored, this.#services.freeSpace);
      }
    });
  }

  async #begin(id: string, draft: ImportDraft): Promise<ImportedRecord> {
    const present = await this.#get(id);
    if (present?.state === 'partial') return present;
    if (present && (await this.list()).some((record) => record.id === id)) return present;
    await this.#discardReplaced(id, draft);
    const chunkBytes = this.#services.chunkBytes ?? CHUNK_BYTES;
    const { name, folder, note, origin, size } = draft;
    const chunks = emptyChunks(size, chunkBytes);
    const fresh = { id, name, folder, note, origin, size, chunkBytes, chunks, addedAt: this.#now() };
    const record: ImportedRecord = { ...fresh, state: 'partial', sha256: null };
    await this.close(id);
    await this.#services.records.put(record);
    return record;
  }

  /** Half copies of an older version can never be completed and would only take room. */
  async #discardReplaced(id: string, draft: ImportDraft): Promise<void> {
    for (const other of await this.partials()) {
      if (other.id === id || !replaces(draft, other)) continue;
      await this.discard(other.id).catch((error: unknown) => {
        console.warn(`An outdated copy of "${other.name}" stays for now.`, error);
      });
    }
  }

  async #transfer(
    record: ImportedRecord,
    expected: string | null,
    feed: Feed,
    options: TransferOptions,
  ): Promise<ImportedRecord> {
    const meter = new TransferMeter(options.onProgress, this.#now);
    const copy = await PartialCopy.open(this.#services.blobs, this.#services.records, record);
    try {
      const verified = await this.#feedUntilSound(copy, feed, meter, options.signal);
      if (expected !== null && verified !== expected) throw await this.#wrongHash(copy);
      return await copy.complete(verified);
    } finally {
      await copy.close();
    }
  }

  /** Storage that returns other bytes than were written gets one more chance for the damaged chunks. */
  async #feedUntilSound(
    copy: PartialCopy,
    feed: Feed,
    meter: TransferMeter,
    signal: AbortSignal,
  ): Promise<string> {
    for (let attempt = 0; ; attempt++) {
      meter.report('copying', copy.doneBytes, copy.record.size);
      await feed(copy, meter);
      const { sha256, damaged } = await copy.verify(signal, (done) =>
        meter.report('checking', done, copy.record.size),
      );
      if (damaged.length === 0) return sha256;
      await copy.forget(damaged);
      if (attempt > 0) throw damagedStorage(copy.record);
    }
  }

  async #wrongHash(copy: PartialCopy): Promise<AppError> {
    await copy.restart(copy.record.origin);
    return new AppError(
      'model-corrupt',
      sentence`"${copy.record.name}" arrived damaged, or is not the file it should be: its SHA-256 is wrong. It was thrown away; download it again.`,
    );
  }

  /** A copy without a single stored chunk leaves nothing behind. Answers the bytes that stay. */
  async #afterFailure(id: string): Promise<number> {
    try {
      const record = await this.#get(id);
      const stored = record ? storedBytes(record) : 0;
      if (record?.state !== 'partial' || stored > 0) return stored;
      await this.#services.records.delete(id);
      await this.#services.blobs.remove(id);
    } catch (error) {
      // The failure that led here is the one to report; `sweep` and the next try clean up.
      console.warn('An unfinished import could not be cleaned up.', error);
    }
    return 0;
  }

  async #alone<T>(id: string, name: string, task: () => Promise<T>): Promise<T> {
    const result = await this.#services.locks.hold(id, task);
    if (result !== BUSY) return result;
    throw new AppError(
      'bad-request',
      sentence`"${name}" is being imported already, perhaps in another tab. Wait for it to finish or stop it there.`,
    );
  }

  async #read(record: ImportedRecord, begin: number, end: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#reader(record)
      .then((reader) => reader.read(begin, end))
      .catch((error: unknown) => {
        throw cleared(record, error);
      });
    if (bytes.length !== end - begin) throw cleared(record);
    return bytes;
  }

  #reader(record: ImportedRecord): Promise<BlobReader> {
    const present = this.#open.get(record.id);
    if (present) return present;
    const opening = this.#services.blobs.read(record.id);
    this.#open.set(record.id, opening);
    opening.catch(() => this.#open.delete(record.id));
    return opening;
  }

  #blobs(): Promise<readonly StoredBlob[]> {
    return this.#services.blobs.list().catch(rethrowUnreadable);
  }

  async #storedCheck(): Promise<(record: ImportedRecord) => boolean> {
    const sizes = new Map((await this.#blobs()).map(({ name, bytes }) => [name, bytes]));
    return ({ id, size }) => sizes.get(id) === size;
  }

  async #get(id: string): Promise<ImportedRecord | null> {
    return asImportedRecord(await this.#services.records.get(id).catch(rethrowUnreadable));
  }

  async #records(): Promise<readonly ImportedRecord[]> {
    const records = await this.#services.records.getAll().catch(rethrowUnreadable);
    return records.map(asImportedRecord).filter((record) => record !== null);
  }
}

async function copyAll(
  source: ByteSource,
  copy: PartialCopy,
  meter: TransferMeter,
  signal: AbortSignal,
): Promise<void> {
  for (let gap = copy.nextGap(); gap; gap = copy.nextGap()) {
    signal.throwIfAborted();
    const end = Math.min(gap.end, gap.begin + PIECE_BYTES, gap.begin + copy.record.chunkBytes);
    const bytes = await source.read(gap.begin, end);
    if (bytes.length !== end - gap.begin) throw endedEarly(source.name);
    await copy.append(bytes);
    meter.report('copying', copy.doneBytes, copy.record.size);
  }
}

/** The items for which `action` succeeded. */
async function eachPossible<T>(
  items: readonly T[],
  action: (item: T) => Promise<void>,
): Promise<readonly T[]> {
  const done: T[] = [];
  for (const item of items) {
    await action(item).then(
      () => done.push(item),
      (error: unknown) => console.warn('Left to the next clean-up.', error),
    );
  }
  return done;
}

function endedEarly(name: string): AppError {
  return new AppError(
    'bad-file',
    sentence`"${name}" became shorter while it was being copied. Wait until whatever writes it has finished, then import it again.`,
  );
}

function rethrowUnreadable(cause: unknown): never {
  throw new AppError(
    'internal',
    "The browser's storage could not be read. Reload the page; if that does not help, restart the browser.",
    { cause },
  );
}

function cleared(record: ImportedRecord, cause?: unknown): AppError {
  return new AppError(
    'model-missing',
    sentence`The imported copy of "${record.name}" cannot be read: it was removed, or the browser cleared it. Import it again.`,
    { cause },
  );
}

function damagedStorage({ name }: ImportedRecord): AppError {
  return new AppError(
    'model-corrupt',
    sentence`"${name}" could not be stored soundly: the disk twice returned other bytes than were written. Check the disk; linking the file where it lies needs no copy.`,
  );
}
