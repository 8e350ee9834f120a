import type { Layer } from '#domain/document/layer.ts';
import type { MaskRle, RefineRequest } from '#domain/job/request.ts';
import { isEmptyMask } from '#domain/mask/rle.ts';
import type { RefineTarget } from './worker-client.ts';

const SOMETHING: MaskRle = { width: 1, height: 1, runs: [0, 1] };
const NOTHING: MaskRle = { width: 1, height: 1, runs: [1] };

/**
 * What a run comes to depends on where its detections are and whether there is anything of them, never on their outlines:
 * a plan, asked for after every change, crosses to the worker with one pixel in the place of each of a thousand masks.
 */
export function forPlan(
  request: RefineRequest,
  target: RefineTarget,
): readonly [request: RefineRequest, target: RefineTarget] {
  const detections = request.detections.map((detection) => ({
    ...detection,
    mask: onePixel(detection.mask),
  }));
  return [
    { ...request, detections },
    { ...target, layers: target.layers.map(withoutOutlines) },
  ];
}

function withoutOutlines(layer: Layer): Layer {
  const { weight, origin } = layer;
  return {
    ...layer,
    weight: weight.kind === 'mask' ? { ...weight, mask: onePixel(weight.mask) } : weight,
    origin: { ...origin, mask: origin.mask && onePixel(origin.mask) },
  };
}

const onePixel = (mask: MaskRle): MaskRle => (isEmptyMask(mask) ? NOTHING : SOMETHING);
