import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rect, type Rect } from '#domain/geometry/rect.ts';
import type { FoundObject } from '#domain/job/request.ts';
import { rleBox, rleIou } from '#domain/mask/rle-algebra.ts';
import { rectToRle } from '#domain/mask/shapes.ts';
import type { Raster8 } from '#domain/raster.ts';
import { mergeTiles, type TileAnswer } from '#domain/sam3/merge-tiles.ts';
import { detectionTiles, fromTile, intoTile } from '#domain/sam3/tiles.ts';
import { ImageFeatures } from '#pipelines/image-features.ts';
import { look } from '#pipelines/look.ts';
import type { RawDetection } from '#domain/sam3/contract.ts';
import type { EncodedImage, Segmenter } from '#pipelines/services.ts';

type Area = Rect<'image'>;
const [WIDTH, HEIGHT, TILE] = [1600, 1200, 400];
/** Cells per side of the fake's masks. */
const SIDE = 48;

/** A picture whose pixels say where they are, so that a crop of it does too. */
const PICTURE: Raster8<'image'> = (() => {
  const data = new Uint8ClampedArray(WIDTH * HEIGHT * 4);
  for (let i = 0; i < WIDTH * HEIGHT; i++) {
    const [x, y] = [i % WIDTH, Math.floor(i / WIDTH)];
    data.set([x & 255, y & 255, ((x >> 8) << 4) | (y >> 8), 255], 4 * i);
  }
  return { width: WIDTH, height: HEIGHT, data };
})();

function originOf({ data }: Raster8): { x: number; y: number } {
  const [x = 0, y = 0, high = 0] = data;
  return { x: x + (high >> 4) * 256, y: y + (high & 15) * 256 };
}

/**
 * A detector that sees rectangles: in whatever it is shown, every one of which a cell of its grid is inside, with the
 * distance to the outline as logit and a score that is as good as random.
 */
function seeing(objects: readonly Area[]): Segmenter {
  const answer = (object: Area, number: number, shown: Area): RawDetection[] => {
    const cell = { x: shown.width / SIDE, y: shown.height / SIDE };
    const data = Float32Array.from({ length: SIDE * SIDE }, (_, i) => {
      const x = shown.x + ((i % SIDE) + 0.5) * cell.x - object.x - object.width / 2;
      const y = shown.y + (Math.floor(i / SIDE) + 0.5) * cell.y - object.y - object.height / 2;
      return Math.min((object.width / 2 - Math.abs(x)) / cell.x, (object.height / 2 - Math.abs(y)) / cell.y);
    });
    if (!data.some((logit) => logit > 0)) return [];
    const score = 0.3 + (((number * 7 + shown.x * 3 + shown.y * 5 + shown.width) * 2654435761) % 1000) / 2000;
    return [{ box: rect(0, 0, 1, 1), score, presence: 0.9, logits: { width: SIDE, height: SIDE, data } }];
  };
  return {
    encodeImage: (image) => {
      const shown: Area = { ...originOf(image), width: image.width, height: image.height };
      const encoded: EncodedImage = {
        bytes: 1,
        detect: () =>
          Promise.resolve({
            presence: 0.9,
            readAs: null,
            detections: objects.flatMap((object, number) => answer(object, number, shown)),
          }),
        pick: () => Promise.reject(new Error('nobody clicks here')),
        dispose: () => undefined,
      };
      return Promise.resolve(encoded);
    },
  };
}

async function found(objects: readonly Area[]): Promise<readonly FoundObject[]> {
  const wish = { conceptId: 'c', phrase: 'tile', examples: [], floor: 0, tilePx: TILE };
  const context = { signal: new AbortController().signal, onEvent: () => undefined };
  return (await look(PICTURE, wish, { segmenter: seeing(objects) }, new ImageFeatures(), context)).found;
}

