import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import type { CatalogueEntry } from '#models/catalogue/entry.ts';
import {
  CATALOGUE,
  catalogueEntry,
  knownByHash,
  knownByStructure,
  sourcePage,
} from '#models/catalogue/lookup.ts';
import { guessFamily } from '#models/family.ts';
import type { DownloadSpec } from '#storage/download-source.ts';
import type { CatalogueItem } from './api.ts';
import type { LibraryAdvice, LibraryFile, LibraryPlace, ModelLibrary } from './library.ts';

/** What the catalogue and the heuristics add to what a file's tensors say. */
export const libraryAdvice: LibraryAdvice = {
  known: (place, { kind }) => {
    const entry = knownFile(place, kind);
    if (!entry) return null;
    const title = place.sha256 ? entry.title : `probably ${entry.title}`;
    return { title, licence: entry.licence.name, source: sourcePage(entry) };
  },
  family: guessFamily,
};

/**
 * A hashed copy is known for certain. Of others only size and structure are known, which says enough for the networks
 * that come in one version; fine-tuned checkpoints and LoRAs by the thousand have the size of one in the catalogue.
 */
function knownFile(
  { bytes, sha256 }: LibraryPlace,
  kind: CatalogueEntry['kind'],
): CatalogueEntry | undefined {
  if (sha256) return knownByHash(sha256);
  return kind === 'sdxl' || kind === 'lora' ? undefined : knownByStructure(bytes, kind);
}

/** The catalogue as the page shows it, with what is there already. */
export function catalogueItems(library: ModelLibrary): readonly CatalogueItem[] {
  const present = new Map<string, LibraryFile>();
  for (const file of library.files) {
    const entry = file.model && knownFile(file.place, file.model.kind);
    if (entry) present.set(entry.id, file);
  }
  return CATALOGUE.map((entry) => ({
    id: entry.id,
    title: entry.title,
    roles: entry.roles,
    fileName: entry.fileName,
    bytes: entry.bytes,
    licence: entry.licence,
    gated: entry.gated,
    source: sourcePage(entry),
    fetchable: entry.source.kind !== 'page',
    usable: entry.usable,
    entryId: present.get(entry.id)?.place.id ?? null,
  }));
}

/** Where to download a catalogue entry from. @throws AppError when it has to be fetched by hand. */
export function catalogueSource(id: string): Omit<DownloadSpec, 'token'> {
  const entry = catalogueEntry(id);
  if (!entry) throw new AppError('bad-request', 'This model is not in the catalogue.');
  const { source, fileName, bytes, sha256 } = entry;
  if (source.kind === 'page')
    throw new AppError(
      'bad-request',
      sentence`"${entry.title}" has to be downloaded from its own page (${source.url}); then link its folder or drop the file here.`,
    );
  const { repo, path, revision } = source;
  return {
    name: fileName,
    folder: repo.replace('/', '--'),
    note: id,
    from: { kind: 'hub', repo, path, revision },
    bytes,
    sha256,
  };
}
