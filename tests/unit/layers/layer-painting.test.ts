import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { stepText } from '#app/history-text.ts';
import { waysBack } from '#app/likeness.ts';
import { messages } from '#app/messages.ts';
import { keepPresent } from '#app/painted-stack.ts';
import { nextRegion, wishFor } from '#app/paint-wish.ts';
import { staleText } from '#app/stale-text.ts';
import { Studio } from '#app/studio.ts';
import type { RefineTarget } from '#app/worker-client.ts';
import type { Layer } from '#domain/document/layer.ts';
import { rect, size } from '#domain/geometry/rect.ts';
import type { JobEvent } from '#domain/job/events.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { tileGrid } from '#domain/tiling/grid.ts';
import { candidate, layer, maskOf, pixels, tile } from './layer-fixtures.ts';
import { ScriptedClient } from './scripted-client.ts';

let client: ScriptedClient;
let studio: Studio;
const info = vi.fn<Studio['notifier']['info']>();
const error = vi.fn<Studio['notifier']['error']>();
const painted = (id: string, patch: Partial<Layer> = {}): Layer =>
  layer(id, { origin: { detectionId: 'd', mask: maskOf(4), below: [] }, ...patch });
const lastStep = () => {
  const { steps, cursor } = studio.document.history;
  return steps[cursor - 1]!;
};
const own = () => studio.document.candidates.find(({ id }) => id === 'd')!.own;
const DETECTION = { detections: ['d'], tiles: [] };
const asked = () => client.of('refine').at(-1) as [string, RefineRequest, RefineTarget];

function put(...layers: readonly Layer[]): void {
  const { present } = studio.document.history;
  const concepts = present.concepts.map((concept) => ({ ...concept, phrase: 'face' }));
  studio.document.begin({ ...present, concepts, candidates: [candidate('d')], layers });
}

beforeEach(async () => {
  info.mockClear();
  error.mockClear();
  studio = new Studio({ info, error }, DEFAULTS, (onCrash) => (client = new ScriptedClient(onCrash)));
  vi.stubGlobal('URL', { createObjectURL: () => 'blob:', revokeObjectURL: () => undefined });
  vi.stubGlobal('cancelAnimationFrame', () => undefined);
  await studio.start({} as HTMLCanvasElement);
  client.script['openImage'] = (_file: Blob, name: string) => ({
    name,
    size: { width: 128, height: 64 },
    sha256: '',
    carried: null,
  });
  await studio.open(new Blob(['x']), 'x.png');
  put(painted('a'));
  client.script['refine'] = (_id: string, _request: RefineRequest, target: RefineTarget) => ({
    layers: target.layers.map((old) => {
      const again = pixels(`${old.id}-again`, 1);
      return { ...old, pixels: again, variations: [again] };
    }),
    elapsedMs: 1000,
    overheadShare: 0,
  });
});

