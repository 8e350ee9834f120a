import { sentence, type Sentence } from '#domain/job/sentence.ts';
import type { ShapeTable } from './graph/weight-recipe.ts';
import type { ModelFile } from './model-file.ts';

interface Family {
  readonly what: string;
  /** A key by which the family is known. */
  readonly mark: RegExp;
  readonly sentence: Sentence;
}

const NEEDS_SDXL = sentence`The studio refines with the SDXL family.`;

/** Families that people have on their disks and that the studio cannot use, most specific first. */
const FAMILIES: readonly Family[] = [
  {
    what: 'ip-adapter FaceID',
    mark: /^image_proj\.(proj\.0|perceiver_resampler|ID_|id_)|^(ip_adapter|adapter_modules)\.\d+\.to_[qkv]_lora\./,
    sentence: sentence`This is an IP-Adapter FaceID file, which needs a face-recognition model that the studio does not have. Use ip-adapter-plus_sdxl_vit-h.`,
  },
  {
    what: 'controlnet',
    mark: /^control_model\.|^controlnet_|(^|\.)input_hint_block\.|^controlnet_cond_embedding\./,
    sentence: sentence`This is a ControlNet, which the studio does not use.`,
  },
  {
    what: 'flux',
    mark: /(^|\.)double_blocks\.\d+\.img_/,
    sentence: sentence`This is a Flux model. ${NEEDS_SDXL}`,
  },
  {
    what: 'sd3',
    mark: /(^|\.)joint_blocks\.\d+\./,
    sentence: sentence`This is a Stable Diffusion 3 model. ${NEEDS_SDXL}`,
  },
  {
    what: 'diffusion transformer',
    mark: /^(model\.diffusion_model\.)?(single_transformer_blocks|x_embedder|patch_embedding|blocks\.\d+\.(cross_attn|self_attn))\./,
    sentence: sentence`This is a diffusion transformer of another family. ${NEEDS_SDXL}`,
  },
  {
    what: 't5',
    mark: /(^|\.)block\.\d+\.layer\.0\.SelfAttention\./,
    sentence: sentence`This is a T5 text encoder, which SDXL does not use.`,
  },
  {
    what: 'upscaler',
    mark: /(^|\.)(RRDB_trunk|body\.\d+\.rdb1)\.|^model\.1\.sub\.\d+\.RDB1\./,
    sentence: sentence`This is an ESRGAN upscaler, which the studio does not use: it scales with Lanczos and refines.`,
  },
  {
    what: 'EDM',
    mark: /^edm_mean$|^edm_std$|^edm_vpred\.sigma_max$/,
    sentence: sentence`This SDXL model was trained with EDM noise levels (Playground 2.5 and similar), which the studio does not have.`,
  },
];

/** The first family of {@link FAMILIES} that a file belongs to. */
export function refusedFamily(shapes: ShapeTable): ModelFile | null {
  const keys = [...shapes.keys()];
  for (const { what, mark, sentence: why } of FAMILIES)
    if (keys.some((key) => mark.test(key))) return { kind: 'refused', what, sentence: why };
  return null;
}
