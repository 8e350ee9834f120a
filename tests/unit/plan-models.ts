import { fileURLToPath } from 'node:url';
import { clipTextConfig, clipVisionConfig } from '#models/clip/config.ts';
import { clipView, findClipTowers } from '#models/clip/naming.ts';
import { recipeDims, type ShapeTable, type WeightRecipe } from '#models/graph/weight-recipe.ts';
import { ipAdapterView } from '#models/ip-adapter/config.ts';
import { imageAttention } from '#models/ip-adapter/layers.ts';
import { sam3Config } from '#models/sam3/config.ts';
import { readUnetConfig } from '#models/sdxl/unet-config.ts';
import { vaeView } from '#models/sdxl/vae-naming.ts';
import { anchorProjection } from '#inference/anchors.ts';
import { taesdWeights } from '#inference/codec-models.ts';
import { ipAdapterWeights, unetWeights } from '#inference/denoiser-weights.ts';
import { findTextTowers } from '#inference/prompts-towers.ts';
import { sam3Model } from '#inference/segmenter-model.ts';
import { findVisionTower } from '#inference/vision.ts';
import type { WeightSource } from '#inference/weights.ts';
import { openSafetensors } from '#node/file-source.ts';
import type { NetworkFacts } from '#pipelines/costs.ts';
import { recogniseFile } from '#pipelines/assemble.ts';
import { keyShapes, realUnet } from './unet-keymaps.ts';

/** Shapes without values: costs read nothing else. */
function shapesOnly(name: string, shapes: ShapeTable): WeightSource {
  const refuse = () => Promise.reject(new Error('costs must not read weights'));
  return { name, shapes, float: refuse, stored: refuse, rows: refuse };
}

function viewed(file: ShapeTable, view: ReadonlyMap<string, WeightRecipe>): ShapeTable {
  return new Map([...view].map(([key, recipe]) => [key, recipeDims(recipe, file, 'test')]));
}

/** The real models of issue 3 by their key lists: SDXL base, ip-adapter-plus ViT-H, CLIP-ViT-H-14, SAM 3. */
export function realModels(): NetworkFacts {
  const file = keyShapes('sdxl_checkpoint_keys.json');
  const unet = realUnet();
  const config = readUnetConfig(unet);
  const towers = findClipTowers(file).filter(({ modality }) => modality === 'text');
  const tower = (kind: 'l' | 'g') => {
    const found = towers.find(({ naming }) => (naming === 'openclip') === (kind === 'g'))!;
    const shapes = viewed(file, clipView(file, found));
    return { weights: shapesOnly(`clip-${kind}`, shapes), config: clipTextConfig(shapes, kind) };
  };
  const visionFile = keyShapes('clip_vit_h_keys.json');
  const vision = viewed(visionFile, clipView(visionFile, findClipTowers(visionFile)[0]!));
  const adapterFile = keyShapes('ip_adapter_plus_sdxl_vit_h_keys.json');
  const adapter = shapesOnly('ip-adapter', viewed(adapterFile, ipAdapterView(adapterFile.keys())));
  const projection = anchorProjection(adapter);
  const sam3 = keyShapes('sam3_transformers_keys.json');
  return {
    unet: {
      config,
      weights: shapesOnly('sdxl', unet),
      adapter: { weights: adapter, attention: imageAttention(config, projection.config.tokens) },
    },
    text: { l: tower('l'), g: tower('g') },
    codec: { kind: 'vae', weights: shapesOnly('vae', viewed(file, vaeView(file)!)) },
    anchor: {
      vision: { weights: shapesOnly('vit-h', vision), config: clipVisionConfig(vision) },
      projection,
    },
    sam3: { weights: shapesOnly('sam3', sam3), config: sam3Config(sam3) },
  };
}

/** The models that come with the studio. */
export async function demoModels(): Promise<NetworkFacts> {
  const open = (name: string) =>
    openSafetensors(fileURLToPath(new URL(`../../models/demo/${name}.safetensors`, import.meta.url)));
  const checkpoint = await open('checkpoint');
  const known = recogniseFile(checkpoint);
  if (known.kind !== 'sdxl') throw new Error('the demo checkpoint is not recognised');
  const projection = anchorProjection(ipAdapterWeights(await open('ip-adapter')));
  return {
    unet: {
      config: known.unet,
      weights: unetWeights(checkpoint),
      adapter: {
        weights: projection.weights,
        attention: imageAttention(known.unet, projection.config.tokens),
      },
    },
    text: findTextTowers([checkpoint]),
    codec: { kind: 'taesd', weights: taesdWeights([await open('autoencoder')])! },
    anchor: { vision: findVisionTower(await open('vision')), projection },
    sam3: sam3Model(await open('sam3')),
  };
}
