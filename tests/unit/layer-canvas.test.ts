import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { quantiseResidual, type Residual } from '#domain/blend/residual.ts';
import type { Layer, LayerWeight } from '#domain/document/layer.ts';
import { dirtyArea } from '#domain/document/stack.ts';
import { encodeRle } from '#domain/mask/rle.ts';
import { floatTensor } from '#domain/tensor.ts';
import { planTiles } from '#domain/tiling/plan.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { LayerCanvas } from '#pipelines/layer-canvas.ts';
import { LayerWeights } from '#pipelines/layer-weights.ts';
import { MemoryResiduals } from '#pipelines/memory-residuals.ts';
import { mergeLayers } from '#pipelines/merge.ts';
import { testPicture } from './pipelines-fakes.ts';
import { aLayer, aPainting } from './layer-fakes.ts';

const CANVAS = { width: 64, height: 48 };
const pixels = new CpuPixelOps();

function canvasOf(residuals: MemoryResiduals): LayerCanvas {
  const { data } = testPicture(CANVAS.width, CANVAS.height);
  return new LayerCanvas({ ...CANVAS, data }, { pixels, residuals, weights: new LayerWeights(pixels) });
}

/** Deterministic changes between −range and range. */
function residualOf(seed: number, side: number, range: number): Residual {
  const data = new Float32Array(3 * side * side);
  for (let i = 0; i < data.length; i++) data[i] = range * Math.sin((i + 1) * (seed + 1.7));
  return quantiseResidual(floatTensor([3, side, side], data), floatTensor([3, side, side]));
}

/** Six paintings of every layer, some at the size of the area and some at another. */
async function paintings(range: number): Promise<MemoryResiduals> {
  const residuals = new MemoryResiduals();
  for (let layer = 0; layer < IDS.length; layer++)
    for (let painting = 0; painting < 3; painting++)
      await residuals.put(
        `${IDS[layer]} ${painting}`,
        residualOf(layer * 3 + painting, painting === 2 ? 16 : 24, range),
      );
  return residuals;
}

const IDS = ['a', 'b', 'c', 'd', 'e', 'f'] as const;
const TILES = planTiles(CANVAS, 32, 16).tiles;

const mask = fc
  .array(fc.boolean(), { minLength: 12, maxLength: 12 })
  .map((cells) => encodeRle({ width: 4, height: 3, data: Uint8Array.from(cells, (on) => (on ? 255 : 0)) }));
const weight: fc.Arbitrary<LayerWeight> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('mask' as const),
      mask,
      growPx: fc.integer({ min: -3, max: 6 }),
      featherPx: fc.nat(9),
    }),
  },
  fc.record({
    kind: fc.constant('tile' as const),
    index: fc.nat(TILES.length - 1),
    tilePx: fc.constant(32),
    overlapPx: fc.constant(16),
  }),
  fc.constant({ kind: 'whole' as const }),
);

const anyLayer = (id: string): fc.Arbitrary<Layer> =>
  fc
    .record({
      weight,
      x: fc.nat(5).map((at) => at * 8),
      y: fc.nat(3).map((at) => at * 8),
      group: fc.constantFrom('detail 0', 'detail 1'),
      visible: fc.boolean(),
      opacity: fc.constantFrom(0, 0.3, 1),
      strength: fc.constantFrom(0, 0.7, 1, 2),
      painting: fc.nat(2),
    })
    .map(({ x, y, painting, weight: own, ...rest }) => {
      const tile = own.kind === 'tile' ? TILES[own.index]!.area : null;
      const area = tile ?? { x, y, width: 24, height: 24 };
      return aLayer({
        id,
        canvas: CANVAS,
        area,
        weight: own,
        pixels: aPainting(`${id} ${painting}`),
        ...rest,
      });
    });

/** A stack of some of the layers, in any order. */
const anyStack = fc
  .shuffledSubarray([...IDS], { minLength: 0 })
  .chain((ids) => fc.tuple(...ids.map(anyLayer)));

const sameBytes = (a: Uint8ClampedArray, b: Uint8ClampedArray) => Buffer.from(a).equals(Buffer.from(b));

