/** How a folder of models is organised, in the words of the program it belongs to. */
export type FolderLayout = 'ComfyUI' | 'Stable diffusion web UI (A1111)' | 'diffusers' | 'folder';

/**
 * What the folder a file lies in suggests it is. Advice only, e.g. for the order of recognition: what a file really is,
 * its tensors tell.
 */
export type KindHint =
  | 'checkpoint'
  | 'lora'
  | 'autoencoder'
  | 'text-encoder'
  | 'unet'
  | 'vision'
  | 'controlnet'
  | 'upscaler'
  | 'embedding'
  | 'preview-decoder'
  | 'ip-adapter'
  | 'segmenter';

/** Folder names in lower case: ComfyUI's folder_paths, A1111's models folder, diffusers' components. */
const KINDS: ReadonlyMap<string, KindHint> = new Map([
  ['checkpoints', 'checkpoint'],
  ['stable-diffusion', 'checkpoint'],
  ['loras', 'lora'],
  ['lora', 'lora'],
  ['lycoris', 'lora'],
  ['vae', 'autoencoder'],
  ['clip', 'text-encoder'],
  ['text_encoders', 'text-encoder'],
  ['text_encoder', 'text-encoder'],
  ['text_encoder_2', 'text-encoder'],
  ['unet', 'unet'],
  ['diffusion_models', 'unet'],
  ['clip_vision', 'vision'],
  ['image_encoder', 'vision'],
  ['controlnet', 'controlnet'],
  ['upscale_models', 'upscaler'],
  ['esrgan', 'upscaler'],
  ['realesrgan', 'upscaler'],
  ['embeddings', 'embedding'],
  ['vae_approx', 'preview-decoder'],
  ['vae-approx', 'preview-decoder'],
  ['ipadapter', 'ip-adapter'],
  ['sams', 'segmenter'],
  ['sam', 'segmenter'],
]);

const COMFY_FOLDERS = [
  'checkpoints',
  'loras',
  'vae',
  'clip',
  'text_encoders',
  'unet',
  'diffusion_models',
  'clip_vision',
  'controlnet',
  'upscale_models',
  'embeddings',
  'vae_approx',
  'ipadapter',
  'sams',
];
/** With fewer, a folder that happens to be called "loras" would make a ComfyUI of any download folder. */
const ENOUGH_COMFY_FOLDERS = 3;

export function kindOfFolder(name: string): KindHint | null {
  return KINDS.get(name.toLowerCase()) ?? null;
}

/**
 * The hint of the nearest known folder.
 * @param folders names from the linked folder down to the file
 * @param told what extra_model_paths.yaml says, by path; it knows better than a name
 */
export function kindHintOf(
  folders: readonly string[],
  told: ReadonlyMap<string, KindHint> = new Map(),
): KindHint | null {
  for (let depth = folders.length; depth >= 0; depth--) {
    const hint = told.get(folders.slice(0, depth).join('/')) ?? kindOfFolder(folders[depth - 1] ?? '');
    if (hint) return hint;
  }
  return null;
}

/** The layout of a `models` folder by the names of its subfolders; null when they tell nothing. */
export function layoutOfModels(subfolders: readonly string[]): FolderLayout | null {
  const names = new Set(subfolders);
  if (names.has('Stable-diffusion')) return 'Stable diffusion web UI (A1111)';
  if (
    names.has('checkpoints') ||
    COMFY_FOLDERS.filter((name) => names.has(name)).length >= ENOUGH_COMFY_FOLDERS
  )
    return 'ComfyUI';
  return null;
}

/** A folder that holds one model in diffusers' parts. */
export function isDiffusers(files: readonly string[], subfolders: readonly string[]): boolean {
  if (files.includes('model_index.json')) return true;
  return ['unet', 'vae', 'text_encoder'].every((part) => subfolders.includes(part));
}
