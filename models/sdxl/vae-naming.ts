import { tensor, type ShapeTable, type WeightRecipe } from '../graph/weight-recipe.ts';

/** A mark of each naming: LDM files carry `mid.attn_1`, diffusers files `mid_block`. */
const LDM_MARK = 'decoder.mid.attn_1.q.weight';
const DIFFUSERS_MARK = 'decoder.mid_block.resnets.0.conv1.weight';

/**
 * Canonical (bare LDM) VAE names -> the file's tensors, for LDM files with any prefix (`first_stage_model.`, none)
 * and for diffusers' AutoencoderKL. Null when the file holds no KL-VAE. Names: spec/sdxl.md B.1.
 */
export function vaeView(fileShapes: ShapeTable): ReadonlyMap<string, WeightRecipe> | null {
  for (const key of fileShapes.keys()) {
    if (endsWithName(key, LDM_MARK))
      return prefixed(fileShapes, key.slice(0, -LDM_MARK.length), (name) => name);
    if (endsWithName(key, DIFFUSERS_MARK)) {
      const prefix = key.slice(0, -DIFFUSERS_MARK.length);
      const levels = countLevels(fileShapes, prefix);
      return prefixed(fileShapes, prefix, (name) => fromDiffusers(name, levels));
    }
  }
  return null;
}

function endsWithName(key: string, name: string): boolean {
  return key === name || key.endsWith(`.${name}`);
}

function prefixed(
  fileShapes: ShapeTable,
  prefix: string,
  rename: (name: string) => string,
): ReadonlyMap<string, WeightRecipe> {
  const view = new Map<string, WeightRecipe>();
  for (const key of fileShapes.keys()) {
    const name = key.slice(prefix.length);
    if (key.startsWith(prefix) && /^(encoder|decoder|quant_conv|post_quant_conv)\./.test(name))
      view.set(rename(name), tensor(key));
  }
  return view;
}

function countLevels(fileShapes: ShapeTable, prefix: string): number {
  let levels = 0;
  while (fileShapes.has(`${prefix}decoder.up_blocks.${levels}.resnets.0.conv1.weight`)) levels++;
  return levels;
}

/** AutoencoderKL name -> LDM name; diffusers counts the decoder's levels in execution order, LDM by resolution. */
function fromDiffusers(name: string, levels: number): string {
  return name
    .replace(/\.down_blocks\.(\d+)\.resnets\.(\d+)\./, '.down.$1.block.$2.')
    .replace(/\.down_blocks\.(\d+)\.downsamplers\.0\./, '.down.$1.downsample.')
    .replace(
      /\.up_blocks\.(\d+)\.resnets\.(\d+)\./,
      (_, up, block) => `.up.${levels - 1 - Number(up)}.block.${block}.`,
    )
    .replace(/\.up_blocks\.(\d+)\.upsamplers\.0\./, (_, up) => `.up.${levels - 1 - Number(up)}.upsample.`)
    .replace(/\.mid_block\.resnets\.(\d)\./, (_, index) => `.mid.block_${Number(index) + 1}.`)
    .replace('.mid_block.attentions.0.', '.mid.attn_1.')
    .replace('.group_norm.', '.norm.')
    .replace(/\.(?:to_([qkv])|(query|key|value))\./, (_, short, long) => `.${short ?? long[0]}.`)
    .replace(/\.(?:to_out\.0|proj_attn)\./, '.proj_out.')
    .replace('.conv_shortcut.', '.nin_shortcut.')
    .replace('.conv_norm_out.', '.norm_out.');
}
