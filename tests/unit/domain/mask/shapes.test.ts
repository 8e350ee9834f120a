import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rect, size } from '#domain/geometry/rect.ts';
import type { Point } from '#domain/mask/brush-tip.ts';
import { intersectRle, invertRle, emptyRle, unionRle } from '#domain/mask/rle-algebra.ts';
import { ellipseToRle, polygonToRle, rectToRle, type FillRule } from '#domain/mask/shapes.ts';
import { bitsOf, rleOf, rowsOf, type Bits } from './arbitrary-masks.ts';

const grid = fc
  .tuple(fc.integer({ min: 1, max: 20 }), fc.integer({ min: 1, max: 20 }))
  .map(([width, height]) => size<'image'>(width, height));
/** Quarters of a pixel, so that points often lie on centres and edges, also far outside. */
const coordinate = fc.integer({ min: -40, max: 120 }).map((quarters) => quarters / 4);
const point = fc.record({ x: coordinate, y: coordinate });
const rule = fc.constantFrom<FillRule>('even-odd', 'non-zero');

function filled(
  { width, height }: { width: number; height: number },
  holds: (x: number, y: number) => boolean,
): Bits {
  const bits = Array.from({ length: width * height }, (_, i) =>
    holds((i % width) + 0.5, Math.floor(i / width) + 0.5) ? 1 : 0,
  );
  return { width, height, bits };
}

/** How often the outline winds around a point: a ray to the left, sides by the sign of a cross product. */
function windings(points: readonly Point[], x: number, y: number): { crossed: number; winding: number } {
  let [crossed, winding] = [0, 0];
  points.forEach((a, i) => {
    const b = points[(i + 1) % points.length]!;
    if (a.y <= y === b.y <= y) return;
    const [up, down] = a.y < b.y ? [a, b] : [b, a];
    const toTheRight = (down.x - up.x) * (y - up.y) - (x - up.x) * (down.y - up.y);
    if (toTheRight > 0) return;
    crossed++;
    winding += a.y < b.y ? 1 : -1;
  });
  return { crossed, winding };
}

describe('polygon and lasso', () => {
  it('hold the pixels whose centre the outline winds around, self-crossing and beyond the mask too', () => {
    fc.assert(
      fc.property(grid, fc.array(point, { maxLength: 9 }), rule, (on, points, by) => {
        const twin = filled(on, (x, y) => {
          const { crossed, winding } = windings(points, x, y);
          return by === 'even-odd' ? crossed % 2 === 1 : winding !== 0;
        });
        expect(polygonToRle(points, on, by)).toEqual(rleOf(twin));
      }),
      { numRuns: 1000 },
    );
  });

  it('a pentagram has a hole by one rule and none by the other', () => {
    const star = [0, 2, 4, 1, 3].map((k) => {
      const angle = (2 * Math.PI * k) / 5 - Math.PI / 2;
      return { x: 10 + 9 * Math.cos(angle), y: 10 + 9 * Math.sin(angle) };
    });
    const at = (by: FillRule) => rowsOf(bitsOf(polygonToRle(star, size(20, 20), by)))[10]![10];
    expect([at('even-odd'), at('non-zero')]).toEqual(['.', '#']);
  });

  it('does not depend on the direction', () => {
    fc.assert(
      fc.property(grid, fc.array(point, { maxLength: 9 }), rule, (on, points, by) => {
        expect(polygonToRle([...points].reverse(), on, by)).toEqual(polygonToRle(points, on, by));
      }),
    );
  });

  it('two halves of a picture neither overlap nor leave a gap', () => {
    fc.assert(
      fc.property(grid, point, point, (on, a, b) => {
        const [top, bottom] = [
          { x: a.x, y: -1 },
          { x: b.x, y: 30 },
        ];
        const left = polygonToRle([top, bottom, { x: -50, y: 30 }, { x: -50, y: -1 }], on, 'non-zero');
        const right = polygonToRle([top, { x: 50, y: -1 }, { x: 50, y: 30 }, bottom], on, 'non-zero');
        expect(unionRle(left, right)).toEqual(invertRle(emptyRle(on)));
        expect(intersectRle(left, right)).toEqual(emptyRle(on));
      }),
    );
  });
});

describe('rectangle and ellipse', () => {
  const extent = fc.integer({ min: -60, max: 100 }).map((quarters) => quarters / 4);
  const area = fc
    .tuple(coordinate, coordinate, extent, extent)
    .map(([x, y, w, h]) => rect<'image'>(x, y, w, h));

  it('a rectangle holds the centres between its sides, whichever corner came first', () => {
    fc.assert(
      fc.property(grid, area, (on, { x, y, width, height }) => {
        const [x0, x1] = [Math.min(x, x + width), Math.max(x, x + width)];
        const [y0, y1] = [Math.min(y, y + height), Math.max(y, y + height)];
        const twin = filled(on, (px, py) => px >= x0 && px < x1 && py >= y0 && py < y1);
        expect(rectToRle(rect(x, y, width, height), on)).toEqual(rleOf(twin));
      }),
    );
  });

  it('an ellipse holds the centres within its equation', () => {
    fc.assert(
      fc.property(grid, area, (on, within) => {
        const actual = bitsOf(ellipseToRle(within, on));
        filled(on, () => true).bits.forEach((_, i) => {
          const dx = (i % on.width) + 0.5 - (within.x + within.width / 2);
          const dy = Math.floor(i / on.width) + 0.5 - (within.y + within.height / 2);
          const square = (dx / (within.width / 2)) ** 2 + (dy / (within.height / 2)) ** 2;
          // On the line itself rounding decides, and the right half is open.
          if (!(Math.abs(square - 1) < 1e-9)) expect(actual.bits[i]).toBe(square < 1 ? 1 : 0);
        });
      }),
      { numRuns: 300 },
    );
  });
});
