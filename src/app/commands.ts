import type { Detection } from '#domain/job/request.ts';
import { keymap } from './keymap.svelte.ts';
import type { CommandId } from './shortcuts.ts';
import type { StudioState } from './studio-state.svelte.ts';
import type { Studio } from './studio.ts';
import type { CompareMode } from './view-state.svelte.ts';

export type Commands = Record<CommandId, () => void>;

/** What only the user interface can do. */
export interface PageActions {
  /** Opens the system's file dialog. */
  chooseFile(): void;
  /** Opens the system's file dialog for a mask. */
  chooseMask(): void;
  /** Takes what the clipboard holds, where the browser allows to read it. */
  paste(): void;
  /** Puts the cursor into the phrase of an empty concept, which there is by then. */
  typeConcept(): void;
}

/** What each command does. */
export function createCommands(studio: Studio, page: PageActions): Commands {
  const { document, view, layers, layerList, painting } = studio;
  return {
    open: () => page.chooseFile(),
    paste: () => page.paste(),
    export: () => void studio.exportPng(),
    detect: () => void studio.detect(),
    refine: () => void studio.refine(),
    stop: () => studio.stop(),
    ...viewCommands(studio),
    'add-concept': () => {
      view.openPanel('concepts');
      page.typeConcept();
    },
    undo: () => void studio.undo(),
    redo: () => void studio.redo(),
    'remove-detection': () => {
      if (document.selectedLayer) layers.remove(layerList.selectedIds);
      else if (document.selectedDetection) studio.removeDetection(document.selectedDetection.id);
    },
    ...layerCommands(studio),
    ...runCommands(studio),
    ...detectionCommands(studio),
    reroll: () => void painting.rerollSelected(layerList.selected),
    'refine-selected': () => void painting.refineSelected(layerList.selected),
    snapshot: () => studio.takeSnapshot(),
    'tool-select': () => view.setTool('select'),
    'tool-brush': () => view.setTool('brush'),
    'tool-eraser': () => view.setTool('eraser'),
    ...toolCommands(studio),
    ...maskCommands(studio, page),
    'toggle-left-panel': () => (view.leftOpen = !view.leftOpen),
    'toggle-right-panel': () => (view.rightOpen = !view.rightOpen),
    'document-settings': () => {
      document.select({ kind: 'document' });
      view.openPanel('settings');
    },
    history: () => (view.popover = 'history'),
    explain: () => (view.explain = !view.explain),
    'single-keys': () => (keymap.singleKeys = !keymap.singleKeys),
    'look-while-typing': () => {
      const { looks } = studio.detections;
      looks.whileTyping = !looks.whileTyping;
    },
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
    'zoom-hold': () => undefined,
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
    'loupe-hold': () => view.holdLoupe(document.image !== null),
    loupe: () => {
      if (document.image) view.toggleLoupe();
    },
    overview: () => (view.minimapOpen = !view.minimapOpen),
    'toggle-overlays': () => (view.masksVisible = !view.masksVisible),
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

function maskCommands({ masks, view, detections: { operations }, document }: Studio, page: PageActions) {
  return {
    'mask-invert': () => masks.invert(),
    'mask-grow': () => masks.grow(1),
    'mask-shrink': () => masks.grow(-1),
    'mask-copy': () => void masks.files.copy(),
    'mask-commands': () => (view.popover = 'masks'),
    'mask-split': withDetection(document, ({ id }) => operations.split(id)),
    'mask-largest': withDetection(document, ({ id }) => operations.keepLargest(id)),
    'mask-reset': withDetection(document, ({ id }) => operations.resetEdits(id)),
    'mask-load': () => page.chooseMask(),
    'mask-save': () => void masks.files.exportMask(),
    'mask-save-all': () => void masks.files.exportAll('png'),
    'mask-save-coco': () => void masks.files.exportAll('coco'),
    'mask-cut-out': () => void masks.files.cutOut(null),
    'tick-all': () => masks.tick('all'),
    'tick-none': () => masks.tick('none'),
    'tick-inverse': () => masks.tick('inverse'),
  };
}

function detectionCommands(studio: Studio) {
  const { document, view } = studio;
  const { examples, list } = studio.detections;
  const conceptId = () => document.selectedConcept?.id ?? document.selectedDetection?.conceptId;
  const withConcept = (run: (id: string) => void) => () => {
    const id = conceptId();
    if (id !== undefined) run(id);
  };
  return {
    'next-detection': () => studio.stepDetection(1),
    'previous-detection': () => studio.stepDetection(-1),
    'toggle-detection': withDetection(document, ({ id, enabled }) => document.tick(id, !enabled)),
    'detection-zoom': withDetection(document, ({ id }) => studio.revealDetection(id)),
    'detection-only': withDetection(document, ({ id }) => document.tickOnly(id)),
    'detection-more': withDetection(document, (detection) => void examples.add(detection, true)),
    'detection-not': withDetection(document, (detection) => void examples.add(detection, false)),
    'concept-settings': withConcept((id) => {
      document.select({ kind: 'concept', id });
      view.openPanel('settings');
    }),
    'paint-by-hand': withConcept((id) => studio.paintByHand(id)),
    presets: () => {
      view.openPanel('concepts');
      view.popover = 'presets';
    },
    'fold-all': () => list.foldAll(true),
    'unfold-all': () => list.foldAll(false),
  };
}

function layerCommands(studio: Studio) {
  const { document, layers, layerList, painting } = studio;
  const flip = (name: 'visible' | 'locked') => {
    const on = layerList.selected.every((layer) => layer[name]);
    layers.update(layerList.selectedIds, { [name]: !on }, name === 'visible' ? 'visibility' : 'lock');
  };
  return {
    'layer-next': () => layerList.step('up'),
    'layer-previous': () => layerList.step('down'),
    'layer-up': () => layers.move(layerList.selectedIds, 'up'),
    'layer-down': () => layers.move(layerList.selectedIds, 'down'),
    'layer-duplicate': () => layers.duplicate(layerList.selectedIds),
    'layer-merge': () => void layers.mergeDown(layerList.selectedIds),
    'layer-merge-visible': () => void layers.mergeVisible(),
    'layer-visible': () => flip('visible'),
    'layer-solo': () => layers.solo(layerList.selectedIds),
    'layer-lock': () => flip('locked'),
    'layer-zoom': () => {
      if (document.selectedLayer) studio.revealLayer(document.selectedLayer);
    },
    'layer-variations': () => {
      if (document.selectedLayer) painting.wall.open(document.selectedLayer.id);
    },
    'layer-remove': () => layers.remove(layerList.selectedIds),
  };
}

function runCommands(studio: Studio) {
  const { document, painting } = studio;
  return {
    'repaint-stale': () =>
      void painting.repaint(document.layers.filter(({ id, locked }) => document.stale.has(id) && !locked)),
    'toggle-detail': () => document.setParameters('detail', { enabled: !document.parameters.detail.enabled }),
    'toggle-global': () => document.setParameters('global', { enabled: !document.parameters.global.enabled }),
    'random-seed': () =>
      document.setParameters('scaffold', { seed: crypto.getRandomValues(new Uint32Array(1))[0] ?? 0 }),
    'reset-parameters': () => studio.resetParameters(),
  };
}

function withDetection(document: StudioState, run: (detection: Detection) => void): () => void {
  return () => {
    if (document.selectedDetection) run(document.selectedDetection);
  };
}
