import type { LibraryEntry, ModelsState } from '#app/worker-client.ts';

/** A weight file and a state of the worker, as the page sees them. */
export const entry = (id: string, patch: Partial<LibraryEntry> = {}): LibraryEntry => ({
  id,
  name: `${id}.safetensors`,
  folder: '',
  origin: 'linked',
  bytes: 1e9,
  gives: ['checkpoint'],
  needs: [],
  usable: true,
  sentence: '',
  family: null,
  known: null,
  ...patch,
});
const COMPLETE = ['checkpoint', 'text-l', 'text-g', 'autoencoder'] as const;
export const xl = entry('xl', { gives: COMPLETE, family: 'pony', folder: 'checkpoints' });
export const unet = entry('unet', { family: 'lightning', folder: 'unet' });
export const vae = entry('vae', { gives: ['autoencoder'], folder: 'vae' });
export const lora = entry('lora', { gives: ['lora'], folder: 'loras/style' });
export const demo = entry('a-demo', { gives: COMPLETE, origin: 'demo' });
export const broken = entry('broken', { gives: [], usable: false, sentence: 'Convert it.' });
const NOTHING: ModelsState['selection']['roles'] = {
  checkpoint: null,
  'text-l': null,
  'text-g': null,
  autoencoder: null,
  vision: null,
  'ip-adapter': null,
  sam3: null,
};
export const stateWith = (patch: Partial<ModelsState> = {}): ModelsState => ({
  entries: [xl, unet, vae, lora, demo, broken],
  folders: [],
  catalogue: [],
  selection: { roles: { ...NOTHING, checkpoint: 'xl' }, loras: [], prediction: 'auto' },
  runtime: { networks: 'CPU', kernels: 'CPU', accelerated: false, models: [] },
  missing: [],
  unmatched: {},
  resident: [],
  keepMinutes: 5,
  memory: { budgetBytes: 8e9, guessed: true, peakBytes: null, phases: [], refusal: null },
  unfinished: [],
  storage: { persistent: false, usedBytes: 0 },
  ...patch,
});
export const select = (roles: Partial<ModelsState['selection']['roles']>): Partial<ModelsState> => ({
  selection: { roles: { ...NOTHING, ...roles }, loras: [], prediction: 'auto' },
});
