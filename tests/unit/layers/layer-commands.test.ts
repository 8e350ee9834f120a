import { beforeEach, describe, expect, it, vi } from 'vitest';
import { DEFAULTS } from '#app/defaults.ts';
import { stepText } from '#app/history-text.ts';
import { messages } from '#app/messages.ts';
import { Studio } from '#app/studio.ts';
import type { Layer, WeightShare } from '#domain/document/layer.ts';
import { layer, tile } from './layer-fixtures.ts';
import { ScriptedClient } from './scripted-client.ts';

let client: ScriptedClient;
let studio: Studio;
const info = vi.fn<Studio['notifier']['info']>();
const error = vi.fn<Studio['notifier']['error']>();
const order = () => studio.document.layers.map(({ id }) => id).join(' ');
const lastStep = () => {
  const { steps, cursor } = studio.document.history;
  return steps[cursor - 1]!;
};
const steps = () => studio.document.history.cursor;

function put(...layers: readonly Layer[]): void {
  studio.document.begin({ ...studio.document.history.present, layers });
}

beforeEach(async () => {
  info.mockClear();
  error.mockClear();
  studio = new Studio({ info, error }, DEFAULTS, (onCrash) => (client = new ScriptedClient(onCrash)));
  await studio.start({} as HTMLCanvasElement);
  put(layer('a'), layer('b'), tile(0), tile(1), layer('c'));
});

describe('every command is one step with a name', () => {
  it.each([
    ['move', () => studio.layers.move(['a'], 'up'), 'b a t0 t1 c', 'Layer moved · a'],
    ['move beside', () => studio.layers.moveBeside(['c'], 'a', 'below'), 'c a b t0 t1', 'Layer moved · c'],
    ['remove', () => studio.layers.remove(['a', 'c']), 'b t0 t1', 'Layer removed · 2 layers'],
    [
      'opacity',
      () => studio.layers.update(['t0'], { opacity: 0.5 }, 'opacity'),
      'a b t0 t1 c',
      'Opacity · Tile 1',
    ],
    ['edge', () => studio.layers.setEdge(['a', 't0'], { featherPx: 8 }), 'a b t0 t1 c', 'Feather · 2 layers'],
    ['solo', () => studio.layers.solo(['b']), 'a b t0 t1 c', 'Shown alone · b'],
  ])('%s', (_name, run, after, text) => {
    const before = studio.document.layers;
    run();
    expect([order(), steps(), stepText(lastStep())]).toEqual([after, 1, text]);
    void studio.document.history.undo();
    expect(studio.document.layers).toEqual(before);
  });

  it('joins what is dragged, but never two clicks of an eye', () => {
    for (const opacity of [0.9, 0.8]) studio.layers.update(['a'], { opacity }, 'opacity');
    expect(steps()).toBe(1);
    for (const visible of [false, true]) studio.layers.update(['a'], { visible }, 'visibility');
    expect(steps()).toBe(3);
    void studio.document.history.undo();
    expect(studio.document.layers[0]!.visible).toBe(false);
  });

  it('a duplicate of a merged layer takes nothing of its siblings’ weight', () => {
    const { weight, area, group } = studio.document.layers[0]!;
    const shares = [{ group, area, weight, opacity: 1, paintings: ['b-pixels'] }] as WeightShare[];
    studio.layers.update(['a'], { weight: { kind: 'whole', shares } });
    studio.layers.duplicate(['a']);
    expect(studio.document.layers.slice(0, 2).map((layer) => layer.weight)).toEqual([
      { kind: 'whole', shares },
      { kind: 'whole' },
    ]);
  });

  it('a duplicate lies right above, is selected, and does not share the original’s weight', () => {
    studio.layers.duplicate(['a']);
    const copy = studio.document.layers[1]!;
    expect(copy).toMatchObject({ name: 'a copy', pixels: { id: 'a-pixels' }, locked: false });
    expect(copy.group).not.toBe(studio.document.layers[0]!.group);
    expect(copy.origin.below).toEqual([expect.stringMatching(/^a-pixels /)]);
    expect(studio.document.selectedLayer).toBe(copy);
    expect(stepText(lastStep())).toBe('Layer duplicated · a');
  });
});

describe('showing alone', () => {
  it('is taken back by asking again, for exactly what it hid', () => {
    studio.layers.update(['c'], { visible: false }, 'visibility');
    studio.layers.solo(['b']);
    const seen = () => studio.document.layers.filter(({ visible }) => visible).map(({ id }) => id);
    expect(seen()).toEqual(['b']);
    studio.layers.solo(['b']);
    expect(seen()).toEqual(['a', 'b', 't0', 't1']);
  });
});

describe('locked layers', () => {
  it('are not removed or merged, and that is said', async () => {
    put(layer('a', { locked: true }), layer('b'));
    studio.layers.remove(['a']);
    await studio.layers.mergeDown(['b']);
    expect(order()).toBe('a b');
    expect(info).toHaveBeenCalledTimes(2);
    expect(info).toHaveBeenCalledWith(messages.layers.isLocked('a'));
    expect(client.of('merge')).toHaveLength(0);
  });

  it('stay when others are removed with them', () => {
    put(layer('a', { locked: true }), layer('b'));
    studio.layers.remove(['a', 'b']);
    expect(order()).toBe('a');
  });
});

