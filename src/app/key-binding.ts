import { createKeybindingsHandler } from 'tinykeys';
import type { Commands } from './commands.ts';
import { canonicalKey, isTypingKey } from './key-names.ts';
import { keymap } from './keymap.svelte.ts';
import { SHORTCUTS, type CommandId } from './shortcuts.ts';

/** When a command may be done by its key. */
export interface KeyRules {
  /** Whether it can be done now: of several with one key the first that can is. */
  readonly possible: (command: CommandId) => boolean;
  /** Whether something lies over the page that must be left first. */
  readonly covered: () => boolean;
}

/** What does not touch the document behind a dialog. */
const OVER_DIALOGS: ReadonlySet<CommandId> = new Set(['palette', 'settings', 'shortcut-sheet', 'stop']);

/**
 * Binds the keys of the moment to a window; reads the keymap, so that an effect around it follows every change.
 * @returns how to unbind them.
 */
export function bindShortcuts(
  target: Window,
  commands: Commands,
  releases: Partial<Commands>,
  { possible, covered }: KeyRules,
): () => void {
  const held = new Map<string, () => void>();
  const start = (command: CommandId, { code, repeat }: KeyboardEvent) => {
    const release = releases[command];
    if (release && repeat) return;
    if (release) held.set(code, release);
    commands[command]();
  };
  const keyMap = Object.fromEntries(
    [...boundKeys()].map(([key, owners]) => {
      const chosen = () => owners.find(possible) ?? owners[0];
      const run = (event: KeyboardEvent) => {
        const command = chosen();
        if (command && (!covered() || OVER_DIALOGS.has(command))) start(command, event);
      };
      return [key, guarded(key, run)];
    }),
  );
  const end = (code: string) => {
    held.get(code)?.();
    held.delete(code);
  };
  const listening = new AbortController();
  const { signal } = listening;
  target.addEventListener('keydown', createKeybindingsHandler(keyMap), { signal });
  target.addEventListener('keyup', ({ code }) => end(code), { signal });
  target.addEventListener('blur', () => [...held.keys()].forEach(end), { signal });
  return () => listening.abort();
}

/** Every key that does something, in one spelling, with its commands. */
function boundKeys(): Map<string, CommandId[]> {
  const spelling = new Map<string, string>();
  const owners = new Map<string, CommandId[]>();
  for (const { command } of SHORTCUTS)
    for (const key of keymap.keysOf(command).filter((name) => !keymap.isSilent(name))) {
      const known = spelling.get(canonicalKey(key)) ?? key;
      spelling.set(canonicalKey(key), known);
      owners.set(known, [...(owners.get(known) ?? []), command]);
    }
  return owners;
}

/** True where a plain key would type a character. */
export function isTextField(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target instanceof HTMLInputElement)
    return !['checkbox', 'radio', 'range', 'button', 'file', 'color'].includes(target.type);
  return (
    target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement || target.isContentEditable
  );
}

function guarded(key: string, run: (event: KeyboardEvent) => void): (event: KeyboardEvent) => void {
  return (event) => {
    // A key that a list or the canvas has used already, or that a shortcut is being made of.
    if (event.defaultPrevented) return;
    const types = isTypingKey(key) || canonicalKey(key) === '$mod+a';
    if (types && keepsKeys(event.target)) return;
    event.preventDefault();
    run(event);
  };
}

/** True where single keys belong to what has the focus: a text field, or a dialog (WCAG 2.1.4). */
export function keepsKeys(target: EventTarget | null): boolean {
  return isTextField(target) || (target instanceof Element && target.closest('[role="dialog"]') !== null);
}
