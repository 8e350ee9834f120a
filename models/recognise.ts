import { listed, sentence, type Sentence } from '#domain/job/sentence.ts';
import { AppError } from '#domain/job/app-error.ts';
import { clipView, findClipTowers } from './clip/naming.ts';
import { MissingWeightError, type ShapeTable, type WeightRecipe } from './graph/weight-recipe.ts';
import { ipAdapterView, readIpAdapterConfig } from './ip-adapter/config.ts';
import { recogniseLora } from './lora/recognise.ts';
import type { ModelFile, TextTower } from './model-file.ts';
import { refusedFamily } from './recognise-refused.ts';
import { recogniseUnet } from './recognise-unet.ts';
import { CONFIG_METADATA } from './sam3/overrides.ts';
import { sam3Naming } from './sam3/names.ts';
import { taesdConfig, taesdView } from './sdxl/taesd.ts';
import { unetNaming } from './sdxl/unet-names.ts';
import { vaeView } from './sdxl/vae-naming.ts';

/** The context and head widths of the IP-Adapters for Stable Diffusion 1.x. */
const SD1_CONTEXT = 768;
/** bigG text is at least this wide; CLIP-L is 768. */
const WIDE_TEXT = 1024;

/**
 * Says what a .safetensors file is, from its tensor names, shapes and `__metadata__` alone (spec/sdxl.md H).
 * Never throws on a strange file: that is an answer too.
 */
export function recogniseModel(
  shapes: ShapeTable,
  metadata: ReadonlyMap<string, string> = new Map(),
): ModelFile {
  try {
    return recognised(shapes, metadata);
  } catch (error) {
    if (!(error instanceof AppError || error instanceof MissingWeightError)) throw error;
    return {
      kind: 'refused',
      what: 'damaged',
      sentence: error instanceof AppError ? error.sentence : error.message,
    };
  }
}

function recognised(shapes: ShapeTable, metadata: ReadonlyMap<string, string>): ModelFile {
  const naming = sam3Naming(shapes.keys());
  if (naming) return { kind: 'sam3', naming, sentence: sentence`SAM 3 with ${naming} key names.` };
  const lora = recogniseLora(shapes);
  if (lora) return lora;
  const refused = refusedFamily(shapes);
  if (refused) return refused;
  if (hasPrefix(shapes, 'image_proj.')) return adapter(shapes);
  if (unetNaming(shapes.keys()))
    return recogniseUnet(shapes, settings(metadata), textTowers(shapes), codecOf(shapes));
  return part(shapes) ?? { kind: 'unknown', sentence: unknownSentence(shapes) };
}

/** Our own metadata: what shapes cannot tell. */
function settings(metadata: ReadonlyMap<string, string>): Readonly<Record<string, unknown>> {
  const text = metadata.get(CONFIG_METADATA);
  if (text === undefined) return {};
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === 'object' && value !== null ? (value as Record<string, unknown>) : {};
  } catch {
    return {};
  }
}

function hasPrefix(shapes: ShapeTable, prefix: string): boolean {
  return [...shapes.keys()].some((key) => key.startsWith(prefix));
}

function adapter(shapes: ShapeTable): ModelFile {
  const config = readIpAdapterConfig(viewedShapes(shapes, ipAdapterView(shapes.keys())));
  if (config.contextDim === SD1_CONTEXT)
    return {
      kind: 'refused',
      what: 'ip-adapter for SD 1.x',
      sentence:
        'This IP-Adapter is for Stable Diffusion 1.5; the studio needs one for SDXL, such as ip-adapter-plus_sdxl_vit-h.',
    };
  const { kind, tokens, imageDim } = config;
  const reads = kind === 'plus' ? sentence`the hidden states` : sentence`the image embedding`;
  return {
    kind: 'ip-adapter',
    config,
    sentence: sentence`IP-Adapter (${kind}, ${tokens} tokens); it reads ${reads} of a CLIP vision model, ${imageDim} wide.`,
  };
}

/** Shapes under canonical names, for views that only rename. */
function viewedShapes(shapes: ShapeTable, view: ReadonlyMap<string, WeightRecipe>): ShapeTable {
  return new Map(
    [...view].map(([key, recipe]) => [key, recipe.kind === 'tensor' ? (shapes.get(recipe.key) ?? []) : []]),
  );
}

