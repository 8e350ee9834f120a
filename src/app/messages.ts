import { modelMessages } from './messages-models.ts';
import { plural } from './plural.ts';

/**
 * Every text of the studio in one place, so that it can be translated as a whole. Sentence case, plain words; the
 * field's jargon stays in the hints. Texts with parts are functions.
 */

const app = {
  name: 'Luna Studio',
  untitled: 'No picture',
  starting: 'Starting the networks…',
  startFailed: 'The networks could not start.',
  pictureSize: (width: number, height: number) => `${width} × ${height}`,
  close: 'Close',
  undo: 'Undo',
  opening: (name: string) => `Opening ${name}…`,
  tryAgain: 'Try again',
};

const header = {
  label: 'Studio',
  compare: 'Compare',
  original: 'Original',
  split: 'Split',
  refined: 'Refined',
  compareUnavailable: 'Comparing starts with the first refined area',
  shortcuts: 'Keyboard shortcuts',
  exportPng: 'Export PNG',
  exportPlain: 'Export PNG, only upscaled so far',
  open: 'Open another picture',
  showLeft: 'Show concepts',
  hideLeft: 'Hide concepts',
  showRight: 'Show settings',
  hideRight: 'Hide settings',
  tabs: 'Panels',
  tabPicture: 'Picture',
  tabConcepts: 'Concepts',
  tabSettings: 'Settings',
};

const welcome = {
  title: 'Refine a picture at 4K',
  lead: 'Drop an image anywhere. Name what matters in it, check what is found, and have it re-painted in native 4K. Nothing leaves this computer.',
  open: 'Open picture',
  paste: 'or paste with',
  drop: 'Drop to open',
  samples: 'Or try a sample',
  formats: 'PNG, JPEG or WebP',
  demo: 'Running on the small demo pack, made for trying the studio.',
  linkModels: 'Use your own models',
  waiting: (folder: string) => `The models in ${folder} wait until Chrome may read them again.`,
};

const concepts = {
  label: 'Concepts and detections',
  title: 'Concepts',
  add: 'Add concept',
  placeholder: 'What to look for',
  placeholderFirst: 'face, hands, silver ring…',
  phraseLabel: (index: number) => `Concept ${index}: what to look for`,
  teach: 'Name one thing per line, then press Detect. Tick what should be refined.',
  teachNoPicture: 'Open a picture first. Then name what matters in it.',
  suggestions: 'In this sample',
  nothing: (presence: number) =>
    `Nothing found. The model is ${Math.round(presence * 100)} % sure it is in the picture at all; try another word or a lower threshold.`,
  layer: (layer: number) => `L${layer}`,
  layerTitle: (layer: number) => `Layer ${layer}`,
  edit: (phrase: string) => `Settings of ${phrase || 'this concept'}`,
  remove: 'Remove concept',
  removed: (phrase: string) => `Removed ${phrase || 'the concept'}.`,
  paintByHand: 'Paint a mask by hand',
  count: (ticked: number, total: number) => `${ticked} of ${total} ticked`,
  tickAll: (phrase: string) => `Refine all of ${phrase || 'this concept'}`,
  unnamed: 'Unnamed concept',
};

const detection = {
  name: (number: number, phrase: string) => `${phrase || 'Detection'} ${number}`,
  tick: (number: number) => `Refine detection ${number}`,
  score: 'Score',
  scoreHint: 'sigmoid(logit) · sigmoid(presence): how well the mask matches the phrase.',
  presence: 'Presence',
  presenceHint: 'How sure the model is that the concept is in the picture at all.',
  edited: 'Edited by hand',
  editedHint: 'A new detection run keeps this mask.',
  position: 'Area',
  refineThis: 'Refine this detection',
  refineHint: 'Only ticked detections are re-painted.',
  mask: 'Mask',
  brush: 'Brush',
  eraser: 'Eraser',
  maskTeach: 'Paint on the picture to add, hold Alt or use the right button to erase.',
  zoomTo: 'Zoom to it',
  only: 'Tick only this one',
  remove: 'Remove detection',
  removed: (number: number) => `Removed detection ${number}.`,
  conceptSettings: 'Concept settings',
};

