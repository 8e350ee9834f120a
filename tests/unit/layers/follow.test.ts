import { describe, expect, it } from 'vitest';
import { applyCommand } from '#domain/document/commands.ts';
import { followMasks } from '#domain/document/follow.ts';
import type { Layer } from '#domain/document/layer.ts';
import { rect } from '#domain/geometry/rect.ts';
import type { Detection, MaskRle } from '#domain/job/request.ts';
import { startDocument } from '../domain/document/arbitrary-documents.ts';
import { layer, maskOf, tile } from './layer-fixtures.ts';

const detection = (id: string, mask: MaskRle): Detection => ({
  id,
  conceptId: 'concept-1',
  box: rect(0, 0, 1, 1),
  mask,
  score: 1,
  presence: 1,
  enabled: true,
  edited: false,
});
const of = (detectionId: string, patch: Partial<Layer> = {}) =>
  layer(`layer of ${detectionId}`, { origin: { detectionId, mask: maskOf(4), below: [] }, ...patch });
const followed = (layers: readonly Layer[], before: readonly Detection[], after: readonly Detection[]) =>
  followMasks(before, after, layers).reduce(applyCommand, { ...startDocument(), layers }).layers;

describe('layer masks', () => {
  const [old, next] = [maskOf(4), maskOf(9)];

  it('follow their detection, and keep their edge and what they were painted from', () => {
    const layers = [of('a'), of('b')];
    const result = followed(
      layers,
      [detection('a', old), detection('b', old)],
      [detection('a', next), detection('b', old)],
    );
    expect(result[0]?.weight).toEqual({ kind: 'mask', mask: next, growPx: 0, featherPx: 16 });
    expect(result[0]?.origin.mask).toEqual(old);
    expect(result[1]).toBe(layers[1]);
  });

  it('stay where the layer is locked, merged or a tile', () => {
    const origin = { detectionId: 'a', mask: old, below: [] };
    const layers = [of('a', { locked: true }), of('a', { weight: { kind: 'whole' } }), tile(0, { origin })];
    expect(followMasks([detection('a', old)], [detection('a', next)], layers)).toEqual([]);
  });

  it('stay where the mask only is another object', () => {
    const same = { ...old, runs: [...old.runs] };
    expect(followMasks([detection('a', old)], [detection('a', same)], [of('a')])).toEqual([]);
  });

  it('take the mask of a detection that is listed again, and keep theirs when it goes', () => {
    expect(followed([of('a')], [], [detection('a', next)])[0]?.weight).toMatchObject({ mask: next });
    expect(followMasks([detection('a', old)], [], [of('a')])).toEqual([]);
  });

  it('are not looked at while nothing changed', () => {
    const detections = [detection('a', next)];
    expect(followMasks(detections, detections, [of('a')])).toEqual([]);
  });
});
