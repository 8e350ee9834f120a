import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantiseResidual } from '#domain/blend/residual.ts';
import type { Layer } from '#domain/document/layer.ts';
import { reachOf, seenMarks } from '#domain/document/seen.ts';
import { isShown, layersBelow, seenBelow } from '#domain/document/stack.ts';
import { staleLayers } from '#domain/document/stale.ts';
import { areNeighbours, replaceLayers } from '#domain/document/units.ts';
import { overlaps } from '#domain/geometry/rect.ts';
import { encodeRle } from '#domain/mask/rle.ts';
import { floatTensor } from '#domain/tensor.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { LayerCanvas } from '#pipelines/layer-canvas.ts';
import { LayerWeights } from '#pipelines/layer-weights.ts';
import { MemoryResiduals } from '#pipelines/memory-residuals.ts';
import { mergeLayers } from '#pipelines/merge.ts';
import { request } from './pipelines-fakes.ts';
import { aLayer, aPainting } from './layer-fakes.ts';

const CANVAS = { width: 96, height: 64 };
const SIDE = 32;
const IDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const pixels = new CpuPixelOps();

/** Grey, and paintings that are far from running into black or white. */
async function greyCanvas(): Promise<LayerCanvas> {
  const residuals = new MemoryResiduals();
  for (const [seed, id] of IDS.entries())
    for (let painting = 0; painting < 2; painting++) {
      const data = Float32Array.from(
        { length: 3 * SIDE * SIDE },
        (_, i) => 0.03 + 0.03 * Math.sin((i + 1) * (2 * seed + painting + 1.7)),
      );
      const dims = [3, SIDE, SIDE];
      await residuals.put(`${id}.${painting}`, quantiseResidual(floatTensor(dims, data), floatTensor(dims)));
    }
  const data = new Uint8ClampedArray(CANVAS.width * CANVAS.height * 4).fill(90);
  return new LayerCanvas({ ...CANVAS, data }, { pixels, residuals, weights: new LayerWeights(pixels) });
}

const someMask = (cells: readonly boolean[]) =>
  encodeRle({ width: 6, height: 4, data: Uint8Array.from(cells, (on) => (on ? 255 : 0)) });
const FULL = someMask(Array<boolean>(24).fill(true));

interface Made {
  readonly place: number;
  readonly group: number;
  readonly cells: readonly boolean[];
  readonly growPx: number;
}

const anyStack = fc.array(
  fc.record({
    place: fc.nat(14),
    group: fc.nat(3),
    cells: fc.array(fc.boolean(), { minLength: 24, maxLength: 24 }),
    growPx: fc.integer({ min: -2, max: 3 }),
  }),
  { minLength: 2, maxLength: 6 },
);

function stackOf(made: readonly Made[], masked: boolean): Layer[] {
  const layers = made.map(({ place, group, cells, growPx }, i): Layer => {
    const id = IDS[i]!;
    const area = { x: (place % 5) * 16, y: Math.floor(place / 5) * 16, width: SIDE, height: SIDE };
    const mask = masked ? someMask(cells) : FULL;
    const weight = { kind: 'mask', mask, growPx: masked ? growPx : 0, featherPx: 4 } as const;
    const painting = aPainting(`${id}.0`);
    return aLayer({ id, canvas: CANVAS, area, group: `detail ${group}`, weight, pixels: painting });
  });
  return painted(layers);
}

/** Every layer has just been painted over those below it. */
function painted(layers: readonly Layer[]): Layer[] {
  return layers.map((layer, position) => {
    const below = seenMarks(layer, seenBelow(layers, position));
    return { ...layer, origin: { ...layer.origin, below } };
  });
}

type Edit = readonly [kind: string, at: number, value: number];
const LOOKS = ['opacity', 'strength', 'hide', 'painting', 'remove', 'copy', 'name', 'lock', 'back'];
const EDGES = ['feather', 'grow', 'mask', 'move'];
const edits = (kinds: readonly string[]) =>
  fc.array(fc.tuple(fc.constantFrom(...kinds), fc.nat(5), fc.nat(5)), { minLength: 1, maxLength: 3 });

