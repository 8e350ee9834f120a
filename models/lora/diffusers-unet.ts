import type { ShapeTable } from '../graph/weight-recipe.ts';
import { readUnetConfig, type UnetBlock, type UnetModule } from '../sdxl/unet-config.ts';

const TOP_LEVEL: Readonly<Record<string, string>> = {
  'input_blocks.0.0': 'conv_in',
  'time_embed.0': 'time_embedding.linear_1',
  'time_embed.2': 'time_embedding.linear_2',
  'label_emb.0.0': 'add_embedding.linear_1',
  'label_emb.0.2': 'add_embedding.linear_2',
  'out.0': 'conv_norm_out',
  'out.2': 'conv_out',
};

const RES_BLOCK: Readonly<Record<string, string>> = {
  'in_layers.0': 'norm1',
  'in_layers.2': 'conv1',
  'emb_layers.1': 'time_emb_proj',
  'out_layers.0': 'norm2',
  'out_layers.3': 'conv2',
  skip_connection: 'conv_shortcut',
};

/**
 * Canonical (LDM) UNet module path -> its diffusers path, e.g. `input_blocks.4.1.proj_in` ->
 * `down_blocks.1.attentions.0.proj_in` (spec/sdxl.md A.7). The inverse of `unetView`'s renaming, for any depths.
 * @throws AppError `model-corrupt` when the shapes are not a UNet's.
 */
export function diffusersPath(shapes: ShapeTable): (canonical: string) => string {
  const modules = diffusersModules(shapes);
  return (canonical) => {
    const parts = canonical.split('.');
    for (let length = parts.length; length > 0; length--) {
      const found = modules.get(parts.slice(0, length).join('.'));
      if (found) return joined(found, parts.slice(length).join('.'));
    }
    return TOP_LEVEL[canonical] ?? canonical;
  };
}

interface Renamed {
  readonly path: string;
  readonly kind: UnetModule['kind'];
}

function joined({ path, kind }: Renamed, rest: string): string {
  if (kind === 'down' || kind === 'up') return `${path}.conv`;
  const inside = kind === 'res' ? (RES_BLOCK[rest] ?? rest) : rest;
  return inside === '' ? path : `${path}.${inside}`;
}

function diffusersModules(shapes: ShapeTable): ReadonlyMap<string, Renamed> {
  // The width of heads plays no part in names; 1 divides every width.
  const { input, middle, output } = readUnetConfig(shapes, 1);
  const renamed = new Map<string, Renamed>();
  nameHalf(renamed, 'down_blocks', input);
  nameHalf(renamed, 'up_blocks', output);
  let resnet = 0;
  for (const { kind, path } of middle)
    renamed.set(path, {
      kind,
      path: kind === 'res' ? `mid_block.resnets.${resnet++}` : 'mid_block.attentions.0',
    });
  return renamed;
}

/** Levels end with a resize; inside one, the n-th ResBlock and the n-th attention share their number. */
function nameHalf(renamed: Map<string, Renamed>, half: string, blocks: readonly UnetBlock[]): void {
  let [level, index] = [0, 0];
  for (const block of blocks) {
    for (const { kind, path } of block) {
      const leaf = leafOf(kind, index);
      if (leaf) renamed.set(path, { kind, path: `${half}.${level}.${leaf}` });
    }
    index++;
    const starts = block[0]?.kind === 'conv';
    const ends = block.some(({ kind }) => kind === 'down' || kind === 'up');
    if (ends) level++;
    if (starts || ends) index = 0;
  }
}

function leafOf(kind: UnetModule['kind'], index: number): string | null {
  switch (kind) {
    case 'res':
      return `resnets.${index}`;
    case 'transformer':
      return `attentions.${index}`;
    case 'down':
      return 'downsamplers.0';
    case 'up':
      return 'upsamplers.0';
    case 'conv':
      return null;
  }
}