describe('a canvas of layers', () => {
  it('shows after any edits what a fold from scratch shows, and changes nothing outside the dirty area', async () => {
    const residuals = await paintings(0.5);
    await fc.assert(
      fc.asyncProperty(fc.array(anyStack, { minLength: 2, maxLength: 6 }), async (stacks) => {
        const canvas = canvasOf(residuals);
        for (const stack of stacks) {
          const before = canvas.raster.data.slice();
          const { changed } = await canvas.show(stack);
          expect(sameBytes(canvas.raster.data, (await canvasOf(residuals).fold(stack)).data)).toBe(true);
          canvas.raster.data.forEach((value, i) => {
            if (value === before[i]) return;
            const [x, y] = [(i >> 2) % CANVAS.width, Math.floor((i >> 2) / CANVAS.width)];
            const inside = changed && x >= changed.x && y >= changed.y && x < changed.x + changed.width;
            if (!inside || y >= changed.y + changed.height)
              expect.fail(`pixel ${x},${y} is not in the dirty area`);
          });
        }
      }),
      { numRuns: 60 },
    );
  });

  it('is the same after one edit of one layer as from scratch, whatever the edit', async () => {
    const residuals = await paintings(0.5);
    const edit = fc.constantFrom('hide', 'opacity', 'strength', 'painting', 'group', 'up', 'drop', 'feather');
    await fc.assert(
      fc.asyncProperty(
        anyStack,
        fc.array(fc.tuple(edit, fc.nat(5), fc.nat(9)), { maxLength: 8 }),
        async (start, edits) => {
          const canvas = canvasOf(residuals);
          let stack: readonly Layer[] = start;
          await canvas.show(stack);
          for (const [kind, at, value] of edits) {
            stack = edited(stack, kind, at, value);
            await canvas.show(structuredClone(stack));
            expect(sameBytes(canvas.raster.data, (await canvasOf(residuals).fold(stack)).data)).toBe(true);
          }
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is the upscaled picture with every layer hidden, transparent or gone, bit for bit', async () => {
    const residuals = await paintings(1);
    await fc.assert(
      fc.asyncProperty(anyStack, async (stack) => {
        const canvas = canvasOf(residuals);
        await canvas.show(stack);
        await canvas.show(
          stack.map((layer, i) => (i % 2 ? { ...layer, visible: false } : { ...layer, opacity: 0 })),
        );
        expect(sameBytes(canvas.raster.data, canvas.base.data)).toBe(true);
        await canvas.show(stack);
        await canvas.show([]);
        expect(sameBytes(canvas.raster.data, canvas.base.data)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('takes a layer at opacity 0 for a hidden one, also among siblings that share their weight', async () => {
    const residuals = await paintings(0.5);
    await fc.assert(
      fc.asyncProperty(anyStack, fc.nat(5), async (stack, at) => {
        const canvas = canvasOf(residuals);
        const change = (patch: Partial<Layer>) =>
          stack.map((layer, i) => (i === at ? { ...layer, ...patch } : layer));
        const hidden = await canvas.fold(change({ visible: false }));
        expect(sameBytes(hidden.data, (await canvas.fold(change({ opacity: 0 }))).data)).toBe(true);
      }),
      { numRuns: 40 },
    );
  });

  it('does not depend on the order of siblings where nothing clips', async () => {
    // Changes this small cannot leave 0 to 255 from the middle, so that only rounding between layers is left.
    const residuals = await paintings(0.1);
    const canvas = canvasOf(residuals);
    canvas.base.data.fill(128);
    await fc.assert(
      fc.asyncProperty(fc.tuple(...IDS.slice(0, 4).map(anyLayer)), async (layers) => {
        const siblings = layers.map((layer) => ({ ...layer, group: 'detail 0', strength: 1 }));
        const forward = (await canvas.fold(siblings)).data;
        const backward = (await canvas.fold([...siblings].reverse())).data;
        forward.forEach((value, i) => {
          if (Math.abs(value - backward[i]!) > 3) expect.fail(`${value} and ${backward[i]}`);
        });
      }),
      { numRuns: 30 },
    );
  });

  it('shares the weight of siblings, so that two of the same change a pixel once', async () => {
    const residuals = new MemoryResiduals();
    for (const id of IDS)
      await residuals.put(`pixels of ${id}`, {
        ...residualOf(0, 24, 0),
        data: new Int16Array(24 * 24 * 3).fill(3277),
      });
    const canvas = canvasOf(residuals);
    canvas.base.data.fill(100);
    const area = { x: 8, y: 8, width: 24, height: 24 };
    const weightOf: LayerWeight = {
      ...(aLayer().weight as Extract<LayerWeight, { kind: 'mask' }>),
      featherPx: 0,
    };
    const twins = [
      aLayer({ id: 'a', canvas: CANVAS, area, weight: weightOf }),
      aLayer({ id: 'b', canvas: CANVAS, area, weight: weightOf }),
    ];
    const at = async (layers: readonly Layer[]) => (await canvas.fold(layers)).data[(20 * 64 + 20) * 4];
    // 3277 of 32767 is a tenth of 255.
    expect(await at(twins)).toBe(126);
    expect(await at(twins.map((twin, i) => ({ ...twin, group: `detail ${i}` })))).toBe(152);
    expect(await at([twins[0]!, { ...twins[1]!, visible: false }])).toBe(126);
    expect(await at([{ ...twins[0]!, opacity: 0.5 }])).toBe(113);
    expect(await at([{ ...twins[0]!, strength: 2 }])).toBe(151);
  });

  it('leaves out and names layers of another canvas size and layers without pixels', async () => {
    const residuals = await paintings(0.5);
    const canvas = canvasOf(residuals);
    const good = aLayer({
      id: 'a',
      canvas: CANVAS,
      area: { x: 0, y: 0, width: 24, height: 24 },
      pixels: aPainting('a 0'),
    });
    const small = { ...good, id: 'small', canvas: { width: 32, height: 32 } };
    const lost = { ...good, id: 'lost', pixels: aPainting('never painted') };
    const shown = await canvas.show([small, good, lost]);
    expect(shown).toEqual({ changed: good.area, missing: ['small', 'lost'] });
    expect(sameBytes(canvas.raster.data, (await canvas.fold([good])).data)).toBe(true);
  });

  it('shows the stack before when blending fails', async () => {
    const residuals = await paintings(0.5);
    const canvas = canvasOf(residuals);
    const [first, second] = fc.sample(fc.tuple(anyLayer('a'), anyLayer('b')), { numRuns: 1, seed: 3 })[0]!;
    const visible = {
      visible: true,
      opacity: 1,
      weight: { kind: 'whole' } as const,
      area: { x: 0, y: 0, width: 24, height: 24 },
    };
    await canvas.show([{ ...first, ...visible }]);
    const before = canvas.raster.data.slice();
    const get = residuals.get.bind(residuals);
    residuals.get = () => Promise.reject(new Error('the disk is gone'));
    await expect(
      canvas.show([
        { ...first, ...visible },
        { ...second, ...visible },
      ]),
    ).rejects.toThrow('the disk is gone');
    expect(sameBytes(canvas.raster.data, before)).toBe(true);
    residuals.get = get;
    await canvas.show([
      { ...first, ...visible },
      { ...second, ...visible },
    ]);
    expect(sameBytes(canvas.raster.data, before)).toBe(false);
  });
});

function edited(stack: readonly Layer[], kind: string, at: number, value: number): readonly Layer[] {
  const layer = stack[at % Math.max(1, stack.length)];
  if (!layer) return stack;
  const patch = (change: Partial<Layer>) =>
    stack.map((other) => (other === layer ? { ...layer, ...change } : other));
  switch (kind) {
    case 'hide':
      return patch({ visible: !layer.visible });
    case 'opacity':
      return patch({ opacity: value / 9 });
    case 'strength':
      return patch({ strength: value / 5 });
    case 'painting':
      return patch({ pixels: aPainting(`${layer.id} ${value % 3}`) });
    case 'group':
      return patch({ group: `detail ${value % 2}` });
    case 'up': {
      const rest = stack.filter((other) => other !== layer);
      return [...rest.slice(0, value), layer, ...rest.slice(value)];
    }
    case 'drop':
      return stack.filter((other) => other !== layer);
    default:
      return layer.weight.kind === 'mask' ? patch({ weight: { ...layer.weight, featherPx: value } }) : stack;
  }
}

describe('the dirty area', () => {
  it('is nothing between stacks that look alike, names and locks apart', () => {
    const stack = fc.sample(anyStack, { numRuns: 1, seed: 1 })[0]!;
    const renamed = structuredClone(stack).map((layer) => ({ ...layer, name: 'other', locked: true }));
    expect(dirtyArea(stack, renamed)).toBeNull();
  });

  it('of a move is where the moved layer lies, however many it passes', () => {
    const at = (id: string, x: number) =>
      aLayer({ id, canvas: CANVAS, area: { x, y: 0, width: 8, height: 8 } });
    const [a, b, c, d] = [at('a', 0), at('b', 8), at('c', 16), at('d', 24)];
    expect(dirtyArea([a, b, c, d], [b, c, d, a])).toEqual(a.area);
    expect(dirtyArea([a, b, c], [a, { ...b, visible: false }, c])).toEqual(b.area);
    expect(dirtyArea([a, { ...b, visible: false }], [a])).toBeNull();
  });
});

describe('merging', () => {
  const near = (one: Uint8ClampedArray, two: Uint8ClampedArray) => {
    one.forEach((value, i) => {
      if (Math.abs(value - two[i]!) > 1) expect.fail(`${value} and ${two[i]}`);
    });
  };
  const shown = (layer: Layer): Layer => ({ ...layer, visible: true, opacity: Math.max(0.3, layer.opacity) });
  /** A stack of which neighbours are merged into one, in their place. */
  const merging = async (canvas: LayerCanvas, stack: readonly Layer[], from: number, to: number) => {
    await canvas.show(stack);
    const merged = await mergeLayers(canvas, stack.slice(from, to), 'several');
    return [...stack.slice(0, from), merged, ...stack.slice(to)];
  };
  const anyMerge = fc.record({
    stack: fc.tuple(...IDS.map(anyLayer)),
    at: fc.nat(4),
    count: fc.integer({ min: 2, max: 6 }),
    again: fc.nat(3),
  });

  it('looks the same within 1/255, whatever siblings stay and however pixels clip; merged again too', async () => {
    const residuals = await paintings(0.5);
    await fc.assert(
      fc.asyncProperty(anyMerge, async ({ stack: all, at, count, again }) => {
        const canvas = canvasOf(residuals);
        const stack = all.map(shown);
        const once = await merging(canvas, stack, at, at + count);
        near((await canvas.fold(once)).data, (await canvas.fold(stack)).data);
        const twice = await merging(canvas, once, again, again + 2).catch(() => once);
        near((await canvas.fold(twice)).data, (await canvas.fold(stack)).data);
        await canvas.show(twice);
        expect(sameBytes(canvas.raster.data, (await canvas.fold(twice)).data)).toBe(true);
      }),
      { numRuns: 60 },
    );
  });

  it('leaves siblings what they would have without its layers once it is hidden', async () => {
    const residuals = await paintings(0.5);
    await fc.assert(
      fc.asyncProperty(anyMerge, async ({ stack: all, at, count }) => {
        const canvas = canvasOf(residuals);
        const stack = all.map(shown);
        const merged = await merging(canvas, stack, at, at + count);
        const hidden = merged.map((layer, i) => (i === at ? { ...layer, visible: false } : layer));
        const without = stack.filter((_, i) => i < at || i >= at + count);
        expect(sameBytes((await canvas.fold(hidden)).data, (await canvas.fold(without)).data)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  /** Three detections in one place, that share it. */
  const three = () =>
    IDS.slice(0, 3).map((id) =>
      aLayer({
        id,
        canvas: CANVAS,
        area: { x: 8, y: 8, width: 24, height: 24 },
        pixels: aPainting(`${id} 0`),
      }),
    );

  it('is shared with by what was there; a sibling painted above it later has all its weight', async () => {
    const residuals = await paintings(0.2);
    const canvas = canvasOf(residuals);
    const [merged, top] = (await merging(canvas, three(), 0, 2)) as [Layer, Layer];
    const weights = new LayerWeights(pixels);
    const middle = async (layer: Layer, stack: readonly Layer[]) =>
      (await weights.shared(layer, stack)).data[12 * 24 + 12]!;
    expect(await middle(top, [merged, top])).toBeCloseTo(1 / 3);
    expect(await middle(top, [{ ...merged, opacity: 0.5 }, top])).toBeCloseTo(1 / 2);
    const again = { ...top, pixels: aPainting('c 1') };
    expect(await middle(again, [merged, again])).toBe(1);
    expect(await middle(again, [again, merged])).toBeCloseTo(1 / 3);
    const copied = { ...top, group: 'copy c' };
    expect(await middle(copied, [merged, copied])).toBe(1);
  });

  it('refuses layers of which nothing can be seen', async () => {
    const canvas = canvasOf(await paintings(0.2));
    const hidden = aLayer({ id: 'a', canvas: CANVAS, pixels: aPainting('a 0'), visible: false });
    await expect(mergeLayers(canvas, [hidden], 'x')).rejects.toThrow('nothing to merge');
    await expect(mergeLayers(canvas, [], 'x')).rejects.toThrow('nothing to merge');
  });
});
