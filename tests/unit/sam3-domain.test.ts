import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { evenThenOdd, ropeTable, windowMajor, axisCode } from '#models/sam3/tables.ts';
import { bestQueries, chosenMasks, keptQueries, sigmoid, unitBox } from '#domain/sam3/answers.ts';
import { exemplarInputs, roiMatrix, sineCode } from '#domain/sam3/exemplar.ts';
import { causalMask, phraseTokens } from '#domain/sam3/phrase.ts';
import { gridCode, pointInputs } from '#domain/sam3/points.ts';
import { sam3Input } from '#domain/sam3/preprocess.ts';
import { floatTensor } from '#domain/tensor.ts';

function picture(width: number, height: number, level: (x: number, y: number, c: number) => number) {
  const data = new Uint8ClampedArray(width * height * 4);
  for (let i = 0; i < data.length; i++) {
    const pixel = Math.floor(i / 4);
    data[i] = i % 4 === 3 ? 255 : level(pixel % width, Math.floor(pixel / width), i % 4);
  }
  return { width, height, data };
}

describe('input picture', () => {
  test('the same size only changes the range', () => {
    const image = picture(4, 4, (x, y, c) => 10 * x + 40 * y + c);
    const { dims, data } = sam3Input(image, 4);
    expect(dims).toEqual([1, 3, 4, 4]);
    expect(data[16 + 4 + 2]).toBeCloseTo((20 + 40 + 1) / 127.5 - 1, 6);
  });

  test('halving is a triangle of four samples, rounded to levels before the range changes', () => {
    const image = picture(8, 2, (x) => [0, 0, 255, 0, 0, 0, 0, 0][x] as number);
    const levels = Array.from(sam3Input(image, 4).data.slice(0, 4), (v) => (v + 1) * 127.5);
    // Inside, weights are 1/8 3/8 3/8 1/8; at the border the outside sample is missing and 3/8 3/8 1/8 renormalised.
    [(255 * 1) / 7, (255 * 3) / 8, (255 * 0) / 8, 0].forEach((wanted, i) => {
      expect(levels[i]).toBeCloseTo(Math.round(wanted), 3);
    });
  });

  test('any constant picture stays constant at any size', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 40 }),
        fc.integer({ min: 1, max: 40 }),
        fc.nat(255),
        (w, h, level) => {
          const { data } = sam3Input(
            picture(w, h, () => level),
            14,
          );
          expect(data.every((v) => Math.abs(v - (level / 127.5 - 1)) < 1e-6)).toBe(true);
        },
      ),
      { numRuns: 30 },
    );
  });
});

describe('tables', () => {
  test('window order visits every cell once, each window in one run', () => {
    const order = windowMajor(3, 4);
    expect(new Set(order.map(([x, y]) => y * 12 + x)).size).toBe(144);
    for (const run of [0, 5, 8]) {
      const cells = order.slice(run * 16, run * 16 + 16);
      expect(new Set(cells.map(([x, y]) => `${x >> 2},${y >> 2}`)).size).toBe(1);
    }
  });

  test('even-then-odd is a permutation inside each head', () => {
    const order = evenThenOdd(2, 8);
    expect(order).toEqual([0, 2, 4, 6, 1, 3, 5, 7, 8, 10, 12, 14, 9, 11, 13, 15]);
  });

  test('rotation angles: x in the first half of the pairs, y in the second, scaled globally', () => {
    const { cos, sin } = ropeTable(1, 2, 8, 1);
    // Token 1 is x=1, y=0; pairs 0,1 turn by 1 and 10000^(-4/8) = 0.01.
    expect([...sin.slice(4, 8)].map((v) => Number(v.toFixed(6)))).toEqual([0.841471, 0.01, 0, 0]);
    expect(cos[4 * 2]).toBe(1);
    expect(sin[4 * 2 + 2]).toBeCloseTo(Math.sin(1), 6);
    expect(ropeTable(2, 2, 8, 0.5).sin[4]).toBeCloseTo(Math.sin(0.5), 6);
  });

  test('axis code starts at 1/side of a full turn', () => {
    const code = axisCode(4, 4);
    expect(code[0]).toBeCloseTo(Math.sin(Math.PI / 2), 5);
    expect(code[3 * 4 + 1]).toBeCloseTo(Math.cos(2 * Math.PI), 5);
    expect(code[3]).toBeCloseTo(Math.cos(Math.PI / 2 / 100), 5);
  });
});

