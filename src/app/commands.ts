import { createKeybindingsHandler } from 'tinykeys';
import { canonicalKey, isTypingKey } from './key-names.ts';
import { keymap } from './keymap.svelte.ts';
import { SHORTCUTS, type CommandId } from './shortcuts.ts';
import type { Studio } from './studio.ts';
import type { CompareMode } from './view-state.svelte.ts';

export type Commands = Record<CommandId, () => void>;

/** What only the user interface can do. */
export interface PageActions {
  /** Opens the system's file dialog. */
  chooseFile(): void;
  /** Puts the cursor into the phrase of an empty concept, which there is by then. */
  typeConcept(): void;
}

/** What each command does. */
export function createCommands(studio: Studio, page: PageActions): Commands {
  const { document, view, layers, layerList, painting } = studio;
  const withDetection = (run: (id: string) => void) => () => {
    if (document.selectedDetection) run(document.selectedDetection.id);
  };
  return {
    open: () => page.chooseFile(),
    paste: () => undefined,
    export: () => void studio.exportPng(),
    detect: () => void studio.detect(),
    refine: () => void studio.refine(),
    stop: () => studio.stop(),
    ...viewCommands(studio),
    'toggle-overlays': () => (view.masksVisible = !view.masksVisible),
    'add-concept': () => {
      view.leftOpen = true;
      view.sheet = 'concepts';
      page.typeConcept();
    },
    undo: () => void studio.undo(),
    redo: () => void studio.redo(),
    'next-detection': () => studio.stepDetection(1),
    'previous-detection': () => studio.stepDetection(-1),
    'toggle-detection': withDetection((id) => document.tick(id, !document.selectedDetection?.enabled)),
    'remove-detection': () => {
      if (document.selectedLayer) layers.remove(layerList.selectedIds);
      else withDetection((id) => studio.removeDetection(id))();
    },
    'layer-next': () => layerList.step('up'),
    'layer-previous': () => layerList.step('down'),
    'layer-up': () => layers.move(layerList.selectedIds, 'up'),
    'layer-down': () => layers.move(layerList.selectedIds, 'down'),
    'layer-duplicate': () => layers.duplicate(layerList.selectedIds),
    'layer-merge': () => void layers.mergeDown(layerList.selectedIds),
    'layer-remove': () => layers.remove(layerList.selectedIds),
    reroll: () => void painting.rerollSelected(layerList.selected),
    'refine-selected': () => void painting.refineSelected(layerList.selected),
    snapshot: () => studio.takeSnapshot(),
    'tool-select': () => view.setTool('select'),
    'tool-brush': () => view.setTool('brush'),
    'tool-eraser': () => view.setTool('eraser'),
    ...toolCommands(studio),
    ...maskCommands(studio),
    'toggle-left-panel': () => (view.leftOpen = !view.leftOpen),
    'toggle-right-panel': () => (view.rightOpen = !view.rightOpen),
    models: () => (view.dialog = 'models'),
    settings: () => (view.dialog = 'settings'),
    palette: () => (view.dialog = view.dialog === 'palette' ? null : 'palette'),
    'shortcut-sheet': () => (view.dialog = 'shortcuts'),
  };
}

function viewCommands(studio: Studio) {
  const { document, view } = studio;
  const compare = (mode: CompareMode) => () => {
    if (document.canvas) view.setCompare(mode);
  };
  const zoom = (factor: number) => () => view.zoomTo(factor, studio.documentScale);
  return {
    'zoom-fit': () => view.fit(),
    'zoom-100': zoom(1),
    'zoom-200': zoom(2),
    'zoom-400': zoom(4),
    'zoom-800': zoom(8),
    'zoom-in': () => view.step(1, studio.documentScale),
    'zoom-out': () => view.step(-1, studio.documentScale),
    'pan-hold': () => undefined,
    'compare-next': () => {
      if (document.canvas) view.nextCompare();
    },
    'compare-swap': () => {
      if (document.canvas) view.swapSides();
    },
    'compare-refined': compare('refined'),
    'compare-original': compare('original'),
    'compare-slider': compare('slider'),
    'compare-side': compare('side'),
    'compare-blink': compare('blink'),
    'compare-difference': compare('difference'),
    'peek-original': () => (view.peeking = true),
    'loupe-hold': () => view.holdLoupe(document.canvas !== null),
    loupe: () => {
      if (document.canvas) view.toggleLoupe();
    },
    overview: () => (view.minimapOpen = !view.minimapOpen),
    'quick-mask': () => (view.quickMask = !view.quickMask),
  };
}

/** What ends when the key of a command that is held goes up, or the window loses the keyboard. */
export function releasesOf({ view }: Studio): Partial<Commands> {
  return {
    'peek-original': () => (view.peeking = false),
    'loupe-hold': () => view.holdLoupe(false),
  };
}

function toolCommands({ view, masks }: Studio) {
  const { tools } = view;
  return {
    'tool-lasso': () => view.setTool('lasso'),
    'tool-polygon': () => view.setTool('polygon'),
    'tool-rectangle': () => view.setTool('rectangle'),
    'tool-click': () => view.setTool('click'),
    'tool-hand': () => view.setTool('hand'),
    'tool-picker': () => view.setTool('picker'),
    'tool-swap': () => tools.swap(),
    'tool-defaults': () => tools.reset(),
    'leave-tool': () => masks.leave(),
    'brush-smaller': () => tools.resize(-1),
    'brush-larger': () => tools.resize(1),
    'brush-softer': () => tools.harden(-1),
    'brush-harder': () => tools.harden(1),
    'brush-opacity': () => undefined,
  };
}

function maskCommands({ masks }: Studio) {
  return {
    'mask-invert': () => masks.invert(),
    'mask-grow': () => masks.grow(1),
    'mask-shrink': () => masks.grow(-1),
    'mask-copy': () => void masks.files.copy(),
    'tick-all': () => masks.tick('all'),
    'tick-none': () => masks.tick('none'),
    'tick-inverse': () => masks.tick('inverse'),
  };
}

/**
 * Binds the keys of the moment to a window; reads the keymap, so that an effect around it follows every change.
 * @param possible whether a command can be done now: of several with one key the first that can is.
 * @returns how to unbind them.
 */
export function bindShortcuts(
  target: Window,
  commands: Commands,
  releases: Partial<Commands>,
  possible: (command: CommandId) => boolean,
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
        if (command) start(command, event);
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
    if (types && (isTextField(event.target) || isInDialog(event.target))) return;
    event.preventDefault();
    run(event);
  };
}

function isInDialog(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[role="dialog"]') !== null;
}
