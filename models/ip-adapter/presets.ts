import type { AnchorPreset } from '#domain/job/request.ts';
import { spatialTransformers, type SpatialTransformer, type UnetConfig } from '../sdxl/unet-config.ts';

/**
 * Factor of the image attention in each spatial transformer, in running order. Counted like the layer-wise presets of
 * SDXL (spec/sdxl.md E.3): "style" is the second output transformer (block 6, output_blocks.1.1), "composition" the
 * last input one (block 3, input_blocks.8.1); found by position, so that smaller UNets have them too.
 */
export function anchorBlockFactors(unet: UnetConfig, preset: AnchorPreset): Float32Array {
  const blocks = spatialTransformers(unet);
  if (preset === 'all') return new Float32Array(blocks.length).fill(1);
  const within = (part: SpatialTransformer['part']) => blocks.filter((block) => block.part === part);
  const style = within('output').slice(0, 2).at(-1);
  const composition = within('input').at(-1);
  const chosen = { style: [style], composition: [composition], 'style+composition': [style, composition] };
  return Float32Array.from(blocks, (block) => (chosen[preset].includes(block) ? 1 : 0));
}
