import type { ModelRole } from './worker-client.ts';
import { plural } from './plural.ts';

/** The part of the catalogue that speaks about model files, kept apart only for its length. */

const roles: Readonly<Record<ModelRole, string>> = {
  checkpoint: 'Image model',
  'text-l': 'Text encoder CLIP-L',
  'text-g': 'Text encoder CLIP-G',
  autoencoder: 'Autoencoder',
  vision: 'Vision tower',
  'ip-adapter': 'Image anchor',
  sam3: 'Detector',
  lora: 'LoRAs',
};

const roleHints: Readonly<Record<ModelRole, string>> = {
  checkpoint: 'Re-paints crops and tiles. A checkpoint of the SDXL family.',
  'text-l': 'Reads the prompts, first half. Most checkpoints hold their own.',
  'text-g': 'Reads the prompts, second half. Most checkpoints hold their own.',
  autoencoder: 'Translates pixels to latents and back (VAE).',
  vision: 'Reads the look of each crop for the anchor (CLIP-ViT-H).',
  'ip-adapter': 'Keeps each crop true to its look (IP-Adapter).',
  sam3: 'Finds what the phrases name (SAM 3).',
  lora: 'Change what the image model has learned.',
};

const use = {
  title: 'In use',
  choose: (role: string) => `Choose: ${role}`,
  search: 'Search…',
  nothingFound: 'No file matches.',
  fromCheckpoint: 'From the image model',
  fromCheckpointHint: (name: string) => `Part of ${name}.`,
  none: 'None',
  noCandidates: 'No usable file yet',
  missingRequired: 'Missing',
  missingOptional: 'Optional',
  get: 'Get one',
  onDevice: (bytes: string) => `${bytes} on the device`,
  idle: (time: string) => `idle ${time}`,
  busyNow: 'just used',
  unload: 'Unload',
  unloadOf: (role: string) => `Unload ${role} from the device`,
  unloaded: 'Unloaded. It comes back when it is next needed.',
  addLora: 'Add LoRA',
  noLoras: 'None. LoRAs of the library can be stacked here.',
  strengthOf: (name: string) => `Strength of ${name}`,
  removeLora: (name: string) => `Remove ${name}`,
  unmatched: (count: number) => `${plural(count, 'key matches', 'keys match')} nothing in this image model`,
};

const prediction = {
  label: 'The model predicts',
  auto: 'Automatic',
  eps: 'Noise (eps)',
  v: 'Velocity (v)',
  hint: 'Automatic follows the marker keys in the file. Grey, washed-out results mean the wrong choice.',
};

const preset = {
  label: 'Sampling for',
  families: {
    sdxl: 'SDXL base',
    pony: 'Pony',
    illustrious: 'Illustrious',
    lightning: 'Lightning',
    turbo: 'Turbo',
    lcm: 'LCM',
    hyper: 'Hyper-SD',
  },
  recognised: (family: string) => `${family} (recognised)`,
  fits: 'The sampling settings fit.',
  apply: 'Apply',
  change: (label: string, from: string, to: string) => `${label} ${from} → ${to}`,
  applied: (family: string) => `Sampling set for ${family}.`,
};

const library = {
  link: 'Link folder…',
  linkHint: 'A ComfyUI or A1111 folder. Files are read in place, never copied or changed.',
  addFiles: 'Use files…',
  cannotLink:
    'This browser cannot link folders. Choose one to use its files until the page is closed; Chrome and Edge remember it.',
  chooseFolder: 'Choose folder for this session…',
  noWeights: 'There is no model file in that folder.',
  filter: 'Filter files',
  groupBy: 'Group by',
  byKind: 'Kind',
  byFolder: 'Folder',
  files: (count: number) => plural(count, 'model file', 'model files'),
  scanning: 'Reading the headers…',
  linking: 'Looking for models…',
  linked: (name: string, count: number) => `Linked ${name}: ${plural(count, 'model file', 'model files')}.`,
  unlink: (name: string) => `Unlink ${name}`,
  unlinked: (name: string) => `Unlinked ${name}. Its files are untouched.`,
  rescan: (name: string) => `Look for new files in ${name}`,
  permissionPrompt: 'Chrome asks once per visit before files can be read.',
  permissionDenied: 'Chrome was told not to allow reading it.',
  allow: 'Allow again',
  notAllowed: (name: string) =>
    `Chrome does not allow reading ${name}. Click the icon left of the address to change that.`,
  use: 'Use',
  useFor: (name: string, role: string) => `Use ${name} as ${role}`,
  inUse: 'In use',
  offlineOf: (name: string) => `Make ${name} available offline`,
  removeCopy: (name: string) => `Remove the offline copy of ${name}`,
  removed: (name: string) => `Removed the offline copy of ${name}.`,
  unfinished: 'Interrupted copies',
  unfinishedState: (done: string, total: string) =>
    `${done} of ${total} is here. Make it available offline again to go on where it stopped.`,
  discard: 'Discard',
  discardOf: (name: string) => `Discard the interrupted copy of ${name}`,
  discarded: (name: string) => `Discarded the interrupted copy of ${name}.`,
  keptOffline: (name: string) => `${name} works offline now.`,
  refused: (count: number) => `Cannot be used (${count})`,
  noMatch: (query: string) => `Nothing matches “${query}”.`,
  licence: (name: string) => `Licence: ${name}`,
  other: 'Other files',
  where: {
    demo: 'demo pack',
    file: 'this session',
    linked: 'linked',
    imported: 'kept offline',
  },
  session: 'Files of this session',
  demoGroup: 'Demo pack',
  importedGroup: 'Kept offline',
  topOfFolder: 'Top of the linked folder',
};