describe('exemplar boxes', () => {
  test('a box of whole cells averages exactly them', () => {
    const matrix = roiMatrix(0, 14, 7, 14);
    // Bins of two cells, two samples at their left-edge coordinates +0.5 and +1.5.
    expect([...matrix.slice(0, 4)]).toEqual([0.25, 0.5, 0.25, 0]);
    for (let bin = 0; bin < 6; bin++)
      expect(matrix.slice(bin * 14, bin * 14 + 14).reduce((a, b) => a + b)).toBeCloseTo(1, 6);
  });

  test('rows sum to the share of samples inside, whatever the box', () => {
    fc.assert(
      fc.property(
        fc.double({ min: -20, max: 30, noNaN: true }),
        fc.double({ min: 0, max: 40, noNaN: true }),
        (low, size) => {
          const matrix = roiMatrix(low, size, 7, 12);
          for (let bin = 0; bin < 7; bin++) {
            const sum = matrix.slice(bin * 12, bin * 12 + 12).reduce((a, b) => a + b, 0);
            expect(sum).toBeGreaterThanOrEqual(-1e-6);
            expect(sum).toBeLessThanOrEqual(1 + 1e-6);
            if (low >= 0 && low + Math.max(size, 1) <= 12) expect(sum).toBeCloseTo(1, 5);
          }
        },
      ),
    );
  });

  test('inputs: code is y before x and h before w; negative is column 0', () => {
    const boxes = [{ cx: 0.2, cy: 0.6, w: 0.1, h: 0.3, positive: false }];
    const inputs = exemplarInputs(boxes, { grid: 12, d: 8, roi: 7 });
    expect(inputs.box_pe.dims).toEqual([1, 1, 10]);
    expect([...inputs.box_pe.data.slice(0, 4)]).toEqual([...sineCode(0.6, 4)]);
    expect([...inputs.box_pe.data.slice(8)]).toEqual([Math.fround(0.3), Math.fround(0.1)]);
    expect([...inputs.label_onehot.data]).toEqual([1, 0]);
    expect(inputs.roi_y.dims).toEqual([1, 7, 12]);
    expect(inputs.roi_x.dims).toEqual([1, 1, 7, 12]);
  });
});

describe('prompt points', () => {
  const gaussian = floatTensor([2, 2], Float32Array.of(1, 0, 0, 1));

  test('a padding token without code follows; none without points', () => {
    const { pe, label_onehot } = pointInputs(
      [{ x: 0, y: 0, label: 'positive' }],
      { width: 10, height: 10 },
      100,
      gaussian,
    );
    expect(pe.dims).toEqual([1, 2, 4]);
    expect([...pe.data.slice(4)]).toEqual([0, 0, 0, 0]);
    expect([...label_onehot.data]).toEqual([0, 0, 1, 0, 0, 1, 0, 0, 0, 0]);
    expect(pointInputs([], { width: 10, height: 10 }, 100, gaussian).pe.dims).toEqual([1, 0, 4]);
  });

  test('coordinates are scaled to the input and shifted by half a pixel', () => {
    const { pe } = pointInputs(
      [{ x: 5, y: 2.5, label: 'negative' }],
      { width: 10, height: 5 },
      100,
      gaussian,
    );
    const u = (2 * 50.5) / 100 - 1;
    expect(pe.data[0]).toBeCloseTo(Math.sin(2 * Math.PI * u), 5);
    expect(pe.data[1]).toBeCloseTo(Math.sin(2 * Math.PI * u), 5);
  });

  test('grid code: x through the first row of the matrix, cell centres', () => {
    const code = gridCode(2, gaussian).data;
    expect(code[4]).toBeCloseTo(Math.sin(2 * Math.PI * 0.5), 5);
    expect(code[5]).toBeCloseTo(Math.sin(2 * Math.PI * -0.5), 5);
  });
});

