import type { Words } from '#domain/job/sentence.ts';
import { AppError } from '#domain/job/app-error.ts';
import type { ByteSource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import { refuseByName } from '#formats/weight-file-name.ts';
import type { ModelFile } from '#models/model-file.ts';
import { recogniseFile } from '#pipelines/assemble.ts';
import type { LibraryEntry, ModelRole, PresetFamily, SingleRole } from './api.ts';

/** Where a weight file lies and how to get at its bytes again. */
export interface LibraryPlace {
  /** See {@link LibraryEntry.id}. */
  readonly id: string;
  readonly name: string;
  readonly folder: string;
  readonly origin: LibraryEntry['origin'];
  readonly bytes: number;
  /** Milliseconds since 1970, for a file that can change where it lies. */
  readonly lastModified?: number;
  /** Of a copy: the entry it was made from. */
  readonly copyOf?: string | null;
  /** In hex, where a copy was hashed. */
  readonly sha256?: string | null;
  open(): Promise<ByteSource>;
}

/** A file as the library knows it: what the page sees, and what its tensors say. */
export interface LibraryFile {
  readonly place: LibraryPlace;
  readonly entry: LibraryEntry;
  /** Null for a file that could not be read. */
  readonly model: ModelFile | null;
}

/** What the library asks others about a file: the catalogue, the guess of its training. */
export interface LibraryAdvice {
  known(place: LibraryPlace, model: ModelFile): LibraryEntry['known'];
  family(name: string, metadata: ReadonlyMap<string, string>): PresetFamily;
}

/**
 * The weight files the studio knows. Only what was recognised is kept, not the headers: a folder may hold hundreds of
 * checkpoints with thousands of tensors each.
 */
export class ModelLibrary {
  readonly #files = new Map<string, LibraryFile>();
  readonly #advice: LibraryAdvice;

  constructor(advice: LibraryAdvice) {
    this.#advice = advice;
  }

  get files(): readonly LibraryFile[] {
    return [...this.#files.values()];
  }

  get(id: string): LibraryFile | undefined {
    return this.#files.get(id);
  }

  /** Lists a file under what its tensors say it is. One that cannot be read is listed too, with the reason. */
  async list(place: LibraryPlace): Promise<LibraryFile> {
    const file = await this.read(place);
    this.keep(file);
    return file;
  }

  /** What a file is, without listing it. */
  async read(place: LibraryPlace): Promise<LibraryFile> {
    try {
      refuseByName(place.name);
      const file = await SafetensorsFile.open(await place.open());
      const model = recogniseFile(file);
      return { place, model, entry: this.#entry(place, model, file.header.metadata) };
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      return { place, model: null, entry: unusable(place, error.message) };
    }
  }

  keep(file: LibraryFile): void {
    this.#files.set(file.place.id, file);
  }

  /** Lists a file that is not even looked into, with the reason. */
  refuse(place: LibraryPlace, sentence: Words): void {
    this.keep({ place, model: null, entry: unusable(place, sentence) });
  }

  removeWhere(goes: (file: LibraryFile) => boolean): void {
    for (const file of this.files) if (goes(file)) this.#files.delete(file.place.id);
  }

  /** Opens a listed file. @throws AppError when it is gone or damaged. */
  async open(id: string): Promise<SafetensorsFile> {
    const file = this.#files.get(id);
    if (!file)
      throw new AppError('model-missing', 'This model file is no longer listed. Link its folder again.');
    return SafetensorsFile.open(await file.place.open());
  }

  #entry(place: LibraryPlace, model: ModelFile, metadata: ReadonlyMap<string, string>): LibraryEntry {
    const gives = rolesOf(model);
    return {
      ...facts(place),
      gives,
      needs: needsOf(model),
      usable: gives.length > 0,
      sentence: model.sentence,
      family: model.kind === 'sdxl' ? this.#advice.family(place.name, metadata) : null,
      known: this.#advice.known(place, model),
    };
  }
}

function facts({ id, name, folder, origin, bytes, copyOf = null }: LibraryPlace) {
  return { id, name, folder, origin, bytes, copyOf };
}

function unusable(place: LibraryPlace, sentence: Words): LibraryEntry {
  return { ...facts(place), gives: [], needs: [], usable: false, sentence, family: null, known: null };
}

/** The roles a file can play. */
export function rolesOf(model: ModelFile): readonly ModelRole[] {
  switch (model.kind) {
    case 'sdxl':
      return ['checkpoint', ...towerRoles(model.text), ...(model.codec ? (['autoencoder'] as const) : [])];
    case 'clip-text':
      return towerRoles(model.towers);
    case 'vae':
      return ['autoencoder'];
    case 'taesd':
      return model.encoder && model.decoder ? ['autoencoder'] : [];
    case 'clip-vision':
      return ['vision'];
    case 'ip-adapter':
    case 'sam3':
    case 'lora':
      return [model.kind];
    case 'refused':
    case 'unknown':
      return [];
  }
}

function towerRoles(towers: readonly { readonly which: 'clip-l' | 'clip-g' }[]): SingleRole[] {
  return towers.map(({ which }) => (which === 'clip-l' ? 'text-l' : 'text-g'));
}

/** Parts without which a checkpoint cannot refine and which it does not hold itself. */
function needsOf(model: ModelFile): readonly SingleRole[] {
  if (model.kind !== 'sdxl') return [];
  const gives = rolesOf(model);
  return (['text-l', 'text-g', 'autoencoder'] as const).filter((role) => !gives.includes(role));
}
