import { describe, expect, it } from 'vitest';
import type { Layer, LayerPixels } from '#domain/document/layer.ts';
import { isComplete } from '#domain/document/records.ts';
import { staleLayers } from '#domain/document/stale.ts';
import type { JobEvent, LayerEvent } from '#domain/job/events.ts';
import { EVERYTHING } from '#domain/job/target.ts';
import { planRefine } from '#pipelines/refine.ts';
import type { Services } from '#pipelines/services.ts';
import { vary } from '#pipelines/vary.ts';
import { fakeServices, type FakeLog } from './pipelines-fakes.ts';
import { FACES, named, PICTURE, residual, run, same, small, TILED, type Run } from './layer-run-fixtures.ts';

describe('variations', () => {
  const asked = (batchLimit: number) => small({ detections: FACES, batchLimit });

  it('are painted in true batches, and come out the same whatever the batch', async () => {
    const log: FakeLog = { calls: 0, batchSizes: [] };
    const target = { variations: 3 };
    const many = await run(asked(64), target, undefined, fakeServices(log));
    const one = await run(asked(1), target);
    expect(log.batchSizes).toEqual([6]);
    for (const id of ['a', 'b']) {
      const [x, y] = [named(many.layers, id), named(one.layers, id)];
      expect(x.variations.map(({ recipe }) => recipe.region)).toEqual([0, 1, 2]);
      expect(x.pixels).toEqual(x.variations[0]);
      const residuals = ({ variations }: Layer, { on }: Run) =>
        Promise.all(variations.map((pixels) => residual(on, { pixels })));
      expect(await residuals(x, many)).toEqual(await residuals(y, one));
    }
    expect(same(many.canvas, one.canvas)).toBe(true);
    expect(planRefine(asked(1), PICTURE, { ...EVERYTHING, ...target }).details).toHaveLength(6);
  });

  it('are what their region gives alone', async () => {
    const { on, layers } = await run(asked(4), { variations: 2 });
    const own = { region: 1 };
    const alone = await run(small({ detections: FACES.map((face) => ({ ...face, own })) }));
    const second = named(layers, 'b').variations[1]!;
    expect(await residual(on, { pixels: second })).toEqual(
      await residual(alone.on, named(alone.layers, 'b')),
    );
  });

  it('of a painted layer follow the ones there are, from the next regions', async () => {
    const { on, layers } = await run(TILED);
    const ask = (layerId: string, present: readonly Layer[] = layers) => {
      const context = { signal: new AbortController().signal, onEvent: () => undefined };
      return vary(on, TILED, { layers: present, layerId, count: 2 }, fakeServices(), context, 'fake');
    };
    for (const layer of [named(layers, 'b'), layers.at(-1)!]) {
      const paintings = await ask(layer.id);
      expect(paintings[0]).toBe(layer.pixels);
      expect(paintings.map(({ recipe }) => recipe.region)).toEqual([0, 1, 2]);
    }
    const [, next] = await ask(named(layers, 'b').id);
    const three = await run(TILED, { variations: 2 });
    expect(await residual(on, { pixels: next! })).toEqual(
      await residual(three.on, { pixels: named(three.layers, 'b').variations[1]! }),
    );
    const locked = layers.map((layer) => ({ ...layer, locked: true }));
    await expect(ask(locked[0]!.id, locked)).rejects.toThrow('locked');
    await expect(ask('gone')).rejects.toThrow('not in the stack');
  });

  describe('of a painted layer', () => {
    /** Asks for three of the first layer of a kind, one after the other; what is announced, and what came of it. */
    async function three(
      kind: 'mask' | 'tile',
      services: Services = fakeServices(),
      onLayer: (count: number, controller: AbortController) => void = () => undefined,
    ) {
      const { on, layers } = await run(TILED);
      const layer = layers.find(({ weight }) => weight.kind === kind)!;
      const controller = new AbortController();
      const events: LayerEvent[] = [];
      const onEvent = (event: JobEvent) => {
        if (event.kind !== 'layer') return;
        events.push(event);
        onLayer(events.length, controller);
      };
      const target = { layers, layerId: layer.id, count: 3 };
      const asked = { ...TILED, batchLimit: 1 };
      const painting = vary(on, asked, target, services, { signal: controller.signal, onEvent }, 'fake');
      const paintings = await painting.catch((error: unknown) => error as Error);
      return { on, layers, layer, events, paintings };
    }

    it('are announced as they are finished, with the layer and its chosen painting as they were', async () => {
      const { on, layers, layer, events, paintings } = await three('tile');
      expect(events.map((event) => event.layer.variations.length)).toEqual([2, 3, 4]);
      for (const event of events) {
        expect(event.layer).toEqual({ ...layer, variations: event.layer.variations });
        expect(event.layer.variations[0]).toBe(layer.pixels);
        expect(event.order).toEqual(layers.map(({ id }) => id));
        for (const { id } of event.layer.variations) expect(on.parts.residuals.has(id)).toBe(true);
      }
      expect(events.at(-1)?.layer.variations).toEqual(paintings);
    });

    it('are left by a stop as far as they are finished', async () => {
      const stopped = await three('mask', fakeServices(), (count, controller) => {
        if (count === 2) controller.abort(new Error('stopped'));
      });
      expect(stopped.paintings).toEqual(new Error('stopped'));
      expect(stopped.events.map((event) => event.layer.variations.length)).toEqual([2, 3]);
    });

    it('are measured as a refinement measures, and not without a tower or for a tile', async () => {
      const { events, paintings } = await three('mask');
      const [, ...further] = paintings as readonly LayerPixels[];
      const together = await run(TILED, { variations: 4 });
      const same = together.layers[0]!.variations.slice(1).map(({ similarity }) => similarity);
      expect(further.map(({ similarity }) => similarity)).toEqual(same);
      expect(events.at(-1)?.layer.variations).toEqual(paintings);
      const bare = await three('mask', { ...fakeServices(), anchors: null });
      for (const { paintings: of } of [bare, await three('tile')])
        expect((of as readonly LayerPixels[]).slice(1).map(({ similarity }) => similarity)).toEqual([
          null,
          null,
          null,
        ]);
    });
  });
});

