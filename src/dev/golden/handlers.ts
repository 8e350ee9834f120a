import { GoldenError, type GoldenHandler } from './types.ts';

type HandlerModule = Promise<{ readonly run: GoldenHandler }>;

/** Which module checks which kind of folder. Loaded when needed: a tokenizer golden does not wait for SAM 3. */
const MODULES: Readonly<Record<string, () => HandlerModule>> = {
  clip_l: () => import('./clip-text.ts'),
  clip_g: () => import('./clip-text.ts'),
  clip_vision: () => import('./clip-vision.ts'),
  vae: () => import('./vae.ts'),
  taesd: () => import('./taesd.ts'),
  text_cond: () => import('./text-cond.ts'),
  e2e: () => import('./e2e.ts'),
  unet: () => import('./unet.ts'),
  ip_adapter: () => import('./ip-adapter.ts'),
  ip_adapter_base: () => import('./ip-adapter.ts'),
  keymaps: () => import('./keymaps.ts'),
  sam3: () => import('./sam3.ts'),
  sampler: () => import('./sampler.ts'),
  noise_resample: () => import('./noise-resample.ts'),
  torch_randn: () => import('./torch-randn.ts'),
  tokenizer: () => import('./tokenizer.ts'),
  clip_preprocess: () => import('./clip-preprocess.ts'),
  lora: () => import('./lora.ts'),
};

/**
 * The handler of a kind.
 * @throws GoldenError when the kind is unknown.
 */
export async function handlerOf(kind: string, folder: string): Promise<GoldenHandler> {
  const load = Object.hasOwn(MODULES, kind) ? MODULES[kind] : undefined;
  if (!load)
    throw new GoldenError(
      `"${folder}" is of kind "${kind}", which is not one of ${Object.keys(MODULES).join(', ')}.`,
    );
  return (await load()).run;
}