const PATCHES: Readonly<Record<string, (layer: Layer, value: number) => Partial<Layer>>> = {
  opacity: (_, value) => ({ opacity: 0.2 * value }),
  strength: (_, value) => ({ strength: 0.3 + 0.2 * value }),
  hide: ({ visible }) => ({ visible: !visible }),
  painting: ({ id }) => ({ pixels: aPainting(`${id[0]}.1`) }),
  name: () => ({ name: 'another name' }),
  lock: () => ({ locked: true }),
  back: ({ id }) => ({ opacity: 1, strength: 1, visible: true, pixels: aPainting(`${id[0]}.0`) }),
  feather: ({ weight }, value) => ({ weight: { ...weight, featherPx: 4 + value } as Layer['weight'] }),
  grow: ({ weight }, value) => ({ weight: { ...weight, growPx: value - 2 } as Layer['weight'] }),
  mask: ({ weight }, value) => {
    const cells = Array.from({ length: 24 }, (_, i) => i % 6 <= value);
    return { weight: { ...weight, mask: someMask(cells) } as Layer['weight'] };
  },
};

function edited(stack: readonly Layer[], [kind, at, value]: Edit): readonly Layer[] {
  const index = at % Math.max(1, stack.length);
  const layer = stack[index];
  const patch = PATCHES[kind];
  if (!layer) return stack;
  if (patch) return stack.with(index, { ...layer, ...patch(layer, value) });
  if (kind === 'copy') {
    const id = `${layer.id} copy ${stack.length}`;
    return stack.toSpliced(index + 1, 0, { ...layer, id, group: id });
  }
  const rest = stack.toSpliced(index, 1);
  return kind === 'remove' ? rest : rest.toSpliced(value, 0, layer);
}

/** What a run would paint each layer over now, cut to its area. */
async function views(canvas: LayerCanvas, stack: readonly Layer[]): Promise<Map<string, Uint8ClampedArray>> {
  const entries = stack.map(async (layer, position) => {
    const { data } = await canvas.fold(layersBelow(stack, position), layer.area);
    return [layer.id, data] as const;
  });
  return new Map(await Promise.all(entries));
}

function furthest(a: Uint8ClampedArray, b: Uint8ClampedArray): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

const REQUEST = request({ output: { canvasLongSidePx: CANVAS.width, exportLongSidePx: CANVAS.width } });
const marked = (stack: readonly Layer[], id: string) =>
  staleLayers(REQUEST, stack).get(id)?.includes('below') ?? false;

describe('layers over layers that changed', () => {
  it('are out of date wherever what they were painted over is another picture now', async () => {
    const canvas = await greyCanvas();
    let changes = 0;
    await fc.assert(
      fc.asyncProperty(anyStack, edits([...LOOKS, ...EDGES]), async (made, some) => {
        const before = stackOf(made, true);
        const after = some.reduce(edited, before);
        const [was, is] = [await views(canvas, before), await views(canvas, after)];
        for (const { id } of after) {
          const [old, now] = [was.get(id), is.get(id)];
          if (!old || !now || furthest(old, now) === 0) continue;
          changes++;
          expect(marked(after, id)).toBe(true);
        }
      }),
      { numRuns: 300 },
    );
    expect(changes).toBeGreaterThan(50);
  });

  it('are out of date nowhere else, whatever was done', async () => {
    const canvas = await greyCanvas();
    let [still, changes] = [0, 0];
    await fc.assert(
      fc.asyncProperty(anyStack, edits(LOOKS), async (made, some) => {
        const before = stackOf(made, false);
        const after = some.reduce(edited, before);
        const [was, is] = [await views(canvas, before), await views(canvas, after)];
        for (const { id } of after) {
          const [old, now] = [was.get(id), is.get(id)];
          if (!old || !now) continue;
          const changed = furthest(old, now) > 0;
          expect([id, marked(after, id)]).toEqual([id, changed]);
          if (changed) changes++;
          else still++;
        }
      }),
      { numRuns: 300 },
    );
    expect(changes).toBeGreaterThan(50);
    expect(still).toBeGreaterThan(50);
  });

  it('take a merge for what it was made from, as it looks, and for something else when that is changed', async () => {
    const canvas = await greyCanvas();
    let merges = 0;
    await fc.assert(
      fc.asyncProperty(anyStack, edits(LOOKS), fc.nat(5), fc.nat(3), async (made, some, at, more) => {
        const before = stackOf(made, true);
        const start = some.reduce(edited, before);
        const ids = start.slice(at, at + 2 + more).map(({ id }) => id);
        const layers = start.filter(({ id }) => ids.includes(id));
        if (layers.filter(isShown).length < 1 || !areNeighbours(start, ids)) return;
        await canvas.show(start);
        const merge = await mergeLayers(canvas, layers, 'merged');
        const after = replaceLayers(start, ids, merge);
        for (const { id } of after.filter((layer) => layer !== merge))
          expect([id, marked(after, id)]).toEqual([id, marked(start, id)]);
        merges++;
        const faint = after.map((layer) => (layer === merge ? { ...merge, opacity: 0.5 } : layer));
        const [was, is] = [await views(canvas, after), await views(canvas, faint)];
        for (const { id, group } of faint)
          if (furthest(was.get(id)!, is.get(id)!) > 0 && layers.every((layer) => layer.group !== group))
            expect([id, marked(faint, id)]).toEqual([id, true]);
      }),
      { numRuns: 200 },
    );
    expect(merges).toBeGreaterThan(50);
  });
});

