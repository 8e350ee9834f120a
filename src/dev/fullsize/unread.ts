/** Tensors that files carry and our networks never read, and why. */
export const KNOWINGLY_UNREAD: readonly { readonly keys: RegExp; readonly why: string }[] = [
  {
    keys: /(^|\.)(embeddings\.position_ids|logit_scale)$/,
    why: 'constants of training and of old libraries',
  },
  {
    keys: /token_embedding\.weight$|^detector_model\.text_encoder\.text_model\.embeddings\.position_embedding\.weight$/,
    why: 'tables of which the host reads the rows that a prompt needs',
  },
  {
    keys: /^conditioner\.embedders\.0\.transformer\.text_model\.(encoder\.layers\.11|final_layer_norm)\./,
    why: 'SDXL reads the penultimate state of CLIP-L (spec/sdxl.md C)',
  },
  {
    keys: /^(vision_model\.(encoder\.layers\.31|post_layernorm)|visual_projection)\./,
    why: 'IP-Adapter plus reads the penultimate state of ViT-H (spec/sdxl.md E.2)',
  },
  {
    keys: /(neck|tracker_neck)\.fpn_layers\.3\./,
    why: 'a level of SAM 3’s pyramid without reader (spec/sam3.md appendix A)',
  },
  {
    keys: /^detector_model\.(text_encoder\.text_projection|geometry_encoder\.points_(direct|pool|pos_enc)_project)\./,
    why: 'CLIP’s pooling head and point exemplars (appendix A)',
  },
  {
    keys: /^detector_model\.mask_decoder\.pixel_decoder\.(conv_layers|norms)\.2\./,
    why: 'the pixel decoder’s third stage (appendix A)',
  },
  {
    keys: /^detector_model\.mask_decoder\.semantic_projection\./,
    why: 'one mask for all objects of a phrase, where the studio wants one for each',
  },
  {
    keys: /^tracker_model\.(memory_|object_pointer_proj|mask_downsample|temporal_positional|no_memory_positional|no_object_pointer|occlusion_|shared_image_embedding)/,
    why: 'video memory (appendix A)',
  },
];