const tools = {
  label: 'Tools',
  select: 'Select and move',
  brush: 'Brush: add to the mask',
  eraser: 'Eraser: remove from the mask',
  size: 'Brush size',
  sizeValue: (radius: number) => `${Math.round(radius * 2)} px`,
  nothingToUndo: 'There is no brush stroke to undo.',
  needsDetection: 'Select a detection first: its number on the picture, or its row in the list.',
  zoomIn: 'Zoom in',
  zoomOut: 'Zoom out',
  fit: 'Fit the window',
  actual: 'One picture pixel per screen pixel',
  zoom: (percent: number) => `${percent} %`,
  overlays: 'Show masks and numbers',
  canvas: 'Picture. Arrow keys move it, plus and minus zoom.',
  compareHandle: 'Position of the before and after split',
  before: 'Before',
  after: 'After',
};

const bar = {
  label: 'Run',
  detect: 'Detect',
  refineCount: (count: number) => `Refine ${plural(count, 'detection', 'detections')}`,
  refineWhole: 'Refine picture',
  stop: 'Stop',
  stopping: 'Stopping…',
  endNow: 'End now',
  endNowHint: 'The current step takes long. Ending now loses the refined areas; waiting keeps them.',
  noPicture: 'Open a picture to start',
  nothingToDo: 'Nothing to refine: tick a detection or turn on the whole-picture pass.',
  needsConcept: 'Name a concept to detect it.',
  estimating: 'Working out the cost…',
  crops: (count: number) => plural(count, 'crop', 'crops'),
  tiles: (count: number) => plural(count, 'tile', 'tiles'),
  calls: (count: number) => plural(count, 'model call', 'model calls'),
  noEstimate: 'time known after the first run',
  seePlan: 'See the plan',
  memory: (peak: string) => `${peak} of memory`,
  about: (time: string) => `about ${time}`,
  left: (time: string) => `${time} left`,
  measuring: 'measuring…',
  percent: (fraction: number) => `${Math.floor(fraction * 100)} %`,
  announce: (phase: string, percent: number) => `${phase}, ${percent} percent done`,
  announceDone: 'Done',
  done: (time: string) => `Refined in ${time}`,
  stopped: (areas: number) => (areas > 0 ? 'Stopped. Finished areas are kept.' : 'Stopped.'),
  replaced: (name: string) => `The run was stopped to open ${name}.`,
  ended:
    'The run was ended. The networks have been started again; your picture, concepts and masks are kept.',
  detected: (found: number, conceptCount: number) =>
    `Found ${plural(found, 'detection', 'detections')} for ${plural(conceptCount, 'concept', 'concepts')}.`,
  exported: (name: string, size: string) => `Saved ${name} (${size}).`,
  phases: {
    load: 'Loading networks',
    'encode-image': 'Looking at the picture',
    detect: 'Detecting',
    upscale: 'Upscaling',
    conditioning: 'Reading prompts',
    detail: 'Refining detections',
    global: 'Refining the whole picture',
    export: 'Writing the PNG',
  },
};

const time = {
  seconds: (count: number) => `${count} s`,
  minutes: (minutes: number, seconds: number) => (seconds ? `${minutes} min ${seconds} s` : `${minutes} min`),
  hours: (hours: number, minutes: number) => (minutes ? `${hours} h ${minutes} min` : `${hours} h`),
};

const recipe = {
  found: 'This PNG carries the settings it was made with.',
  detail: (count: number) => `${plural(count, 'concept', 'concepts')}, masks, seed and sampling.`,
  pictureOnly: 'Picture only',
  withSettings: 'Picture and settings',
  applied: 'Settings taken from the picture.',
};

