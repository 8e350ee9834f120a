import { createKeybindingsHandler } from 'tinykeys';
import { SHORTCUTS, isTypingKey, type CommandId } from './shortcuts.ts';
import type { Studio } from './studio.ts';

/** What each command does. `chooseFile` opens the system's file dialog, which only the user interface can. */
export function createCommands(studio: Studio, chooseFile: () => void): Record<CommandId, () => void> {
  const { document, view, layers, layerList, painting } = studio;
  const withDetection = (run: (id: string) => void) => () => {
    if (document.selectedDetection) run(document.selectedDetection.id);
  };
  return {
    open: chooseFile,
    paste: () => undefined,
    export: () => void studio.exportPng(),
    detect: () => void studio.detect(),
    refine: () => void studio.refine(),
    stop: () => studio.stop(),
    'zoom-fit': () => view.fit(),
    'zoom-100': () => view.zoomTo(1, studio.documentScale),
    'zoom-in': () => view.step(1, studio.documentScale),
    'zoom-out': () => view.step(-1, studio.documentScale),
    'pan-hold': () => undefined,
    'compare-next': () => {
      if (document.canvas) view.nextCompare();
    },
    'peek-original': () => (view.peeking = true),
    'toggle-overlays': () => (view.masksVisible = !view.masksVisible),
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
    'shortcut-sheet': () => (view.dialog = 'shortcuts'),
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

/** Binds the shortcut table to a window. Answers how to unbind it. */
export function bindShortcuts(
  target: Window,
  commands: Record<CommandId, () => void>,
  releasePeek: () => void,
): () => void {
  const bindings = SHORTCUTS.filter(({ kind, command }) => kind === 'press' || command === 'peek-original');
  const keyMap = Object.fromEntries(
    bindings.flatMap(({ command, keys }) => keys.map((key) => [key, guarded(key, commands[command])])),
  );
  const listening = new AbortController();
  const { signal } = listening;
  target.addEventListener('keydown', createKeybindingsHandler(keyMap), { signal });
  target.addEventListener('keyup', (event) => event.code === 'Backquote' && releasePeek(), { signal });
  target.addEventListener('blur', releasePeek, { signal });
  return () => listening.abort();
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

function guarded(key: string, run: () => void): (event: KeyboardEvent) => void {
  return (event) => {
    const types = isTypingKey(key) || key === '$mod+a';
    if (types && (isTextField(event.target) || isInDialog(event.target))) return;
    event.preventDefault();
    run();
  };
}

function isInDialog(target: EventTarget | null): boolean {
  return target instanceof Element && target.closest('[role="dialog"]') !== null;
}
