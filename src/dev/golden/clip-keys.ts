import { clipTextConfig, clipVisionConfig } from '#models/clip/config.ts';
import { clipView, findClipTowers, UNREAD_CLIP_KEYS, type ClipTower } from '#models/clip/naming.ts';
import { CLIP_TOKEN_TABLE, clipTextGraph } from '#models/clip/text.ts';
import { clipVisionGraph } from '#models/clip/vision.ts';
import type { EmittedGraph } from '#models/graph/builder.ts';
import { recipeDims, recipeKeys, type ShapeTable, type WeightRecipe } from '#models/graph/weight-recipe.ts';
import { taesdDecoderGraph, taesdEncoderGraph, taesdView } from '#models/sdxl/taesd.ts';
import { vaeConfig, vaeDecoderGraph, vaeEncoderGraph } from '#models/sdxl/vae.ts';
import { vaeView } from '#models/sdxl/vae-naming.ts';
import { checkExact } from './compare.ts';
import { readJson } from './files.ts';
import { GoldenError, type GoldenContext } from './types.ts';

type View = ReadonlyMap<string, WeightRecipe>;

/** A 512 px tile, the size the VAE runs at. */
const PIXELS = { height: 512, width: 512 };
const LATENTS = { height: 64, width: 64 };

/**
 * Real-size key lists of everything but the UNet: text towers and VAE of the checkpoint, ViT-H, TAESD. Emission fails
 * on a missing key; `unused` counts keys that no graph reads.
 */
export async function checkClipAndCodecKeymaps(context: GoldenContext): Promise<void> {
  const checkpoint = await shapeTable(context, 'sdxl_checkpoint_keys.json');
  checkTextTowers(context, checkpoint);
  checkVae(context, checkpoint);
  checkVision(context, await shapeTable(context, 'clip_vit_h_keys.json'));
  await checkTaesd(context);
}

async function shapeTable(context: GoldenContext, name: string): Promise<ShapeTable> {
  const json = (await readJson(context.dir, name)) as Readonly<Record<string, readonly number[]>>;
  return new Map(Object.entries(json));
}

/** Canonical shapes of a view, as a weight source would show them. */
function canonicalShapes(view: View, file: ShapeTable): ShapeTable {
  return new Map([...view].map(([key, recipe]) => [key, recipeDims(recipe, file, 'golden')]));
}

/** The file's own keys that some graph reads. */
function readKeys(view: View, graphs: readonly EmittedGraph[]): ReadonlySet<string> {
  const canonical = graphs.flatMap((graph) => [...graph.consumedKeys]);
  return new Set(canonical.flatMap((key) => recipeKeys(view.get(key) as WeightRecipe)));
}

function reportUnused(
  { report }: GoldenContext,
  name: string,
  keys: Iterable<string>,
  read: ReadonlySet<string>,
): void {
  const unused = [...keys].filter((key) => !read.has(key) && !UNREAD_CLIP_KEYS.test(key));
  report(checkExact(`${name}.unused`, unused.length, `the first of them: ${unused[0] ?? ''}`));
}

/** Compares a recovered config with what the real model has. */
function reportConfig<T extends object>({ report }: GoldenContext, name: string, actual: T, real: T): void {
  const wrong = Object.keys(real).filter((key) => actual[key as keyof T] !== real[key as keyof T]);
  report(checkExact(`${name}.config`, wrong.length, `wrong: ${wrong.join(', ')}`));
}

function checkTextTowers(context: GoldenContext, file: ShapeTable): void {
  const towers = findClipTowers(file).filter(({ modality }) => modality === 'text');
  const [l, g] = towers;
  if (!l || !g || towers.length > 2)
    throw new GoldenError(`the checkpoint's key list holds ${towers.length} text towers instead of two.`);
  const shared = { vocabulary: 49408, context: 77 };
  checkText(context, 'clip_l', file, l, 'l', {
    ...shared,
    ...{ width: 768, layers: 12, heads: 12, activation: 'quick_gelu', projection: null },
  });
  checkText(context, 'clip_g', file, g, 'g', {
    ...shared,
    ...{ width: 1280, layers: 32, heads: 20, activation: 'gelu', projection: 1280 },
  });
}