/** Every object is found, by one answer that is it. */
function expectOnceEach(answers: readonly FoundObject[], objects: readonly Area[], iou: number): void {
  const masks = objects.map((object) => rectToRle(object, PICTURE));
  const best = masks.map((mask) => Math.max(0, ...answers.map((answer) => rleIou(answer.mask, mask))));
  expect(
    best.every((value) => value > iou),
    `IoU ${best.map((v) => v.toFixed(2)).join(' ')}`,
  ).toBe(true);
  expect(answers).toHaveLength(objects.length);
}

/** One object in each of some slots of 400 px, so that none touches another. */
function scene(smallest: number, largest: number): fc.Arbitrary<Area[]> {
  const object = fc.tuple(
    fc.integer({ min: smallest, max: largest }),
    fc.integer({ min: smallest, max: largest }),
  );
  return fc
    .uniqueArray(fc.nat(11), { minLength: 1, maxLength: 8 })
    .chain((slots) =>
      fc.tuple(
        ...slots.map((slot) =>
          fc.tuple(
            fc.constant(slot),
            object,
            fc.double({ min: 0, max: 1, noNaN: true }),
            fc.double({ min: 0, max: 1, noNaN: true }),
          ),
        ),
      ),
    )
    .map((all) =>
      all.map(([slot, [width, height], u, v]) =>
        rect<'image'>(
          (slot % 4) * 400 + 10 + u * (380 - width),
          Math.floor(slot / 4) * 400 + 10 + v * (380 - height),
          width,
          height,
        ),
      ),
    );
}

describe('tiles', () => {
  it('cover the picture, share a quarter with their neighbours and end at its border', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 1, max: 5000 }),
        fc.integer({ min: 256, max: 2000 }),
        (width, height, tilePx) => {
          const tiles = detectionTiles({ width, height }, tilePx);
          if (width <= tilePx && height <= tilePx) {
            expect(tiles).toEqual([]);
            return;
          }
          const starts = (of: 'x' | 'y') => [...new Set(tiles.map((tile) => tile[of]))].sort((a, b) => a - b);
          for (const [axis, extent] of [
            ['x', width],
            ['y', height],
          ] as const) {
            const at = starts(axis);
            const length = Math.min(extent, tilePx);
            expect([at[0], at.at(-1)! + length]).toEqual([0, extent]);
            for (let i = 1; i < at.length; i++) {
              const shared = at[i - 1]! + length - at[i]!;
              expect(shared).toBeGreaterThanOrEqual(tilePx / 4 - 1);
            }
          }
          expect(tiles).toHaveLength(starts('x').length * starts('y').length);
        },
      ),
    );
  });

  it('move boxes there and back', () => {
    const tile = rect<'image'>(300, 600, 400, 400);
    const picture = { width: 1600, height: 1200 };
    const box = fromTile(rect(0.25, 0.5, 0.5, 0.25), tile, picture);
    expect(box).toEqual(rect(400 / 1600, 800 / 1200, 200 / 1600, 100 / 1200));
    const back = intoTile(box, tile, picture)!;
    expect([back.x, back.y, back.width, back.height].map((v) => Number(v.toFixed(9)))).toEqual([
      0.25, 0.5, 0.5, 0.25,
    ]);
    expect(intoTile(rect(0, 0, 0.1, 0.1), tile, picture)).toBeNull();
    const clipped = intoTile(rect(0.15, 0.5, 0.15, 0.1), tile, picture)!;
    expect([clipped.x, Number(clipped.width.toFixed(9))]).toEqual([0, 0.45]);
  });
});

describe('objects in tiles', () => {
  it('that are small enough for one tile come out once', async () => {
    await fc.assert(
      fc.asyncProperty(scene(25, 95), async (objects) => {
        expectOnceEach(await found(objects), objects, 0.7);
      }),
      { numRuns: 40 },
    );
  });

  it('of any size come out once, whatever borders go through them', async () => {
    await fc.assert(
      fc.asyncProperty(scene(30, 380), async (objects) => {
        expectOnceEach(await found(objects), objects, 0.6);
      }),
      { numRuns: 40 },
    );
  });
});