describe('merging', () => {
  beforeEach(() => (client.script['merge'] = () => layer('m', { weight: { kind: 'whole' } })));
  const merged = () =>
    client.of('merge').map(([layers]) => (layers as Layer[]).map(({ id }) => id).join(' '));

  it('takes one layer and the one below, a whole grid where that lies there', async () => {
    await studio.layers.mergeDown(['b']);
    expect([merged(), order()]).toEqual([['a b'], 'm t0 t1 c']);
    await studio.layers.mergeDown(['c']);
    expect([merged().at(-1), order()]).toEqual(['t0 t1 c', 'm m']);
    expect(stepText(lastStep())).toBe('Layers merged · Merged from 3 layers');
  });

  it('takes exactly what is selected where that are several', async () => {
    await studio.layers.mergeDown(['b', 't0', 't1']);
    expect([merged(), order()]).toEqual([['b t0 t1'], 'a m c']);
  });

  it('takes a tile of an opened group with the tile below', async () => {
    await studio.layers.mergeDown(['t1']);
    expect(merged()).toEqual(['t0 t1']);
  });

  it('takes what is visible, over hidden layers in between, which stay', async () => {
    studio.layers.update(['b', 't0', 't1'], { visible: false });
    await studio.layers.mergeVisible();
    expect([merged(), order()]).toEqual([['a c'], 'b t0 t1 m']);
  });

  it('loses nothing that is hidden', async () => {
    studio.layers.update(['a'], { visible: false });
    await studio.layers.mergeDown(['b']);
    expect(client.of('merge')).toHaveLength(0);
    expect(info).toHaveBeenLastCalledWith(messages.layers.mergeNeedsVisible('a'));
  });

  it('says why it cannot', async () => {
    await studio.layers.mergeDown(['a']);
    expect(info).toHaveBeenLastCalledWith(messages.layers.mergeNeedsTwo);
    await studio.layers.mergeDown(['a', 'c']);
    expect(info).toHaveBeenLastCalledWith(messages.layers.mergeNeedsNeighbours);
    expect(client.of('merge')).toHaveLength(0);
  });

  it('is dropped when its layers changed meanwhile', async () => {
    client.script['merge'] = () => {
      studio.layers.update(['a'], { opacity: 0.1 });
      return layer('m');
    };
    await studio.layers.mergeDown(['b']);
    expect(order()).toBe('a b t0 t1 c');
    expect(info).toHaveBeenLastCalledWith(messages.layers.mergeOvertaken);
  });

  it('explains a failing worker', async () => {
    client.script['merge'] = () => ({ ok: false, error: { code: 'internal', message: 'no memory' } });
    await studio.layers.mergeDown(['b']);
    expect(error).toHaveBeenCalledWith('no memory');
    expect(order()).toBe('a b t0 t1 c');
  });
});

describe('the list', () => {
  const { stringify } = JSON;
  const row = (id: string) => studio.layerList.rows.find((candidate) => candidate.id === id)!;

  it('selects a range in the order of the lines and extends it with the keys', () => {
    const { layerList } = studio;
    layerList.select(row('c'));
    layerList.select(row('b'), 'range');
    expect(stringify(layerList.selectedIds)).toBe('["b","t0","t1","c"]');
    layerList.step('down', 'range');
    expect(layerList.selectedIds).toEqual(['a', 'b', 't0', 't1', 'c']);
    layerList.step('up');
    expect(layerList.selectedIds).toEqual(['b']);
  });

  it('selects all tiles of a folded group, one line at a time', () => {
    const { layerList } = studio;
    layerList.step('down');
    expect(layerList.selectedIds).toEqual(['c']);
    layerList.step('down');
    expect(layerList.selectedIds).toEqual(['t0', 't1']);
    expect(layerList.activeRow?.kind).toBe('tiles');
    layerList.setOpen(layerList.activeRow!, true);
    layerList.step('down');
    expect(layerList.selectedIds).toEqual(['t1']);
  });

  it('toggles one beside the others, and forgets the others when something else is selected', () => {
    const { layerList, document } = studio;
    layerList.select(row('a'));
    layerList.select(row('c'), 'toggle');
    expect(layerList.selectedIds).toEqual(['a', 'c']);
    layerList.select(row('a'), 'toggle');
    expect(layerList.selectedIds).toEqual(['c']);
    document.select({ kind: 'layer', id: 'b' });
    expect(layerList.selectedIds).toEqual(['b']);
    document.select({ kind: 'document' });
    expect(layerList.selectedIds).toEqual([]);
  });

  it('offers the layer below a removed one', () => {
    studio.layers.remove(['c']);
    expect(studio.document.selectedLayer?.id).toBe('t1');
    studio.layers.remove(['a', 'b', 't0', 't1']);
    expect(studio.document.selection).toEqual({ kind: 'document' });
  });
});
