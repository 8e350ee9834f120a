import { said } from './messages.ts';
import { candidatesFor, filterEntries, groupEntries, type Grouping } from './models-library.ts';
import type {
  LibraryEntry,
  LinkedFolder,
  LoraChoice,
  ModelRole,
  ModelsState,
  PresetFamily,
  SingleRole,
} from './worker-client.ts';

export type ModelsTab = 'use' | 'library' | 'get' | 'memory';

/** What fills a role: a file of its own, or a part of the image model. */
export interface RoleFile {
  readonly entry: LibraryEntry;
  readonly inherited: boolean;
}

/** Bytes of some networks on the device, and how long none of them has run. */
export interface Residency {
  readonly bytes: number;
  readonly idleMs: number;
  readonly roles: readonly ModelRole[];
}

/** The text encoders that an image model usually brings along. */
const TEXT_ROLES: readonly SingleRole[] = ['text-l', 'text-g'];

/** The worker's {@link ModelsState} as the Models view reads it, with the view's own filter and tab. */
export class ModelsStateHolder {
  /** Null until the worker has told. */
  state = $state.raw<ModelsState | null>(null);
  tab = $state.raw<ModelsTab>('library');
  filter = $state.raw('');
  grouping = $state.raw<Grouping>('kind');
  /** Names of folders that are being linked or read. */
  scanning = $state.raw<readonly string[]>([]);
  /** LoRAs as the user has set them while the worker still takes them in. */
  pendingLoras = $state.raw<readonly LoraChoice[] | null>(null);
  /** Milliseconds on the page's clock; the view lets it tick while it is open. */
  now = $state.raw(0);
  #receivedAt = $state.raw(0);

  readonly entries = $derived(this.state?.entries ?? []);
  /** What the filter leaves of the usable files. */
  readonly groups = $derived(
    groupEntries(
      filterEntries(
        this.entries.filter(({ usable }) => usable),
        this.filter,
      ),
      this.grouping,
    ),
  );
  readonly refused = $derived(
    filterEntries(
      this.entries.filter(({ usable }) => !usable),
      this.filter,
    ),
  );
  readonly checkpoint = $derived(this.fileOf('checkpoint')?.entry ?? null);
  readonly family = $derived<PresetFamily | null>(this.checkpoint?.family ?? null);
  readonly loras = $derived(this.pendingLoras ?? this.state?.selection.loras ?? []);
  readonly residentBytes = $derived((this.state?.resident ?? []).reduce((sum, { bytes }) => sum + bytes, 0));
  /** Ids of the files that have a copy. Names tell nothing: folders of diffusers models use the same ones. */
  readonly #kept = $derived(
    this.entries.filter(({ origin }) => origin === 'imported').map(({ copyOf }) => copyOf),
  );
  /** Nothing but the demo pack is known: the view explains itself. */
  readonly firstRun = $derived(
    this.state !== null &&
      this.state.folders.length === 0 &&
      this.entries.every(({ origin }) => origin === 'demo'),
  );
  /** Everything the memory plan depends on besides the request: it changes when the plan must be asked anew. */
  readonly planKey = $derived(
    this.state === null ? '' : JSON.stringify([this.state.selection, this.state.memory.budgetBytes]),
  );
  /** The roles with a row of their own, in the order of the work; text encoders only when the image model has none. */
  readonly rows = $derived<readonly SingleRole[]>([
    'checkpoint',
    ...TEXT_ROLES.filter((role) => !this.#partOfCheckpoint(role)),
    'autoencoder',
    'sam3',
    'ip-adapter',
    'vision',
  ]);

  take(state: ModelsState, now: number): void {
    this.state = state;
    this.now = now;
    this.#receivedAt = now;
  }

  entry(id: string | null): LibraryEntry | undefined {
    return this.entries.find((entry) => entry.id === id);
  }

  /** Whether a copy of this file is in the browser's own storage. */
  isKept({ id }: LibraryEntry): boolean {
    return this.#kept.includes(id);
  }

  /** How many of a linked folder's model files cannot be used. Those refused by their name alone, without a size, are not among its model files. */
  unusableIn(folder: LinkedFolder): number {
    const counts = ({ id, usable, bytes }: LibraryEntry) =>
      !usable && bytes > 0 && id.startsWith(`linked:${folder.id}/`);
    return this.entries.filter(counts).length;
  }

  /** What an image model in use is. What it lacks is said only until other files bring it. */
  checkpointSentence({ sentence, needs }: LibraryEntry): string {
    const whole = said(sentence);
    const [what = '', lacks] = whole.split(';');
    const complete = lacks === undefined || needs.length === 0;
    return complete || needs.some((role) => this.missing(role)) ? whole : `${what}.`;
  }

  candidates(role: ModelRole): readonly LibraryEntry[] {
    return candidatesFor(this.entries, role);
  }

  fileOf(role: SingleRole): RoleFile | null {
    const roles = this.state?.selection.roles;
    if (!roles) return null;
    const own = this.entry(roles[role]);
    if (own) return { entry: own, inherited: false };
    const checkpoint = this.entry(roles.checkpoint);
    return checkpoint?.gives.includes(role) ? { entry: checkpoint, inherited: true } : null;
  }

  missing(role: SingleRole): ModelsState['missing'][number] | null {
    return this.state?.missing.find((each) => each.role === role) ?? null;
  }

  /** In which role a file is in use now; null when it is not. */
  useOf(id: string): ModelRole | null {
    const { selection } = this.state ?? {};
    if (this.loras.some((lora) => lora.id === id)) return 'lora';
    const roles = Object.entries(selection?.roles ?? {}) as [SingleRole, string | null][];
    return roles.find(([, chosen]) => chosen === id)?.[0] ?? null;
  }

  /** What a row's networks hold on the device; the image model's row counts the encoders it brings. */
  residentOf(role: SingleRole): Residency | null {
    const roles: readonly ModelRole[] =
      role === 'checkpoint' ? [role, ...TEXT_ROLES.filter((each) => !this.rows.includes(each))] : [role];
    const found = (this.state?.resident ?? []).filter((each) => roles.includes(each.role));
    if (found.length === 0) return null;
    const sinceThen = Math.max(0, this.now - this.#receivedAt);
    return {
      bytes: found.reduce((sum, { bytes }) => sum + bytes, 0),
      idleMs: Math.min(...found.map(({ idleMs }) => idleMs)) + sinceThen,
      roles: found.map((each) => each.role),
    };
  }

  #partOfCheckpoint(role: SingleRole): boolean {
    const file = this.fileOf(role);
    return file?.inherited ?? !this.state?.missing.some((each) => each.role === role);
  }
}
