import { AppError } from '#domain/job/app-error.ts';
import { blobSource } from '#formats/byte-source.ts';
import { SafetensorsFile } from '#formats/safetensors/file.ts';
import type { ModelInfo, SingleRole } from './api.ts';

/** A weight file in the role it plays. */
export interface LoadedModel {
  readonly role: SingleRole;
  readonly file: SafetensorsFile;
  readonly description: string;
  readonly demo: boolean;
}

export type Slots = ReadonlyMap<LoadedModel['role'], LoadedModel>;

/** The demo pack's files as the build ships them: content-hashed URLs of our own origin. */
const DEMO_FILES = import.meta.glob<string>('../../models/demo/*.safetensors', {
  query: '?url',
  import: 'default',
  eager: true,
});

const DEMO_ROLES = {
  'checkpoint.safetensors': 'checkpoint',
  'autoencoder.safetensors': 'autoencoder',
  'vision.safetensors': 'vision',
  'ip-adapter.safetensors': 'ip-adapter',
  'sam3.safetensors': 'sam3',
} as const;

const DEMO_DESCRIPTION = {
  checkpoint: 'Demo refiner: a small network of the SDXL family, trained on drawn pictures',
  autoencoder: 'Demo autoencoder: 16 latent channels',
  vision: 'Demo vision tower for image anchors',
  'ip-adapter': 'Demo IP-Adapter: 16 tokens per anchor',
  sam3: 'Demo SAM 3: knows a small vocabulary of drawn things',
} as const;

/** Opens the embedded models, which work on any machine right after `npm start`. */
export async function loadDemoSlots(): Promise<Slots> {
  const models = await Promise.all(Object.entries(DEMO_ROLES).map(([name, role]) => loadDemo(name, role)));
  return new Map(models.map((model) => [model.role, model]));
}

async function loadDemo(name: string, role: keyof typeof DEMO_DESCRIPTION): Promise<LoadedModel> {
  const url = Object.entries(DEMO_FILES).find(([path]) => path.endsWith(`/${name}`))?.[1];
  const response = url ? await fetch(url) : null;
  if (!response?.ok)
    throw new AppError('model-missing', `The demo pack's ${name} is missing from this installation.`);
  const file = await SafetensorsFile.open(blobSource(await response.blob(), name));
  return { role, file, description: DEMO_DESCRIPTION[role], demo: true };
}

export function modelInfo({ role, file, description, demo }: LoadedModel): ModelInfo {
  return { role, name: file.source.name, description, bytes: file.source.size, demo };
}
