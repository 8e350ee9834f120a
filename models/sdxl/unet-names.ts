import { tensor, type WeightRecipe } from '../graph/weight-recipe.ts';

/** Where a single-file SDXL checkpoint keeps its UNet. */
export const LDM_UNET_PREFIX = 'model.diffusion_model.';

/** Whose names a file has: the original code's, as in single-file checkpoints, or diffusers'. */
export type UnetNaming = 'ldm' | 'diffusers';

/** Canonical UNet key -> tensor of the file: what the weight loader calls a view. */
export type UnetView = ReadonlyMap<string, WeightRecipe>;

const TOP_LEVEL: Readonly<Record<string, string>> = {
  conv_in: 'input_blocks.0.0',
  'time_embedding.linear_1': 'time_embed.0',
  'time_embedding.linear_2': 'time_embed.2',
  'add_embedding.linear_1': 'label_emb.0.0',
  'add_embedding.linear_2': 'label_emb.0.2',
  conv_norm_out: 'out.0',
  conv_out: 'out.2',
};

const RES_BLOCK: Readonly<Record<string, string>> = {
  norm1: 'in_layers.0',
  conv1: 'in_layers.2',
  time_emb_proj: 'emb_layers.1',
  norm2: 'out_layers.0',
  conv2: 'out_layers.3',
  conv_shortcut: 'skip_connection',
};

/** Which naming the UNet of a file uses; null when there is none. */
export function unetNaming(names: Iterable<string>): UnetNaming | null {
  for (const name of names) {
    if (stripLdm(name).startsWith('input_blocks.')) return 'ldm';
    if (name === 'conv_in.weight' || name.startsWith('down_blocks.')) return 'diffusers';
  }
  return null;
}

/**
 * The UNet's tensors under their canonical names: LDM numbering without prefix (`input_blocks.4.1.norm.weight`).
 * Accepts single-file checkpoints, bare LDM files and diffusers UNet files (spec/sdxl.md A.6, A.7).
 */
export function unetView(names: Iterable<string>): UnetView {
  const all = [...names];
  if (unetNaming(all) === 'diffusers') return diffusersView(all);
  const prefixed = all.some((name) => name.startsWith(LDM_UNET_PREFIX));
  const wanted = prefixed ? all.filter((name) => name.startsWith(LDM_UNET_PREFIX)) : all.filter(isBareLdm);
  return new Map(wanted.map((name) => [stripLdm(name), tensor(name)]));
}

function stripLdm(name: string): string {
  return name.startsWith(LDM_UNET_PREFIX) ? name.slice(LDM_UNET_PREFIX.length) : name;
}

function isBareLdm(name: string): boolean {
  return /^(input_blocks|middle_block|output_blocks|time_embed|label_emb|out)\./.test(name);
}

function diffusersView(names: readonly string[]): UnetView {
  const rename = diffusersRenamer(names);
  const entries = names.flatMap((name): [string, WeightRecipe][] => {
    const canonical = rename(name);
    return canonical === null ? [] : [[canonical, tensor(name)]];
  });
  return new Map(entries);
}

/** Which path of `up_blocks`/`mid_block` comes after an attention depends on whether that attention exists. */
function diffusersRenamer(names: readonly string[]): (name: string) => string | null {
  const modules = new Set(names.map((name) => /^.*?attentions\.\d+/.exec(name)?.[0] ?? name));
  const perLevel = names.filter((name) => /^down_blocks\.0\.resnets\.\d+\.conv1\.weight$/.test(name)).length;
  return (name) => {
    const top = /^(.+)\.(weight|bias)$/.exec(name);
    const plain = top && TOP_LEVEL[top[1] as string];
    if (top && plain) return `${plain}.${top[2] as string}`;
    return blockName(name, perLevel, (path) => modules.has(path));
  };
}

function blockName(name: string, perLevel: number, has: (path: string) => boolean): string | null {
  const mid = /^mid_block\.(resnets|attentions)\.(\d+)\.(.+)$/.exec(name);
  if (mid) {
    const [, kind, index, rest] = mid as unknown as [string, string, string, string];
    if (kind === 'attentions') return `middle_block.1.${rest}`;
    const slot = index === '0' ? 0 : has('mid_block.attentions.0') ? 2 : 1;
    return resName(`middle_block.${slot}`, rest);
  }
  const block = /^(down|up)_blocks\.(\d+)\.(resnets|attentions|downsamplers|upsamplers)\.(\d+)\.(.+)$/.exec(
    name,
  );
  if (!block) return null;
  const [, half, level, kind, index, rest] = block as unknown as [
    string,
    string,
    string,
    string,
    string,
    string,
  ];
  const half0 = half === 'down' ? 'input_blocks' : 'output_blocks';
  const stride = perLevel + 1;
  const number = Number(level) * stride + Number(index) + (half === 'down' ? 1 : 0);
  if (kind === 'resnets') return resName(`${half0}.${number}.0`, rest);
  if (kind === 'attentions') return `${half0}.${number}.1.${rest}`;
  const last = Number(level) * stride + perLevel;
  if (kind === 'downsamplers') return `input_blocks.${last + 1}.0.op.${rest.replace(/^conv\./, '')}`;
  const slot = has(`up_blocks.${level}.attentions.${perLevel}`) ? 2 : 1;
  return `output_blocks.${last}.${slot}.${rest}`;
}

function resName(path: string, rest: string): string | null {
  const [leaf, suffix] = rest.split('.') as [string, string | undefined];
  const canonical = RES_BLOCK[leaf];
  return canonical && suffix ? `${path}.${canonical}.${suffix}` : null;
}
