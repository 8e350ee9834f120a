import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { BOS, createBpe, encodeBpe, EOS } from '#domain/prompt/bpe.ts';
import { CLIP_MERGES } from '#domain/prompt/clip-merges.ts';
import { phraseTokens } from '#domain/sam3/phrase.ts';

describe('CLIP byte-pair encoding', () => {
  test.each([
    ['a photo of a cat', [320, 1125, 539, 320, 2368]],
    ['score_9, score_8_up', [4431, 318, 280, 267, 4431, 318, 279, 318, 705]],
    ["don't, it's", [847, 713, 267, 585, 568]],
    ['emoji 😀🔥 test', [16327, 12832, 3016, 1628]],
    ['multiple   spaces\tand\nnewlines', [6470, 9006, 537, 1218, 3418]],
    [
      'supercalifragilisticexpialidocious antidisestablishmentarianism',
      [1642, 2857, 13093, 2076, 5868, 26850, 835, 639, 38466, 3120, 4262, 7726, 12658, 1585, 44351],
    ],
    ['', []],
  ])('%s', (text, ids) => {
    expect(encodeBpe(text)).toEqual(ids);
  });

  test('the cleanings differ where their references do', () => {
    expect(encodeBpe('cafe\u0301', 'fast')).toEqual([15304]);
    expect(encodeBpe('cafe\u0301', 'openai')).toEqual([4979, 136, 479]);
    expect(encodeBpe('&lt;b&gt;', 'fast')).toEqual(encodeBpe('& lt ; b & gt ;'));
    expect(encodeBpe('&amp;lt;b&amp;gt;', 'openai')).toEqual(encodeBpe('< b >'));
    expect(encodeBpe('東京', 'hf-slow')).toEqual(encodeBpe('東 京'));
    expect(encodeBpe('a\u200db', 'hf-slow')).toEqual(encodeBpe('ab'));
    expect(encodeBpe('“x”', 'sam3')).toEqual(encodeBpe('"x"'));
    expect(encodeBpe('<|endoftext|>')).toEqual([EOS]);
    expect(encodeBpe('<|endoftext|>', 'sam3')).not.toContain(EOS);
  });

  test('references that name object properties, and astral ones, decode safely', () => {
    expect(encodeBpe('&constructor; &toString', 'openai')).toEqual(encodeBpe('&constructor; &toString'));
    expect(encodeBpe('&#128512;', 'openai')).toEqual(encodeBpe('😀'));
    expect(encodeBpe('&#x110000;', 'openai')).toEqual(encodeBpe('&#x110000;'));
  });

  test('any text gives ids of the vocabulary, and re-encoding is deterministic', () => {
    const bpe = createBpe(CLIP_MERGES);
    fc.assert(
      fc.property(fc.string({ unit: 'binary', maxLength: 60 }), (text) => {
        const ids = bpe.encode(text);
        expect(ids.every((id) => Number.isInteger(id) && id >= 0 && id <= EOS)).toBe(true);
        expect(encodeBpe(text)).toEqual(ids);
      }),
    );
  });

  test('SAM 3 reads a phrase from BOS to EOS, cut to its context and never padded', () => {
    expect(phraseTokens('player #23', 32)).toEqual({ ids: [BOS, 2477, 258, 273, 274, EOS], readAs: null });
    fc.assert(
      fc.property(fc.string({ maxLength: 400 }), fc.integer({ min: 3, max: 32 }), (text, context) => {
        const { ids, readAs } = phraseTokens(text, context);
        const tokens = encodeBpe(text, 'sam3');
        expect(ids).toEqual([BOS, ...tokens.slice(0, context - 2), EOS]);
        expect(readAs === null).toBe(tokens.length <= context - 2);
      }),
    );
  });
});