const errors = {
  workerLost:
    'The networks stopped unexpectedly and were started again. Your picture, concepts and masks are kept; refined areas have to be made again.',
  gpuLost: (hadResult: boolean) =>
    `The graphics card stopped answering, so the networks were started again; your picture, concepts and masks are kept${
      hadResult ? ', refined areas have to be made again' : ''
    }.`,
  notStarted: (reason: string) =>
    `The networks could not start (${reason}). Try again; if it fails again, reload the page in a current Chrome.`,
  unexpected: (reason: string) => `Something went wrong inside the studio: ${reason}`,
  notRead: (name: string, reason: string) =>
    `${name} could not be read (${reason}). Check that it is still there, then open it again.`,
  noPictureInClipboard: 'There is no picture in the clipboard.',
  sampleMissing: 'The sample picture could not be loaded.',
};

const shortcuts = {
  title: 'Keyboard shortcuts',
  note: 'Single keys work while no text field has the focus. Escape closes a dialog and never stops a run.',
  groups: {
    file: 'File',
    run: 'Run',
    view: 'View',
    detections: 'Detections',
    tools: 'Tools',
    help: 'Help',
  },
  commands: {
    open: 'Open a picture',
    paste: 'Paste a picture',
    export: 'Export PNG',
    detect: 'Detect',
    refine: 'Refine',
    stop: 'Stop the run',
    'zoom-fit': 'Fit the window',
    'zoom-100': 'Zoom to 100 %',
    'zoom-in': 'Zoom in (or wheel)',
    'zoom-out': 'Zoom out (or wheel)',
    'pan-hold': 'Move the picture (or middle button)',
    'compare-next': 'Next compare mode',
    'peek-original': 'Hold to see the original',
    'toggle-overlays': 'Hide masks and numbers',
    'next-detection': 'Next detection',
    'previous-detection': 'Previous detection',
    'toggle-detection': 'Tick or untick the detection',
    'remove-detection': 'Remove the detection',
    'undo-stroke': 'Undo the last brush stroke',
    'tool-select': 'Select',
    'tool-brush': 'Brush',
    'tool-eraser': 'Eraser (or hold Alt)',
    'brush-smaller': 'Smaller brush',
    'brush-larger': 'Larger brush',
    'toggle-left-panel': 'Concepts panel',
    'toggle-right-panel': 'Settings panel',
    'leave-tool': 'Leave the tool',
    'shortcut-sheet': 'This sheet',
  },
};

const inspector = {
  label: 'Settings of the selection',
  document: 'Document',
  backToDocument: 'Document settings',
  explain: 'Explain the settings',
  reset: 'Reset all settings',
  resetDone: 'Settings are back to their defaults.',
};

export const messages = {
  app,
  header,
  welcome,
  concepts,
  detection,
  tools,
  bar,
  time,
  recipe,
  models: modelMessages,
  errors,
  shortcuts,
  inspector,
} as const;

/** "45 s", "2 min 10 s", "1 h 5 min": rounded so that it does not flicker. */
export function formatDuration(durationMs: number): string {
  const seconds = Math.max(1, Math.round(durationMs / 1000));
  if (seconds < 60) return time.seconds(seconds);
  const minutes = Math.floor(seconds / 60);
  if (minutes < 60) return time.minutes(minutes, minutes < 10 ? Math.floor((seconds % 60) / 10) * 10 : 0);
  return time.hours(Math.floor(minutes / 60), minutes % 60);
}

/** "12 MB", "6.9 GB": decimal units, as file managers show them. */
export function formatBytes(byteCount: number): string {
  const units = ['B', 'kB', 'MB', 'GB'];
  const power = Math.min(units.length - 1, Math.floor(Math.log10(Math.max(1, byteCount)) / 3));
  const value = byteCount / 1000 ** power;
  return `${value >= 10 || power === 0 ? Math.round(value) : value.toFixed(1)} ${units[power] ?? 'B'}`;
}
