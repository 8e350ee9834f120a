import { createHash } from 'node:crypto';
import type { Layer } from '#domain/document/layer.ts';
import type { JobEvent, LayerEvent } from '#domain/job/events.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { EVERYTHING, type RefineTarget } from '#domain/job/target.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import type { LayerCanvas } from '#pipelines/layer-canvas.ts';
import { openCanvas, refine, type Refined } from '#pipelines/refine.ts';
import type { Services } from '#pipelines/services.ts';
import { concept, detection, fakeServices, request, testPicture } from './pipelines-fakes.ts';

export const PICTURE = testPicture(128, 96);
export const SIZE = { width: 512, height: 384 };

/** Two overlapping faces, and an eye painted after them. */
export const FACES = [detection('a', 0.1, 0.1, 0.2), detection('b', 0.2, 0.2, 0.2)];
export const EYE = detection('e', 0.2, 0.2, 0.1, { conceptId: 'eyes' });
export const CONCEPTS = [concept(), concept({ id: 'eyes', layer: 1, prompt: 'eye', denoise: 0.6 })];

export function small(overrides: Partial<RefineRequest> = {}): RefineRequest {
  return request({
    concepts: CONCEPTS,
    detections: [...FACES, EYE],
    output: { canvasLongSidePx: 512, exportLongSidePx: 512 },
    detail: { ...request().detail, featherPx: 8 },
    ...overrides,
  });
}

export const TILED = small({ global: { ...request().global, enabled: true } });

export interface Run extends Refined {
  readonly on: LayerCanvas;
  readonly events: readonly LayerEvent[];
}

/** Runs on a canvas that stays, as in the studio. */
export async function run(
  asked: RefineRequest,
  target: Partial<RefineTarget> = {},
  present?: LayerCanvas,
  services: Services = fakeServices(),
  onEvent: (event: JobEvent, controller: AbortController) => void = () => undefined,
): Promise<Run> {
  const on = present ?? (await openCanvas(PICTURE, SIZE, new CpuPixelOps()));
  const controller = new AbortController();
  const events: LayerEvent[] = [];
  const context = {
    signal: controller.signal,
    onEvent: (event: JobEvent) => {
      if (event.kind === 'layer') events.push(event);
      onEvent(event, controller);
    },
  };
  const options = {
    target: { ...EVERYTHING, ...target },
    canvasFor: () => Promise.resolve(on),
    model: 'fake',
  };
  return { ...(await refine(PICTURE, asked, services, context, options)), on, events };
}

export const bytes = (raster: { readonly data: Uint8ClampedArray }) => Buffer.from(raster.data);
export const same = (a: { readonly data: Uint8ClampedArray }, b: { readonly data: Uint8ClampedArray }) =>
  bytes(a).equals(bytes(b));
export const named = (layers: readonly Layer[], id: string) =>
  layers.find(({ origin }) => origin.detectionId === id)!;

/** What tells one painting's residual from another: a matcher would walk millions of values. */
export async function residual(on: LayerCanvas, { pixels }: Pick<Layer, 'pixels'>): Promise<string> {
  const { width, height, data } = (await on.parts.residuals.get(pixels.id))!;
  const values = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return `${width}×${height} ${createHash('sha256').update(values).digest('hex')}`;
}
