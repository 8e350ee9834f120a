import { clipPreprocess } from '#domain/image/clip-preprocess.ts';
import { floatTensor, type FloatTensor } from '#domain/tensor.ts';
import { compare } from './compare.ts';
import { openTensors } from './files.ts';
import { GoldenError, type GoldenContext } from './types.ts';

/** README of clip_preprocess: the limit for those who reproduce the float path of the variant they implement. */
const TOLERANCE = 1e-4;

/** Golden clip_preprocess: ComfyUI's two variants. `*.hf_pil` is another variant's answer, which is not ours. */
export async function run({ dir, report }: GoldenContext): Promise<void> {
  const inputs = await openTensors(dir, 'inputs.safetensors');
  const outputs = await openTensors(dir, 'outputs.safetensors');
  for (const name of outputs.names.filter((each) => !each.endsWith('.hf_pil'))) {
    const [stem = '', variant = ''] = name.split('.');
    if (variant !== 'comfy_crop' && variant !== 'comfy_nocrop')
      throw new GoldenError(`the clip_preprocess folder holds "${name}", which is no known case.`);
    const expected = await outputs.float(name);
    const image = toPlanes(await inputs.float(`${stem}.image_u8_hwc`));
    const { dims, data } = clipPreprocess(image, expected.dims.at(-1) ?? 0, variant === 'comfy_crop');
    report(compare(name, { dims: [1, ...dims], data }, expected, TOLERANCE));
  }
}

/** [H,W,3] of 0…255 -> [3,H,W] in [0,1]. */
function toPlanes({ dims, data }: FloatTensor): FloatTensor {
  const [height = 0, width = 0, channels = 3] = dims;
  const planes = floatTensor([channels, height, width]);
  data.forEach((value, i) => {
    planes.data[(i % channels) * height * width + Math.floor(i / channels)] = value / 255;
  });
  return planes;
}