describe('a tile', () => {
  const tiles = (layers: readonly Layer[]) => layers.filter(({ weight }) => weight.kind === 'tile');
  const regions = (layers: readonly Layer[]) =>
    tiles(layers).map(({ pixels, weight }) => [weight.kind === 'tile' && weight.index, pixels.recipe.region]);

  it('is painted from another region of the scaffold where the target says so, and no other tile changes', async () => {
    const { on, layers } = await run(TILED);
    expect(new Set(regions(layers).map(([, region]) => region))).toEqual(new Set([0]));
    const wish = { layers, detections: [], tiles: [{ index: 1, region: 3 }] };
    const again = await run(TILED, wish, on);
    const changed = again.layers.filter((layer, i) => layer !== layers[i]);
    expect(regions(changed)).toEqual([[1, 3]]);
    const old = layers.find(({ id }) => id === changed[0]!.id)!;
    expect(await residual(on, changed[0]!)).not.toEqual(await residual(on, old));
    const back = await run(TILED, { ...wish, layers: again.layers, tiles: [{ index: 1, region: 0 }] }, on);
    const first = back.layers.find(({ id }) => id === old.id)!;
    expect(await residual(on, first)).toEqual(await residual(on, old));
  });

  it('stays with its region when it is painted again, alone or with all; that is no reason to', async () => {
    const { on, layers } = await run(TILED);
    const wish = { layers, detections: [], tiles: [{ index: 1, region: 3 }] };
    const rolled = (await run(TILED, wish, on)).layers;
    const own = tiles(rolled).find(({ weight }) => weight.kind === 'tile' && weight.index === 1)!;
    expect(staleLayers(TILED, rolled).get(own.id)).toBeUndefined();
    expect(isComplete(TILED, layers, on.base)).toBe(true);
    const again = await run(TILED, { layers: rolled, detections: [], tiles: [{ index: 1 }] }, on);
    const all = await run(TILED, { layers: again.layers, detections: [], tiles: 'all' }, on);
    for (const { layers: painted } of [again, all]) {
      const now = painted.find(({ id }) => id === own.id)!;
      expect(now.pixels.id).not.toBe(own.pixels.id);
      expect(now.pixels.recipe.region).toBe(3);
    }
    expect(
      await residual(
        on,
        again.layers.find(({ id }) => id === own.id)!,
      ),
    ).toEqual(await residual(on, own));
    expect(staleLayers(TILED, all.layers)).toEqual(new Map());
    expect(isComplete(TILED, all.layers, on.base)).toBe(false);
  });
});
