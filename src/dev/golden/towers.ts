import { clipView, findClipTowers, type ClipTower } from '#models/clip/naming.ts';
import type { ClipActivation, ClipOverrides } from '#models/clip/config.ts';
import type { WeightRecipe } from '#models/graph/weight-recipe.ts';
import { fileWeights, type WeightSource } from '#inference/weights.ts';
import type { SafetensorsFile } from '#formats/safetensors/file.ts';
import { GoldenError } from './types.ts';

/** The only CLIP tower of a modality in a file, as a weight source under canonical names. */
export function towerWeights(
  file: SafetensorsFile,
  modality: ClipTower['modality'],
  scaledKeys: Readonly<Record<string, number>> = {},
): WeightSource {
  const shapes = file.shapes;
  const tower = findClipTowers(shapes).find((candidate) => candidate.modality === modality);
  if (!tower) throw new GoldenError(`"${file.source.name}" holds no CLIP ${modality} tower.`);
  return fileWeights(file, scaled(clipView(shapes, tower), scaledKeys));
}

/** The view with some tensors multiplied by a factor: the eps probes shrink embeddings so that eps matters. */
function scaled(
  view: ReadonlyMap<string, WeightRecipe>,
  factors: Readonly<Record<string, number>>,
): ReadonlyMap<string, WeightRecipe> {
  const result = new Map(view);
  for (const [key, factor] of Object.entries(factors)) {
    const of = view.get(key);
    if (!of) throw new GoldenError(`the eps probe scales "${key}", which the file does not have.`);
    result.set(key, { kind: 'scale', of, factor });
  }
  return result;
}

/** Head count and activation as a golden's config.json states them (two spellings are in use). */
export function towerOverrides(config: Readonly<Record<string, unknown>>): ClipOverrides {
  const heads = config['num_attention_heads'] ?? config['heads'];
  const act = config['hidden_act'] ?? config['act'];
  return {
    ...(typeof heads === 'number' && { heads }),
    ...(typeof act === 'string' && { activation: activationOf(act) }),
  };
}

function activationOf(name: string): ClipActivation {
  if (name === 'quick_gelu') return 'quick_gelu';
  if (name.startsWith('gelu')) return 'gelu';
  throw new GoldenError(`config.json names an activation this tower never has: "${name}".`);
}