describe('the reach of a layer', () => {
  const spot = fc.record({
    at: fc.nat(23),
    growPx: fc.integer({ min: -3, max: 8 }),
    featherPx: fc.nat(12),
    place: fc.nat(14),
  });

  it('holds all that has weight, and is far smaller than a crop around a small mask', async () => {
    const weights = new LayerWeights(pixels);
    await fc.assert(
      fc.asyncProperty(spot, async ({ at, growPx, featherPx, place }) => {
        const mask = someMask(Array.from({ length: 24 }, (_, i) => i === at));
        const area = { x: (place % 5) * 16, y: Math.floor(place / 5) * 16, width: SIDE, height: SIDE };
        const weight = { kind: 'mask', mask, growPx, featherPx } as const;
        const layer = aLayer({ canvas: CANVAS, area, weight });
        const { x, y, width, height } = reachOf(layer);
        const { data } = await weights.alone(layer);
        data.forEach((value, i) => {
          const [px, py] = [area.x + (i % SIDE), area.y + Math.floor(i / SIDE)];
          const inside = px + 1 > x && py + 1 > y && px < x + width && py < y + height;
          if (value > 0) expect(inside).toBe(true);
        });
      }),
      { numRuns: 300 },
    );
    const corner = someMask(Array.from({ length: 24 }, (_, i) => i === 0));
    const layer = aLayer({ canvas: CANVAS, weight: { kind: 'mask', mask: corner, growPx: 0, featherPx: 4 } });
    expect(reachOf(layer)).toEqual({ x: 0, y: 0, width: 35, height: 35 });
  });

  it('keeps layers apart whose crops overlap', () => {
    const area = { x: 0, y: 0, ...CANVAS };
    const [left, right] = [0, 5].map((cell): Layer['weight'] => {
      const mask = someMask(Array.from({ length: 24 }, (_, i) => i === cell));
      return { kind: 'mask', mask, growPx: 0, featherPx: 4 };
    });
    const below = aLayer({ id: 'a', group: 'a', canvas: CANVAS, area, weight: left! });
    const crop = { x: 48, y: 0, width: 48, height: 64 };
    const stack = painted([
      below,
      aLayer({ id: 'b', group: 'b', canvas: CANVAS, area: crop, weight: right! }),
    ]);
    expect(stack[1]!.origin.below).toEqual([]);
    expect(marked([{ ...stack[0]!, opacity: 0.5 }, stack[1]!], 'b')).toBe(false);
  });
});

