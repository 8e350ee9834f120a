import type { GraphBuilder, Value } from '../graph/builder.ts';
import { add, layerNorm, linear, linearAt, matmul, reshape, toTokens } from '../graph/ops.ts';
import { tensor, type WeightRecipe } from '../graph/weight-recipe.ts';
import { gridOf, type Sam3Config } from './config.ts';
import { concatFree, crossLayer, DETECTOR, imageCode, shaped, type Sam3Emission } from './layers.ts';

const GEOMETRY = `${DETECTOR}.geometry_encoder`;

/** Which of the two geometry graphs is emitted. */
export interface GeometryOptions extends Sam3Emission {
  /** With exemplar boxes, or only the CLS token. */
  readonly boxes: boolean;
}

/**
 * Geometry (exemplar) encoder (spec/sam3.md 2.4). Its CLS token is part of every prompt, also of text-only ones.
 * fpn2 [1,d,g,g], and with `boxes`: boxes [1,N,4] cxcywh, box_pe [1,N,d+2], roi_y [1,7N,g], roi_x [N,1,7,g],
 * label_onehot [1,N,2] (negative, positive) -> geo [1,N+1,d], CLS last.
 */
export function emitGeometry(g: GraphBuilder, config: Sam3Config, options: GeometryOptions): void {
  const grid = gridOf(config);
  const memory = toTokens(g, g.input('fpn2', [1, config.d, grid, grid]));
  const cls = shaped(g, `${GEOMETRY}.cls_embed.weight`, [1, 1, config.d]);
  const tokens = options.boxes ? concatFree(g, [boxTokens(g, config, memory), cls], 1, 'tokens') : cls;
  const keys = add(g, memory, imageCode(g, config));
  let x = layerNorm(g, linearAt(g, tokens, `${GEOMETRY}.final_proj`), `${GEOMETRY}.prompt_layer_norm`);
  for (let i = 0; i < config.geometryLayers; i++) {
    const inputs = { position: null, keys, values: memory };
    x = crossLayer(g, config, `${GEOMETRY}.layers.${i}`, x, inputs, options);
  }
  g.output('geo', layerNorm(g, x, `${GEOMETRY}.output_layer_norm`));
}

/** One token per box [1,N,d]: coordinates, pooled features, position code and label. */
function boxTokens(g: GraphBuilder, config: Sam3Config, memory: Value): Value {
  const { d } = config;
  const direct = linearAt(g, g.input('boxes', [1, 'N', 4]), `${GEOMETRY}.boxes_direct_project`);
  const code = linearAt(g, g.input('box_pe', [1, 'N', d + 2]), `${GEOMETRY}.boxes_pos_enc_project`);
  const labels = matmul(
    g,
    g.input('label_onehot', [1, 'N', 2]),
    shaped(g, `${GEOMETRY}.label_embed.weight`, [1, 2, d]),
  );
  const pooled = pooledBoxes(g, config, memory);
  return add(g, add(g, direct, pooled), add(g, code, labels));
}

/** RoIAlign as two averaging matrices, then the roi×roi "convolution" as one product (spec/sam3.md 6.2-3). */
function pooledBoxes(g: GraphBuilder, config: Sam3Config, memory: Value): Value {
  const { d, roi } = config;
  const grid = gridOf(config);
  const roiY = g.input('roi_y', [1, 'boxRows', grid]);
  const roiX = g.input('roi_x', ['N', 1, roi, grid]);
  const features = layerNorm(g, memory, `${GEOMETRY}.vision_layer_norm`);
  const alongY = matmul(g, roiY, reshape(g, features, [1, grid, grid * d]));
  const rows = reshape(g, alongY, ['N', roi, grid, d]);
  const cells = reshape(g, matmul(g, roiX, rows), ['N', roi * roi * d]);
  const key = `${GEOMETRY}.boxes_pool_project`;
  const weight: WeightRecipe = {
    kind: 'reshape',
    of: { kind: 'transpose', of: tensor(`${key}.weight`), permutation: [0, 2, 3, 1] },
    dims: [d, roi * roi * d],
  };
  return reshape(g, linear(g, cells, weight, `${key}.bias`), [1, 'N', d]);
}
