import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rect, size } from '#domain/geometry/rect.ts';
import { cropMask, logitsToMask } from '#domain/mask/bilinear.ts';
import { Stroke, type BrushMode } from '#domain/mask/brush.ts';
import { signedDistance } from '#domain/mask/distance.ts';
import { featherMask, smoothstep } from '#domain/mask/feather.ts';
import { decodeRle, encodeRle, maskBounds } from '#domain/mask/rle.ts';
import type { Point } from '#domain/mask/brush-tip.ts';
import type { Field, Mask } from '#domain/raster.ts';

const binaryMask = fc
  .tuple(fc.integer({ min: 1, max: 24 }), fc.integer({ min: 1, max: 24 }))
  .chain(([width, height]) =>
    fc
      .array(fc.boolean(), { minLength: width * height, maxLength: width * height })
      .map((bits): Mask<'image'> => ({
        width,
        height,
        data: Uint8Array.from(bits, (bit) => (bit ? 255 : 0)),
      })),
  );

function fieldOf(mask: Mask<'image'>): Field<'image'> {
  return { width: mask.width, height: mask.height, data: Float32Array.from(mask.data, (v) => v / 255) };
}

/** Distance of every pixel to the nearest one of the other class, by trying all of them. */
function bruteDistance({ width, data }: Mask<'image'>): number[] {
  return Array.from(data, (value, i) => {
    let best = Infinity;
    data.forEach((other, j) => {
      if (other === value) return;
      const [dx, dy] = [(i % width) - (j % width), Math.floor(i / width) - Math.floor(j / width)];
      best = Math.min(best, Math.hypot(dx, dy));
    });
    return (value ? 1 : -1) * (Math.min(1e6, best) - 0.5);
  });
}

describe('run-length code', () => {
  it('round-trips', () => {
    fc.assert(
      fc.property(binaryMask, (mask) => {
        expect(decodeRle(encodeRle(mask))).toEqual(mask);
      }),
    );
  });

  it('starts with zeros', () => {
    expect(encodeRle({ width: 3, height: 1, data: Uint8Array.of(255, 255, 0) }).runs).toEqual([0, 2, 1]);
  });

  it('says when runs do not fill the mask', () => {
    for (const runs of [[3], [5], [-1, 5], [1.5, 2.5], [Number.NaN]])
      expect(() => decodeRle({ width: 2, height: 2, runs })).toThrow(/2×2/);
  });

  it('knows the bounding box', () => {
    const data = new Uint8Array(20);
    data[7] = data[13] = 255;
    expect(maskBounds({ width: 5, height: 4, data })).toEqual(rect(2, 1, 2, 2));
    expect(maskBounds({ width: 5, height: 4, data: new Uint8Array(20) })).toBeNull();
  });
});

describe('bilinear masks', () => {
  it('crops exactly at 1:1', () => {
    fc.assert(
      fc.property(binaryMask, (mask) => {
        const whole = cropMask(mask, size(mask.width, mask.height), rect(0, 0, mask.width, mask.height));
        expect(Array.from(whole.data)).toEqual(Array.from(mask.data, (v) => Math.fround(v / 255)));
      }),
    );
  });

  it('cuts an area out of the enlarged mask, never stretches it', () => {
    const mask: Mask<'image'> = { width: 2, height: 1, data: Uint8Array.of(0, 255) };
    const area = cropMask(mask, size(8, 4), rect(2, 1, 4, 2));
    expect(Array.from(area.data)).toEqual([0.125, 0.375, 0.625, 0.875, 0.125, 0.375, 0.625, 0.875]);
  });

  it('thresholds logits after resampling', () => {
    const logits: Field<'image'> = { width: 2, height: 1, data: Float32Array.of(-1, 3) };
    expect(Array.from(logitsToMask(logits, size(8, 1)).data)).toEqual([0, 0, 0, 255, 255, 255, 255, 255]);
  });
});

/** The mask after one stroke of a hard brush. */
function painted(mask: Mask, points: readonly Point[], radiusPx: number, mode: BrushMode): Mask {
  const copy = { ...mask, data: mask.data.slice() };
  new Stroke(copy, { radiusPx, hardness: 1, opacity: 1, mode }).extend(points);
  return copy;
}

describe('brush', () => {
  const empty: Mask<'image'> = { width: 9, height: 7, data: new Uint8Array(63) };

  it('paints a capsule and erases it again', () => {
    const stroke = [
      { x: 2.5, y: 3.5 },
      { x: 6.5, y: 3.5 },
    ];
    const capsule = painted(empty, stroke, 1, 'paint');
    const rows = [0, 1, 2, 3, 4, 5, 6].map((y) =>
      Array.from(capsule.data.slice(y * 9, y * 9 + 9), (v) => v && 1).join(''),
    );
    expect(rows).toEqual([
      '000000000',
      '000000000',
      '001111100',
      '011111110',
      '001111100',
      '000000000',
      '000000000',
    ]);
    expect(painted(capsule, stroke, 1, 'erase')).toEqual(empty);
    expect(empty.data.every((v) => v === 0)).toBe(true);
  });

  it('covers exactly the pixels within the radius, also partly outside', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -3, max: 12, noNaN: true }),
        fc.double({ min: 0, max: 6, noNaN: true }),
        (x, r) => {
          const { data } = painted(empty, [{ x, y: 2 }], r, 'paint');
          data.forEach((v, i) => {
            const distance = Math.hypot((i % 9) + 0.5 - x, Math.floor(i / 9) + 0.5 - 2);
            if (Math.abs(distance - r) > 1e-9) expect(v === 255).toBe(distance < r);
          });
        },
      ),
    );
  });
});

describe('distance and feather', () => {
  it('is the exact Euclidean distance', () => {
    fc.assert(
      fc.property(binaryMask, (mask) => {
        const expected = bruteDistance(mask);
        signedDistance(fieldOf(mask)).data.forEach((d, i) => expect(d).toBeCloseTo(expected[i]!, 4));
      }),
    );
  });

  it('feathers with one smoothstep centred on the edge', () => {
    const data = new Float32Array(16).fill(1, 8);
    const { data: alpha } = featherMask({ width: 16, height: 1, data } as Field<'canvas'>, 0, 8);
    expect(alpha[7]!).toBeCloseTo(smoothstep(0.5 - 0.5 / 8), 6);
    expect(alpha[8]!).toBeCloseTo(smoothstep(0.5 + 0.5 / 8), 6);
    expect([alpha[3], alpha[12]]).toEqual([0, 1]);
    alpha.slice(1).forEach((v, i) => expect(v).toBeGreaterThanOrEqual(alpha[i]!));
  });

  it('keeps empty and full masks as they are', () => {
    for (const value of [0, 1]) {
      const mask: Field<'canvas'> = { width: 4, height: 3, data: new Float32Array(12).fill(value) };
      expect(featherMask(mask, 2, 4)).toEqual(mask);
    }
  });
});