/** Text towers by width: file naming differs, and the towers swap places between tools. */
function textTowers(shapes: ShapeTable): TextTower[] {
  const towers = findClipTowers(shapes).filter(({ modality }) => modality === 'text');
  return towers.map((tower): TextTower => {
    const embedding =
      tower.naming === 'hf' ? 'text_model.embeddings.token_embedding.weight' : 'token_embedding.weight';
    const width = shapes.get(tower.prefix + embedding)?.[1] ?? 0;
    const large = tower.naming === 'openclip' || width > WIDE_TEXT;
    return { which: large ? 'clip-g' : 'clip-l', prefix: tower.prefix };
  });
}

function codecOf(shapes: ShapeTable): 'vae' | 'taesd' | null {
  if (vaeView(shapes)) return 'vae';
  return taesdView(shapes) ? 'taesd' : null;
}

/** A file with one of the smaller networks. */
function part(shapes: ShapeTable): ModelFile | null {
  const vae = vaeView(shapes);
  if (vae) return vaeFile(viewedShapes(shapes, vae));
  return visionFile(shapes) ?? textFile(shapes) ?? taesdFile(shapes);
}

function vaeFile(shapes: ShapeTable): ModelFile {
  const latentChannels = shapes.get('decoder.conv_in.weight')?.[1] ?? 0;
  return {
    kind: 'vae',
    latentChannels,
    sentence: sentence`An autoencoder (VAE) with ${latentChannels} latent channels.`,
  };
}

function taesdFile(shapes: ShapeTable): ModelFile | null {
  const view = taesdView(shapes);
  if (!view) return null;
  const canonical = viewedShapes(shapes, view);
  if (canonical.get('decoder.1.weight')?.length !== 4 && canonical.get('encoder.0.weight')?.length !== 4)
    return null;
  const { latentChannels } = taesdConfig(canonical);
  const [encoder, decoder] = [canonical.has('encoder.0.weight'), canonical.has('decoder.1.weight')];
  const half = encoder ? sentence`encoder only` : sentence`decoder only`;
  const told =
    encoder && decoder
      ? sentence`A tiny autoencoder (TAESD) with ${latentChannels} latent channels.`
      : sentence`A tiny autoencoder (TAESD) (${half}) with ${latentChannels} latent channels.`;
  return { kind: 'taesd', latentChannels, encoder, decoder, sentence: told };
}

function visionFile(shapes: ShapeTable): ModelFile | null {
  const tower = findClipTowers(shapes).find(({ modality }) => modality === 'vision');
  if (!tower) return null;
  const names = [...clipView(shapes, tower).keys()];
  const layers = countLayers(names, 'vision_model.encoder.layers.');
  const key = tower.naming === 'hf' ? 'vision_model.embeddings.class_embedding' : 'visual.class_embedding';
  const width = shapes.get(tower.prefix + key)?.[0] ?? 0;
  return {
    kind: 'clip-vision',
    layers,
    width,
    sentence:
      layers === 32 && width === 1280
        ? sentence`A CLIP vision model: ${layers} layers, ${width} wide (ViT-H).`
        : sentence`A CLIP vision model: ${layers} layers, ${width} wide.`,
  };
}

function textFile(shapes: ShapeTable): ModelFile | null {
  const towers = textTowers(shapes);
  if (towers.length === 0) return null;
  const names = listed(towers.map(({ which }) => (which === 'clip-l' ? 'CLIP-L' : 'OpenCLIP bigG')));
  return { kind: 'clip-text', towers, sentence: sentence`Text encoder: ${names}.` };
}

function countLayers(names: readonly string[], prefix: string): number {
  const indices = names
    .filter((name) => name.startsWith(prefix))
    .map((name) => Number(name.slice(prefix.length).split('.')[0]));
  return new Set(indices).size;
}

function unknownSentence(shapes: ShapeTable): Sentence {
  const [first = ''] = shapes.keys();
  return sentence`This file's ${shapes.size} tensors (the first is "${first}") belong to no model the studio knows. It reads SDXL checkpoints, VAEs, CLIP, IP-Adapter, SAM 3 and LoRA files.`;
}
