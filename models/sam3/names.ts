import { recipeDims, rows, tensor, type ShapeTable, type WeightRecipe } from '../graph/weight-recipe.ts';
import { DETECTOR_RULES, TRACKER_RULES, type Rule } from './original-names.ts';

/** A SAM 3 file seen through its canonical (transformers) names. */
export interface Sam3Names {
  readonly naming: 'transformers' | 'original' | 'sam3.1';
  /** Canonical name -> how to make it from the file's tensors. */
  readonly view: ReadonlyMap<string, WeightRecipe>;
  /** Shapes by canonical name. */
  readonly shapes: ShapeTable;
  /** Tensors of the file that belong to SAM 3 but to nothing we run (position buffers, the video memory of 3.1). */
  readonly ignored: readonly string[];
  /** Tensors of the file that are not known at all. */
  readonly unknown: readonly string[];
}

const TRANSFORMERS_PROBE = /(^|\.)detr_decoder\.query_embed\.weight$/;
const ORIGINAL_PROBE = /(^|\.)transformer\.decoder\.query_embed\.weight$/;
const MULTIPLEX_PROBE = /(^|\.)vision_backbone\.propagation_convs\.0\.conv_1x1\.weight$/;

/** The naming of a file, or null when it is no SAM 3 detector (spec/sam3.md 6.4, loader rules). */
export function sam3Naming(keys: Iterable<string>): Sam3Names['naming'] | null {
  const list = [...keys];
  if (list.some((key) => TRANSFORMERS_PROBE.test(key))) return 'transformers';
  if (list.some((key) => MULTIPLEX_PROBE.test(key))) return 'sam3.1';
  return list.some((key) => ORIGINAL_PROBE.test(key)) ? 'original' : null;
}

/**
 * Maps every tensor of a SAM 3 file to canonical names: transformers' with the prefixes `detector_model.`,
 * `tracker_model.` and `tracker_neck.` of the video model. Null when the file is no SAM 3 detector.
 */
export function sam3Names(fileShapes: ShapeTable): Sam3Names | null {
  const naming = sam3Naming(fileShapes.keys());
  if (!naming) return null;
  const view = new Map<string, WeightRecipe>();
  const ignored: string[] = [];
  const unknown: string[] = [];
  for (const [key, dims] of fileShapes) {
    const entries = naming === 'transformers' ? transformersEntry(key) : originalEntries(key, dims, naming);
    if (entries === 'ignored') ignored.push(key);
    else if (entries === null) unknown.push(key);
    else for (const [name, recipe] of entries) view.set(name, recipe);
  }
  stackPointEmbeddings(view);
  const shapes = new Map([...view].map(([name, recipe]) => [name, recipeDims(recipe, fileShapes, 'SAM 3')]));
  return { naming, view, shapes, ignored, unknown };
}

type Entries = readonly (readonly [string, WeightRecipe])[] | 'ignored' | null;

const DETECTOR_PART =
  /^(vision_encoder|text_encoder|text_projection|geometry_encoder|detr_encoder|detr_decoder|dot_product_scoring|mask_decoder)\./;
const OUTER = /^(sam3_model|model)\./;
const BUFFER = /\.(position_ids|freqs_cis|rope_embeddings\w*)$/;

function transformersEntry(key: string): Entries {
  if (BUFFER.test(key)) return 'ignored';
  let name = key.replace(OUTER, '');
  if (DETECTOR_PART.test(name)) name = `detector_model.${name}`;
  name = name
    .replace(/^(tracker_model|detector_model)\.tracker_neck\./, 'tracker_neck.')
    .replace(/^detector_model\.text_encoder\.(?!text_model\.|text_projection\.)/, '$&text_model.');
  name = name.startsWith('detector_model.text_encoder.')
    ? name.replace('.o_proj.', '.out_proj.')
    : name.replace('.out_proj.', '.o_proj.');
  if (!/^(detector_model|tracker_model|tracker_neck)\./.test(name)) return null;
  return [[name, tensor(key)]];
}

/** The video memory of SAM 3.1 is another design (multiplexed) and is not run. */
const MULTIPLEX_ONLY = /^(detector\.)?backbone\.vision_backbone\.propagation_convs\.|^tracker\./;
const TRACKER_PREFIX =
  /^(detector\.)?(tracker\.model|tracker_model|tracker|inst_interactive_predictor\.model|sam2_predictor\.model)\./;

function originalEntries(key: string, dims: readonly number[], naming: Sam3Names['naming']): Entries {
  if (BUFFER.test(key)) return 'ignored';
  const name = key.replace(/^sam3_model\./, '');
  const tracker = TRACKER_PREFIX.exec(name);
  const found = tracker
    ? applyRules(TRACKER_RULES, name.slice(tracker[0].length), key, dims)
    : applyRules(DETECTOR_RULES, name.replace(/^detector\./, ''), key, dims);
  if (found) return found;
  return naming === 'sam3.1' && MULTIPLEX_ONLY.test(name) ? 'ignored' : null;
}

function applyRules(rules: readonly Rule[], name: string, key: string, dims: readonly number[]): Entries {
  for (const { pattern, target, kind } of rules) {
    if (!pattern.test(name)) continue;
    const renamed = name.replace(pattern, target);
    const whole = tensor(key);
    if (kind === 'packed') return packed(renamed, whole, dims[0] ?? 0);
    if (kind === 'transposed') return [[renamed, { kind: 'transpose', of: whole, permutation: [1, 0] }]];
    if (kind === 'positions') return [[renamed, withoutClass(whole, dims)]];
    return [[renamed, whole]];
  }
  return null;
}

/** q|k|v rows of a packed projection. */
function packed(renamed: string, whole: WeightRecipe, rowCount: number): Entries {
  const part = rowCount / 3;
  return ['q', 'k', 'v'].map((letter, i) => [
    renamed.replace('{qkv}', letter),
    rows(whole, i * part, (i + 1) * part),
  ]);
}

/** The original position table has a class-token row first (spec/sam3.md 2.1). */
function withoutClass(table: WeightRecipe, dims: readonly number[]): WeightRecipe {
  const [, count, width] = dims as [number, number, number];
  const flat: WeightRecipe = { kind: 'reshape', of: table, dims: [count, width] };
  return { kind: 'reshape', of: rows(flat, 1, count), dims: [1, count - 1, width] };
}

const POINT_EMBED = 'tracker_model.prompt_encoder.point_embed';

/** The original file has one [1,d] table per point label, transformers one [4,d] (spec/sam3.md A.10). */
function stackPointEmbeddings(view: Map<string, WeightRecipe>): void {
  const parts: WeightRecipe[] = [];
  for (let label = 0; view.has(`${POINT_EMBED}.${label}`); label++) {
    parts.push(view.get(`${POINT_EMBED}.${label}`) as WeightRecipe);
    view.delete(`${POINT_EMBED}.${label}`);
  }
  if (parts.length > 0) view.set(`${POINT_EMBED}.weight`, { kind: 'concat-rows', of: parts });
}
