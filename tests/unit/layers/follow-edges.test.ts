import { describe, expect, it } from 'vitest';
import { applyCommand } from '#domain/document/commands.ts';
import { followEdges, type EdgeSource } from '#domain/document/follow.ts';
import type { Layer } from '#domain/document/layer.ts';
import { rect } from '#domain/geometry/rect.ts';
import type { Detection, DetectionOverrides } from '#domain/job/request.ts';
import { startDocument } from '../domain/document/arbitrary-documents.ts';
import { layer, maskOf, tile } from './layer-fixtures.ts';

const start = startDocument();
const [concept] = start.concepts;
const detection = (id: string, own: DetectionOverrides = {}): Detection => ({
  id,
  conceptId: concept!.id,
  box: rect(0, 0, 1, 1),
  mask: maskOf(4),
  score: 1,
  presence: 1,
  enabled: true,
  edited: false,
  own,
});
const source = (featherPx: number | undefined, documentFeatherPx = 16): EdgeSource => ({
  detections: [detection('a'), detection('b', { featherPx: 3 })],
  concepts: [{ ...concept!, featherPx }],
  detail: { ...start.parameters.detail, growPx: 0, featherPx: documentFeatherPx },
});
const of = (detectionId: string, featherPx: number, patch: Partial<Layer> = {}) => {
  const mask = maskOf(4);
  const weight = { kind: 'mask', mask, growPx: 0, featherPx } as const;
  return layer(`of ${detectionId}`, { origin: { detectionId, mask, below: [] }, weight, ...patch });
};
const feathers = (layers: readonly Layer[], before: EdgeSource, after: EdgeSource) =>
  followEdges(before, after, layers)
    .reduce(applyCommand, { ...start, layers })
    .layers.map(({ weight }) => (weight.kind === 'mask' ? weight.featherPx : null));

describe("layers' edges", () => {
  it('follow the concept, and the document where the concept says nothing', () => {
    const layers = [of('a', 16), of('b', 3), tile(0)];
    expect(feathers(layers, source(undefined), source(40))).toEqual([40, 3, null]);
    expect(feathers([of('a', 40)], source(40), source(undefined))).toEqual([16]);
    expect(feathers([of('a', 16)], source(undefined), source(undefined, 20))).toEqual([20]);
    expect(feathers([of('a', 40)], source(40), source(40, 20))).toEqual([40]);
  });

  it('stay where they were set for the layer, and where it is locked', () => {
    expect(feathers([of('a', 11)], source(undefined), source(40))).toEqual([11]);
    expect(feathers([of('a', 16, { locked: true })], source(undefined), source(40))).toEqual([16]);
  });
});
