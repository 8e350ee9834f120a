import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { stepText } from '#app/history-text.ts';
import { Studio } from '#app/studio.ts';
import type { RefineTarget } from '#app/worker-client.ts';
import type { Layer } from '#domain/document/layer.ts';
import type { JobEvent } from '#domain/job/events.ts';
import { candidate, layer, maskOf, pixels } from './layer-fixtures.ts';
import { ScriptedClient } from './scripted-client.ts';

let client: ScriptedClient;
let studio: Studio;
const notifier = { info: vi.fn(), error: vi.fn() };
const PAINTINGS = [pixels('one', 0), pixels('two', 1), pixels('three', 2)];
const only = () => studio.document.layers[0]!;
const lastStep = () => {
  const { steps, cursor } = studio.document.history;
  return stepText(steps[cursor - 1]!);
};

beforeEach(async () => {
  studio = new Studio(notifier, DEFAULTS, (onCrash) => (client = new ScriptedClient(onCrash)));
  vi.stubGlobal('URL', { createObjectURL: () => 'blob:', revokeObjectURL: () => undefined });
  vi.stubGlobal('cancelAnimationFrame', () => undefined);
  await studio.start({} as HTMLCanvasElement);
  const size = { width: 128, height: 64 };
  client.script['openImage'] = () => ({ name: 'x', size, sha256: '', carried: null });
  await studio.open(new Blob(['x']), 'x.png');
  const origin = { detectionId: 'd', mask: maskOf(4), below: [] };
  const varied = layer('a', { pixels: PAINTINGS[0]!, variations: PAINTINGS, origin });
  studio.document.begin({
    ...studio.document.history.present,
    candidates: [candidate('d')],
    layers: [varied],
  });
  studio.painting.wall.open('a');
});

describe('the wall of variations', () => {
  it('begins with the picture before and the painting in use under the cursor', () => {
    const { wall } = studio.painting;
    expect(wall.places.map((place) => place?.id ?? null)).toEqual([null, 'one', 'two', 'three']);
    expect([wall.cursor, wall.chosen]).toEqual([1, 1]);
  });

  it('moves by columns and rows and stays on the wall', () => {
    const { wall } = studio.painting;
    wall.move(0, 1, 2);
    expect(wall.cursor).toBe(3);
    wall.move(0, 1, 2);
    wall.move(1, 0, 2);
    expect(wall.cursor).toBe(3);
    wall.move(0, -1, 2);
    wall.move(-1, 0, 2);
    wall.move(-1, 0, 2);
    expect(wall.cursor).toBe(0);
  });

  it('chooses as one step, with the noise the painting came from, and remembers all', async () => {
    const { wall } = studio.painting;
    wall.goTo(3);
    wall.choose();
    expect(only().pixels.id).toBe('three');
    expect(only().variations).toEqual(PAINTINGS);
    expect(studio.document.candidates[0]?.own).toEqual({ region: 2 });
    expect([wall.layer, studio.document.history.cursor, lastStep()]).toEqual([
      undefined,
      1,
      'Variation chosen · a',
    ]);
    await studio.undo();
    expect([only().pixels.id, studio.document.candidates[0]?.own]).toEqual(['one', {}]);
  });

  it('hides the layer for the picture before, and shows it again for a painting', () => {
    const { wall } = studio.painting;
    wall.goTo(0);
    wall.choose();
    expect(only().visible).toBe(false);
    wall.open('a');
    expect([wall.cursor, wall.chosen]).toEqual([0, 0]);
    wall.goTo(1);
    wall.choose();
    expect(only()).toMatchObject({ visible: true, pixels: { id: 'one' } });
  });

  it('changes nothing when what is in use is chosen', () => {
    studio.painting.wall.choose();
    expect(studio.document.history.cursor).toBe(0);
  });

  it('drops paintings but the last; the one in use gives its place to its neighbour', () => {
    const { wall } = studio.painting;
    wall.drop();
    expect([only().pixels.id, only().variations.map(({ id }) => id)]).toEqual(['two', ['two', 'three']]);
    wall.goTo(2);
    wall.drop();
    expect([wall.cursor, only().variations.map(({ id }) => id)]).toEqual([1, ['two']]);
    wall.drop();
    wall.goTo(0);
    wall.drop();
    expect(only().variations).toHaveLength(1);
  });
});

describe('painting variations', () => {
  it('asks for as many as wished, opens the wall, and is one step', async () => {
    studio.painting.wall.close();
    const more = [...PAINTINGS, pixels('four', 3)];
    client.script['vary'] = () => more;
    await studio.painting.vary(only(), 4);
    const [, , target] = client.of('vary')[0] as [string, unknown, RefineTarget & { count: number }];
    expect(target).toMatchObject({ layerId: 'a', count: 4, detections: [], tiles: [] });
    expect(only()).toMatchObject({ variations: more, pixels: { id: 'one' } });
    expect([studio.painting.wall.layer?.id, lastStep()]).toEqual(['a', 'Variations painted · a']);
  });

  describe('that is ended early', () => {
    const FOUR = pixels('four', 3);
    const one = (layer: Layer) => ({ ...layer, variations: [...PAINTINGS, FOUR] });
    const ids = () => only().variations.map(({ id }) => id);

    /** Two are asked for; one is finished when `end` happens. */
    function oneOfTwo(end: () => unknown): Promise<void> {
      client.script['vary'] = (...args: unknown[]) => {
        const [layer] = studio.document.layers;
        (args[3] as (event: JobEvent) => void)({ kind: 'layer', layer: one(layer!), order: ['a'] });
        return end();
      };
      studio.painting.wall.close();
      return studio.painting.vary(only(), 2);
    }

    it.each(['aborted', 'out-of-memory'])(
      'by %s keeps those that were painted, as one step',
      async (code) => {
        await oneOfTwo(() => ({ ok: false, error: { code, message: '' } }));
        expect([ids(), only().pixels.id]).toEqual([['one', 'two', 'three', 'four'], 'one']);
        expect([studio.painting.wall.layer?.id, lastStep()]).toEqual(['a', 'Variations painted · a']);
        await studio.undo();
        expect(only().variations).toEqual(PAINTINGS);
      },
    );

    it('by the end of the worker keeps them too', async () => {
      await oneOfTwo(() => studio.endNow());
      expect(ids()).toEqual(['one', 'two', 'three', 'four']);
      expect(studio.document.history.cursor).toBe(1);
    });

    it('keeps what the layer has become meanwhile', async () => {
      await oneOfTwo(() => {
        studio.painting.wall.open('a');
        studio.painting.wall.goTo(2);
        studio.painting.wall.drop();
        return [...PAINTINGS, FOUR];
      });
      expect(ids()).toEqual(['one', 'three', 'four']);
    });

    it('before any is painted, or when the layer is gone, is no step', async () => {
      client.script['vary'] = () => ({ ok: false, error: { code: 'aborted', message: '' } });
      await studio.painting.vary(only(), 2);
      expect(studio.document.history.cursor).toBe(0);
      const layer = only();
      await oneOfTwo(() => {
        studio.layers.remove(['a']);
        return [...layer.variations, FOUR];
      });
      expect(lastStep()).toBe('Layer removed · a');
    });
  });

  it('does not ask for a locked layer', async () => {
    studio.layers.update(['a'], { locked: true });
    await studio.painting.vary(only(), 2);
    expect(client.of('vary')).toHaveLength(0);
  });
});
