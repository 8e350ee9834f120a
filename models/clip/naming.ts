import { rows, tensor, type ShapeTable, type WeightRecipe } from '../graph/weight-recipe.ts';

/**
 * A CLIP tower found in a weight file. Canonical names inside the builder are Hugging Face's without any prefix
 * (`text_model.encoder.layers.0…`, `text_projection.weight`, `vision_model.…`, `visual_projection.weight`).
 */
export interface ClipTower {
  readonly modality: 'text' | 'vision';
  /** `hf`: separate q/k/v; `openclip`: resblocks with packed in_proj. */
  readonly naming: 'hf' | 'openclip';
  /** What precedes the tower's own names in the file, e.g. `conditioner.embedders.0.transformer.`. */
  readonly prefix: string;
}

/** A key by which each tower is known, longest first: `token_embedding.weight` also ends Hugging Face's name. */
const MARKS: readonly (readonly [string, ClipTower['modality'], ClipTower['naming']])[] = [
  ['text_model.embeddings.token_embedding.weight', 'text', 'hf'],
  ['vision_model.embeddings.class_embedding', 'vision', 'hf'],
  ['visual.class_embedding', 'vision', 'openclip'],
  ['token_embedding.weight', 'text', 'openclip'],
];

/** Tensors that CLIP files carry and no encoder reads: a table of positions, and the temperature of training. */
export const UNREAD_CLIP_KEYS = /(^|\.)(embeddings\.position_ids|logit_scale)$/;

/** Every CLIP tower of a file, in file order: a single-file SDXL checkpoint has CLIP-L, then bigG. */
export function findClipTowers(fileShapes: ShapeTable): ClipTower[] {
  const towers: ClipTower[] = [];
  for (const key of fileShapes.keys()) {
    const mark = MARKS.find(([name]) => key === name || key.endsWith(`.${name}`));
    if (mark) towers.push({ modality: mark[1], naming: mark[2], prefix: key.slice(0, -mark[0].length) });
  }
  return towers;
}

/** Canonical name -> recipe over the file's tensors, for the tensors this tower has. */
export function clipView(fileShapes: ShapeTable, tower: ClipTower): ReadonlyMap<string, WeightRecipe> {
  const view = new Map<string, WeightRecipe>();
  const { prefix } = tower;
  for (const [key, dims] of fileShapes) {
    if (!key.startsWith(prefix)) continue;
    const name = key.slice(prefix.length);
    const entries =
      tower.naming === 'hf' ? hfEntries(tower, name, key) : openClipEntries(tower, name, key, dims);
    for (const [canonical, recipe] of entries) view.set(canonical, recipe);
  }
  return view;
}

type Entry = readonly [string, WeightRecipe];

function hfEntries({ modality }: ClipTower, name: string, key: string): Entry[] {
  const own = modality === 'text' ? /^text_(model|projection)\./ : /^(vision_model|visual_projection)\./;
  return own.test(name) ? [[name, tensor(key)]] : [];
}

function openClipEntries(tower: ClipTower, name: string, key: string, dims: readonly number[]): Entry[] {
  const local = tower.modality === 'text' ? name : name.replace(/^visual\./, '');
  if (tower.modality === 'vision' && local === name) return [];
  if (tower.modality === 'text' && name.startsWith('visual.')) return [];
  const model = `${tower.modality}_model`;
  const block = /^transformer\.resblocks\.(\d+)\.(.+)$/.exec(local);
  if (block) return blockEntries(`${model}.encoder.layers.${block[1]}`, block[2] as string, key, dims);
  return topEntries(tower.modality, local, key, dims);
}

/** Parts of one residual block; the packed in_proj holds the rows of q, then k, then v (spec/sdxl.md C.2). */
function blockEntries(layer: string, part: string, key: string, dims: readonly number[]): Entry[] {
  const packed = /^attn\.in_proj_(weight|bias)$/.exec(part);
  if (packed) {
    const third = (dims[0] ?? 0) / 3;
    return ['q', 'k', 'v'].map((name, i) => [
      `${layer}.self_attn.${name}_proj.${packed[1]}`,
      rows(tensor(key), i * third, (i + 1) * third),
    ]);
  }
  const renamed = part
    .replace(/^attn\.out_proj\./, 'self_attn.out_proj.')
    .replace(/^ln_([12])\./, 'layer_norm$1.')
    .replace(/^mlp\.c_fc\./, 'mlp.fc1.')
    .replace(/^mlp\.c_proj\./, 'mlp.fc2.');
  return [[`${layer}.${renamed}`, tensor(key)]];
}

const TOP_NAMES: Readonly<Record<ClipTower['modality'], Readonly<Record<string, string>>>> = {
  text: {
    'token_embedding.weight': 'text_model.embeddings.token_embedding.weight',
    positional_embedding: 'text_model.embeddings.position_embedding.weight',
    'ln_final.weight': 'text_model.final_layer_norm.weight',
    'ln_final.bias': 'text_model.final_layer_norm.bias',
    'text_projection.weight': 'text_projection.weight',
  },
  vision: {
    class_embedding: 'vision_model.embeddings.class_embedding',
    positional_embedding: 'vision_model.embeddings.position_embedding.weight',
    'conv1.weight': 'vision_model.embeddings.patch_embedding.weight',
    'ln_pre.weight': 'vision_model.pre_layrnorm.weight',
    'ln_pre.bias': 'vision_model.pre_layrnorm.bias',
    'ln_post.weight': 'vision_model.post_layernorm.weight',
    'ln_post.bias': 'vision_model.post_layernorm.bias',
  },
};

/** A bare projection matrix is [in,out] (`x @ P`), so the canonical Linear is its transpose. */
const PROJECTIONS: Readonly<Record<ClipTower['modality'], readonly [string, string]>> = {
  text: ['text_projection', 'text_projection.weight'],
  vision: ['proj', 'visual_projection.weight'],
};

function topEntries(
  modality: ClipTower['modality'],
  local: string,
  key: string,
  dims: readonly number[],
): Entry[] {
  const [matrix, linear] = PROJECTIONS[modality];
  if (local === matrix && dims.length === 2)
    return [[linear, { kind: 'transpose', of: tensor(key), permutation: [1, 0] }]];
  const canonical = TOP_NAMES[modality][local];
  return canonical ? [[canonical, tensor(key)]] : [];
}
