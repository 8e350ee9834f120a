import type { ShapeTable } from '../graph/weight-recipe.ts';
import { recipeKeys } from '../graph/weight-recipe.ts';
import { sam3Config, type Sam3Config } from './config.ts';
import { DETECTOR_GRAPHS, sam3Graph, TRACKER_GRAPHS } from './graphs.ts';
import { sam3KeyShapes, sameShape } from './key-table.ts';
import { sam3Names } from './names.ts';
import { GAUSSIAN_MATRIX } from './pvs.ts';
import { TEXT_POSITIONS, TOKEN_TABLE } from './text.ts';

/**
 * Tensors of a complete file that image inference does not read (spec/sam3.md appendix A, uses M and –): the neck's
 * unused level, CLIP's pooling head, point exemplars, the pixel decoder's third stage, the video memory.
 */
const UNUSED: readonly RegExp[] = [
  /^(detector_model\.vision_encoder\.neck|tracker_neck)\.fpn_layers\.3\.proj[12]\.(weight|bias)$/,
  /^detector_model\.text_encoder\.text_projection\.weight$/,
  /^detector_model\.geometry_encoder\.points_(direct|pool|pos_enc)_project\.(weight|bias)$/,
  /^detector_model\.mask_decoder\.pixel_decoder\.(conv_layers|norms)\.2\.(weight|bias)$/,
  /^tracker_model\.(memory_attention|memory_encoder|object_pointer_proj|mask_downsample)\./,
  /^tracker_model\.temporal_positional_encoding_projection_layer\.(weight|bias)$/,
  /^tracker_model\.(memory_temporal_positional_encoding|no_memory_positional_encoding|no_object_pointer)$/,
  /^tracker_model\.(occlusion_spatial_embedding_parameter|shared_image_embedding\.positional_embedding)$/,
];

/** Canonical keys that some graph, or the host on its behalf, reads. */
export function sam3NeededKeys(config: Sam3Config): ReadonlySet<string> {
  const shapes = sam3KeyShapes(config);
  const graphs = [...DETECTOR_GRAPHS, ...(config.tracker ? TRACKER_GRAPHS : [])];
  const needed = new Set([TOKEN_TABLE, TEXT_POSITIONS, ...(config.tracker ? [GAUSSIAN_MATRIX] : [])]);
  for (const name of graphs) {
    const options = { attention: 'plain', dtype: 'f32', probes: true } as const;
    for (const key of sam3Graph(name, shapes, config, options).consumedKeys) needed.add(key);
  }
  return needed;
}

/** How the names in a file compare with those the graphs read. */
export interface KeyReport {
  /** Canonical names that are needed and absent, or present in another shape. */
  readonly missing: string[];
  /** Names in the file that nothing reads and that are not known to be unused. */
  readonly unknown: string[];
}

/** Compares a file's key list with what all SAM 3 graphs of its configuration read. */
export function checkSam3Keys(keys: ShapeTable): KeyReport {
  const names = sam3Names(keys);
  if (!names)
    return { missing: ['detector_model.detr_decoder.query_embed.weight'], unknown: [...keys.keys()] };
  const config = sam3Config(names.shapes, {}, names.naming !== 'sam3.1');
  const expected = sam3KeyShapes(config);
  const needed = sam3NeededKeys(config);
  const missing = [...needed].filter((key) => !sameShape(names.shapes.get(key), expected.get(key)));
  const surplus = [...names.view].filter(
    ([key]) => !needed.has(key) && !UNUSED.some((pattern) => pattern.test(key)),
  );
  return { missing, unknown: [...names.unknown, ...surplus.flatMap(([, recipe]) => recipeKeys(recipe))] };
}
