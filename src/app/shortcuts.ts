import type { messages } from './messages.ts';

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
  | 'zoom-200'
  | 'zoom-400'
  | 'zoom-800'
  | 'zoom-in'
  | 'zoom-out'
  | 'pan-hold'
  | 'zoom-hold'
  | 'compare-next'
  | 'compare-swap'
  | 'compare-refined'
  | 'compare-original'
  | 'compare-slider'
  | 'compare-side'
  | 'compare-blink'
  | 'compare-difference'
  | 'peek-original'
  | 'loupe-hold'
  | 'loupe'
  | 'overview'
  | 'quick-mask'
  | 'toggle-overlays'
  | 'history'
  | 'document-settings'
  | 'toggle-detail'
  | 'toggle-global'
  | 'random-seed'
  | 'reset-parameters'
  | 'next-detection'
  | 'previous-detection'
  | 'toggle-detection'
  | 'remove-detection'
  | 'detection-zoom'
  | 'detection-only'
  | 'detection-more'
  | 'detection-not'
  | 'concept-settings'
  | 'paint-by-hand'
  | 'presets'
  | 'fold-all'
  | 'unfold-all'
  | 'layer-next'
  | 'layer-previous'
  | 'layer-up'
  | 'layer-down'
  | 'layer-duplicate'
  | 'layer-merge'
  | 'layer-merge-visible'
  | 'layer-visible'
  | 'layer-solo'
  | 'layer-lock'
  | 'layer-zoom'
  | 'layer-variations'
  | 'layer-remove'
  | 'repaint-stale'
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
  | 'mask-commands'
  | 'mask-split'
  | 'mask-largest'
  | 'mask-reset'
  | 'mask-load'
  | 'mask-save'
  | 'mask-save-all'
  | 'mask-save-coco'
  | 'mask-cut-out'
  | 'tick-all'
  | 'tick-none'
  | 'tick-inverse'
  | 'toggle-left-panel'
  | 'toggle-right-panel'
  | 'add-concept'
  | 'models'
  | 'settings'
  | 'explain'
  | 'single-keys'
  | 'look-while-typing'
  | 'palette'
  | 'shortcut-sheet';

export type ShortcutGroup = keyof typeof messages.shortcuts.groups;

/** What must be there for a command to do anything; `messages.shortcuts.needs` says that it is not. */
export type Need = keyof typeof messages.shortcuts.needs;

export interface Shortcut {
  readonly command: CommandId;
  readonly group: ShortcutGroup;
  /** tinykeys syntax; any of them works. */
  readonly keys: readonly string[];
  /** Names of its key caps; {@link capText} says them in the present language. */
  readonly caps: readonly string[];
  /**
   * `press` fires once per key press, `hold` lasts while the key is down. The keys of the others cannot be changed:
   * `native` is an event the browser makes of them, a `gesture` needs the pointer or one of several keys that differ.
   */
  readonly kind: 'press' | 'hold' | 'native' | 'gesture';
  /** Null: it can always be done. */
  readonly needs: Need | null;
}

const press = (
  command: CommandId,
  group: ShortcutGroup,
  keys: string[],
  caps: string[],
  needs: Need | null = null,
): Shortcut => ({ command, group, keys, caps, kind: 'press', needs });

/** A command without a key of its own until the user gives it one. */
const keyless = (command: CommandId, group: ShortcutGroup, needs: Need | null = null): Shortcut =>
  press(command, group, [], [], needs);

/**
 * The one table of commands: keys, tooltips, the sheet and the palette come from it, titles from
 * `messages.shortcuts.commands`, what they do from `commands.ts`. Keys that Chrome keeps are in `key-names.ts`.
 */
