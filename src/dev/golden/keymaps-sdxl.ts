import { ipAdapterView, readIpAdapterConfig } from '#models/ip-adapter/config.ts';
import { imageProjectionGraph } from '#models/ip-adapter/image-projection.ts';
import { imageAttention, ipAdapterLayers } from '#models/ip-adapter/layers.ts';
import { recipeKeys, type ShapeTable, type WeightRecipe } from '#models/graph/weight-recipe.ts';
import { unetFileShapes } from '#models/recognise-unet.ts';
import { unetConditioningGraph, unetStepGraph } from '#models/sdxl/unet.ts';
import { readUnetConfig, type UnetConfig } from '#models/sdxl/unet-config.ts';
import { LDM_UNET_PREFIX, unetView } from '#models/sdxl/unet-names.ts';
import { checkUnetShapes } from '#models/sdxl/unet-shapes.ts';
import { checkExact } from './compare.ts';
import { readJson } from './files.ts';
import type { GoldenContext } from './types.ts';

/** A 1024 px crop and one prompt chunk; ViT-H gives 257 tokens. */
const SIZE = { height: 128, width: 128, tokens: 77 };
const VISION_TOKENS = 257;

/** Real-size key lists of the UNet and the IP-Adapter: all consumed, nothing missing, right order, right names. */
export async function checkSdxlKeymaps(context: GoldenContext): Promise<void> {
  const file = await shapeList(context, 'sdxl_checkpoint_keys.json');
  const adapterFile = await shapeList(context, 'ip_adapter_plus_sdxl_vit_h_keys.json');
  const unet = unetFileShapes(file);
  const config = readUnetConfig(unet);
  const adapter = viewed(adapterFile, ipAdapterView(adapterFile.keys()));
  const consumed = consumedKeys(context, config, unet, adapter);
  const { missing, unknown, misshapen } = checkUnetShapes(unet, config);
  reportKeys(context, 'unet.missing', missing);
  reportKeys(context, 'unet.unknown', unknown);
  reportKeys(context, 'unet.misshapen', misshapen.map(String));
  reportKeys(context, 'unet.unused', unusedKeys(unet, consumed));
  reportKeys(context, 'ip_adapter.unused', unusedKeys(adapter, consumed));
  reportKeys(
    context,
    'ip_adapter.unknown',
    [...adapterFile.keys()].filter((key) => !adapter.has(key)),
  );
  await checkOrder(context, config);
  await checkDiffusersNames(context, file);
}

/** Reads `{ "key": [dims], ... }`. */
async function shapeList(context: GoldenContext, name: string): Promise<ShapeTable> {
  const json = (await readJson(context.dir, name)) as Readonly<Record<string, readonly number[]>>;
  return new Map(Object.entries(json));
}

function viewed(file: ShapeTable, view: ReadonlyMap<string, WeightRecipe>): ShapeTable {
  return new Map(
    [...view].map(([key, recipe]) => [key, file.get(recipeKeys(recipe)[0] as string) as readonly number[]]),
  );
}

/** Every key that the step, conditioning and projection graphs read. Emission fails on the first missing one. */
function consumedKeys(
  { runtime: { emission } }: GoldenContext,
  config: UnetConfig,
  unet: ShapeTable,
  adapter: ShapeTable,
): ReadonlySet<string> {
  const shapes = new Map([...unet, ...adapter]);
  const projection = readIpAdapterConfig(adapter);
  const image = imageAttention(config, projection.tokens);
  const graphs = [
    unetStepGraph(shapes, config, { ...SIZE, ...emission, image }),
    unetConditioningGraph(shapes, config, {
      tokens: SIZE.tokens,
      dtype: emission.dtype,
      image,
    }),
    imageProjectionGraph(adapter, projection, { ...emission, visionTokens: VISION_TOKENS }),
  ];
  return new Set(graphs.flatMap((graph) => [...graph.consumedKeys]));
}

const unusedKeys = (shapes: ShapeTable, consumed: ReadonlySet<string>): string[] =>
  [...shapes.keys()].filter((key) => !consumed.has(key));

function reportKeys(context: GoldenContext, name: string, wrong: readonly string[]): void {
  context.report(checkExact(name, wrong.length, `the first of them: ${wrong[0] ?? ''}`));
}

/** ip_adapter_order.json: [index, LDM path, diffusers path, width]. */
async function checkOrder(context: GoldenContext, config: UnetConfig): Promise<void> {
  const rows = (await readJson(context.dir, 'ip_adapter_order.json')) as [number, string, string, number][];
  const expected = rows.map(([index, ldm, , width]) => `${index} ${ldm} ${width}`);
  const actual = ipAdapterLayers(config).map(
    ({ index, name, channels }) => `${index} ${LDM_UNET_PREFIX}${name} ${channels}`,
  );
  const wrong = Array.from({ length: Math.max(expected.length, actual.length) }, (_, i) => i)
    .filter((i) => expected[i] !== actual[i])
    .map((i) => expected[i] ?? `${actual[i] ?? ''} (not in the list)`);
  reportKeys(context, 'ip_adapter.order', wrong);
}

/** unet_ldm_to_diffusers.json, read backwards: a diffusers file must come out under exactly these LDM names. */
async function checkDiffusersNames(context: GoldenContext, file: ShapeTable): Promise<void> {
  const json = await readJson(context.dir, 'unet_ldm_to_diffusers.json');
  const names = Object.entries(json as Readonly<Record<string, string>>);
  const view = unetView(names.map(([, diffusers]) => diffusers));
  const wrong = names.filter(([ldm, diffusers]) => {
    const recipe = view.get(ldm.slice(LDM_UNET_PREFIX.length));
    return !recipe || recipeKeys(recipe)[0] !== diffusers;
  });
  const unlisted = [...unetView(file.keys()).keys()].filter((key) => !view.has(key));
  reportKeys(context, 'unet.diffusers_names', [...wrong.map(([ldm]) => ldm), ...unlisted]);
}
