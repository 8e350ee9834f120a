import { checkSam3Keys } from '#models/sam3/keys.ts';
import { checkClipAndCodecKeymaps } from './clip-keys.ts';
import { readJson } from './files.ts';
import { checkSdxlKeymaps } from './keymaps-sdxl.ts';
import type { GoldenContext } from './types.ts';

/** Golden keymaps: complete real-size key lists, each consumed by our graphs with nothing missing and nothing unknown. */
export async function run(context: GoldenContext): Promise<void> {
  await checkSdxlKeymaps(context);
  await checkClipAndCodecKeymaps(context);
  for (const naming of ['original', 'transformers']) await checkSam3(context, naming);
}

async function checkSam3(context: GoldenContext, naming: string): Promise<void> {
  const list = (await readJson(context.dir, `sam3_${naming}_keys.json`)) as Readonly<
    Record<string, readonly number[]>
  >;
  const { missing, unknown } = checkSam3Keys(new Map(Object.entries(list)));
  for (const [what, keys] of Object.entries({ missing, unknown }))
    context.report({
      name: `keymaps/sam3.${naming}.${what}`,
      maxAbs: keys.length,
      relRms: 0,
      pass: keys.length === 0,
    });
}
