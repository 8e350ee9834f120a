import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { contains, intersect, size, wholeRect } from '#domain/geometry/rect.ts';
import { spanWeights, tileWeights } from '#domain/tiling/feather.ts';
import { chessOrder, planSpans, planTiles } from '#domain/tiling/plan.ts';

const cells = (max: number) => fc.integer({ min: 1, max }).map((count) => count * 8);
const plan = fc
  .tuple(cells(40), cells(40), cells(12), fc.integer({ min: 0, max: 200 }))
  .map(([width, height, tilePx, overlapPx]) => {
    const canvas = size<'canvas'>(width, height);
    return { canvas, tilePx, overlapPx, plan: planTiles(canvas, tilePx, overlapPx) };
  });

describe('planTiles', () => {
  it.each([
    [4096, 1024, 128, [0, 768, 1536, 2304, 3072]],
    [4096, 1536, 128, [0, 1280, 2560]],
    [4096, 1024, 0, [0, 1024, 2048, 3072]],
    [2800, 1024, 128, [0, 888, 1776]],
    [1024, 1024, 128, [0]],
    [1032, 1024, 128, [0, 8]],
    [600, 1024, 128, [0]],
  ])('spans of %d px in %d px tiles with %d px overlap start at %j', (extent, tilePx, overlapPx, starts) => {
    expect(planSpans(extent, tilePx, overlapPx).map((span) => span.start)).toEqual(starts);
  });

  it('is a table for a narrow canvas', () => {
    expect(planTiles(size(600, 1800), 1024, 100).tiles).toEqual([
      { index: 0, column: 0, row: 0, color: 0, area: { x: 0, y: 0, width: 600, height: 1024 } },
      { index: 1, column: 0, row: 1, color: 1, area: { x: 0, y: 776, width: 600, height: 1024 } },
    ]);
  });

  it('covers everything, inside, on the grid, with the overlap asked for', () => {
    fc.assert(
      fc.property(plan, ({ canvas, tilePx, overlapPx, plan: { tiles, columns, rows } }) => {
        const covered = new Uint8Array(canvas.width * canvas.height);
        for (const { area } of tiles) {
          expect(contains(wholeRect(canvas), area)).toBe(true);
          expect([area.x % 8, area.y % 8, area.width % 8, area.height % 8]).toEqual([0, 0, 0, 0]);
          for (let y = area.y; y < area.y + area.height; y++)
            covered.fill(1, y * canvas.width + area.x, y * canvas.width + area.x + area.width);
        }
        expect(covered.every((value) => value === 1)).toBe(true);
        for (const spans of [columns, rows])
          spans.slice(1).forEach((span, i) => {
            const overlap = spans[i]!.start + spans[i]!.length - span.start;
            expect(overlap).toBeGreaterThanOrEqual(Math.min(overlapPx, Math.floor(tilePx / 16) * 8));
          });
      }),
    );
  });

  it('colours like a chess board: tiles that share an edge differ', () => {
    fc.assert(
      fc.property(plan, ({ plan: planned }) => {
        const [first, second] = chessOrder(planned);
        expect([...first, ...second].map((tile) => tile.index).sort((a, b) => a - b)).toEqual(
          planned.tiles.map((tile) => tile.index),
        );
        for (const a of planned.tiles)
          for (const b of planned.tiles)
            if (Math.abs(a.column - b.column) + Math.abs(a.row - b.row) === 1)
              expect(a.color).not.toBe(b.color);
      }),
    );
  });

  it('refuses sides off the latent grid', () => {
    expect(() => planTiles(size(1001, 1000), 512, 64)).toThrow(/width 1001/);
  });
});

describe('feather weights', () => {
  it('add up to 1 at every pixel', () => {
    fc.assert(
      fc.property(plan, ({ canvas, plan: planned }) => {
        const sum = new Float64Array(canvas.width * canvas.height);
        let proper = true;
        for (const tile of planned.tiles) {
          const weights = tileWeights(planned, tile);
          for (let y = 0; y < tile.area.height; y++)
            for (let x = 0; x < tile.area.width; x++) {
              const weight = weights.data[y * weights.width + x]!;
              proper &&= weight > 0 && weight <= 1;
              sum[(tile.area.y + y) * canvas.width + tile.area.x + x]! += weight;
            }
        }
        expect(proper).toBe(true);
        expect(sum.every((total) => Math.abs(total - 1) < 1e-6)).toBe(true);
      }),
      { numRuns: 30 },
    );
  });

  it('are 1 where a tile is alone and fall to the tile edge inside an overlap', () => {
    const [left, right] = spanWeights(planSpans(40, 24, 8));
    expect(Array.from(left!.subarray(0, 16))).toEqual(new Array(16).fill(1));
    const ramp = (m: number) => m * m * (3 - 2 * m);
    expect(left![16]!).toBeCloseTo(ramp(1 - 0.5 / 8), 6);
    expect(left![23]!).toBeCloseTo(ramp(0.5 / 8), 6);
    expect(right![7]!).toBeCloseTo(ramp(1 - 0.5 / 8), 6);
  });

  it('belong to one tile on a canvas no larger than a tile', () => {
    const planned = planTiles(size(64, 48), 64, 16);
    expect(tileWeights(planned, planned.tiles[0]!).data.every((weight) => weight === 1)).toBe(true);
    expect(intersect(planned.tiles[0]!.area, wholeRect(size(64, 48)))).toEqual(planned.tiles[0]!.area);
  });
});