const first = {
  title: 'Use your own models',
  lead: 'Link the models folder you already have. Files are read in place: nothing is copied, converted or uploaded.',
  running: 'Now running: the demo pack',
  runningText:
    'The whole studio works with it, also offline. It is tiny and learned from drawings, so try it on the samples; photos need full-size models.',
  sample: 'Try a sample',
  needed: 'What is needed for what',
  needs: [
    { role: 'checkpoint', size: '6.9 GB', text: 'Any SDXL checkpoint re-paints details and tiles.' },
    { role: 'sam3', size: '3.4 GB', text: 'SAM 3 finds what you name. Without it, paint masks by hand.' },
    { role: 'ip-adapter', size: '0.85 GB', text: 'IP-Adapter keeps faces and colours. Optional.' },
    { role: 'vision', size: '2.5 GB', text: 'CLIP-ViT-H is what the IP-Adapter looks through.' },
  ],
  get: 'Get models',
  offline: 'Everything runs on this computer and keeps working without a network.',
} as const;

const get = {
  lead: 'Files from their makers, kept in this browser for offline use. Already on disk? Link the folder instead.',
  upscalers: 'Upscalers',
  size: 'size told by the source',
  licence: (name: string) => `Licence: ${name}`,
  source: 'Source',
  newTab: 'opens in a new tab',
  download: 'Download…',
  downloadOf: (title: string) => `Download ${title}`,
  start: (size: string | null) => (size === null ? 'Start download' : `Download ${size}`),
  accept: 'I have read and accept the licence',
  token: 'Access token',
  tokenHint: 'This file is gated: accept its terms at the source and paste a read token. It is not stored.',
  cancel: 'Cancel',
  byHand: 'Has to be downloaded from its page; then link its folder or drop the file here.',
  present: 'In the library',
  notUsable: 'This version of the studio cannot run it yet.',
  done: (title: string) => `${title} is in the library.`,
};

const transfer = {
  label: 'Transfers',
  import: (name: string) => `Copying ${name}`,
  download: (name: string) => `Downloading ${name}`,
  progress: (done: string, total: string) => `${done} of ${total}`,
  speed: (bytes: string) => `${bytes}/s`,
  left: (time: string) => `${time} left`,
  cancel: (title: string) => `Stop: ${title}`,
  stop: 'Stop',
  resume: 'Resume',
  dismiss: (title: string) => `Forget: ${title}`,
  paused: 'Stopped. What has arrived is kept for when you resume.',
  starting: 'starting',
  announce: (title: string, percent: number) => `${title}: ${percent} percent`,
};

const memory = {
  budget: 'Memory the studio may use',
  budgetHint: 'Other programs need some too: leave about 2 GB on the card that drives the screen.',
  automatic: (size: string) => `Automatic (${size})`,
  automaticPlain: 'Automatic',
  plan: 'The plan for a run',
  noPlan: 'The plan appears once an image model is chosen.',
  peak: (peak: string, budget: string) => `At most ${peak} of ${budget}, in phases one after another.`,
  overBudget: (peak: string, budget: string) => `${peak} would be needed; ${budget} is allowed.`,
  refused: 'This does not fit',
  keep: 'Keep unused networks for',
  keepHint: 'After that they leave the device and are read from the file again when needed.',
  keepOptions: { never: 'Not at all', forever: 'Until closed' },
  gigabytes: (count: number) => `${count} GB`,
  minutes: (count: number) => `${count} min`,
  resident: 'On the device now',
  nothingResident: 'Nothing is loaded. Networks come when a run needs them.',
  unloadAll: 'Unload all',
  storage: 'Storage of the browser',
  stored: (bytes: string) => `${bytes} used for offline copies.`,
  persistent: 'Protected: the browser does not clear it by itself.',
  bestEffort:
    'Not protected: the browser may clear it when the disk is full. Making a file offline asks for protection.',
};

const chip = {
  label: (name: string) => `Models: ${name}`,
  demo: 'Demo pack',
  noModel: 'No image model',
  resident: (bytes: string) => `${bytes} loaded`,
};

export const modelMessages = {
  title: 'Models',
  lead: 'Which file does which work, where it lies and what it takes.',
  starting: 'Starting the networks…',
  tabs: { use: 'In use', library: 'Library', get: 'Get models', memory: 'Memory' },
  tabsLabel: 'Parts of the models view',
  drop: 'Drop model files, or a folder to link',
  reading: (name: string) => `Reading ${name}…`,
  demoTag: 'demo',
  useDemo: 'Go back to the demo pack',
  used: (name: string) => `Using ${name}.`,
  unused: (role: string) => `${role}: none.`,
  loras: 'LoRAs',
  predictionChanged: 'what the model predicts',
  demoPack: 'the demo pack',
  demoUsed: 'Back to the demo pack.',
  busy: 'Models can be changed when the run has ended: it is using them.',
  settingsFollow: (steps: number, guidance: number) =>
    `Settings now fit this image model: ${steps} steps, guidance ${guidance}.`,
  settingsKept: (steps: number, guidance: number) =>
    `Your settings are kept; ${steps} steps and guidance ${guidance} fit this image model.`,
  useSettings: 'Use these',
  runtime: 'Networks run on',
  kernels: 'Pixels run on',
  roles,
  roleHints,
  use,
  prediction,
  preset,
  library,
  first,
  get,
  transfer,
  memory,
  chip,
};
