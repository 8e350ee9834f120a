import type { ShapeTable } from '../graph/weight-recipe.ts';
import { diffusersPath } from './diffusers-unet.ts';

/** The networks a LoRA can change. */
export type LoraTarget = 'unet' | 'clip-l' | 'clip-g';

/** Who names modules how: the first word of a file's description. */
export type LoraNaming = 'kohya' | 'lycoris' | 'diffusers' | 'generic';

/** Prefixes whose module path has "_" for every ".": spec/sdxl.md G.1. */
const FLAT_PREFIXES: Readonly<Record<LoraTarget, readonly string[]>> = {
  unet: ['lora_unet_', 'lycoris_'],
  // `lora_te_` is what tools with one text encoder write; shapes decide which tower it can be.
  'clip-l': ['lora_te1_', 'lora_te_'],
  'clip-g': ['lora_te2_', 'lora_te_'],
};

/** Prefixes of canonical paths with dots. A bare text path names no tower: shapes decide. */
const TEXT_PREFIXES: Readonly<Record<Exclude<LoraTarget, 'unet'>, readonly string[]>> = {
  'clip-l': [
    'text_encoder.',
    'text_encoders.clip_l.transformer.',
    'text_encoders.clip_l.',
    'clip_l.transformer.',
    'clip_l.',
    '',
  ],
  'clip-g': [
    'text_encoder_2.',
    'text_encoders.clip_g.transformer.',
    'text_encoders.clip_g.',
    'clip_g.transformer.',
    'clip_g.',
    '',
  ],
};

/**
 * Every way LoRA files spell the modules of a network -> the module's canonical path (`input_blocks.4.1.proj_in`,
 * `text_model.encoder.layers.0.mlp.fc1`). Made forwards from the network's own tensors, because a flat name cannot be
 * taken apart again (spec/sdxl.md G.1).
 * @param shapes canonical names of the network, as `WeightSource.shapes` has them.
 */
export function loraSpellings(target: LoraTarget, shapes: ShapeTable): ReadonlyMap<string, string> {
  const paths = new Set([...shapes.keys()].map((key) => key.replace(/\.(weight|bias)$/, '')));
  const spell = target === 'unet' ? unetSpelling(shapes) : (path: string) => textSpellings(target, path);
  const table = new Map<string, string>();
  for (const path of paths) for (const spelling of spell(path)) table.set(spelling, path);
  return table;
}

function unetSpelling(shapes: ShapeTable): (path: string) => string[] {
  const diffusers = diffusersPath(shapes);
  return (path) => {
    const other = diffusers(path);
    const dotted = [`unet.${other}`, other, `diffusion_model.${path}`, `model.diffusion_model.${path}`, path];
    const processor = dotted.filter((name) => name.endsWith('.to_out.0')).map((name) => name.slice(0, -2));
    return [...flat('unet', path), ...flat('unet', other), ...dotted, ...processor];
  };
}

function textSpellings(target: Exclude<LoraTarget, 'unet'>, path: string): string[] {
  return [...flat(target, path), ...TEXT_PREFIXES[target].map((prefix) => prefix + path)];
}

function flat(target: LoraTarget, path: string): string[] {
  const name = path.replaceAll('.', '_');
  return FLAT_PREFIXES[target].map((prefix) => prefix + name);
}

/** UNet modules of Stable Diffusion 1, 2 and XL, with either separator; other families have other parts. */
const UNET_PARTS =
  /^(input_blocks|middle_block|output_blocks|time_embed|label_emb|out|conv_in|conv_out|conv_norm_out|down_blocks|mid_block|up_blocks|time_embedding|add_embedding)[._]/;

/** Which network a module belongs to, from its name alone; null for other families and strangers. */
export function targetOfStem(stem: string): LoraTarget | null {
  if (/^(lora_te2_|text_encoder_2\.|(text_encoders\.)?clip_g\.)/.test(stem)) return 'clip-g';
  if (/^(lora_te1?_|text_encoder\.|(text_encoders\.)?clip_l\.|text_model\.)/.test(stem)) return 'clip-l';
  const path = stem.replace(/^(lora_unet_|lycoris_|unet\.|(model\.)?diffusion_model\.)/, '');
  return UNET_PARTS.test(`${path}.`) ? 'unet' : null;
}

/** Which tool's naming a module name follows. */
export function namingOfStem(stem: string): LoraNaming {
  if (stem.startsWith('lora_')) return 'kohya';
  if (stem.startsWith('lycoris_')) return 'lycoris';
  return /^((model\.)?diffusion_model|text_encoders|clip_[lg])\./.test(stem) ? 'generic' : 'diffusers';
}