describe('re-rolling', () => {
  it('paints only that detection, from a region none of its paintings came from, as one step', async () => {
    await studio.painting.reroll(DETECTION);
    const [, request, target] = asked();
    expect([target.detections, target.tiles]).toEqual([['d'], []]);
    expect(request.detections[0]?.own).toEqual({ region: 1 });
    expect(own()).toEqual({ region: 1 });
    expect(stepText(lastStep())).toBe('Re-rolled · face 1');
    expect(studio.document.history.cursor).toBe(1);
    const [again] = studio.document.layers;
    expect(again?.variations.map(({ id }) => id)).toEqual(['a-pixels', 'a-again']);
    await studio.undo();
    expect([own(), studio.document.layers[0]?.pixels.id]).toEqual([{}, 'a-pixels']);
  });

  it('goes beyond variations', () => {
    const varied = painted('a', { variations: [pixels('x', 0), pixels('y', 4)] });
    expect(nextRegion(studio.document.detections[0]!, [varied])).toBe(5);
  });

  it('changes nothing when it is stopped before anything is painted', async () => {
    client.script['refine'] = () => ({ ok: false, error: { code: 'aborted', message: '' } });
    await studio.painting.reroll(DETECTION);
    expect([own(), studio.document.history.cursor]).toEqual([{}, 0]);
  });

  it('keeps what was painted before it was stopped, with the region it came from', async () => {
    client.script['refine'] = (
      _id: string,
      _r: RefineRequest,
      _t: RefineTarget,
      onEvent: (e: JobEvent) => void,
    ) => {
      onEvent({ kind: 'layer', layer: painted('a', { pixels: pixels('half', 1) }), order: ['a'] });
      return { ok: false, error: { code: 'aborted', message: '' } };
    };
    await studio.painting.reroll(DETECTION);
    expect([own(), studio.document.layers[0]?.pixels.id]).toEqual([{ region: 1 }, 'half']);
  });

  it('keeps what was painted when its worker goes, and nothing of what it had not come to', async () => {
    const { present } = studio.document.history;
    const more = candidate('e', maskOf(2));
    studio.document.begin({ ...present, candidates: [...present.candidates, more] });
    client.script['refine'] = (
      _id: string,
      _r: RefineRequest,
      _t: RefineTarget,
      onEvent: (e: JobEvent) => void,
    ) => {
      onEvent({ kind: 'layer', layer: painted('a', { pixels: pixels('half', 1) }), order: ['a'] });
      studio.endNow();
      return { ok: false, error: { code: 'aborted', message: '' } };
    };
    await studio.painting.reroll({ detections: ['d', 'e'], tiles: [] });
    expect([own(), studio.document.layers[0]?.pixels.id]).toEqual([{ region: 1 }, 'half']);
    expect(studio.document.candidates.find(({ id }) => id === 'e')?.own).toEqual({});
    expect([studio.document.history.cursor, studio.job.running]).toEqual([1, false]);
    expect(error).toHaveBeenCalledExactlyOnceWith(`${messages.bar.ended} ${messages.errors.layersReturn}`);
  });

  it('paints a tile from the next region, and keeps what it was', async () => {
    const { request } = studio.document;
    const { tilePx, overlapPx } = tileGrid(request.global, size(128, 64));
    const weight = { kind: 'tile', index: 2, tilePx, overlapPx } as const;
    put(painted('a'), tile(2, { name: '', weight, variations: [pixels('x', 0), pixels('y', 3)] }));
    await studio.painting.rerollSelected(studio.document.layers.slice(1));
    const [, sent, target] = asked();
    expect([target.detections, target.tiles]).toEqual([[], [{ index: 2, region: 4 }]]);
    expect(sent).toEqual(request);
    expect(stepText(lastStep())).toBe('Re-rolled · Tile 3');
    const again = studio.document.layers[1];
    expect(again?.variations.map(({ id }) => id)).toEqual(['x', 'y', 't2-again']);
    await studio.painting.rerollSelected(studio.document.layers);
    expect(asked()[2]).toMatchObject({ detections: ['d'], tiles: [{ index: 2, region: 4 }] });
    expect(stepText(lastStep())).toBe('Re-rolled · 2 layers');
  });

  it('leaves a locked layer alone and says so', async () => {
    put(painted('a', { locked: true }));
    await studio.painting.reroll(DETECTION);
    expect(client.of('refine')).toHaveLength(0);
    expect(info).toHaveBeenCalledWith(messages.layers.isLocked('a'));
  });

  it.each([
    ['merged', painted('a', { weight: { kind: 'whole' } }), messages.layers.isMerged],
    ['of a detection that is gone', painted('a'), messages.layers.detectionGone],
    ['of a grid that is gone', tile(2), messages.layers.gridGone],
    ['locked', tile(2, { locked: true }), messages.layers.isLocked('Tile 3')],
  ])('says of a layer that is %s why it cannot be painted again', async (_, given, words) => {
    const layer = { ...given, origin: { detectionId: null, mask: null, below: [] } };
    const overlapPx = studio.document.request.global.overlapPx + 8;
    put(
      layer.weight.kind === 'tile'
        ? { ...layer, weight: { ...layer.weight, tilePx: 1024, overlapPx } }
        : layer,
    );
    await studio.painting.rerollSelected(studio.document.layers);
    await studio.painting.repaint(studio.document.layers);
    expect(info.mock.calls).toEqual([[words], [words]]);
    expect(client.of('refine')).toHaveLength(0);
  });
});

describe('the likeness guard', () => {
  it('lowers the strength by 0.7 and raises the anchor by 0.2, 1.2 at most', () => {
    expect(waysBack(painted('a'))).toEqual({ denoise: 0.35, anchorScale: 0.8 });
    const firm = pixels('p');
    const at = (anchorScale: number) =>
      waysBack(painted('a', { pixels: { ...firm, recipe: { ...firm.recipe, anchorScale } } })).anchorScale;
    expect([at(1.1), at(1.2)]).toEqual([1.2, null]);
  });

  it('sets the detection’s own strength with the painting, and never by itself', async () => {
    studio.likeness.limit = 0.9;
    put(painted('a', { pixels: pixels('far', 0, 0.6) }));
    expect(studio.likeness.levelOf(studio.document.layers[0]!)).toBe('lost');
    expect(client.of('refine')).toHaveLength(0);
    await studio.painting.gentler(studio.document.layers[0]!);
    expect(own()).toEqual({ denoise: 0.35 });
    expect(asked()[1].detections[0]?.own).toEqual({ denoise: 0.35 });
  });

  it('measures on demand, and says when there is no vision model', async () => {
    const [only] = studio.document.layers;
    client.script['similarity'] = () => null;
    await studio.likeness.measure(only!);
    expect(info).toHaveBeenCalledWith(messages.layers.likeness.unavailable);
    client.script['similarity'] = () => ({ similarity: 0.97, unlike: 0.6 });
    await studio.likeness.measure(only!);
    expect(studio.likeness.levelOf(only!)).toBe('same');
  });

  it('calls nothing the same that a model without an eye for shapes finds alike', () => {
    const level = (similarity: number, unlike?: number) => {
      put(
        painted('a', { pixels: { ...pixels('p', 0, similarity), ...(unlike !== undefined && { unlike }) } }),
      );
      return studio.likeness.levelOf(studio.document.layers[0]!);
    };
    expect([level(0.99, 0.6), level(0.9, 0.6), level(0.99)]).toEqual(['same', 'close', 'same']);
    expect([level(0.99, 0.999), level(0.9, 0.999)]).toEqual(['unsure', 'unsure']);
    expect(level(0.5, 0.999)).toBe('lost');
  });
});

