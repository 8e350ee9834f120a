/**
 * The original checkpoint's names against transformers' (spec/sam3.md appendix A). `#` is a layer index, `*` the
 * leaf `weight` or `bias`; `{qkv}` marks a packed projection whose rows are q, k, v.
 */
export interface Rule {
  readonly pattern: RegExp;
  readonly target: string;
  readonly kind: 'plain' | 'packed' | 'transposed' | 'positions';
}

type Pair = readonly [string, string, Rule['kind']?];

function section(from: string, to: string, pairs: readonly Pair[]): Rule[] {
  return pairs.map(([source, target, kind]) => {
    let group = 0;
    const escaped = `${from}${source}`
      .replaceAll('.', '\\.')
      .replaceAll('#', '(\\d+)')
      .replace('*', '(weight|bias)');
    return {
      pattern: new RegExp(`^${escaped}$`),
      target: `${to}${target}`.replace(/[#*]/g, () => `$${++group}`),
      kind: kind ?? (target.includes('{qkv}') ? 'packed' : 'plain'),
    };
  });
}

const attention = (from: string, to: string): Pair[] => [
  [`${from}.in_proj_*`, `${to}.{qkv}_proj.*`],
  [`${from}.out_proj.*`, `${to}.o_proj.*`],
];

/** Layers of the geometry encoder and the DETR encoder: self, cross, MLP, three norms. */
const crossLayer = (from: string): Pair[] => [
  ...attention(`${from}.#.self_attn`, 'layers.#.self_attn'),
  ...attention(`${from}.#.cross_attn_image`, 'layers.#.cross_attn'),
  [`${from}.#.linear1.*`, 'layers.#.mlp.fc1.*'],
  [`${from}.#.linear2.*`, 'layers.#.mlp.fc2.*'],
  [`${from}.#.norm1.*`, 'layers.#.layer_norm1.*'],
  [`${from}.#.norm2.*`, 'layers.#.layer_norm2.*'],
  [`${from}.#.norm3.*`, 'layers.#.layer_norm3.*'],
];

const same = (...names: string[]): Pair[] => names.map((name) => [name, name]);

/** `layers.0`, `layers.1`, … of the original become `layer1`, `layer2`, … */
const numbered = (from: string, to: string, count: number): Pair[] =>
  Array.from({ length: count }, (_, i) => [`${from}.layers.${i}.*`, `${to}.layer${i + 1}.*`]);

/** The three-layer heads of the mask decoder. */
const threeLayers = (from: string, to = from): Pair[] => [
  [`${from}.layers.0.*`, `${to}.proj_in.*`],
  [`${from}.layers.1.*`, `${to}.layers.0.*`],
  [`${from}.layers.2.*`, `${to}.proj_out.*`],
];

const NECK: readonly Pair[] = [
  ['#.dconv_2x2_0.*', 'fpn_layers.#.scale_layers.0.*'],
  ['#.dconv_2x2_1.*', 'fpn_layers.#.scale_layers.2.*'],
  ['#.dconv_2x2.*', 'fpn_layers.#.scale_layers.0.*'],
  ['#.conv_1x1.*', 'fpn_layers.#.proj1.*'],
  ['#.conv_3x3.*', 'fpn_layers.#.proj2.*'],
];

const TRUNK: readonly Pair[] = [
  ['pos_embed', 'embeddings.position_embeddings', 'positions'],
  ['patch_embed.proj.*', 'embeddings.patch_embeddings.projection.*'],
  ['blocks.#.norm1.*', 'layers.#.layer_norm1.*'],
  ['blocks.#.attn.qkv.*', 'layers.#.attention.{qkv}_proj.*'],
  ['blocks.#.attn.proj.*', 'layers.#.attention.o_proj.*'],
  ['blocks.#.norm2.*', 'layers.#.layer_norm2.*'],
  ['blocks.#.mlp.fc1.*', 'layers.#.mlp.fc1.*'],
  ['blocks.#.mlp.fc2.*', 'layers.#.mlp.fc2.*'],
  ['ln_pre.*', 'layer_norm.*'],
];

const TEXT_LAYER = 'text_encoder.text_model.encoder.layers.#';
const TEXT: readonly Pair[] = [
  ['encoder.positional_embedding', 'text_encoder.text_model.embeddings.position_embedding.weight'],
  ['encoder.text_projection', 'text_encoder.text_projection.weight', 'transposed'],
  ['encoder.token_embedding.*', 'text_encoder.text_model.embeddings.token_embedding.*'],
  ['encoder.transformer.resblocks.#.attn.in_proj_*', `${TEXT_LAYER}.self_attn.{qkv}_proj.*`],
  ['encoder.transformer.resblocks.#.attn.out_proj.*', `${TEXT_LAYER}.self_attn.out_proj.*`],
  ['encoder.transformer.resblocks.#.ln_1.*', `${TEXT_LAYER}.layer_norm1.*`],
  ['encoder.transformer.resblocks.#.ln_2.*', `${TEXT_LAYER}.layer_norm2.*`],
  ['encoder.transformer.resblocks.#.mlp.c_fc.*', `${TEXT_LAYER}.mlp.fc1.*`],
  ['encoder.transformer.resblocks.#.mlp.c_proj.*', `${TEXT_LAYER}.mlp.fc2.*`],
  ['encoder.ln_final.*', 'text_encoder.text_model.final_layer_norm.*'],
  ['resizer.*', 'text_projection.*'],
];

const GEOMETRY: readonly Pair[] = [
  ...same('label_embed.*', 'cls_embed.*', 'final_proj.*'),
  ...same('points_direct_project.*', 'points_pool_project.*', 'points_pos_enc_project.*'),
  ...same('boxes_direct_project.*', 'boxes_pool_project.*', 'boxes_pos_enc_project.*'),
  ['norm.*', 'prompt_layer_norm.*'],
  ['img_pre_norm.*', 'vision_layer_norm.*'],
  ['encode_norm.*', 'output_layer_norm.*'],
  ...crossLayer('encode'),
];

const DECODER: readonly Pair[] = [
  ...attention('layers.#.cross_attn', 'layers.#.vision_cross_attn'),
  ['layers.#.norm1.*', 'layers.#.vision_cross_attn_layer_norm.*'],
  ...attention('layers.#.ca_text', 'layers.#.text_cross_attn'),
  ['layers.#.catext_norm.*', 'layers.#.text_cross_attn_layer_norm.*'],
  ...attention('layers.#.self_attn', 'layers.#.self_attn'),
  ['layers.#.norm2.*', 'layers.#.self_attn_layer_norm.*'],
  ['layers.#.linear1.*', 'layers.#.mlp.fc1.*'],
  ['layers.#.linear2.*', 'layers.#.mlp.fc2.*'],
  ['layers.#.norm3.*', 'layers.#.mlp_layer_norm.*'],
  ['norm.*', 'output_layer_norm.*'],
  ...same('query_embed.*', 'reference_points.*', 'presence_token.*'),
  ['presence_token_out_norm.*', 'presence_layer_norm.*'],
  ...numbered('bbox_embed', 'box_head', 3),
  ...numbered('boxRPB_embed_x', 'box_rpb_embed_x', 2),
  ...numbered('boxRPB_embed_y', 'box_rpb_embed_y', 2),
  ...numbered('presence_token_head', 'presence_head', 3),
  ...numbered('ref_point_head', 'ref_point_head', 2),
];

const MASKS: readonly Pair[] = [
  ...same('pixel_decoder.conv_layers.#.*', 'pixel_decoder.norms.#.*'),
  ['mask_predictor.mask_embed.layers.#.*', 'mask_embedder.layers.#.*'],
  ...attention('cross_attend_prompt', 'prompt_cross_attn'),
  ['cross_attn_norm.*', 'prompt_cross_attn_norm.*'],
  ['semantic_seg_head.*', 'semantic_projection.*'],
  ['instance_seg_head.*', 'instance_projection.*'],
];

const SCORING: readonly Pair[] = [
  ...numbered('prompt_mlp', 'text_mlp', 2),
  ['prompt_mlp.out_norm.*', 'text_mlp_out_norm.*'],
  ['prompt_proj.*', 'text_proj.*'],
  ['hs_proj.*', 'query_proj.*'],
];

const VISION = 'detector_model.vision_encoder';

/** Rules for names without the outer `detector.`. */
export const DETECTOR_RULES: readonly Rule[] = [
  ...section('backbone.vision_backbone.trunk.', `${VISION}.backbone.`, TRUNK),
  ...section('backbone.vision_backbone.convs.', `${VISION}.neck.`, NECK),
  ...section('backbone.vision_backbone.sam2_convs.', 'tracker_neck.', NECK),
  ...section('backbone.vision_backbone.interactive_convs.', 'tracker_neck.', NECK),
  ...section('backbone.language_backbone.', 'detector_model.', TEXT),
  ...section('geometry_encoder.', 'detector_model.geometry_encoder.', GEOMETRY),
  ...section('transformer.encoder.', 'detector_model.detr_encoder.', crossLayer('layers')),
  ...section('transformer.decoder.', 'detector_model.detr_decoder.', DECODER),
  ...section('segmentation_head.', 'detector_model.mask_decoder.', MASKS),
  ...section('dot_prod_scoring.', 'detector_model.dot_product_scoring.', SCORING),
];

const unpacked = (path: string): Pair[] => [
  ...['q_proj', 'k_proj', 'v_proj'].map((name): Pair => [`${path}.${name}.*`, `${path}.${name}.*`]),
  [`${path}.out_proj.*`, `${path}.o_proj.*`],
];

const PROMPT_ENCODER: readonly Pair[] = [
  ['pe_layer.positional_encoding_gaussian_matrix', 'shared_embedding.positional_embedding'],
  ['point_embeddings.#.weight', 'point_embed.#'],
  ...same('not_a_point_embed.*', 'no_mask_embed.*'),
  ['mask_downscaling.0.*', 'mask_embed.conv1.*'],
  ['mask_downscaling.1.*', 'mask_embed.layer_norm1.*'],
  ['mask_downscaling.3.*', 'mask_embed.conv2.*'],
  ['mask_downscaling.4.*', 'mask_embed.layer_norm2.*'],
  ['mask_downscaling.6.*', 'mask_embed.conv3.*'],
];

const LAYER = 'transformer.layers.#';
const MASK_DECODER: readonly Pair[] = [
  ...unpacked(`${LAYER}.self_attn`),
  ...unpacked(`${LAYER}.cross_attn_token_to_image`),
  ...unpacked(`${LAYER}.cross_attn_image_to_token`),
  ...unpacked('transformer.final_attn_token_to_image'),
  ...['1', '2', '3', '4'].map((i): Pair => [`${LAYER}.norm${i}.*`, `${LAYER}.layer_norm${i}.*`]),
  [`${LAYER}.mlp.lin1.*`, `${LAYER}.mlp.proj_in.*`],
  [`${LAYER}.mlp.lin2.*`, `${LAYER}.mlp.proj_out.*`],
  ['transformer.norm_final_attn.*', 'transformer.layer_norm_final_attn.*'],
  ...same('iou_token.*', 'mask_tokens.*', 'obj_score_token.*', 'conv_s0.*', 'conv_s1.*'),
  ['output_upscaling.0.*', 'upscale_conv1.*'],
  ['output_upscaling.1.*', 'upscale_layer_norm.*'],
  ['output_upscaling.3.*', 'upscale_conv2.*'],
  ...threeLayers('output_hypernetworks_mlps.#'),
  ...threeLayers('iou_prediction_head'),
  ...threeLayers('pred_obj_score_head'),
];

const MEMORY_ENCODER: readonly Pair[] = [
  ...[0, 3, 6, 9].map((i): Pair => [
    `mask_downsampler.encoder.${i}.*`,
    `mask_downsampler.layers.${i / 3}.conv.*`,
  ]),
  ...[1, 4, 7, 10].map((i): Pair => [
    `mask_downsampler.encoder.${i}.*`,
    `mask_downsampler.layers.${(i - 1) / 3}.layer_norm.*`,
  ]),
  ['mask_downsampler.encoder.12.*', 'mask_downsampler.final_conv.*'],
  ['pix_feat_proj.*', 'feature_projection.*'],
  ['fuser.layers.#.gamma', 'memory_fuser.layers.#.scale'],
  ['fuser.layers.#.dwconv.*', 'memory_fuser.layers.#.depthwise_conv.*'],
  ['fuser.layers.#.norm.*', 'memory_fuser.layers.#.layer_norm.*'],
  ['fuser.layers.#.pwconv1.*', 'memory_fuser.layers.#.pointwise_conv1.*'],
  ['fuser.layers.#.pwconv2.*', 'memory_fuser.layers.#.pointwise_conv2.*'],
  ['out_proj.*', 'projection.*'],
];

const MEMORY_ATTENTION: readonly Pair[] = [
  ...unpacked('layers.#.self_attn'),
  ...unpacked('layers.#.cross_attn_image'),
  ...same('layers.#.linear1.*', 'layers.#.linear2.*'),
  ...['1', '2', '3'].map((i): Pair => [`layers.#.norm${i}.*`, `layers.#.layer_norm${i}.*`]),
  ['norm.*', 'layer_norm.*'],
];

const TRACKER_REST: readonly Pair[] = [
  ['maskmem_tpos_enc', 'memory_temporal_positional_encoding'],
  ['no_mem_embed', 'no_memory_embedding'],
  ['interactivity_no_mem_embed', 'no_memory_embedding'],
  ['no_mem_pos_enc', 'no_memory_positional_encoding'],
  ['no_obj_ptr', 'no_object_pointer'],
  ['no_obj_embed_spatial', 'occlusion_spatial_embedding_parameter'],
  ['mask_downsample.*', 'mask_downsample.*'],
  ...threeLayers('obj_ptr_proj', 'object_pointer_proj'),
  ['obj_ptr_tpos_proj.*', 'temporal_positional_encoding_projection_layer.*'],
];

/** Rules for names without the outer tracker prefix; SAM 3.1 keeps the interactive part under its own names. */
export const TRACKER_RULES: readonly Rule[] = [
  ...section('sam_prompt_encoder.', 'tracker_model.prompt_encoder.', PROMPT_ENCODER),
  ...section('interactive_sam_prompt_encoder.', 'tracker_model.prompt_encoder.', PROMPT_ENCODER),
  ...section('sam_mask_decoder.', 'tracker_model.mask_decoder.', MASK_DECODER),
  ...section('interactive_sam_mask_decoder.', 'tracker_model.mask_decoder.', MASK_DECODER),
  ...section('maskmem_backbone.', 'tracker_model.memory_encoder.', MEMORY_ENCODER),
  ...section('transformer.encoder.', 'tracker_model.memory_attention.', MEMORY_ATTENTION),
  ...section('', 'tracker_model.', TRACKER_REST),
];
