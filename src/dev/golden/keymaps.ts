import { checkSdxlKeymaps } from './keymaps-sdxl.ts';
import type { GoldenContext } from './types.ts';

/** Golden keymaps: complete real-size key lists, each consumed by our graphs with nothing missing and nothing unknown. */
export async function run(context: GoldenContext): Promise<void> {
  await checkSdxlKeymaps(context);
}
