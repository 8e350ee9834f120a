import { say, sentence, type Words } from '#domain/job/sentence.ts';
import { AppError } from '#domain/job/app-error.ts';
import {
  EXTRA_MODEL_PATHS,
  EXTRA_MODEL_PATHS_MAX_BYTES,
  parseExtraModelPaths,
  type ExtraModelPath,
} from '#formats/extra-model-paths.ts';
import { refuseByName } from '#formats/weight-file-name.ts';
import { findExtraPath, outsideSentence } from './extra-paths.ts';
import { isDiffusers, layoutOfModels, type FolderLayout } from './folder-layout.ts';
import { listFolder, throwIfWithdrawn, type FolderListing } from './folder-listing.ts';
import { shardedModels } from './shards.ts';

/** A weight file found in a linked folder. */
export interface ScannedFile {
  /** From the linked folder down, "models/checkpoints/a.safetensors". */
  readonly path: string;
  readonly name: string;
  /** `path` without the name; empty at the top. */
  readonly folder: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly lastModified: number;
  readonly handle: FileSystemFileHandle;
  /** Path of the diffusers folder it is a part of ("." for the linked folder itself); null for single files. */
  readonly set: string | null;
}

/** All that was found in a linked folder. */
export interface FolderScan {
  readonly layout: FolderLayout;
  readonly files: readonly ScannedFile[];
  /** Files that look like models and cannot be used, each with the way out. */
  readonly refused: readonly { readonly path: string; readonly sentence: Words }[];
  /** Sentences about what could not be followed. */
  readonly notices: readonly Words[];
}

/** How much is looked at before a scan ends with a notice. */
export interface ScanLimits {
  /** Folders below the linked one. */
  readonly depth: number;
  /** Files and folders looked at. */
  readonly entries: number;
  /** Weight files, and as many refusals. */
  readonly files: number;
}

/** How a scan is followed and ended; limits are for tests. */
export interface ScanOptions {
  readonly signal: AbortSignal;
  readonly onProgress?: (progress: { readonly folders: number; readonly files: number }) => void;
  readonly limits?: ScanLimits;
}

const LIMITS: ScanLimits = { depth: 10, entries: 100_000, files: 5000 };
const WEIGHTS = /\.(safetensors|sft)$/i;
const NEVER_MODELS = new Set(['node_modules', 'venv', 'env', '__pycache__', 'site-packages']);
/** Beside a `models` folder these are the program's own pictures and scratch files. */
const PROGRAM_FOLDERS = new Set(['input', 'output', 'outputs', 'temp', 'tmp']);

/**
 * Finds the weight files of a linked folder by walking it; opens none but `extra_model_paths.yaml`.
 * @throws AppError `model-missing` when the folder may not be read.
 */
export async function scanFolder(
  handle: FileSystemDirectoryHandle,
  options: ScanOptions,
): Promise<FolderScan> {
  const walk = new FolderWalk(handle, options);
  await walk.run();
  return walk.result();
}

/** Ends the walk where the limits are reached; what was found until then counts. */
class LimitReached extends Error {}

interface Place {
  readonly directory: FileSystemDirectoryHandle;
  readonly path: readonly string[];
  readonly set: string | null;
}

class FolderWalk {
  readonly #root: FileSystemDirectoryHandle;
  readonly #options: ScanOptions;
  readonly #limits: ScanLimits;
  readonly #files: ScannedFile[] = [];
  readonly #refused: { path: string; sentence: Words }[] = [];
  /** By their English text: each is said once. */
  readonly #notices = new Map<string, Words>();
  readonly #visited = new Set<string>();
  #layout: FolderLayout | null = null;
  #entries = 0;

  constructor(root: FileSystemDirectoryHandle, options: ScanOptions) {
    this.#root = root;
    this.#options = options;
    this.#limits = options.limits ?? LIMITS;
  }