describe('answers', () => {
  test('kept strictly above the threshold, in query order', () => {
    const half = { logits: [0, 4, -4, 2], presence: 1 };
    expect(keptQueries(half.logits, 1, 0.5).map(({ index }) => index)).toEqual([1, 3]);
    expect(keptQueries([4], 0.5, 0.49)[0]?.score).toBeCloseTo(sigmoid(4) / 2, 9);
    expect(keptQueries([4], 0.5, 0.5)).toEqual([]);
  });

  test('boxes are cut at the picture', () => {
    expect(unitBox(0.1, 0.5, 0.4, 0.2)).toEqual({
      x: 0,
      y: 0.4,
      width: expect.closeTo(0.3, 9),
      height: expect.closeTo(0.2, 9),
    });
    fc.assert(
      fc.property(
        fc.tuple(...[1, 2, 3, 4].map(() => fc.double({ min: 0, max: 1, noNaN: true }))),
        ([cx, cy, w, h]) => {
          const box = unitBox(cx as number, cy as number, w as number, h as number);
          expect(Math.min(box.x, box.y, box.width, box.height)).toBeGreaterThanOrEqual(0);
          expect(Math.max(box.x + box.width, box.y + box.height)).toBeLessThanOrEqual(1 + 1e-12);
        },
      ),
    );
  });

  test('of more answers than wanted the best stay, in query order', () => {
    const queries = [0.3, 0.9, 0.2, 0.7].map((score, index) => ({ index, score }));
    expect(bestQueries(queries, 2).map(({ index }) => index)).toEqual([1, 3]);
    expect(bestQueries(queries, 4)).toEqual(queries);
  });

  test('one mask: the first unless its outline is unstable, then the best of the others', () => {
    const stable = Float32Array.of(5, 5, -5, -5);
    const shaky = Float32Array.of(5, 0.01, -0.01, -5);
    const masks = [stable, stable, stable, stable];
    expect(chosenMasks(masks, [0, 0.1, 0.9, 0.2], false)).toEqual([0]);
    expect(chosenMasks([shaky, ...masks.slice(1)], [1, 0.1, 0.9, 0.2], false)).toEqual([2]);
    expect(chosenMasks(masks, [0, 0.1, 0.9, 0.2], true)).toEqual([1, 2, 3]);
  });
});

describe('phrases', () => {
  test('a phrase longer than the context is cut, says so, and still ends', () => {
    const { ids, readAs } = phraseTokens('one two three four five six seven eight nine ten', 8);
    expect(ids).toHaveLength(8);
    expect([ids[0], ids.at(-1)]).toEqual([49406, 49407]);
    expect(readAs).toBe('one two three four five six');
    expect(phraseTokens('cat', 32)).toEqual({ ids: [49406, 2368, 49407], readAs: null });
  });

  test('what is left of a cut phrase is readable, whatever the cut goes through', () => {
    const cut = (context: number) => phraseTokens('A “Crème brûlée”, please, and then some', context).readAs;
    expect([cut(9), cut(10), cut(11)]).toEqual(['a " crème br', 'a " crème brû', 'a " crème brûl']);
    expect(phraseTokens('🦊🦊🦊🦊🦊🦊🦊', 5).readAs).toMatch(/^🦊+$/u);
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 12, maxLength: 40 }), (phrase) => {
        const { readAs } = phraseTokens(phrase, 8);
        fc.pre(readAs !== null);
        expect(readAs).not.toMatch(/\ufffd|<\/w>/);
      }),
    );
  });

  test('causal mask', () => {
    expect([...causalMask(2, -9)]).toEqual([0, -9, 0, 0]);
  });
});
