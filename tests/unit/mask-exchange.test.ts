import { describe, expect, it } from 'vitest';
import { sameAspect } from '#app/mask-files.ts';
import { rect } from '#domain/geometry/rect.ts';
import { AppError } from '#domain/job/app-error.ts';
import { maskAreaPx, rleBounds } from '#domain/mask/rle-algebra.ts';
import { rectToRle } from '#domain/mask/shapes.ts';
import type { Raster8 } from '#domain/raster.ts';
import { cocoDataSet, readCocoMasks } from '#formats/coco-annotations.ts';
import { toCocoRle } from '#formats/coco-rle.ts';
import { CpuPixelOps } from '#pipelines/cpu-pixel-ops.ts';
import { colourOf, cutOut } from '#pipelines/cut-out.ts';
import { looksLikeMask } from '#worker/masks.ts';

const picture = { width: 32, height: 16 };
const square = rectToRle(rect(4, 4, 8, 8), picture);
const other = rectToRle(rect(20, 2, 4, 4), picture);

describe('COCO files', () => {
  it('go there and back with their names', () => {
    const masks = [
      { name: 'face', mask: square },
      { name: 'hand', mask: other },
      { name: 'face', mask: other },
    ];
    const scored = masks.map((one, i) => (i === 0 ? { ...one, score: 0.97 } : one));
    const back = readCocoMasks(JSON.stringify(cocoDataSet(scored, picture)), 'a.json');
    expect(back.map(({ score }) => score)).toEqual(scored.map((_, i) => (i === 0 ? 0.97 : undefined)));
    const text = JSON.stringify(cocoDataSet(masks, picture));
    expect(readCocoMasks(text, 'a.json')).toEqual(masks);
    expect(JSON.parse(text)).toMatchObject({
      categories: [
        { id: 1, name: 'face' },
        { id: 2, name: 'hand' },
      ],
      annotations: [{ bbox: [4, 4, 8, 8], area: 64, category_id: 1 }, {}, {}],
    });
  });

  it('are read in each of their shapes', () => {
    const rle = toCocoRle(square);
    for (const value of [
      rle,
      { segmentation: rle },
      [rle],
      [{ segmentation: rle }],
      { annotations: [{ segmentation: rle }] },
    ])
      expect(readCocoMasks(JSON.stringify(value), 'a.json')).toEqual([{ name: '', mask: square }]);
    const polygon = {
      ...picture,
      segmentation: [
        [4, 4, 12, 4, 12, 12, 4, 12],
        [20, 2, 24, 2, 24, 6, 20, 6],
      ],
    };
    const [read] = readCocoMasks(JSON.stringify(polygon), 'a.json');
    expect(maskAreaPx(read!.mask)).toBe(64 + 16);
    expect(rleBounds(read!.mask)).toEqual(rect(4, 2, 20, 10));
  });

  it('are refused with a sentence that names the file', () => {
    const bad = [
      '{"a":',
      '{}',
      '[]',
      '{"segmentation":[[1,2,3,4,5,6]]}',
      '{"width":9,"height":9,"segmentation":[[1,2]]}',
    ];
    for (const text of bad)
      expect(() => readCocoMasks(text, 'odd.json')).toThrow(
        expect.objectContaining({ code: 'bad-file', message: expect.stringContaining('"odd.json"') }),
      );
    const many = JSON.stringify(Array.from({ length: 1001 }, () => 0));
    expect(() => readCocoMasks(many, 'odd.json')).toThrow(/1001 masks/);
  });
});

describe('sizes of masks', () => {
  it('fit a picture they were scaled from, and no other', () => {
    expect(sameAspect({ width: 1024, height: 683 }, { width: 3000, height: 2000 })).toBe(true);
    expect(sameAspect({ width: 341, height: 512 }, { width: 3000, height: 2000 })).toBe(false);
    expect(sameAspect({ width: 512, height: 512 }, { width: 1024, height: 1000 })).toBe(false);
  });
});

describe('pictures that look like masks', () => {
  const of = (colour: (i: number) => readonly number[]): Raster8<'image'> => ({
    ...picture,
    data: Uint8ClampedArray.from(Array.from({ length: 512 }, (_, i) => [...colour(i), 255]).flat()),
  });

  it('are black and white, not grey and not coloured', () => {
    expect(looksLikeMask(of((i) => (i % 3 ? [0, 0, 0] : [255, 255, 255])))).toBe(true);
    expect(looksLikeMask(of((i) => [i % 256, i % 256, i % 256]))).toBe(false);
    expect(looksLikeMask(of((i) => (i % 3 ? [0, 0, 0] : [255, 255, 0])))).toBe(false);
  });
});

describe('cut-outs', () => {
  const canvas: Raster8<'canvas'> = {
    width: 64,
    height: 32,
    data: Uint8ClampedArray.from({ length: 64 * 32 * 4 }, (_, i) => [200, 100, 50, 255][i % 4]!),
  };
  const pixels = new CpuPixelOps();
  const edge = { mask: square, growPx: 0, featherPx: 4 };

  it('keep the colours and put the soft edge into the alpha', async () => {
    const cut = await cutOut(canvas, edge, null, pixels);
    expect(cut.width).toBeLessThan(32);
    const alphas = [...cut.data].filter((_, i) => i % 4 === 3);
    expect([...cut.data.slice(0, 4)]).toEqual([200, 100, 50, 0]);
    const middle = (cut.height >> 1) * cut.width + (cut.width >> 1);
    expect(alphas[middle]).toBe(255);
    expect(alphas.some((alpha) => alpha > 20 && alpha < 235)).toBe(true);
  });

  it('are mixed with a colour where they end', async () => {
    const cut = await cutOut(canvas, edge, colourOf('#0000FF'), pixels);
    expect([...cut.data.slice(0, 4)]).toEqual([0, 0, 255, 255]);
    const middle = ((cut.height >> 1) * cut.width + (cut.width >> 1)) * 4;
    expect([...cut.data.slice(middle, middle + 4)]).toEqual([200, 100, 50, 255]);
    expect(cut.data.every((value, i) => i % 4 !== 3 || value === 255)).toBe(true);
  });

  it('need something to cut and a colour that is one', async () => {
    const empty = { ...edge, mask: { ...picture, runs: [512] } };
    await expect(cutOut(canvas, empty, null, pixels)).rejects.toThrow(/mask is empty/);
    expect(() => colourOf('red')).toThrow(AppError);
  });
});
