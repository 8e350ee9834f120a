import * as v from 'valibot';
import { canonicalKey, capsOfKey, isSingleKey, refusedKey } from './key-names.ts';
import { messages } from './messages.ts';
import { SHORTCUTS, shortcutOf, type CommandId } from './shortcuts.ts';

/** Keys the user gave to commands in place of the table's; an empty list takes all away. */
export type KeyOverrides = Readonly<Partial<Record<CommandId, readonly string[]>>>;

const FILE_KIND = 'luna-shortcuts';
const isCommand = (name: string): name is CommandId => SHORTCUTS.some(({ command }) => command === name);
const isFixed = (command: CommandId): boolean => ['native', 'gesture'].includes(shortcutOf(command).kind);

const overridesSchema = v.record(
  v.string(),
  v.pipe(v.array(v.pipe(v.string(), v.maxLength(40))), v.maxLength(4)),
);
const fileSchema = v.object({ kind: v.literal(FILE_KIND), version: v.literal(1), keys: overridesSchema });

/** What of a stored or foreign record can be used: commands of this version, keys that may be given. */
export function readOverrides(record: unknown): KeyOverrides {
  const parsed = v.safeParse(overridesSchema, record);
  if (!parsed.success) return {};
  const usable = Object.entries(parsed.output).filter(([name]) => isCommand(name) && !isFixed(name));
  return Object.fromEntries(usable.map(([name, keys]) => [name, keys.filter((key) => !refusedKey(key))]));
}

/** Which key does what at the moment: the table with the user's changes. */
class Keymap {
  overrides = $state.raw<KeyOverrides>({});
  /** Letters, digits and signs without Ctrl or Alt do something. */
  singleKeys = $state.raw(true);

  keysOf(command: CommandId): readonly string[] {
    return this.overrides[command] ?? shortcutOf(command).keys;
  }

  /** Whether its keys cannot be changed. */
  isFixed(command: CommandId): boolean {
    return isFixed(command);
  }

  isChanged(command: CommandId): boolean {
    return this.overrides[command] !== undefined;
  }

  /** Names of the key caps of a command; empty while it has no key. */
  capsOf(command: CommandId): readonly string[] {
    const own = this.overrides[command];
    if (!own) return shortcutOf(command).caps;
    return own[0] === undefined ? [] : capsOfKey(own[0]);
  }

  /** Whether its key does nothing because single keys are off. */
  isSilent(key: string): boolean {
    return !this.singleKeys && isSingleKey(key);
  }

  /** Other commands that have this key. */
  ownersOf(key: string, besides: CommandId): readonly CommandId[] {
    const wanted = canonicalKey(key);
    return SHORTCUTS.map(({ command }) => command).filter(
      (command) => command !== besides && this.keysOf(command).some((own) => canonicalKey(own) === wanted),
    );
  }

  /** Gives a command this key and no other. With `swap` the key's owners get what the command had. */
  assign(command: CommandId, key: string, conflict: 'swap' | 'both' = 'both'): void {
    if (isFixed(command) || refusedKey(key)) return;
    const had = this.keysOf(command);
    const next: Partial<Record<CommandId, readonly string[]>> = { ...this.overrides, [command]: [key] };
    if (conflict === 'swap')
      for (const owner of this.ownersOf(key, command)) {
        const kept = this.keysOf(owner).filter((own) => canonicalKey(own) !== canonicalKey(key));
        next[owner] = [...had, ...kept];
      }
    this.overrides = next;
  }

  clear(command: CommandId): void {
    if (!isFixed(command)) this.overrides = { ...this.overrides, [command]: [] };
  }

  /** Back to the table's keys: for one command, or for all. */
  reset(command?: CommandId): void {
    const others = Object.entries(this.overrides).filter(([name]) => name !== command);
    this.overrides = command ? Object.fromEntries(others) : {};
  }

  /** A file other computers can take the keys from. */
  exported(): string {
    return JSON.stringify({ kind: FILE_KIND, version: 1, keys: this.overrides }, null, 2);
  }

  /** Takes the keys from such a file; false when it is none. */
  take(text: string): boolean {
    const parsed = v.safeParse(fileSchema, parseJson(text));
    if (parsed.success) this.overrides = readOverrides(parsed.output.keys);
    return parsed.success;
  }
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}

/** The studio's keys; like the language there is one for the page. */
export const keymap = new Keymap();

/** What is printed on a key cap: "Ctrl" is "Strg" on a German keyboard. */
export function capText(cap: string): string {
  const { caps } = messages.shortcuts;
  return cap in caps ? caps[cap as keyof typeof caps] : cap;
}

/** The key caps of a command, for tooltips: "Ctrl Shift E". Empty while it has no key, or one that is off. */
export function capsOf(command: CommandId): string {
  const [key] = keymap.keysOf(command);
  if (key !== undefined && keymap.isSilent(key)) return '';
  return keymap.capsOf(command).map(capText).join(' ');
}

/** The same in the form assistive technology expects: "Control+Shift+E". */
export function ariaKeysOf(command: CommandId): string | undefined {
  const [key] = keymap.keysOf(command);
  if (key !== undefined && keymap.isSilent(key)) return undefined;
  const caps = keymap.capsOf(command).map((cap) => (cap === 'Ctrl' ? 'Control' : cap));
  return caps.length > 0 ? caps.join('+') : undefined;
}

/** "Title (Ctrl E)", or the title alone while there is no key. */
export function withCaps(title: string, command: CommandId): string {
  const caps = capsOf(command);
  return caps ? `${title} (${caps})` : title;
}
