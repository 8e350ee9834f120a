import { describe, expect, it } from 'vitest';
import type { Layer } from '#domain/document/layer.ts';
import { isComplete, layerRecords } from '#domain/document/records.ts';
import { staleLayers } from '#domain/document/stale.ts';
import type { LayerEvent } from '#domain/job/events.ts';
import type { RefineRequest } from '#domain/job/request.ts';
import { EVERYTHING } from '#domain/job/target.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { openCanvas, planRefine } from '#pipelines/refine.ts';
import { fakeServices } from './pipelines-fakes.ts';
import {
  bytes,
  CONCEPTS,
  EYE,
  FACES,
  named,
  PICTURE,
  residual,
  run,
  same,
  SIZE,
  small,
  TILED,
} from './layer-run-fixtures.ts';

describe('a run over layers', () => {
  it('makes a stack of details by layer index, then tiles in chess order, and shows its fold', async () => {
    const { layers, canvas, on, events } = await run(TILED);
    expect(layers.slice(0, 3).map(({ name, group }) => [name, group])).toEqual([
      ['face 1', 'detail 0'],
      ['face 2', 'detail 0'],
      ['face 3', 'detail 1'],
    ]);
    const tiles = layers
      .slice(3)
      .map(({ group, weight }) => [group, weight.kind === 'tile' ? weight.index : null]);
    expect(tiles.map(([group]) => group)).toEqual([...tiles.map(([group]) => group)].sort());
    expect(tiles.length).toBe(planRefine(TILED, PICTURE).tiles.length);
    expect(same(canvas, await on.fold(layers))).toBe(true);
    expect(on.layers).toEqual(layers);
    expect(events.at(-1)?.order).toEqual(layers.map(({ id }) => id));
  });

  it('shows each layer with its announcement', async () => {
    const on = await openCanvas(PICTURE, SIZE, new CpuPixelOps());
    const shown: boolean[] = [];
    await run(TILED, {}, on, fakeServices(), (event) => {
      if (event.kind === 'layer') shown.push(on.layers.includes(event.layer));
    });
    expect(new Set(shown)).toEqual(new Set([true]));
  });

  it('paints one detection anew in its place, exactly as in the full run, and nothing outside its area', async () => {
    const first = await run(TILED);
    const before = bytes(first.canvas);
    const touched = first.layers.map((layer) =>
      layer.origin.detectionId === 'a' ? { ...layer, name: 'mine', opacity: 0.5, group: 'detail 0' } : layer,
    );
    await first.on.show(touched);
    const again = await run(TILED, { layers: touched, detections: ['a'], tiles: [] }, first.on);
    expect(again.layers.map(({ id }) => id)).toEqual(first.layers.map(({ id }) => id));
    const [old, now] = [named(touched, 'a'), named(again.layers, 'a')];
    expect(now).toMatchObject({ name: 'mine', opacity: 0.5, group: 'detail 0' });
    expect(now.pixels.id).not.toBe(old.pixels.id);
    expect(await residual(first.on, now)).toEqual(await residual(first.on, old));
    expect(again.layers.filter((layer) => layer !== now)).toEqual(touched.filter((layer) => layer !== old));
    await first.on.show(again.layers.map((layer) => (layer === now ? { ...layer, opacity: 1 } : layer)));
    expect(bytes(first.on.raster).equals(before)).toBe(true);
  });

  it('changes no pixel outside the area of a detection painted with another prompt', async () => {
    const { on, layers, canvas } = await run(TILED);
    const before = canvas.data.slice();
    const own = { prompt: 'an old man' };
    const other = { ...TILED, detections: [{ ...FACES[0]!, own }, FACES[1]!, EYE] };
    const again = await run(other, { layers, detections: ['a'], tiles: [] }, on);
    const { area } = named(again.layers, 'a');
    let changed = 0;
    again.canvas.data.forEach((value, i) => {
      if (value === before[i]) return;
      changed++;
      const [x, y] = [(i >> 2) % SIZE.width, Math.floor((i >> 2) / SIZE.width)];
      const inside = x >= area.x && y >= area.y && x < area.x + area.width && y < area.y + area.height;
      if (!inside) expect.fail(`${x},${y}`);
    });
    expect(changed).toBeGreaterThan(100);
    expect(named(again.layers, 'a').pixels.recipe.prompt).toBe('an old man');
  });

  it('leaves exactly the finished layers when it is stopped, and shows their fold', async () => {
    for (const stopAfter of [1, 3, 4]) {
      const on = await openCanvas(PICTURE, SIZE, new CpuPixelOps());
      const events: LayerEvent[] = [];
      const stopped = run({ ...TILED, batchLimit: 1 }, {}, on, fakeServices(), (event, controller) => {
        if (event.kind === 'layer') events.push(event);
        if (events.length === stopAfter) controller.abort(new Error('stopped'));
      });
      await expect(stopped).rejects.toThrow('stopped');
      const finished = new Map(events.map(({ layer }) => [layer.id, layer]));
      const left = events.at(-1)!.order.map((id) => finished.get(id)!);
      expect(on.layers).toEqual(left);
      expect(left.length).toBe(new Set(events.map(({ layer }) => layer.id)).size);
      expect(same(on.raster, await on.fold(left))).toBe(true);
    }
  });

  it('never paints a locked layer, and keeps it', async () => {
    const { on, layers } = await run(TILED);
    const locked = layers.map((layer, i) => ({ ...layer, locked: i === 0 || i === 3 }));
    const plan = planRefine(TILED, PICTURE, { ...EVERYTHING, layers: locked });
    expect(plan.details.map(({ detection: { id } }) => id)).toEqual(['b', 'e']);
    expect(plan.tiles).toHaveLength(layers.length - 4);
    const again = await run(TILED, { layers: locked }, on);
    expect([again.layers[0], again.layers[3]]).toEqual([locked[0], locked[3]]);
    expect(again.layers.filter((layer) => locked.includes(layer))).toHaveLength(2);
  });

  it('keeps a hidden layer hidden, and paints others as if it were not there', async () => {
    const asked = small();
    const { on, layers } = await run(asked);
    const hidden = layers.map((layer) => ({ ...layer, visible: layer.origin.detectionId === 'e' }));
    const again = await run(asked, { layers: hidden, detections: ['a', 'b', 'e'] }, on);
    expect(again.layers.map(({ visible }) => visible)).toEqual([false, false, true]);
    const alone = await run(small({ detections: [EYE] }));
    expect(await residual(on, named(again.layers, 'e'))).toEqual(
      await residual(alone.on, named(alone.layers, 'e')),
    );
    // Whereas over the faces it was another.
    expect(await residual(on, named(again.layers, 'e'))).not.toEqual(await residual(on, named(layers, 'e')));
    expect(named(again.layers, 'e').origin.below).toEqual([]);
  });

  it('replaces tiles of the same grid in place and drops those of another in a run of all', async () => {
    const { on, layers } = await run(TILED);
    const one = await run(TILED, { layers, detections: [], tiles: [{ index: 0 }] }, on);
    expect(one.layers.map(({ id }) => id)).toEqual(layers.map(({ id }) => id));
    expect(one.layers.filter((layer, i) => layer !== layers[i])).toHaveLength(1);
    const wider = { ...TILED, global: { ...TILED.global, overlapPx: 64 } };
    const other = await run(wider, { layers, detections: [], tiles: 'all' }, on);
    expect(other.layers.slice(0, 3)).toEqual(layers.slice(0, 3));
    const overlaps = other.layers.slice(3).map(({ weight }) => weight.kind === 'tile' && weight.overlapPx);
    expect(new Set(overlaps)).toEqual(new Set([64]));
    const single = await run(wider, { layers, detections: [], tiles: [{ index: 1 }] }, on);
    expect(single.layers).toHaveLength(layers.length + 1);
  });

  it('puts a new detail below the tiles and above details of lower index', async () => {
    const { on, layers } = await run({ ...TILED, detections: [FACES[0]!, EYE] });
    const { layers: all } = await run(TILED, { layers, detections: ['b'], tiles: [] }, on);
    const names = all.map(({ origin, weight }) => origin.detectionId ?? weight.kind);
    expect(names.slice(0, 4)).toEqual(['a', 'b', 'e', 'tile']);
  });
});

