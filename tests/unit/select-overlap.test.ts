import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { shareWeight, type WeightedArea } from '#domain/blend/overlap.ts';
import { selectDetections } from '#domain/detection/select.ts';

const candidate = (id: string, x: number, y: number, side: number, score = 0.5) => ({
  id,
  box: { x, y, width: side, height: side },
  score,
});

describe('selection modes', () => {
  const found = [
    candidate('listed first', 0, 0, 0.1),
    candidate('large', 0.6, 0.6, 0.4),
    candidate('best', 0.9, 0, 0.1, 0.97),
    candidate('middle', 0.4, 0.4, 0.2),
  ];

  it.each([
    ['first', ['best']],
    ['largest', ['large']],
    ['center', ['middle']],
    ['all', ['listed first', 'large', 'best', 'middle']],
  ] as const)('%s', (mode, ids) => {
    expect([...selectDetections(found, mode)]).toEqual(ids);
    expect([...selectDetections([], mode)]).toEqual([]);
  });

  it('measures the distance of the centre, not of the corner', () => {
    const centred = [candidate('corner', 0.5, 0.5, 0.4), candidate('around', 0.1, 0.1, 0.8)];
    expect([...selectDetections(centred, 'center')]).toEqual(['around']);
  });

  it.each(['largest', 'center', 'first'] as const)('%s picks the one listed first of equals', (mode) => {
    const twins = [candidate('a', 0, 0, 0.3), candidate('b', 0.7, 0.7, 0.3)];
    expect([...selectDetections(twins, mode)]).toEqual(['a']);
  });
});

const pastes = fc
  .record({
    x: fc.nat(6),
    y: fc.nat(6),
    width: fc.integer({ min: 1, max: 6 }),
    height: fc.integer({ min: 1, max: 6 }),
    opacity: fc.constantFrom(0, 0.4, 1),
  })
  .chain(({ opacity, ...area }) =>
    fc
      .array(fc.double({ min: 0, max: 1, noNaN: true }), {
        minLength: area.width * area.height,
        maxLength: area.width * area.height,
      })
      .map((alpha): WeightedArea => {
        const { width, height } = area;
        return { area, alpha: { width, height, data: Float32Array.from(alpha) }, opacity };
      }),
  );

/** Alpha of a paste at a canvas pixel; 0 outside. */
function alphaAt({ area, alpha }: WeightedArea, x: number, y: number): number {
  const [u, v] = [x - area.x, y - area.y];
  return u < 0 || v < 0 || u >= area.width || v >= area.height ? 0 : alpha.data[v * area.width + u]!;
}

function shared(own: WeightedArea, all: readonly WeightedArea[]) {
  return shareWeight(
    own,
    all.filter((other) => other !== own),
  );
}

describe('overlapping pastes', () => {
  it('come to alpha / max(1, sum) at every pixel, in whatever order', () => {
    fc.assert(
      fc.property(fc.array(pastes, { maxLength: 5 }), (all) => {
        const normalised = all.map((own) => ({ ...own, alpha: shared(own, all) }));
        for (let y = 0; y < 12; y++)
          for (let x = 0; x < 12; x++) {
            const sum = all.reduce((total, paste) => total + alphaAt(paste, x, y) * paste.opacity, 0);
            all.forEach((paste, i) => {
              expect(alphaAt(normalised[i]!, x, y)).toBeCloseTo(alphaAt(paste, x, y) / Math.max(1, sum), 5);
            });
          }
      }),
      { numRuns: 40 },
    );
  });

  it('leave a paste alone that nothing touches, bit for bit', () => {
    const apart = (x: number): WeightedArea => ({
      area: { x, y: 0, width: 2, height: 1 },
      alpha: { width: 2, height: 1, data: Float32Array.of(1, 0.3) },
      opacity: 1,
    });
    const all = [apart(0), apart(2)];
    expect(all.map((own) => shared(own, all) === own.alpha)).toEqual([true, true]);
  });
});
