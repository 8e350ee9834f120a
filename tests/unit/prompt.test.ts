import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BOS, encodeBpe, EOS } from '#domain/prompt/bpe.ts';
import { PAD_G, tokenizePrompt, withPadding } from '#domain/prompt/chunks.ts';
import { BREAK, parseA1111 } from '#domain/prompt/parse-a1111.ts';
import { parseComfy } from '#domain/prompt/parse-comfy.ts';

const words = (count: number) => new Array<string>(count).fill('cat').join(' ');
const lengths = (text: string, syntax: 'comfy' | 'a1111') =>
  tokenizePrompt(text, syntax).map(({ ids }) => ids.indexOf(EOS) - 1);

describe('ComfyUI weights', () => {
  test.each([
    [
      'a (b:1.5) c',
      [
        ['a ', 1],
        ['b', 1.5],
        [' c', 1],
      ],
    ],
    [
      '(a (b:1.5) c:0.8)',
      [
        ['a ', 0.8],
        ['b', 1.5],
        [' c', 0.8],
      ],
    ],
    ['((x))', [['x', 1.1 * 1.1]]],
    ['(x:-0.5)', [['x', -0.5]]],
    ['(:1.2)', [[':1.2', 1.1]]],
    ['(a: b)', [['a: b', 1.1]]],
    [String.raw`\(x\) [y]`, [['(x) [y]', 1]]],
    [
      '(open, (half:0.5)',
      [
        ['open, ', 0.5],
        ['(half', 0.5],
      ],
    ],
    [
      'a (open',
      [
        ['a ', 1],
        ['(open', 1],
      ],
    ],
    ['a) (b:2)', [['a) (b:2)', 1]]],
  ])('%s', (prompt, expected) => {
    expect(parseComfy(prompt)).toEqual(expected.map(([text, weight]) => ({ text, weight })));
  });

  test('a short segment is never cut, a long one is', () => {
    expect(lengths(`${words(72)} (one two three four five:1.2)`, 'comfy')).toEqual([72, 5]);
    expect(lengths(`${words(72)} (${words(9)}:1.2)`, 'comfy')).toEqual([75, 6]);
    expect(lengths(`${words(70)} (one two three four five:1.2)`, 'comfy')).toEqual([75]);
    expect(lengths(words(75), 'comfy')).toEqual([75]);
    expect(lengths(words(76), 'comfy')).toEqual([75, 1]);
  });
});

describe('A1111 weights', () => {
  test.each([
    [
      '(a (b:1.5):0.8)',
      [
        ['a ', 0.8],
        ['b', 1.5 * 0.8],
      ],
    ],
    ['[x]', [['x', 1 / 1.1]]],
    [
      '(open [both',
      [
        ['open ', 1.1],
        ['both', 1.1 / 1.1],
      ],
    ],
    [String.raw`\(x\) a\\b`, [[String.raw`(x) a\b`, 1]]],
    ['(a:.)', [['a:.', 1.1]]],
    ['', [['', 1]]],
  ])('%s', (prompt, expected) => {
    const items = parseA1111(prompt).flatMap((item) => (item === BREAK ? [] : [item]));
    expect(items.map(({ text }) => text)).toEqual(expected.map(([text]) => text));
    items.forEach(({ weight }, i) => expect(weight).toBeCloseTo(expected[i]![1] as number, 12));
  });

  test('BREAK starts a chunk', () => {
    expect(parseA1111('a BREAK b')).toEqual([{ text: 'a', weight: 1 }, BREAK, { text: 'b', weight: 1 }]);
    expect(lengths('cat BREAK dog', 'a1111')).toEqual([1, 1]);
    expect(lengths('cat BREAK', 'a1111')).toEqual([1]);
  });

  test('an overflowing chunk is cut after a comma within its last 20 tokens', () => {
    expect(lengths(`${words(60)}, ${words(20)}`, 'a1111')).toEqual([61, 20]);
    expect(lengths(`${words(40)}, ${words(40)}`, 'a1111')).toEqual([75, 6]);
  });
});

describe('chunks', () => {
  const prompt = fc
    .array(
      fc.constantFrom(
        'cat',
        ' ',
        ',',
        '(',
        ')',
        ':1.3)',
        '[',
        ']',
        '\\',
        'BREAK',
        'émigré',
        ' word word word ',
      ),
      {
        maxLength: 120,
      },
    )
    .map((parts) => parts.join(' '));

  test('every chunk is 77 long, starts with BOS, ends with EOS and padding', () => {
    fc.assert(
      fc.property(prompt, fc.constantFrom('comfy' as const, 'a1111' as const), (text, syntax) => {
        const chunks = tokenizePrompt(text, syntax);
        expect(chunks.length).toBeGreaterThan(0);
        for (const { ids, weights } of chunks) {
          const end = ids.indexOf(EOS);
          expect([ids.length, weights.length, ids[0]]).toEqual([77, 77, BOS]);
          expect(end).toBeGreaterThan(0);
          expect(ids.slice(end).every((id) => id === EOS)).toBe(true);
          expect(withPadding(ids, PAD_G)).toEqual(ids.map((id, i) => (i > end ? 0 : id)));
        }
      }),
    );
  });

  test('plain words lose no token and keep weight 1', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 400 }),
        fc.constantFrom('comfy' as const, 'a1111' as const),
        (n, syntax) => {
          const chunks = tokenizePrompt(words(n), syntax);
          const ids = chunks.flatMap((chunk) => chunk.ids.slice(1, chunk.ids.indexOf(EOS)));
          expect(ids).toEqual(encodeBpe(words(n)));
          expect(chunks.every(({ weights }) => weights.every((weight) => weight === 1))).toBe(true);
        },
      ),
    );
  });
});
