import { messages } from './messages.ts';
import { shortcutOf, type CommandId, type Need } from './shortcuts.ts';
import type { Studio } from './studio.ts';

const MET: Readonly<Record<Need, (studio: Studio) => boolean>> = {
  picture: ({ document }) => document.image !== null,
  ready: ({ document, job }) => document.ready && !job.running,
  job: ({ job }) => job.running,
  detections: ({ document }) => document.detections.length > 0,
  detection: ({ document }) => document.selectedDetection !== undefined,
  concept: ({ document }) => (document.selectedConcept ?? document.selectedDetection) !== undefined,
  layers: ({ document }) => document.layers.length > 0,
  layer: ({ document }) => document.selectedLayer !== undefined,
  stale: ({ document }) => document.stale.size > 0,
  selection: ({ document }) => (document.selectedDetection ?? document.selectedLayer) !== undefined,
  refined: ({ document }) => document.canvas !== null,
  undo: ({ document }) => document.history.canUndo,
  redo: ({ document }) => document.history.canRedo,
};

/** Why a command would do nothing at the moment, as a sentence; null when it can be done. */
export function whyNot(studio: Studio, command: CommandId): string | null {
  const { needs } = shortcutOf(command);
  return needs === null || MET[needs](studio) ? null : messages.shortcuts.needs[needs];
}

/** Whether a dialog lies over the document: keys that change that wait until it is gone. */
export function isCovered({ view, painting }: Studio): boolean {
  return view.dialog !== null || painting.wall.layer !== undefined;
}
