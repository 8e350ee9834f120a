import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { rect } from '#domain/geometry/rect.ts';
import { decodeRle, encodeRle, maskBounds } from '#domain/mask/rle.ts';
import type { Mask } from '#domain/raster.ts';
import { MaskLayer } from '#worker/mask-layer.ts';
import { MaskPainter } from '#worker/paint.ts';

const LOOK = { id: 'a', hue: 0, pattern: 0, enabled: true, selected: false };

const masks = fc
  .record({
    width: fc.integer({ min: 1, max: 24 }),
    height: fc.integer({ min: 1, max: 16 }),
    bits: fc.array(fc.boolean(), { minLength: 24 * 16, maxLength: 24 * 16 }),
  })
  .map(({ width, height, bits }): Mask<'image'> => {
    const data = Uint8Array.from({ length: width * height }, (_, i) => (bits[i] ? 255 : 0));
    return { width, height, data };
  });

/** Pixels as the layer's rows say. */
function drawnRows(layer: MaskLayer): Uint8Array {
  const data = new Uint8Array(layer.width * layer.height);
  const stretches: number[] = [];
  for (let y = 0; y < layer.height; y++) {
    const count = layer.row(y, stretches);
    for (let i = 0; i < count; i += 2)
      data.fill(255, y * layer.width + stretches[i]!, y * layer.width + stretches[i + 1]!);
  }
  return data;
}

describe('a mask as it is drawn', () => {
  it('has the rows, the bounds and the code of its pixels', () => {
    fc.assert(
      fc.property(masks, (mask) => {
        const layer = new MaskLayer(LOOK, encodeRle(mask));
        expect(drawnRows(layer)).toEqual(mask.data);
        expect(layer.bounds).toEqual(maskBounds<'image'>(mask) ?? rect(0, 0, 0, 0));
        expect(layer.encode()).toEqual(encodeRle(mask));
      }),
    );
  });

  it('keeps them through any changes, of which only the area is told', () => {
    const change = fc.record({
      x: fc.nat(23),
      y: fc.nat(15),
      width: fc.integer({ min: 1, max: 24 }),
      height: fc.integer({ min: 1, max: 16 }),
      seed: fc.nat(),
    });
    fc.assert(
      fc.property(masks, fc.array(change, { maxLength: 5 }), (mask, changes) => {
        const layer = new MaskLayer(LOOK, encodeRle(mask));
        for (const { x, y, width, height, seed } of changes) {
          const area = rect<'image'>(x % mask.width, y % mask.height, 0, 0);
          const right = Math.min(mask.width, area.x + width);
          const bottom = Math.min(mask.height, area.y + height);
          for (let row = area.y; row < bottom; row++)
            for (let column = area.x; column < right; column++)
              layer.mask.data[row * mask.width + column] = (seed * (row + 3) * (column + 7)) % 256;
          layer.touch(rect(area.x, area.y, right - area.x, bottom - area.y));
        }
        const inside = layer.mask.data.map((coverage) => (coverage >= 128 ? 255 : 0));
        expect(drawnRows(layer)).toEqual(inside);
        expect(layer.encode()).toEqual(encodeRle({ ...mask, data: inside }));
      }),
    );
  });

  it('takes no other mask while a stroke is under way, and keeps its soft edge when its own comes back', () => {
    const empty = encodeRle({ width: 40, height: 40, data: new Uint8Array(1600) });
    const full = encodeRle({ width: 40, height: 40, data: new Uint8Array(1600).fill(255) });
    const layer = new MaskLayer(LOOK, empty);
    const painter = new MaskPainter();
    const stroke = { detectionId: 'a', mode: 'add', radiusPx: 20, hardness: 0 } as const;
    painter.paint(layer, { ...stroke, points: [{ x: 40, y: 40 }], finished: false }, 80);
    layer.replace(full);
    expect(layer.encode()).not.toEqual(full);
    painter.paint(layer, { ...stroke, points: [], finished: true }, 80);
    const soft = layer.mask.data.slice();
    expect(soft.some((coverage) => coverage > 0 && coverage < 128)).toBe(true);
    layer.replace(layer.encode());
    expect(layer.mask.data).toEqual(soft);
    layer.replace(full);
    expect(layer.mask).toEqual(decodeRle(full));
  });
});