describe('a layer over a merge', () => {
  const at = (x: number) => ({ area: { x, y: 0, width: SIDE, height: SIDE }, canvas: CANVAS });
  const weight = { kind: 'mask', mask: FULL, growPx: 0, featherPx: 4 } as const;

  it('is not out of date for a sibling that was merged in, nor when it is painted on that merge', async () => {
    const canvas = await greyCanvas();
    const named = (id: string, group: string, x: number) =>
      aLayer({ id, group, weight, pixels: aPainting(`${id}.0`), ...at(x) });
    const stack = painted([named('a', 'detail 0', 0), named('b', 'detail 1', 8), named('c', 'detail 1', 16)]);
    await canvas.show(stack);
    const merge = await mergeLayers(canvas, stack.slice(0, 2), 'merged');
    const merged = [merge, stack[2]!];
    expect(marked(merged, 'c')).toBe(false);
    const again = painted(merged);
    expect(again[1]!.origin.below).toHaveLength(2);
    expect(marked(again, 'c')).toBe(false);
    expect(marked([{ ...merge, visible: false }, again[1]!], 'c')).toBe(true);
    expect(marked([{ ...merge, strength: 0.9 }, again[1]!], 'c')).toBe(true);
  });

  it('sees through merges of merges', async () => {
    const canvas = await greyCanvas();
    const stack = painted(
      ['a', 'b', 'c', 'd'].map((id, i) =>
        aLayer({ id, group: `detail ${i}`, weight, pixels: aPainting(`${id}.0`), ...at(8 * i) }),
      ),
    );
    await canvas.show(stack);
    const inner = await mergeLayers(canvas, stack.slice(0, 2), 'inner');
    await canvas.show([inner, ...stack.slice(2)]);
    const outer = await mergeLayers(canvas, [inner, stack[2]!], 'outer');
    expect(marked([outer, stack[3]!], 'd')).toBe(false);
    const faint = { ...inner, opacity: 0.5 };
    await canvas.show([faint, ...stack.slice(2)]);
    const faintOuter = await mergeLayers(canvas, [faint, stack[2]!], 'outer');
    expect(marked([faintOuter, stack[3]!], 'd')).toBe(true);
  });

  it('minds the order of what overlaps, and of nothing else', () => {
    const named = (id: string, x: number) =>
      aLayer({ id, group: id, weight, pixels: aPainting(`${id}.0`), ...at(x) });
    const [a, b, c, over] = painted([named('a', 0), named('b', 16), named('c', 48), named('d', 24)]) as [
      Layer,
      Layer,
      Layer,
      Layer,
    ];
    expect(overlaps(a.area, over.area) && overlaps(c.area, over.area)).toBe(true);
    expect(marked([c, a, b, over], 'd')).toBe(false);
    expect(marked([b, a, c, over], 'd')).toBe(true);
  });

  it('minds whether those below share their weight, as a copy does not with the siblings of its original', async () => {
    const canvas = await greyCanvas();
    const named = (id: string, group: string, x: number) =>
      aLayer({ id, group, weight, pixels: aPainting(`${id}.0`), ...at(x) });
    const stack = painted([named('a', 'detail 0', 0), named('b', 'detail 0', 8), named('c', 'detail 1', 8)]);
    const copied = stack.with(0, { ...stack[0]!, id: 'copy', group: 'copy' });
    const [was, is] = [await views(canvas, stack), await views(canvas, copied)];
    expect(furthest(was.get('c')!, is.get('c')!)).toBeGreaterThan(0);
    expect(marked(copied, 'c')).toBe(true);
  });

  it('reads what layers of before said, as seen in full', () => {
    const named = (id: string, patch: Partial<Layer> = {}) =>
      aLayer({ id, group: id, weight, pixels: aPainting(`${id}.0`), ...at(0), ...patch });
    const over = named('c', { origin: { detectionId: null, mask: null, below: ['a.0', 'b.0'] } });
    expect(marked([named('a'), named('b'), over], 'c')).toBe(false);
    expect(marked([named('a', { opacity: 0.5 }), named('b'), over], 'c')).toBe(true);
    expect(marked([named('b'), over], 'c')).toBe(true);
  });
});
