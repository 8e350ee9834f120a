import type { messages } from './messages.ts';

/** Why a key cannot be given to a command. */
export type RefusedKey = keyof typeof messages.shortcuts.refused;

/** What of a keyboard event counts. */
export type KeyInput = Pick<KeyboardEvent, 'key' | 'code' | 'ctrlKey' | 'metaKey' | 'altKey' | 'shiftKey'>;

interface ParsedKey {
  /** `$mod`, `Alt`, `Shift`, in this order. */
  readonly modifiers: readonly string[];
  readonly key: string;
}

const MODIFIERS = ['$mod', 'Alt', 'Shift'];
/** Codes of keys that print a sign, and the sign of a US keyboard. */
const SIGNS: Readonly<Record<string, string>> = {
  BracketLeft: '[',
  BracketRight: ']',
  Equal: '=',
  Minus: '−',
  Backquote: '`',
  Backslash: '\\',
  Semicolon: ';',
  Quote: "'",
  Comma: ',',
  Period: '.',
  Slash: '/',
  NumpadAdd: 'Num +',
  NumpadSubtract: 'Num −',
};
const NAMES: Readonly<Record<string, string>> = { $mod: 'Ctrl', Delete: 'Del', Escape: 'Esc' };
/** What Chrome keeps in a tab whatever a page does (spec/reliability-ux.md §5, Keyboard). */
const CHROME = [
  ...['$mod+w', '$mod+t', '$mod+n', '$mod+Shift+w', '$mod+Shift+t', '$mod+Shift+n', '$mod+Shift+q'],
  ...['$mod+Tab', '$mod+Shift+Tab', '$mod+PageUp', '$mod+PageDown', '$mod+F4', 'Alt+F4'],
];
const CLIPBOARD = ['$mod+c', '$mod+v', '$mod+x'];
/** Focus, buttons and lists need these. */
const NAVIGATION = [
  'Tab',
  'Shift+Tab',
  'Enter',
  'Shift+Enter',
  'Space',
  'Shift+Space',
  'Escape',
  'Backspace',
];
const ARROW = /^(shift\+)?(arrow(left|right|up|down)|home|end|pageup|pagedown)$/;

function parse(binding: string): ParsedKey {
  const parts = binding.split('+');
  const key = parts.pop() ?? '';
  return { modifiers: MODIFIERS.filter((name) => parts.includes(name)), key };
}

/** One spelling per key: "KeyS" and "s", "Digit1" and "1", "Shift+?" and "Shift+Slash" are the same. */
export function canonicalKey(binding: string): string {
  const { modifiers, key } = parse(binding);
  const plain = key.replace(/^(Key|Digit)(?=.$)/, '');
  const name = plain === '?' ? 'Slash' : plain === ' ' ? 'Space' : plain;
  return [...modifiers, name].join('+').toLowerCase();
}

/** The key a press stands for, in tinykeys syntax; null while only modifiers are down. */
export function keyOfEvent({ key, code, ctrlKey, metaKey, altKey, shiftKey }: KeyInput): string | null {
  if (['Control', 'Meta', 'Alt', 'Shift', 'AltGraph', 'Dead', 'Unidentified'].includes(key)) return null;
  const pressed = [ctrlKey || metaKey ? '$mod' : '', altKey ? 'Alt' : '', shiftKey ? 'Shift' : ''];
  // With Alt a letter may print something else; without it the letter counts wherever the layout has it.
  const letter = /^[a-z]$/i.test(key) && !altKey ? key.toLowerCase() : code;
  return [...pressed.filter(Boolean), letter || key].join('+');
}

/** Names of the key caps of a key, as `messages.shortcuts.caps` knows them. */
export function capsOfKey(binding: string): string[] {
  const { modifiers, key } = parse(binding);
  const plain = key.replace(/^(Key|Digit)(?=.$)/, '');
  const name = SIGNS[plain] ?? NAMES[plain] ?? (plain.length === 1 ? plain.toUpperCase() : plain);
  return [...modifiers.map((modifier) => NAMES[modifier] ?? modifier), name];
}

/** Why a command may not have this key; null when it may. */
export function refusedKey(binding: string): RefusedKey | null {
  const key = canonicalKey(binding);
  const among = (keys: readonly string[]) => keys.some((name) => canonicalKey(name) === key);
  if (among(CHROME)) return 'chrome';
  if (among(CLIPBOARD)) return 'clipboard';
  return among(NAVIGATION) || ARROW.test(key) ? 'navigation' : null;
}

/** Keys without Ctrl or Cmd would type into a text field, so they stay silent there. */
export function isTypingKey(binding: string): boolean {
  const { modifiers, key } = parse(binding);
  return !modifiers.includes('$mod') && !/^F\d+$/.test(key);
}

/** A letter, digit or sign, alone or with Shift: speech input presses them by mistake, so they can be off (WCAG 2.1.4). */
export function isSingleKey(binding: string): boolean {
  const { modifiers, key } = parse(binding);
  if (modifiers.includes('$mod') || modifiers.includes('Alt')) return false;
  return key.length === 1 || /^(Key|Digit)./.test(key) || Object.hasOwn(SIGNS, key);
}
