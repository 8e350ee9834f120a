import type { Sam3Config } from './config.ts';

/**
 * Canonical names and shapes of every tensor the image and interactive graphs of a configuration need (spec/sam3.md
 * appendix A, uses V, T, G, P). Says what a file lacks before anything is built, and lets goldens without a weight
 * file make their weights by rule.
 */
export function sam3KeyShapes(config: Sam3Config): Map<string, readonly number[]> {
  const table = new Table();
  vision(table, config);
  text(table, config);
  geometry(table, config);
  detr(table, config);
  masks(table, config);
  if (config.tracker) tracker(table, config, config.tracker);
  return table.shapes;
}

class Table {
  readonly shapes = new Map<string, readonly number[]>();

  add(key: string, ...dims: number[]): void {
    this.shapes.set(key, dims);
  }

  /** weight and bias of a linear layer or convolution; the bias has as many values as `dims[0]`. */
  affine(prefix: string, ...dims: [number, ...number[]]): void {
    this.add(`${prefix}.weight`, ...dims);
    this.add(`${prefix}.bias`, dims[0]);
  }

  /** Transposed convolution, kernel 2: [in,out,2,2]. */
  up(prefix: string, input: number, output: number): void {
    this.add(`${prefix}.weight`, input, output, 2, 2);
    this.add(`${prefix}.bias`, output);
  }

  norms(prefix: string, size: number, ...names: string[]): void {
    for (const name of names) this.affine(`${prefix}.${name}`, size);
  }

  attention(prefix: string, width: number, inner = width, out = 'o_proj'): void {
    for (const name of ['q_proj', 'k_proj', 'v_proj']) this.affine(`${prefix}.${name}`, inner, width);
    this.affine(`${prefix}.${out}`, width, inner);
  }

  feedForward(prefix: string, width: number, hidden: number, names: readonly [string, string]): void {
    this.affine(`${prefix}.${names[0]}`, hidden, width);
    this.affine(`${prefix}.${names[1]}`, width, hidden);
  }

  /** `<prefix>.layer1 …` through these sizes. */
  layers(prefix: string, ...sizes: number[]): void {
    for (let i = 1; i < sizes.length; i++)
      this.affine(`${prefix}.layer${i}`, sizes[i] as number, sizes[i - 1] as number);
  }

  threeLayers(prefix: string, input: number, hidden: number, output: number): void {
    this.affine(`${prefix}.proj_in`, hidden, input);
    this.affine(`${prefix}.layers.0`, hidden, hidden);
    this.affine(`${prefix}.proj_out`, output, hidden);
  }
}

const FC = ['mlp.fc1', 'mlp.fc2'] as const;

function vision(table: Table, config: Sam3Config): void {
  const { vitWidth: width, patch, window } = config;
  const at = 'detector_model.vision_encoder.backbone';
  table.add(`${at}.embeddings.position_embeddings`, 1, window ** 2, width);
  table.add(`${at}.embeddings.patch_embeddings.projection.weight`, width, 3, patch, patch);
  table.norms(at, width, 'layer_norm');
  for (let i = 0; i < config.vitDepth; i++) {
    const block = `${at}.layers.${i}`;
    table.norms(block, width, 'layer_norm1', 'layer_norm2');
    table.attention(`${block}.attention`, width);
    table.feedForward(block, width, config.vitMlp, FC);
  }
  neck(table, config, 'detector_model.vision_encoder.neck');
}

function neck(table: Table, { vitWidth, d }: Sam3Config, prefix: string): void {
  for (const level of [0, 1, 2]) {
    const at = `${prefix}.fpn_layers.${level}`;
    if (level < 2) table.up(`${at}.scale_layers.0`, vitWidth, vitWidth / 2);
    if (level < 1) table.up(`${at}.scale_layers.2`, vitWidth / 2, vitWidth / 4);
    table.affine(`${at}.proj1`, d, vitWidth / 2 ** (2 - level), 1, 1);
    table.affine(`${at}.proj2`, d, d, 3, 3);
  }
}

function text(table: Table, config: Sam3Config): void {
  const { textWidth: width } = config;
  const at = 'detector_model.text_encoder.text_model';
  table.add(`${at}.embeddings.token_embedding.weight`, config.vocabulary, width);
  table.add(`${at}.embeddings.position_embedding.weight`, config.context, width);
  for (let i = 0; i < config.textLayers; i++) {
    const layer = `${at}.encoder.layers.${i}`;
    table.norms(layer, width, 'layer_norm1', 'layer_norm2');
    table.attention(`${layer}.self_attn`, width, width, 'out_proj');
    table.feedForward(layer, width, config.textMlp, FC);
  }
  table.norms(at, width, 'final_layer_norm');
  table.affine('detector_model.text_projection', config.d, width);
}

function crossLayer(table: Table, { d, ffn }: Sam3Config, prefix: string): void {
  table.attention(`${prefix}.self_attn`, d);
  table.attention(`${prefix}.cross_attn`, d);
  table.feedForward(prefix, d, ffn, FC);
  table.norms(prefix, d, 'layer_norm1', 'layer_norm2', 'layer_norm3');
}

function geometry(table: Table, config: Sam3Config): void {
  const { d, roi } = config;
  const at = 'detector_model.geometry_encoder';
  table.add(`${at}.label_embed.weight`, 2, d);
  table.add(`${at}.cls_embed.weight`, 1, d);
  table.affine(`${at}.boxes_direct_project`, d, 4);
  table.affine(`${at}.boxes_pool_project`, d, d, roi, roi);
  table.affine(`${at}.boxes_pos_enc_project`, d, d + 2);
  table.affine(`${at}.final_proj`, d, d);
  table.norms(at, d, 'prompt_layer_norm', 'vision_layer_norm', 'output_layer_norm');
  for (let i = 0; i < config.geometryLayers; i++) crossLayer(table, config, `${at}.layers.${i}`);
}

