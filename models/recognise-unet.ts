import { listed, sentence, type Sentence } from '#domain/job/sentence.ts';
import type { ShapeTable } from './graph/weight-recipe.ts';
import type { ModelFile, TextTower } from './model-file.ts';
import { DEFAULT_HEAD_DIM, isInpaintUnet, readUnetConfig, type UnetConfig } from './sdxl/unet-config.ts';
import { SIZE_EMBED_DIM, SIZE_ID_COUNT } from './sdxl/unet-embedding.ts';
import { unetNaming, unetView } from './sdxl/unet-names.ts';
import { checkUnetShapes } from './sdxl/unet-shapes.ts';

type Settings = Readonly<Record<string, unknown>>;

/** Base width and label vector of the SDXL refiner. */
const REFINER = { modelChannels: 384, admDim: 2560 };
const SDXL_CHANNELS = 320;
/** Text width of Stable Diffusion 2, whose unCLIP variant has a label vector too. */
const SD2_CONTEXT = 1024;
const SIZES_DIM = SIZE_EMBED_DIM * SIZE_ID_COUNT;

/**
 * A file with a UNet: SDXL or one of its relatives, or a sentence why it is not usable.
 * @throws AppError when the keys promise an SDXL UNet but its structure cannot be read.
 */
export function recogniseUnet(
  fileShapes: ShapeTable,
  settings: Settings,
  text: readonly TextTower[],
  codec: 'vae' | 'taesd' | null,
): ModelFile {
  const shapes = unetFileShapes(fileShapes);
  if (!shapes.has('label_emb.0.0.weight')) return withoutLabels(shapes);
  const config = readUnetConfig(shapes, headDim(settings));
  const refused = refusal(config) ?? damage(shapes, config);
  if (refused) return refused;
  return {
    kind: 'sdxl',
    unet: config,
    naming: unetNaming(fileShapes.keys()) ?? 'ldm',
    inpaint: isInpaintUnet(config),
    prediction: isVelocity(fileShapes, settings) ? 'v' : 'eps',
    zeroTerminalSnr: fileShapes.has('ztsnr'),
    text,
    codec,
    latentScale: typeof settings['latent_scale'] === 'number' ? settings['latent_scale'] : null,
    sentence: describe(config, text, codec),
  };
}

/** Shapes of a file's UNet by canonical name. */
export function unetFileShapes(fileShapes: ShapeTable): ShapeTable {
  const view = unetView(fileShapes.keys());
  return new Map(
    [...view].map(([key, recipe]) => [
      key,
      recipe.kind === 'tensor' ? (fileShapes.get(recipe.key) ?? []) : [],
    ]),
  );
}

/** Head width as our own metadata states it; SDXL's otherwise. */
function headDim(settings: Settings): number {
  const unet = settings['unet'] as Settings | null | undefined;
  const stated = unet?.['head_dim'] ?? settings['head_dim'];
  return typeof stated === 'number' ? stated : DEFAULT_HEAD_DIM;
}

function isVelocity(fileShapes: ShapeTable, settings: Settings): boolean {
  const stated = settings['prediction'];
  return stated === undefined ? fileShapes.has('v_pred') : stated === 'v';
}

/** Without label vector: Stable Diffusion 1 or 2, told apart by the width of their text. */
function withoutLabels(shapes: ShapeTable): ModelFile {
  const key = [...shapes.keys()].find((name) => name.endsWith('.attn2.to_k.weight'));
  const width = key === undefined ? 0 : (shapes.get(key)?.[1] ?? 0);
  const version = { 768: '1.x', 1024: '2.x' }[width];
  return {
    kind: 'refused',
    what: version ? `SD ${version}` : 'other UNet',
    sentence: version
      ? sentence`This is a Stable Diffusion ${version} model; the studio needs an SDXL checkpoint.`
      : sentence`This diffusion model has no size conditioning, so it is not of the SDXL family the studio needs.`,
  };
}

function refusal(config: UnetConfig): ModelFile | null {
  const refused = (what: string, why: Sentence): ModelFile => ({ kind: 'refused', what, sentence: why });
  const { inChannels, outChannels, modelChannels, admDim } = config;
  if (modelChannels === REFINER.modelChannels && admDim === REFINER.admDim)
    return refused('refiner', sentence`This is the SDXL refiner; the studio needs an SDXL base checkpoint.`);
  if (modelChannels === SDXL_CHANNELS && config.contextDim === SD2_CONTEXT)
    return refused(
      'SD 2.x',
      sentence`This is a Stable Diffusion ${'2.x'} model; the studio needs an SDXL checkpoint.`,
    );
  if (inChannels !== outChannels && !isInpaintUnet(config))
    return refused(
      'other inputs',
      sentence`This UNet takes ${inChannels} channels and gives ${outChannels}, so it needs more than noise and text (an edit model?); the studio cannot feed it.`,
    );
  if (admDim <= SIZES_DIM)
    return refused(
      'other UNet',
      sentence`This UNet's label vector is ${admDim} wide, too narrow for SDXL's text and size conditioning.`,
    );
  return null;
}

/** Names the first tensor that is missing or has a shape that contradicts the others. */
function damage(shapes: ShapeTable, config: UnetConfig): ModelFile | null {
  const { missing, misshapen } = checkUnetShapes(shapes, config);
  const reason = misshapen[0] ?? (missing[0] === undefined ? null : sentence`"${missing[0]}" is missing`);
  if (reason === null) return null;
  return {
    kind: 'refused',
    what: 'damaged',
    sentence: sentence`This looks like an SDXL checkpoint, but its tensors do not fit together: ${reason}. The file may be incomplete; download it again.`,
  };
}

/** The file a person looks for when a part is missing, by its usual name. */
const USUAL_FILES = {
  'CLIP-L': 'clip_l.safetensors',
  'CLIP-bigG': 'clip_g.safetensors',
  VAE: 'sdxl_vae.safetensors',
} as const;

type Part = keyof typeof USUAL_FILES;

function describe(config: UnetConfig, text: readonly TextTower[], codec: string | null): Sentence {
  const small = config.modelChannels !== SDXL_CHANNELS;
  const size = small ? sentence`small SDXL-family` : sentence`SDXL`;
  const kind = isInpaintUnet(config) ? sentence`${size} inpainting` : size;
  const missing = missingParts(text, codec);
  if (missing.length === 0) return sentence`A complete ${kind} checkpoint.`;
  const bare = text.length === 0 && !codec;
  const unet = small ? sentence`The UNet of a ${kind} model` : sentence`The UNet of an ${kind} model`;
  const checkpoint = small ? sentence`A ${kind} checkpoint` : sentence`An ${kind} checkpoint`;
  return lacking(bare ? unet : checkpoint, missing);
}

function lacking(what: Sentence, missing: readonly Part[]): Sentence {
  const parts = listed(missing.map((part) => (part === 'VAE' ? sentence`a VAE` : part)));
  const files = listed(missing.map((part) => USUAL_FILES[part]));
  return missing.length === 1
    ? sentence`${what}; it also needs ${parts} from other files. It is often called ${files}; add it, or use a complete checkpoint.`
    : sentence`${what}; it also needs ${parts} from other files. They are often called ${files}; add them, or use a complete checkpoint.`;
}

function missingParts(text: readonly TextTower[], codec: string | null): Part[] {
  const has = (which: TextTower['which']) => text.some((tower) => tower.which === which);
  return [
    ...(has('clip-l') ? [] : (['CLIP-L'] as const)),
    ...(has('clip-g') ? [] : (['CLIP-bigG'] as const)),
    ...(codec ? [] : (['VAE'] as const)),
  ];
}
