import { messages } from './messages.ts';

/** Everything a key can ask for. */
export type CommandId =
  | 'open'
  | 'paste'
  | 'export'
  | 'detect'
  | 'refine'
  | 'stop'
  | 'zoom-fit'
  | 'zoom-100'
  | 'zoom-in'
  | 'zoom-out'
  | 'pan-hold'
  | 'compare-next'
  | 'peek-original'
  | 'toggle-overlays'
  | 'next-detection'
  | 'previous-detection'
  | 'toggle-detection'
  | 'remove-detection'
  | 'layer-next'
  | 'layer-previous'
  | 'layer-up'
  | 'layer-down'
  | 'layer-duplicate'
  | 'layer-merge'
  | 'layer-remove'
  | 'reroll'
  | 'refine-selected'
  | 'undo'
  | 'redo'
  | 'snapshot'
  | 'tool-select'
  | 'tool-brush'
  | 'tool-eraser'
  | 'tool-lasso'
  | 'tool-polygon'
  | 'tool-rectangle'
  | 'tool-click'
  | 'tool-hand'
  | 'tool-picker'
  | 'tool-swap'
  | 'tool-defaults'
  | 'leave-tool'
  | 'brush-smaller'
  | 'brush-larger'
  | 'brush-softer'
  | 'brush-harder'
  | 'brush-opacity'
  | 'mask-invert'
  | 'mask-grow'
  | 'mask-shrink'
  | 'mask-copy'
  | 'tick-all'
  | 'tick-none'
  | 'tick-inverse'
  | 'toggle-left-panel'
  | 'toggle-right-panel'
  | 'shortcut-sheet';

export type ShortcutGroup = keyof typeof messages.shortcuts.groups;

export interface Shortcut {
  readonly command: CommandId;
  readonly group: ShortcutGroup;
  /** tinykeys syntax; any of them works. */
  readonly keys: readonly string[];
  /** Names of its key caps; {@link capText} says them in the present language. */
  readonly caps: readonly string[];
  /**
   * `press` fires once per key press, `hold` lasts while the key is down, `native` is an event the browser itself
   * makes of the keys and is listed for the sheet only.
   */
  readonly kind: 'press' | 'hold' | 'native';
}

const press = (command: CommandId, group: ShortcutGroup, keys: string[], caps: string[]): Shortcut => ({
  command,
  group,
  keys,
  caps,
  kind: 'press',
});

