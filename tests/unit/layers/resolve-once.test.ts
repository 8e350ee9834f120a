import { describe, expect, it, vi } from 'vitest';
import { StudioState } from '#app/studio-state.svelte.ts';
import { DetectionResolver } from '#domain/detection/resolve.ts';
import { candidate, layer, maskOf } from './layer-fixtures.ts';

const origin = { detectionId: 'a', mask: maskOf(4), below: [] };

function documentWith(...layers: Parameters<typeof layer>[1][]): StudioState {
  const document = new StudioState();
  document.dispatch([
    { type: 'update-concept', id: document.concepts[0]!.id, patch: { phrase: 'face' } },
    { type: 'set-candidates', candidates: [candidate('a'), candidate('b', maskOf(20))], presence: {} },
    { type: 'set-layers', layers: layers.map((patch, i) => layer(`layer ${i}`, patch)) },
  ]);
  expect(document.detections.map(({ id }) => id)).toEqual(['a', 'b']);
  return document;
}

describe('a step', () => {
  it('has its detections resolved once, whether layers follow or not', () => {
    const document = documentWith({ origin });
    const resolve = vi.spyOn(DetectionResolver.prototype, 'resolve');
    document.tick('a', false);
    expect(document.detections.map(({ enabled }) => enabled)).toEqual([false, true]);
    expect(resolve).toHaveBeenCalledTimes(1);
    const edits = { added: maskOf(9), removed: null };
    document.updateCandidate('a', { edits }, { name: 'stroke' });
    expect(document.detections[0]!.mask).toEqual(maskOf(9));
    expect(document.layers[0]!.weight).toMatchObject({ mask: maskOf(9) });
    expect(resolve).toHaveBeenCalledTimes(2);
    document.dispatch({ type: 'update-layers', ids: ['layer 0'], patch: { opacity: 0.5 } });
    expect(document.detections).toHaveLength(2);
    expect(resolve).toHaveBeenCalledTimes(2);
    resolve.mockRestore();
  });

  it('is taken back with the masks that followed, and is named after its first command', async () => {
    const document = documentWith({ origin });
    const before = document.history.present;
    document.dispatch({
      type: 'update-candidates',
      ids: ['a'],
      patch: { edits: { added: maskOf(9), removed: null } },
    });
    expect(document.history.steps.at(-1)?.name).toBe('update-candidates');
    await document.history.undo();
    expect(document.history.present).toEqual(before);
    expect(document.detections[0]!.mask).toEqual(maskOf(4));
    expect(document.layers[0]!.weight).toMatchObject({ mask: maskOf(4) });
  });

  it('resolves anew for another picture, whose pixels lengths of rules are measured in', () => {
    const document = documentWith();
    const resolve = vi.spyOn(DetectionResolver.prototype, 'resolve');
    document.image = { size: { width: 100, height: 80 } } as StudioState['image'];
    expect(document.detections).toHaveLength(2);
    expect(resolve).toHaveBeenCalledTimes(1);
    resolve.mockRestore();
  });

  it('of nothing is none', () => {
    const document = documentWith();
    const { length } = document.history.steps;
    document.dispatch([]);
    expect(document.history.steps).toHaveLength(length);
  });
});
