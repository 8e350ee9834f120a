import type { Layer } from '#domain/document/layer.ts';
import type { StaleReason } from '#domain/document/stale.ts';
import { contains, unitToCanvas } from '#domain/geometry/rect.ts';
import type { Detection } from '#domain/job/request.ts';
import { messages } from './messages.ts';

interface StaleDocument {
  readonly detections: readonly Detection[];
  readonly stale: ReadonlyMap<string, readonly StaleReason[]>;
}

/** Why layers are out of date, in sentences; empty where they are not. */
export function staleSentences(layers: readonly Layer[], { stale, detections }: StaleDocument): string[] {
  const texts = messages.layers;
  const sentences = layers.flatMap((layer) => {
    const reasons = stale.get(layer.id) ?? [];
    const leaves = reasons.includes('mask') && maskLeavesArea(layer, detections);
    return [...reasons.map((reason) => texts.staleReasons[reason]), ...(leaves ? [texts.maskLeaves] : [])];
  });
  return [...new Set(sentences)];
}

/** {@link staleSentences} in one string. */
export function staleText(layers: readonly Layer[], document: StaleDocument): string {
  return staleSentences(layers, document).join(' ');
}

/** Whether the mask a layer is seen through now reaches where nothing was painted. */
export function maskLeavesArea(layer: Layer, detections: readonly Detection[]): boolean {
  const detection = detections.find(({ id }) => id === layer.origin.detectionId);
  if (!detection || layer.weight.kind !== 'mask') return false;
  return !contains(layer.area, unitToCanvas(detection.box, layer.canvas));
}