describe('settings of one detection', () => {
  it('go before those of its concept and of the document', async () => {
    const own = {
      prompt: 'p',
      negative: 'n',
      denoise: 0.2,
      anchorScale: 0,
      growPx: 3,
      featherPx: 5,
      region: 2,
    };
    const { layers } = await run(small({ detections: [{ ...FACES[0]!, own }] }));
    expect(layers[0]!.pixels.recipe).toMatchObject({
      prompt: 'p',
      negative: 'n',
      denoise: 0.2,
      anchorScale: 0,
      region: 2,
    });
    expect(layers[0]!.weight).toMatchObject({ growPx: 3, featherPx: 5 });
    const soft = small().concepts.map((one) => ({ ...one, featherPx: 7 }));
    const both = await run(small({ concepts: soft, detections: [{ ...FACES[0]!, own }, FACES[1]!] }));
    const feathers = both.layers.map(({ weight }) => weight.kind === 'mask' && weight.featherPx);
    expect(feathers.toSorted()).toEqual([5, 7]);
    const off = { ...FACES[0]!, own: { denoise: 0 } };
    expect(planRefine(small({ detections: [off] }), PICTURE).details).toEqual([]);
  });

  it('can take the noise from another region: other noise, and region 0 is its own place', async () => {
    const of = async (region: number | undefined) => {
      const { on, layers } = await run(small({ detections: [{ ...FACES[0]!, own: { region } }] }));
      return residual(on, layers[0]!);
    };
    const place = await of(undefined);
    expect(await of(0)).toEqual(place);
    expect(await of(1)).not.toEqual(place);
    expect(await of(257)).not.toEqual(await of(1));
  });
});

