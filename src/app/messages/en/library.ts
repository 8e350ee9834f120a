import { wordsOf } from '../words.ts';

const { plural } = wordsOf('en');

export const library = {
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
  files: (count: number) => plural(count, { one: 'model file', other: 'model files' }),
  unusableFiles: (count: number) => `${count} of them unusable`,
  scanning: 'Reading the headers…',
  linking: 'Looking for models…',
  linked: (name: string, count: number) =>
    `Linked ${name}: ${plural(count, { one: 'model file', other: 'model files' })}.`,
  notOpened: (reason: string) => `That folder could not be opened (${reason}). Choose another one.`,
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
    `${done} of ${total} is here. Start it again (offline copy or download) to go on where it stopped.`,
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

export const first = {
  title: 'Use your own models',
  lead: 'Link the models folder you already have. Files are read in place: nothing is copied, converted or uploaded.',
  running: 'Now running: the demo pack',
  runningText:
    'The whole studio works with it, also offline. It is tiny and learned from drawings, so try it on the samples; photos need full-size models.',
  sample: 'Try a sample',
  needed: 'What is needed for what',
  needs: {
    checkpoint: 'Any SDXL checkpoint re-paints details and tiles.',
    sam3: 'SAM 3 finds what you name. Without it, paint masks by hand.',
    'ip-adapter': 'IP-Adapter keeps faces and colours. Optional.',
    vision: 'CLIP-ViT-H is what the IP-Adapter looks through.',
  },
  get: 'Get models',
  offline: 'Everything runs on this computer and keeps working without a network.',
};

export const get = {
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

export const transfer = {
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
  restarted: 'Stopped because the networks were restarted. What has arrived is kept.',
  starting: 'starting',
  announce: (title: string, percent: number) => `${title}: ${percent} percent`,
};