/** The one table of shortcuts. Chrome keeps Ctrl+W/T/N, Ctrl+Shift+W/T/N and Ctrl+Tab: nothing may be bound there. */
export const SHORTCUTS: readonly Shortcut[] = [
  press('open', 'file', ['$mod+o'], ['Ctrl', 'O']),
  { command: 'paste', group: 'file', keys: ['$mod+v'], caps: ['Ctrl', 'V'], kind: 'native' },
  press('export', 'file', ['$mod+Shift+e'], ['Ctrl', 'Shift', 'E']),
  press('detect', 'run', ['Shift+d'], ['Shift', 'D']),
  press('refine', 'run', ['$mod+Enter'], ['Ctrl', 'Enter']),
  press('refine-selected', 'run', ['Alt+Enter'], ['Alt', 'Enter']),
  press('reroll', 'run', ['r'], ['R']),
  press('stop', 'run', ['Shift+x'], ['Shift', 'X']),
  press('zoom-fit', 'view', ['$mod+0'], ['Ctrl', '0']),
  press('zoom-100', 'view', ['$mod+1'], ['Ctrl', '1']),
  press('zoom-in', 'view', ['Equal', 'Shift+Equal', 'NumpadAdd'], ['+']),
  press('zoom-out', 'view', ['Minus', 'NumpadSubtract'], ['−']),
  { command: 'pan-hold', group: 'view', keys: ['Space'], caps: ['Space', 'drag'], kind: 'hold' },
  press('compare-next', 'view', ['m'], ['M']),
  { command: 'peek-original', group: 'view', keys: ['Backquote'], caps: ['`'], kind: 'hold' },
  press('toggle-overlays', 'view', ['Backslash'], ['\\']),
  press('toggle-left-panel', 'view', ['Shift+l'], ['Shift', 'L']),
  press('toggle-right-panel', 'view', ['Shift+r'], ['Shift', 'R']),
  press('next-detection', 'detections', ['n'], ['N']),
  press('previous-detection', 'detections', ['Shift+n'], ['Shift', 'N']),
  press('toggle-detection', 'detections', ['t'], ['T']),
  press('remove-detection', 'detections', ['Delete'], ['Del']),
  press('layer-next', 'layers', ['Alt+BracketRight'], ['Alt', ']']),
  press('layer-previous', 'layers', ['Alt+BracketLeft'], ['Alt', '[']),
  press('layer-up', 'layers', ['$mod+BracketRight'], ['Ctrl', ']']),
  press('layer-down', 'layers', ['$mod+BracketLeft'], ['Ctrl', '[']),
  press('layer-duplicate', 'layers', ['$mod+j'], ['Ctrl', 'J']),
  press('layer-merge', 'layers', ['$mod+e'], ['Ctrl', 'E']),
  // Delete removes what is selected: a detection, or layers.
  press('layer-remove', 'layers', [], ['Del']),
  press('tick-all', 'masks', ['$mod+a'], ['Ctrl', 'A']),
  press('tick-none', 'masks', ['$mod+d'], ['Ctrl', 'D']),
  press('tick-inverse', 'masks', ['$mod+Shift+i'], ['Ctrl', 'Shift', 'I']),
  press('mask-invert', 'masks', ['Shift+v'], ['Shift', 'V']),
  press('mask-grow', 'masks', ['Alt+Equal'], ['Alt', '+']),
  press('mask-shrink', 'masks', ['Alt+Minus'], ['Alt', '−']),
  { command: 'mask-copy', group: 'masks', keys: ['$mod+c'], caps: ['Ctrl', 'C'], kind: 'native' },
  press('undo', 'edit', ['$mod+z'], ['Ctrl', 'Z']),
  press('redo', 'edit', ['$mod+Shift+z', '$mod+y'], ['Ctrl', 'Shift', 'Z']),
  press('snapshot', 'edit', ['$mod+Alt+KeyS'], ['Ctrl', 'Alt', 'S']),
  press('tool-select', 'tools', ['v'], ['V']),
  press('tool-brush', 'tools', ['b'], ['B']),
  press('tool-eraser', 'tools', ['e'], ['E']),
  press('tool-lasso', 'tools', ['l'], ['L']),
  press('tool-polygon', 'tools', ['p'], ['P']),
  press('tool-rectangle', 'tools', ['u'], ['U']),
  press('tool-click', 'tools', ['w'], ['W']),
  press('tool-hand', 'tools', ['h'], ['H']),
  press('tool-picker', 'tools', ['i'], ['I']),
  press('tool-swap', 'tools', ['x'], ['X']),
  press('tool-defaults', 'tools', ['d'], ['D']),
  press('brush-smaller', 'tools', ['BracketLeft'], ['[']),
  press('brush-larger', 'tools', ['BracketRight'], [']']),
  press('brush-softer', 'tools', ['Shift+BracketLeft'], ['Shift', '[']),
  press('brush-harder', 'tools', ['Shift+BracketRight'], ['Shift', ']']),
  // Ten keys that differ in what they mean: the canvas reads them itself.
  { command: 'brush-opacity', group: 'tools', keys: [], caps: ['1', '…', '0'], kind: 'native' },
  press('leave-tool', 'tools', ['Escape'], ['Esc']),
  press('shortcut-sheet', 'help', ['Shift+?', 'F1'], ['?']),
];

/** Keys without Ctrl or Cmd would type into a text field, so they stay silent there. */
export function isTypingKey(key: string): boolean {
  return !key.includes('$mod') && !/^F\d+$/.test(key);
}

/** What is printed on a key cap: "Ctrl" is "Strg" on a German keyboard. */
export function capText(cap: string): string {
  const { caps } = messages.shortcuts;
  return cap in caps ? caps[cap as keyof typeof caps] : cap;
}

/** The key caps of a command, for tooltips: "Ctrl Shift E". */
export function capsOf(command: CommandId): string {
  return (
    SHORTCUTS.find((shortcut) => shortcut.command === command)
      ?.caps.map(capText)
      .join(' ') ?? ''
  );
}

/** The same in the form assistive technology expects: "Control+Shift+E". */
export function ariaKeysOf(command: CommandId): string | undefined {
  const caps = SHORTCUTS.find((shortcut) => shortcut.command === command)?.caps;
  return caps?.map((cap) => (cap === 'Ctrl' ? 'Control' : cap)).join('+');
}

/** Pairs of commands that claim the same key. Empty when the table is sound. */
export function findConflicts(shortcuts: readonly Shortcut[]): [CommandId, CommandId][] {
  const owners = new Map<string, CommandId>();
  const conflicts: [CommandId, CommandId][] = [];
  for (const { command, keys } of shortcuts)
    for (const key of keys.map((name) => name.toLowerCase())) {
      const owner = owners.get(key);
      if (owner) conflicts.push([owner, command]);
      else owners.set(key, command);
    }
  return conflicts;
}
