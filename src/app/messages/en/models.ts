import { wordsOf } from '../words.ts';
import type { ModelRole } from '../../worker-client.ts';
import { first, get, library, transfer } from './library.ts';

const { number, plural } = wordsOf('en');

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
  unmatched: (count: number) =>
    `${plural(count, { one: 'key matches', other: 'keys match' })} nothing in this image model`,
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
  gigabytes: (count: number) => `${number(count)} GB`,
  minutes: (count: number) => `${number(count)} min`,
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

export const models = {
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
    `Settings now fit this image model: ${steps} steps, prompt strictness ${number(guidance)}.`,
  settingsKept: (steps: number, guidance: number) =>
    `Your settings are kept; ${steps} steps and prompt strictness ${number(guidance)} fit this image model.`,
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