function detr(table: Table, config: Sam3Config): void {
  const { d, queries, heads, ffn } = config;
  for (let i = 0; i < config.encoderLayers; i++)
    crossLayer(table, config, `detector_model.detr_encoder.layers.${i}`);
  const at = 'detector_model.detr_decoder';
  for (let i = 0; i < config.decoderLayers; i++) {
    const layer = `${at}.layers.${i}`;
    for (const name of ['self_attn', 'text_cross_attn', 'vision_cross_attn']) {
      table.attention(`${layer}.${name}`, d);
      table.norms(layer, d, `${name}_layer_norm`);
    }
    table.feedForward(layer, d, ffn, FC);
    table.norms(layer, d, 'mlp_layer_norm');
  }
  table.norms(at, d, 'output_layer_norm', 'presence_layer_norm');
  table.add(`${at}.query_embed.weight`, queries, d);
  table.add(`${at}.reference_points.weight`, queries, 4);
  table.add(`${at}.presence_token.weight`, 1, d);
  table.layers(`${at}.box_head`, d, d, d, 4);
  table.layers(`${at}.presence_head`, d, d, d, 1);
  table.layers(`${at}.ref_point_head`, 2 * d, d, d);
  table.layers(`${at}.box_rpb_embed_x`, 2, d, heads);
  table.layers(`${at}.box_rpb_embed_y`, 2, d, heads);
}

function masks(table: Table, { d, ffn }: Sam3Config): void {
  const scoring = 'detector_model.dot_product_scoring';
  table.layers(`${scoring}.text_mlp`, d, ffn, d);
  table.norms(scoring, d, 'text_mlp_out_norm');
  table.affine(`${scoring}.text_proj`, d, d);
  table.affine(`${scoring}.query_proj`, d, d);
  const at = 'detector_model.mask_decoder';
  table.attention(`${at}.prompt_cross_attn`, d);
  table.norms(at, d, 'prompt_cross_attn_norm');
  for (const i of [0, 1]) table.affine(`${at}.pixel_decoder.conv_layers.${i}`, d, d, 3, 3);
  table.norms(`${at}.pixel_decoder.norms`, d, '0', '1');
  for (const i of [0, 1, 2]) table.affine(`${at}.mask_embedder.layers.${i}`, d, d);
  table.affine(`${at}.instance_projection`, d, d, 1, 1);
  table.affine(`${at}.semantic_projection`, 1, d, 1, 1);
}

function tracker(table: Table, config: Sam3Config, sizes: NonNullable<Sam3Config['tracker']>): void {
  const { d } = config;
  neck(table, config, 'tracker_neck');
  table.add('tracker_model.no_memory_embedding', 1, 1, d);
  const prompt = 'tracker_model.prompt_encoder';
  table.add(`${prompt}.shared_embedding.positional_embedding`, 2, d / 2);
  table.add(`${prompt}.point_embed.weight`, 4, d);
  table.add(`${prompt}.not_a_point_embed.weight`, 1, d);
  table.add(`${prompt}.no_mask_embed.weight`, 1, d);
  table.affine(`${prompt}.mask_embed.conv1`, 4, 1, 2, 2);
  table.norms(`${prompt}.mask_embed`, 4, 'layer_norm1');
  table.affine(`${prompt}.mask_embed.conv2`, 16, 4, 2, 2);
  table.norms(`${prompt}.mask_embed`, 16, 'layer_norm2');
  table.affine(`${prompt}.mask_embed.conv3`, d, 16, 1, 1);
  twoWay(table, d, sizes.mlp);
  const at = 'tracker_model.mask_decoder';
  table.add(`${at}.iou_token.weight`, 1, d);
  table.add(`${at}.obj_score_token.weight`, 1, d);
  table.add(`${at}.mask_tokens.weight`, 4, d);
  table.affine(`${at}.conv_s0`, d / 8, d, 1, 1);
  table.affine(`${at}.conv_s1`, d / 4, d, 1, 1);
  table.up(`${at}.upscale_conv1`, d, d / 4);
  table.up(`${at}.upscale_conv2`, d / 4, d / 8);
  table.norms(at, d / 4, 'upscale_layer_norm');
  for (let j = 0; j < 4; j++) table.threeLayers(`${at}.output_hypernetworks_mlps.${j}`, d, d, d / 8);
  table.threeLayers(`${at}.iou_prediction_head`, d, sizes.iouHidden, 4);
  table.threeLayers(`${at}.pred_obj_score_head`, d, d, 1);
}

function twoWay(table: Table, d: number, hidden: number): void {
  const at = 'tracker_model.mask_decoder.transformer';
  for (const i of [0, 1]) {
    const layer = `${at}.layers.${i}`;
    table.attention(`${layer}.self_attn`, d);
    table.attention(`${layer}.cross_attn_token_to_image`, d, d / 2);
    table.attention(`${layer}.cross_attn_image_to_token`, d, d / 2);
    table.feedForward(layer, d, hidden, ['mlp.proj_in', 'mlp.proj_out']);
    table.norms(layer, d, 'layer_norm1', 'layer_norm2', 'layer_norm3', 'layer_norm4');
  }
  table.attention(`${at}.final_attn_token_to_image`, d, d / 2);
  table.norms(at, d, 'layer_norm_final_attn');
}

/** Shapes agree up to leading ones: one file stores [1,1,d] where another stores [d]. */
export function sameShape(a: readonly number[] | undefined, b: readonly number[] | undefined): boolean {
  const core = (dims: readonly number[]) => dims.join(',').replace(/^(1,)+/, '');
  return a !== undefined && b !== undefined && core(a) === core(b);
}