describe('merging', () => {
  const GRID = { width: 200, height: 100 };
  const LEFT = rect<'image'>(0, 0, 120, 100);
  const RIGHT = rect<'image'>(90, 0, 110, 100);
  const answer = (area: Area, tile: Area | null, score: number): TileAnswer => {
    const mask = rectToRle(area, GRID);
    return { found: { conceptId: 'c', box: rleBox(mask)!, mask, score, presence: 0.9 }, tile, cellPx: 1 };
  };
  const areas = (answers: readonly TileAnswer[]) =>
    mergeTiles(answers).map(({ box, score }) => [
      ...[box.x * 200, box.y * 100, box.width * 200, box.height * 100].map(Math.round),
      score,
    ]);

  it('joins two halves that continue each other, and keeps the better score', () => {
    const halves = [answer(rect(60, 20, 60, 40), LEFT, 0.6), answer(rect(90, 21, 50, 39), RIGHT, 0.8)];
    expect(areas(halves)).toEqual([[60, 20, 80, 40, 0.8]]);
  });

  it('leaves two objects apart that only end at the same border', () => {
    const apart = [answer(rect(60, 10, 60, 30), LEFT, 0.6), answer(rect(90, 60, 50, 30), RIGHT, 0.8)];
    expect(areas(apart)).toHaveLength(2);
    const touching = [answer(rect(60, 10, 60, 40), LEFT, 0.6), answer(rect(90, 40, 50, 40), RIGHT, 0.8)];
    expect(areas(touching)).toHaveLength(2);
  });

  it('drops a part that a border cut off for the whole object, even a worse-scored one', () => {
    const part = answer(rect(100, 20, 20, 30), LEFT, 0.95);
    expect(areas([part, answer(rect(100, 20, 60, 30), RIGHT, 0.4)])).toEqual([[100, 20, 60, 30, 0.4]]);
    expect(areas([part, answer(rect(100, 20, 60, 30), null, 0.4)])).toEqual([[100, 20, 60, 30, 0.4]]);
    expect(areas([part])).toHaveLength(1);
  });

  it('keeps a whole small object inside a larger one', () => {
    const nested = [answer(rect(20, 20, 60, 60), null, 0.9), answer(rect(40, 40, 12, 12), LEFT, 0.5)];
    expect(areas(nested)).toHaveLength(2);
  });

  it('takes a tile’s mask and the best score of what both see, and leaves repetitions in one tile to the rules', () => {
    const twice = [answer(rect(20, 20, 30, 30), null, 0.7), answer(rect(21, 20, 30, 30), LEFT, 0.5)];
    expect(areas(twice)).toEqual([[21, 20, 30, 30, 0.7]]);
    const repeated = [answer(rect(20, 20, 30, 30), LEFT, 0.5), answer(rect(21, 20, 30, 30), LEFT, 0.7)];
    expect(areas(repeated)).toHaveLength(2);
  });

  it('knows a small object by its bounds where the cells of the whole picture are as large as it', () => {
    const coarse = { ...answer(rect(20, 20, 8, 8), null, 0.9), cellPx: 8 };
    const fine = answer(rect(16, 17, 6, 6), LEFT, 0.5);
    expect(areas([coarse, fine])).toEqual([[16, 17, 6, 6, 0.9]]);
    const large = { ...answer(rect(20, 20, 60, 60), null, 0.9), cellPx: 8 };
    expect(areas([large, answer(rect(21, 21, 6, 6), LEFT, 0.5)])).toHaveLength(2);
  });

  it('says nothing about answers without a pixel', () => {
    const mask = { ...GRID, runs: [GRID.width * GRID.height] };
    const nothing = { conceptId: 'c', box: rect<'unit'>(0, 0, 0, 0), mask, score: 0.9, presence: 1 };
    expect(mergeTiles([{ found: nothing, tile: LEFT, cellPx: 1 }])).toEqual([]);
  });
});
