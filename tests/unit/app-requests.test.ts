import { describe, expect, it } from 'vitest';
import { DEFAULTS, withOverrides } from '#app/defaults.ts';
import { handGrid, regionOf } from '#app/mask-regions.ts';
import { buildDetectRequest, buildOverlay, buildRefineRequest } from '#app/requests.ts';
import { cropFrame, startSigma, tileFrames } from '#app/guides.ts';
import { rect, size } from '#domain/geometry/rect.ts';
import type { ConceptSpec, Detection } from '#domain/job/request.ts';

const concept = (id: string, phrase: string): ConceptSpec => ({ id, ...DEFAULTS.concept, phrase });
const detection = (id: string, conceptId: string, x: number, patch: Partial<Detection> = {}): Detection => ({
  id,
  conceptId,
  box: rect(x, 0, 0.2, 0.5),
  mask: { width: 2, height: 2, runs: [0, 4] },
  score: 0.5,
  presence: 0.9,
  enabled: true,
  edited: false,
  ...patch,
});

describe('requests', () => {
  it('detects only what is named, without stray spaces', () => {
    const request = buildDetectRequest([concept('concept-1', '  face '), concept('concept-2', '   ')]);
    expect(request.concepts.map(({ phrase }) => phrase)).toEqual(['face']);
  });

  it('refines with the concepts in use and every detection of theirs', () => {
    const concepts = [concept('concept-1', 'face'), concept('concept-2', ''), concept('concept-3', '')];
    const detections = [detection('a', 'concept-1', 0, { enabled: false }), detection('b', 'concept-3', 0.5)];
    const request = buildRefineRequest(
      concepts,
      [...detections, detection('c', 'gone', 0)],
      DEFAULTS.parameters,
    );
    expect(request.concepts.map(({ id }) => id)).toEqual(['concept-1', 'concept-3']);
    expect(request.detections.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(request.version).toBe(1);
    expect(structuredClone(request)).toEqual(request);
  });

  it('makes regions by hand on the picture’s own pixels, up to 8192, and final', () => {
    expect(handGrid(size(4000, 2000))).toEqual(size(4000, 2000));
    expect(handGrid(size(16384, 4096))).toEqual(size(8192, 2048));
    const mask = { width: 2, height: 1, runs: [1, 1] };
    const region = { id: 'a', conceptId: 'concept-1', mask } as const;
    expect(regionOf({ ...region, origin: 'hand' })).toMatchObject({
      baked: true,
      tick: true,
      edits: { added: mask },
    });
    expect(regionOf({ ...region, origin: 'click' })).toMatchObject({ baked: false, edits: null });
  });

  it('tells the worker which overlay is selected', () => {
    const items = buildOverlay([detection('a', 'concept-1', 0), detection('b', 'concept-2', 0)], 'b');
    expect(items.map(({ selected }) => selected)).toEqual([false, true]);
    expect(items[0]?.hue).not.toBe(items[1]?.hue);
  });
});

describe('defaults', () => {
  it('replaces single values and leaves the rest', () => {
    const changed = withOverrides(DEFAULTS, {
      parameters: { sampling: { steps: 7 } },
      concept: { denoise: 0.2 },
    });
    expect(changed.parameters.sampling).toEqual({ ...DEFAULTS.parameters.sampling, steps: 7 });
    expect(changed.parameters.global).toEqual(DEFAULTS.parameters.global);
    expect(changed.concept).toEqual({ ...DEFAULTS.concept, denoise: 0.2 });
  });
});

describe('guides', () => {
  const image = size<'image'>(1024, 1024);

  it('shows the crop of a detection in picture pixels', () => {
    const frame = cropFrame(detection('a', 'concept-1', 0.4), image, DEFAULTS.parameters);
    expect(frame.width).toBeCloseTo(frame.height);
    expect(frame.x).toBeGreaterThanOrEqual(0);
    expect(frame.y + frame.height).toBeLessThanOrEqual(1024);
  });

  it('covers the picture with tiles', () => {
    const tiles = tileFrames(image, DEFAULTS.parameters);
    expect(tiles).toHaveLength(25);
    expect(Math.max(...tiles.map((tile) => tile.x + tile.width))).toBe(1024);
  });

  it('names the noise level of a strength', () => {
    expect(startSigma(0.35, DEFAULTS.parameters.sampling)).toBeCloseTo(0.465, 2);
    expect(startSigma(0, DEFAULTS.parameters.sampling)).toBeNull();
  });
});