describe('painting again', () => {
  it('takes detections and tiles of what is not locked, and tiles of this grid only', () => {
    const { request } = studio.document;
    const { tilePx, overlapPx } = tileGrid(request.global, size(128, 64));
    const own = (index: number) => tile(index, { weight: { kind: 'tile', index, tilePx, overlapPx } });
    const other = tile(7, { weight: { kind: 'tile', index: 7, tilePx, overlapPx: overlapPx + 8 } });
    const gone = painted('gone', { origin: { detectionId: 'nobody', mask: null, below: [] } });
    const locked = { ...own(3), locked: true };
    const wish = wishFor([painted('a'), painted('b'), own(2), other, gone, locked], request);
    expect(wish).toEqual({ detections: ['d'], tiles: [{ index: 2 }] });
  });

  it('paints the selected layers, else the detection, else says what to do', async () => {
    await studio.painting.refineSelected([]);
    expect(info).toHaveBeenCalledWith(messages.layers.selectFirst);
    studio.document.select({ kind: 'detection', id: 'd' });
    await studio.painting.refineSelected([]);
    expect(asked()[2]).toMatchObject({ detections: ['d'], tiles: [] });
    await studio.painting.refineSelected(studio.document.layers);
    expect(stepText(lastStep())).toBe('Painted again · a');
  });

  it('gives a layer the mask that was painted on while it ran', async () => {
    const before = client.script['refine']!;
    client.script['refine'] = (...args: never[]) => {
      studio.document.updateCandidate('d', { mask: maskOf(20) });
      return before(...args);
    };
    await studio.painting.repaint(studio.document.layers);
    expect(studio.document.layers[0]?.weight).toMatchObject({ mask: studio.document.detections[0]?.mask });
  });
});

describe('masks', () => {
  it('are followed in the same step, and come back with it', async () => {
    studio.document.updateCandidate('d', { mask: maskOf(20) }, { name: 'stroke' });
    const mask = studio.document.detections[0]?.mask;
    expect(studio.document.layers[0]?.weight).toMatchObject({ mask });
    expect(studio.document.stale.get('a')).toContain('mask');
    expect(studio.document.history.cursor).toBe(1);
    await studio.undo();
    expect(studio.document.layers[0]?.weight).toMatchObject({ mask: maskOf(4) });
    expect(studio.document.stale.get('a') ?? []).not.toContain('mask');
  });

  it('that reach beyond the painted area are said to', () => {
    const { document } = studio;
    put(painted('a', { area: rect(0, 0, 64, 16) }));
    document.updateCandidate('d', { mask: maskOf(2) });
    expect(staleText(document.layers, document)).not.toContain(messages.layers.maskLeaves);
    document.updateCandidate('d', { mask: maskOf(31) });
    expect(staleText(document.layers, document)).toContain(messages.layers.maskLeaves);
  });

  it('of a snapshot are its own, even where they are not those of their detections', async () => {
    put(painted('a', { locked: true }));
    studio.document.updateCandidate('d', { mask: maskOf(12) });
    studio.layers.update(['a'], { locked: false });
    studio.takeSnapshot();
    studio.document.updateCandidate('d', { mask: maskOf(20) });
    const [snapshot] = studio.document.history.snapshots;
    studio.document.history.restoreSnapshot(snapshot!.id);
    expect(studio.document.layers).toBe(snapshot!.state.layers);
    await studio.undo();
    studio.document.dispatch({ type: 'replace-document', state: snapshot!.state });
    expect(studio.document.layers).toBe(snapshot!.state.layers);
  });
});

describe('a run', () => {
  const [a, b] = [painted('a'), painted('b')];
  const again = (old: Layer) => ({ ...old, pixels: pixels(`${old.id}-again`) });

  it('keeps what was set meanwhile on what it painted', () => {
    const present = [{ ...a, opacity: 0.3, name: 'mine' }, b];
    const [kept, other] = keepPresent([again(a), b], [a, b], present);
    expect(kept).toMatchObject({ pixels: { id: 'a-again' }, opacity: 0.3, name: 'mine' });
    expect(other).toBe(b);
  });

  it('leaves alone what was locked, and does not bring back what was removed', () => {
    const locked = { ...a, locked: true };
    expect(keepPresent([again(a), again(b)], [a, b], [locked])).toEqual([locked]);
  });

  it('keeps what was added and the order it was given', () => {
    const copy = { ...a, id: 'copy' };
    const [fresh, low] = [painted('new'), painted('low')];
    const result = keepPresent([low, again(a), fresh, b], [a, b], [b, a, copy]);
    expect(result.map(({ id }) => id)).toEqual(['low', 'b', 'a', 'new', 'copy']);
  });
});