function checkText(
  context: GoldenContext,
  name: string,
  file: ShapeTable,
  tower: ClipTower,
  kind: 'l' | 'g',
  real: ReturnType<typeof clipTextConfig>,
): void {
  const view = clipView(file, tower);
  const shapes = canonicalShapes(view, file);
  const config = clipTextConfig(shapes, kind);
  reportConfig(context, name, config, real);
  const outputs = ['penultimate', 'last', 'last_normed', 'pooled'] as const;
  const graph = clipTextGraph(shapes, config, { ...context.runtime.emission, outputs });
  const own = [...file.keys()].filter((key) => key.startsWith(tower.prefix));
  // The host reads the token table's rows.
  const read = [...readKeys(view, [graph]), ...recipeKeys(view.get(CLIP_TOKEN_TABLE) as WeightRecipe)];
  reportUnused(context, name, own, new Set(read));
}

function checkVision(context: GoldenContext, file: ShapeTable): void {
  const tower = findClipTowers(file).find(({ modality }) => modality === 'vision');
  if (!tower) throw new GoldenError('the key list of ViT-H holds no vision tower.');
  const view = clipView(file, tower);
  const shapes = canonicalShapes(view, file);
  const config = clipVisionConfig(shapes);
  reportConfig(context, 'clip_vit_h', config, {
    ...{ width: 1280, layers: 32, heads: 16, activation: 'gelu', projection: 1024 },
    ...{ patch: 14, image: 224, tokens: 257 },
  });
  const outputs = ['penultimate', 'last', 'image_embeds'] as const;
  const graph = clipVisionGraph(shapes, config, { ...context.runtime.emission, outputs });
  reportUnused(context, 'clip_vit_h', file.keys(), readKeys(view, [graph]));
}

function checkVae(context: GoldenContext, file: ShapeTable): void {
  const view = vaeView(file);
  if (!view) throw new GoldenError('the key list of the checkpoint holds no VAE.');
  const shapes = canonicalShapes(view, file);
  const config = vaeConfig(shapes);
  const real = { levels: 4, encoderBlocks: 2, decoderBlocks: 3, latentChannels: 4, groups: 32 };
  reportConfig(context, 'vae', config, real);
  const graphs = [
    vaeEncoderGraph(shapes, config, { ...PIXELS, outputs: ['mean'] }),
    vaeDecoderGraph(shapes, config, LATENTS),
  ];
  const own = [...file.keys()].filter((key) => key.startsWith('first_stage_model.'));
  reportUnused(context, 'vae', own, readKeys(view, graphs));
}

/** taesdxl_keys.json holds one key list per direction, as the original has one file per direction. */
async function checkTaesd(context: GoldenContext): Promise<void> {
  const json = (await readJson(context.dir, 'taesdxl_keys.json')) as Readonly<
    Record<string, Readonly<Record<string, readonly number[]>>>
  >;
  const emit = {
    encoder: (shapes: ShapeTable) => taesdEncoderGraph(shapes, PIXELS),
    decoder: (shapes: ShapeTable) => taesdDecoderGraph(shapes, LATENTS),
  };
  for (const direction of ['encoder', 'decoder'] as const) {
    const file: ShapeTable = new Map(Object.entries(json[direction] ?? {}));
    const view = taesdView(file);
    if (!view) throw new GoldenError(`the key list of TAESD holds no ${direction}.`);
    const graph = emit[direction](canonicalShapes(view, file));
    reportUnused(context, `taesdxl.${direction}`, file.keys(), readKeys(view, [graph]));
  }
}
