import { AppError } from '#domain/job/app-error.ts';
import { sentence } from '#domain/job/sentence.ts';
import { blobSource } from '#formats/byte-source.ts';
import type { LibraryPlace } from './library.ts';

/** The demo pack's files as the build ships them: content-hashed URLs of our own origin. */
const DEMO_FILES = import.meta.glob<string>('../../models/demo/*.safetensors', {
  query: '?url',
  import: 'default',
  eager: true,
});

const DEMO_NAMES = [
  'checkpoint.safetensors',
  'autoencoder.safetensors',
  'vision.safetensors',
  'ip-adapter.safetensors',
  'sam3.safetensors',
] as const;

export const demoId = (name: (typeof DEMO_NAMES)[number]): string => `demo:${name}`;

/** What the pack's files are used as. Its checkpoint holds both text encoders. */
export const DEMO_ROLES = {
  checkpoint: demoId('checkpoint.safetensors'),
  autoencoder: demoId('autoencoder.safetensors'),
  vision: demoId('vision.safetensors'),
  'ip-adapter': demoId('ip-adapter.safetensors'),
  sam3: demoId('sam3.safetensors'),
} as const;

/** The embedded models, which work on any machine right after `npm start`. */
export function demoPlaces(): Promise<LibraryPlace[]> {
  return Promise.all(DEMO_NAMES.map(demoPlace));
}

async function demoPlace(name: (typeof DEMO_NAMES)[number]): Promise<LibraryPlace> {
  const url = Object.entries(DEMO_FILES).find(([path]) => path.endsWith(`/${name}`))?.[1];
  const response = url ? await fetch(url) : null;
  if (!response?.ok)
    throw new AppError('model-missing', sentence`The demo pack's ${name} is missing from this installation.`);
  const blob = await response.blob();
  return {
    id: demoId(name),
    name,
    folder: '',
    origin: 'demo',
    bytes: blob.size,
    open: () => Promise.resolve(blobSource(blob, name)),
  };
}
