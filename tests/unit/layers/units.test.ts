import { describe, expect, it } from 'vitest';
import { layersBetween, rowsOf } from '#app/layer-rows.ts';
import type { Layer } from '#domain/document/layer.ts';
import { areNeighbours, moveBeside, moveStep, replaceLayers, unitsOf } from '#domain/document/units.ts';
import { layer, tile } from './layer-fixtures.ts';

const [a, b, c] = [layer('a'), layer('b'), layer('c')];
const tiles = [tile(0), tile(1), tile(2)];
const stack = [a, b, ...tiles, c];
const names = (layers: readonly Layer[]) => layers.map(({ id }) => id).join(' ');

describe('units of a stack', () => {
  it('put the tiles of one grid together, and only those', () => {
    const other = tile(9, { weight: { kind: 'tile', index: 9, tilePx: 1536, overlapPx: 256 } });
    const units = unitsOf([a, ...tiles, other, b]);
    expect(units.map(({ layers }) => names(layers))).toEqual(['a', 't0 t1 t2', 't9', 'b']);
  });

  it('are listed top first, tiles folded until their group is opened', () => {
    expect(rowsOf(stack, []).map(({ id, kind }) => `${kind} ${id}`)).toEqual([
      'layer c',
      'tiles tiles t0',
      'layer b',
      'layer a',
    ]);
    const open = rowsOf(stack, ['tiles t0']);
    expect(open.map(({ id, level }) => `${level} ${id}`)).toEqual([
      '1 c',
      '1 tiles t0',
      '2 t2',
      '2 t1',
      '2 t0',
      '1 b',
      '1 a',
    ]);
  });

  it('cover a range in both directions, with the tiles of folded groups', () => {
    const rows = rowsOf(stack, []);
    expect(layersBetween(rows, 'c', 'b').sort()).toEqual(['b', 'c', 't0', 't1', 't2']);
    expect(layersBetween(rows, 'b', 'c')).toEqual(layersBetween(rows, 'c', 'b'));
  });
});

describe('moving layers', () => {
  it('goes over a whole grid of tiles at once', () => {
    expect(names(moveStep(stack, ['b'], 'up'))).toBe('a t0 t1 t2 b c');
    expect(names(moveStep(stack, ['c'], 'down'))).toBe('a b c t0 t1 t2');
    expect(names(moveStep(stack, ['b'], 'down'))).toBe('b a t0 t1 t2 c');
  });

  it('moves a grid as one, and a tile inside its grid by one', () => {
    expect(names(moveStep(stack, ['t0', 't1', 't2'], 'down'))).toBe('a t0 t1 t2 b c');
    expect(names(moveStep(stack, ['t0'], 'up'))).toBe('a b t1 t0 t2 c');
  });

  it('gathers what was apart, and answers the same list at the end of the stack', () => {
    expect(names(moveStep(stack, ['a', 'b'], 'up'))).toBe('t0 t1 t2 a b c');
    expect(moveStep(stack, ['c'], 'up')).toBe(stack);
    expect(moveStep(stack, ['a', 'b'], 'down')).toBe(stack);
    expect(moveStep(stack, ['nobody'], 'up')).toBe(stack);
  });

  it('puts layers beside another one, in their order', () => {
    expect(names(moveBeside(stack, ['a', 'c'], 't1', 'above'))).toBe('b t0 t1 a c t2');
    expect(names(moveBeside(stack, ['c'], 'a', 'below'))).toBe('c a b t0 t1 t2');
    expect(moveBeside(stack, ['a'], 'a', 'above')).toBe(stack);
  });
});

it('knows neighbours', () => {
  expect(areNeighbours(stack, ['b', 't0', 't1'])).toBe(true);
  expect(areNeighbours(stack, ['a', 't0'])).toBe(false);
  expect(areNeighbours(stack, ['a', 'gone'])).toBe(false);
});

it('puts a merged layer where the topmost of its parts lay', () => {
  expect(names(replaceLayers(stack, ['a', 't0'], layer('m')))).toBe('b m t1 t2 c');
});