  async run(): Promise<void> {
    try {
      await this.#visit({ directory: this.#root, path: [], set: null });
    } catch (error) {
      if (!(error instanceof LimitReached)) throw error;
      this.#note(
        sentence`"${this.#root.name}" has too many files to look at all of them. Link the folder with the models in it instead.`,
      );
    }
  }

  result(): FolderScan {
    const layout = this.#layout ?? 'folder';
    return { layout, files: this.#files, refused: this.#refused, notices: [...this.#notices.values()] };
  }

  async #visit(place: Place): Promise<void> {
    const path = place.path.join('/');
    if (this.#visited.has(path)) return;
    this.#visited.add(path);
    this.#options.signal.throwIfAborted();
    const listing = await this.#list(place);
    if (!listing) return;
    this.#options.onProgress?.({ folders: this.#visited.size, files: this.#files.length });
    const set = place.set ?? this.#recognise(place, listing);
    await this.#collect({ ...place, set }, listing);
    for (const [name, directory] of listing.folders) {
      if (isSkipped(name, listing)) continue;
      if (place.path.length < this.#limits.depth)
        await this.#visit({ directory, path: [...place.path, name], set });
      else
        this.#note(sentence`Folders below "${path}" were not looked at, because they are nested too deeply.`);
    }
    const extra = listing.files.get(EXTRA_MODEL_PATHS);
    if (extra && place.path.length <= 1) await this.#followExtraPaths(extra, place.path);
  }

  async #list({ directory, path }: Place): Promise<FolderListing | null> {
    try {
      return await listFolder(directory, () => {
        if (++this.#entries > this.#limits.entries) throw new LimitReached();
      });
    } catch (error) {
      if (error instanceof LimitReached) throw error;
      throwIfWithdrawn(error, this.#root.name);
      this.#note(sentence`The folder "${path.join('/') || this.#root.name}" could not be read.`);
      return null;
    }
  }

  /** Notes the layout; answers the name of the set when the place is a diffusers folder. */
  #recognise({ path, directory }: Place, { files, folders }: FolderListing): string | null {
    const names = [...folders.keys()];
    const isTop = path.length === 0;
    if (isTop || directory.name === 'models') this.#layout ??= layoutOfModels(names);
    if (!isDiffusers([...files.keys()], names)) return null;
    if (isTop) this.#layout = 'diffusers';
    return path.join('/') || '.';
  }

  async #collect({ path, set }: Place, { files }: FolderListing): Promise<void> {
    const folder = path.join('/');
    const at = (name: string) => [...path, name].join('/');
    const sharded = shardedModels([...files.keys()]);
    for (const { name, sentence: why } of sharded.models) this.#refuse(at(name), why);
    for (const [name, handle] of files) {
      if (WEIGHTS.test(name) && !sharded.shards.has(name)) {
        const file = await this.#look(handle, at(name));
        if (file) this.#add({ ...file, path: at(name), name, folder, handle, set });
      } else this.#refuseByName(name, at(name));
    }
  }

  #add(file: ScannedFile): void {
    if (this.#files.length >= this.#limits.files) throw new LimitReached();
    this.#files.push(file);
  }

  #note(words: Words): void {
    this.#notices.set(say(words), words);
  }

  #refuse(path: string, why: Words): void {
    if (this.#refused.length < this.#limits.files) this.#refused.push({ path, sentence: why });
  }

  #refuseByName(name: string, path: string): void {
    try {
      refuseByName(name);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      this.#refuse(path, error.sentence);
    }
  }

  async #look(
    handle: FileSystemFileHandle,
    path: string,
  ): Promise<{ readonly bytes: number; readonly lastModified: number } | null> {
    try {
      const { size, lastModified } = await handle.getFile();
      return { bytes: size, lastModified };
    } catch (error) {
      throwIfWithdrawn(error, this.#root.name);
      this.#note(sentence`"${path}" could not be opened; it may have been moved just now.`);
      return null;
    }
  }

  async #followExtraPaths(handle: FileSystemFileHandle, folder: readonly string[]): Promise<void> {
    for (const { path } of await this.#extraPaths(handle)) {
      const place = await findExtraPath(this.#root, folder, path);
      if (place) await this.#visit({ ...place, set: null });
      else this.#note(outsideSentence(path, this.#root.name));
    }
  }

  async #extraPaths(handle: FileSystemFileHandle): Promise<readonly ExtraModelPath[]> {
    try {
      // One byte more than allowed, so that a huge file is refused without being read.
      const head = (await handle.getFile()).slice(0, EXTRA_MODEL_PATHS_MAX_BYTES + 1);
      return parseExtraModelPaths(new Uint8Array(await head.arrayBuffer()));
    } catch (error) {
      throwIfWithdrawn(error, this.#root.name);
      this.#note(error instanceof AppError ? error.sentence : sentence`"${handle.name}" could not be read.`);
      return [];
    }
  }
}

function isSkipped(name: string, { folders }: FolderListing): boolean {
  if (name.startsWith('.') || NEVER_MODELS.has(name)) return true;
  return folders.has('models') && PROGRAM_FOLDERS.has(name);
}
