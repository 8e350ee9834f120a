/** How a folder of models is organised, in the words of the program it belongs to. */
export type FolderLayout = 'ComfyUI' | 'Stable diffusion web UI (A1111)' | 'diffusers' | 'folder';

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