export const SHORTCUTS: readonly Shortcut[] = [
  press('open', 'file', ['$mod+o'], ['Ctrl', 'O']),
  { command: 'paste', group: 'file', keys: [], caps: ['Ctrl', 'V'], kind: 'native', needs: null },
  press('export', 'file', ['$mod+Shift+e'], ['Ctrl', 'Shift', 'E'], 'ready'),
  press('detect', 'run', ['Shift+d'], ['Shift', 'D'], 'ready'),
  press('refine', 'run', ['$mod+Enter'], ['Ctrl', 'Enter'], 'ready'),
  press('refine-selected', 'run', ['Alt+Enter'], ['Alt', 'Enter'], 'selection'),
  press('reroll', 'run', ['r'], ['R'], 'selection'),
  press('stop', 'run', ['Shift+x'], ['Shift', 'X'], 'job'),
  keyless('repaint-stale', 'run', 'stale'),
  keyless('toggle-detail', 'run', 'picture'),
  keyless('toggle-global', 'run', 'picture'),
  keyless('random-seed', 'run', 'picture'),
  keyless('reset-parameters', 'run', 'picture'),
  press('zoom-fit', 'view', ['$mod+0'], ['Ctrl', '0'], 'picture'),
  press('zoom-100', 'view', ['$mod+1'], ['Ctrl', '1'], 'picture'),
  press('zoom-200', 'view', ['$mod+2'], ['Ctrl', '2'], 'picture'),
  press('zoom-400', 'view', ['$mod+3'], ['Ctrl', '3'], 'picture'),
  press('zoom-800', 'view', ['$mod+4'], ['Ctrl', '4'], 'picture'),
  press('zoom-in', 'view', ['Equal', 'Shift+Equal', 'NumpadAdd'], ['+'], 'picture'),
  press('zoom-out', 'view', ['Minus', 'NumpadSubtract'], ['−'], 'picture'),
  {
    command: 'pan-hold',
    group: 'view',
    keys: [],
    caps: ['Space', 'drag'],
    kind: 'gesture',
    needs: 'picture',
  },
  {
    command: 'zoom-hold',
    group: 'view',
    keys: [],
    caps: ['Ctrl', 'Space', 'drag'],
    kind: 'gesture',
    needs: 'picture',
  },
  press('compare-next', 'view', ['m'], ['M'], 'refined'),
  {
    command: 'peek-original',
    group: 'view',
    keys: ['Backquote'],
    caps: ['`'],
    kind: 'hold',
    needs: 'refined',
  },
  press('compare-swap', 'view', ['c'], ['C'], 'refined'),
  keyless('compare-refined', 'view', 'refined'),
  keyless('compare-original', 'view', 'refined'),
  keyless('compare-slider', 'view', 'refined'),
  keyless('compare-side', 'view', 'refined'),
  keyless('compare-blink', 'view', 'refined'),
  keyless('compare-difference', 'view', 'refined'),
  { command: 'loupe-hold', group: 'view', keys: ['z'], caps: ['Z'], kind: 'hold', needs: 'picture' },
  press('loupe', 'view', ['Shift+z'], ['Shift', 'Z'], 'picture'),
  keyless('overview', 'view', 'picture'),
  press('toggle-overlays', 'view', ['Backslash'], ['\\'], 'picture'),
  keyless('document-settings', 'view', 'picture'),
  press('toggle-left-panel', 'view', ['Shift+l'], ['Shift', 'L'], 'picture'),
  press('toggle-right-panel', 'view', ['Shift+r'], ['Shift', 'R'], 'picture'),
  press('add-concept', 'detections', ['Shift+c'], ['Shift', 'C']),
  press('next-detection', 'detections', ['n'], ['N'], 'detections'),
  press('previous-detection', 'detections', ['Shift+n'], ['Shift', 'N'], 'detections'),
  press('toggle-detection', 'detections', ['t'], ['T'], 'detection'),
  press('remove-detection', 'detections', ['Delete'], ['Del'], 'selection'),
  keyless('detection-zoom', 'detections', 'detection'),
  keyless('detection-only', 'detections', 'detection'),
  keyless('detection-more', 'detections', 'detection'),
  keyless('detection-not', 'detections', 'detection'),
  keyless('concept-settings', 'detections', 'concept'),
  keyless('paint-by-hand', 'detections', 'concept'),
  keyless('presets', 'detections', 'picture'),
  keyless('fold-all', 'detections', 'detections'),
  keyless('unfold-all', 'detections', 'detections'),
  press('layer-next', 'layers', ['Alt+BracketRight'], ['Alt', ']'], 'layers'),
  press('layer-previous', 'layers', ['Alt+BracketLeft'], ['Alt', '['], 'layers'),
  press('layer-up', 'layers', ['$mod+BracketRight'], ['Ctrl', ']'], 'layer'),
  press('layer-down', 'layers', ['$mod+BracketLeft'], ['Ctrl', '['], 'layer'),
  press('layer-duplicate', 'layers', ['$mod+j'], ['Ctrl', 'J'], 'layer'),
  press('layer-merge', 'layers', ['$mod+e'], ['Ctrl', 'E'], 'layer'),
  keyless('layer-merge-visible', 'layers', 'layers'),
  keyless('layer-visible', 'layers', 'layer'),
  keyless('layer-solo', 'layers', 'layer'),
  keyless('layer-lock', 'layers', 'layer'),
  keyless('layer-zoom', 'layers', 'layer'),
  keyless('layer-variations', 'layers', 'layer'),
  // Delete removes what is selected: a detection, or layers.
  { command: 'layer-remove', group: 'layers', keys: [], caps: ['Del'], kind: 'native', needs: 'layer' },
  press('tick-all', 'masks', ['$mod+a'], ['Ctrl', 'A'], 'detections'),
  press('tick-none', 'masks', ['$mod+d'], ['Ctrl', 'D'], 'detections'),
  press('tick-inverse', 'masks', ['$mod+Shift+i'], ['Ctrl', 'Shift', 'I'], 'detections'),
  press('quick-mask', 'masks', ['q'], ['Q'], 'detections'),
  press('mask-invert', 'masks', ['Shift+v'], ['Shift', 'V'], 'detection'),
  press('mask-grow', 'masks', ['Alt+Equal'], ['Alt', '+'], 'detection'),
  press('mask-shrink', 'masks', ['Alt+Minus'], ['Alt', '−'], 'detection'),
  { command: 'mask-copy', group: 'masks', keys: [], caps: ['Ctrl', 'C'], kind: 'native', needs: 'detection' },
  keyless('mask-commands', 'masks', 'picture'),
  keyless('mask-split', 'masks', 'detection'),
  keyless('mask-largest', 'masks', 'detection'),
  keyless('mask-reset', 'masks', 'detection'),
  keyless('mask-load', 'masks', 'picture'),
  keyless('mask-save', 'masks', 'detection'),
  keyless('mask-save-all', 'masks', 'detections'),
  keyless('mask-save-coco', 'masks', 'detections'),
  keyless('mask-cut-out', 'masks', 'detection'),
  press('undo', 'edit', ['$mod+z'], ['Ctrl', 'Z'], 'undo'),
  press('redo', 'edit', ['$mod+Shift+z', '$mod+y'], ['Ctrl', 'Shift', 'Z'], 'redo'),
  press('snapshot', 'edit', ['$mod+Alt+KeyS'], ['Ctrl', 'Alt', 'S'], 'picture'),
  keyless('history', 'edit', 'picture'),
  press('tool-select', 'tools', ['v'], ['V'], 'picture'),
  press('tool-brush', 'tools', ['b'], ['B'], 'picture'),
  press('tool-eraser', 'tools', ['e'], ['E'], 'picture'),
  press('tool-lasso', 'tools', ['l'], ['L'], 'picture'),
  press('tool-polygon', 'tools', ['p'], ['P'], 'picture'),
  press('tool-rectangle', 'tools', ['u'], ['U'], 'picture'),
  press('tool-click', 'tools', ['w'], ['W'], 'picture'),
  press('tool-hand', 'tools', ['h'], ['H'], 'picture'),
  press('tool-picker', 'tools', ['i'], ['I'], 'picture'),
  press('tool-swap', 'tools', ['x'], ['X'], 'picture'),
  press('tool-defaults', 'tools', ['d'], ['D'], 'picture'),
  press('brush-smaller', 'tools', ['BracketLeft'], ['['], 'picture'),
  press('brush-larger', 'tools', ['BracketRight'], [']'], 'picture'),
  press('brush-softer', 'tools', ['Shift+BracketLeft'], ['Shift', '['], 'picture'),
  press('brush-harder', 'tools', ['Shift+BracketRight'], ['Shift', ']'], 'picture'),
  // Ten keys that differ in what they mean: the canvas reads them itself.
  { command: 'brush-opacity', group: 'tools', keys: [], caps: ['1', '…', '0'], kind: 'gesture', needs: null },
  press('leave-tool', 'tools', ['Escape'], ['Esc'], 'picture'),
  press('palette', 'help', ['$mod+k'], ['Ctrl', 'K']),
  press('settings', 'settings', ['$mod+Comma'], ['Ctrl', ',']),
  keyless('explain', 'settings'),
  keyless('single-keys', 'settings'),
  keyless('look-while-typing', 'settings'),
  keyless('models', 'help'),
  press('shortcut-sheet', 'help', ['Shift+?', 'F1'], ['?']),
];

const BY_COMMAND = new Map(SHORTCUTS.map((shortcut) => [shortcut.command, shortcut]));

/** The line of a command. */
export function shortcutOf(command: CommandId): Shortcut {
  const found = BY_COMMAND.get(command);
  if (!found) throw new Error(`no line for ${command}`);
  return found;
}