describe('likeness', () => {
  it('is measured for every painting of a detail when the vision tower is part of the run', async () => {
    const { layers } = await run(TILED, { variations: 2 });
    for (const layer of layers)
      for (const { similarity } of layer.variations)
        if (layer.weight.kind === 'tile') expect(similarity).toBeNull();
        else expect(similarity).toBeGreaterThan(0.5);
    expect(named(layers, 'a').pixels.similarity).toBeLessThan(1);
  });

  it('is not measured without a tower, or when no anchor asks for it', async () => {
    const bare = await run(small(), {}, undefined, { ...fakeServices(), anchors: null });
    const unasked = await run(small({ concepts: CONCEPTS.map((it) => ({ ...it, anchorScale: 0 })) }));
    for (const { layers } of [bare, unasked])
      expect(layers.map(({ pixels }) => pixels.similarity)).toEqual([null, null, null]);
  });
});

describe('stale layers', () => {
  it('are none after a run, and name what changed', async () => {
    const { layers } = await run(TILED);
    const reasons = (asked: RefineRequest, stack: readonly Layer[] = layers) =>
      Object.fromEntries([...staleLayers(asked, stack)].map(([id, why]) => [named2(stack, id), why.join()]));
    const named2 = (stack: readonly Layer[], id: string) => {
      const layer = stack.find((other) => other.id === id)!;
      return layer.origin.detectionId ?? 'tile';
    };
    expect(reasons(TILED)).toEqual({});
    const masked = [{ ...FACES[0]!, mask: FACES[1]!.mask }, FACES[1]!, EYE];
    expect(reasons({ ...TILED, detections: masked })).toEqual({ a: 'mask' });
    const prompted = CONCEPTS.map((it) => (it.id === 'eyes' ? { ...it, negative: 'red' } : it));
    expect(reasons({ ...TILED, concepts: prompted })).toEqual({ e: 'prompt' });
    expect(reasons({ ...TILED, scaffold: { ...TILED.scaffold, seed: 8 } })).toEqual({
      a: 'settings',
      b: 'settings',
      e: 'settings',
      tile: 'settings',
    });
    const regioned = [{ ...FACES[0]!, own: { region: 4 } }, FACES[1]!, EYE];
    expect(reasons({ ...TILED, detections: regioned })).toEqual({});
    expect(reasons({ ...TILED, output: { ...TILED.output, canvasLongSidePx: 1024 } })).toEqual({
      a: 'canvas',
      b: 'canvas',
      e: 'canvas',
      tile: 'canvas',
    });
    const without = layers.filter(({ origin }) => origin.detectionId !== 'a');
    expect(reasons(TILED, without)).toEqual({ e: 'below', tile: 'below' });
    expect(reasons({ ...TILED, detections: [] })).toEqual({});
  });

  it('make an export say that it is not all', async () => {
    const { layers, on } = await run(TILED);
    expect(isComplete(TILED, layers, on.base)).toBe(true);
    expect(isComplete(TILED, layers.slice(1), on.base)).toBe(false);
    expect(isComplete(TILED, layers.slice(0, -1), on.base)).toBe(false);
    const faint = layers.map((layer) => ({ ...layer, opacity: 0.5 }));
    expect(isComplete(TILED, faint, on.base)).toBe(false);
    expect(isComplete({ ...TILED, scaffold: { ...TILED.scaffold, seed: 8 } }, layers, on.base)).toBe(false);
    expect(JSON.stringify(layerRecords(layers))).not.toMatch(/runs|similarity/);
    expect(layerRecords(layers.map((layer) => ({ ...layer, visible: false })))).toEqual([]);
  });
});
