import { SINGLE_ROLES } from '#domain/job/model-roles.ts';
import { messages, said } from './messages.ts';
import type { LibraryEntry, ModelRole } from './worker-client.ts';

/** What the library is sorted into. */
export type Grouping = 'kind' | 'folder';

export interface LibraryGroup {
  readonly key: string;
  readonly title: string;
  readonly entries: readonly LibraryEntry[];
}

/** Every role in the order of the work it does; the first that a file gives is what it is listed under. */
export const ROLES: readonly ModelRole[] = SINGLE_ROLES.flatMap((role) =>
  role === 'checkpoint' ? [role, 'lora'] : [role],
);

/** What a file is in the first place: a complete checkpoint also gives an autoencoder, but is an image model. */
export function kindOf(entry: LibraryEntry): ModelRole | null {
  return ROLES.find((role) => entry.gives.includes(role)) ?? null;
}

/** Entries of which name, folder, sentence or known title hold every word of the query. */
export function filterEntries(entries: readonly LibraryEntry[], query: string): readonly LibraryEntry[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return entries;
  return entries.filter((entry) => {
    const text = [entry.name, entry.folder, said(entry.sentence), entry.known?.title ?? '']
      .join(' ')
      .toLowerCase();
    return words.every((word) => text.includes(word));
  });
}

/** By name, the demo pack's files after the user's own. */
function compareEntries(a: LibraryEntry, b: LibraryEntry): number {
  const demo = (entry: LibraryEntry) => Number(entry.origin === 'demo');
  return demo(a) - demo(b) || compareNames(a.name, b.name);
}

/** Groups in a stable order, names sorted inside: kinds in the order of {@link ROLES}, folders by the alphabet. */
export function groupEntries(entries: readonly LibraryEntry[], grouping: Grouping): readonly LibraryGroup[] {
  const groups = new Map<string, LibraryEntry[]>();
  for (const entry of entries.toSorted(compareEntries)) {
    const key = grouping === 'kind' ? (kindOf(entry) ?? '') : folderKey(entry);
    groups.set(key, [...(groups.get(key) ?? []), entry]);
  }
  const title = grouping === 'kind' ? kindTitle : folderTitle;
  const rank = (key: string) =>
    grouping === 'kind' ? String(ROLES.indexOf(key as ModelRole) + 1 || 9) : key;
  return [...groups]
    .toSorted(([a], [b]) => compareNames(rank(a), rank(b)))
    .map(([key, members]) => ({ key, title: title(key), entries: members }));
}

/** Files that can fill a role, those made for nothing else first. */
export function candidatesFor(entries: readonly LibraryEntry[], role: ModelRole): readonly LibraryEntry[] {
  const part = (entry: LibraryEntry) => Number(kindOf(entry) !== role);
  return entries
    .filter(({ usable, gives }) => usable && gives.includes(role))
    .toSorted((a, b) => part(a) - part(b) || compareEntries(a, b));
}

const ORIGINS: readonly LibraryEntry['origin'][] = ['file', 'imported', 'linked', 'demo'];

/** Origins first, then paths; the digit keeps them in the order in which the user cares. */
function folderKey({ origin, folder }: LibraryEntry): string {
  return `${ORIGINS.indexOf(origin)}${folder}`;
}

function folderTitle(key: string): string {
  const { session, importedGroup, topOfFolder, demoGroup } = messages.models.library;
  const origin = [session, importedGroup, topOfFolder, demoGroup][Number(key.slice(0, 1))] ?? '';
  return key.slice(1) || origin;
}

function kindTitle(key: string): string {
  return key === '' ? messages.models.library.other : messages.models.roles[key as ModelRole];
}

const collator = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const compareNames = (a: string, b: string): number => collator.compare(a, b);
