import { cleanText, WHITE_SPACE, type TextCleaning } from './clean-text.ts';
import { CLIP_MERGES } from './clip-merges.ts';

/** Begin of text. */
export const BOS = 49406;
/** End of text; also what CLIP-L and transformers pad with. */
export const EOS = 49407;

/** CLIP's byte-level byte-pair encoder. */
export interface Bpe {
  /** Token ids of a text, without BOS, EOS and padding. */
  encode(text: string, cleaning?: TextCleaning): number[];
  /** The text of such ids: cleaned, words set apart by spaces. A character that is cut in half at the end is dropped. */
  decode(ids: readonly number[]): string;
}

const MERGE_COUNT = 48_894;
const END_OF_WORD = '</w>';
const WORD = `'s|'t|'re|'ve|'m|'ll|'d|\\p{L}+|\\p{N}|[^${WHITE_SPACE}\\p{L}\\p{N}]+`;
const WORDS = new RegExp(WORD, 'gu');
const WORDS_AND_SPECIALS = new RegExp(`<\\|startoftext\\|>|<\\|endoftext\\|>|${WORD}`, 'gu');

/**
 * Builds the encoder from a merges file: a title line, then one merge per line, lowest rank first.
 * Ids: 256 byte symbols, the same with end-of-word mark, one per merge, BOS, EOS (spec/sdxl.md C.4; Sennrich et al.
 * 2016, Radford et al. 2021). Written here rather than taken from a tokenizer library because the same merges are
 * read under four different cleanings, which must each agree with their reference id for id.
 */
export function createBpe(merges: string): Bpe {
  const pairs = merges.split('\n').slice(1, MERGE_COUNT + 1);
  const ranks = new Map(pairs.map((pair, rank) => [pair, rank]));
  const tokens = vocabulary(pairs);
  const ids = new Map(tokens.map((token, id) => [token, id]));
  const encodeWord = (word: string): number[] => {
    const special = word.startsWith('<|') ? ids.get(word) : undefined;
    return special === undefined
      ? mergePairs(byteSymbols(word), ranks).map((s) => ids.get(s) as number)
      : [special];
  };
  return {
    encode: (text, cleaning = 'fast') => {
      const words = cleanText(text, cleaning).match(cleaning === 'sam3' ? WORDS : WORDS_AND_SPECIALS);
      return (words ?? []).flatMap(encodeWord);
    },
    decode: (wanted) =>
      textOf(wanted.flatMap((id) => symbolBytes((tokens[id] ?? '').replace(/<\/w>$/, ' ')))).trim(),
  };
}

let shared: Bpe | undefined;

/** {@link createBpe} over CLIP's merges, built at the first call. */
export function encodeBpe(text: string, cleaning: TextCleaning = 'fast'): number[] {
  shared ??= createBpe(CLIP_MERGES);
  return shared.encode(text, cleaning);
}

/** {@link Bpe.decode} over CLIP's merges. */
export function decodeBpe(ids: readonly number[]): string {
  shared ??= createBpe(CLIP_MERGES);
  return shared.decode(ids);
}

/** Tokens by id. */
function vocabulary(pairs: readonly string[]): string[] {
  const symbols = [...BYTE_ORDER].map((byte) => BYTE_SYMBOLS[byte] as string);
  return [
    ...symbols,
    ...symbols.map((symbol) => symbol + END_OF_WORD),
    ...pairs.map((pair) => pair.replace(' ', '')),
    '<|startoftext|>',
    '<|endoftext|>',
  ];
}

/** GPT-2's byte alphabet: printable bytes stand for themselves, the rest for U+0100 onwards, in this id order. */
const BYTE_ORDER = byteOrder();
const BYTE_SYMBOLS = byteSymbolTable();

function isPrintable(byte: number): boolean {
  return (byte >= 33 && byte <= 126) || (byte >= 161 && byte <= 172) || byte >= 174;
}

function byteOrder(): number[] {
  const bytes = Array.from({ length: 256 }, (_, byte) => byte);
  return [...bytes.filter(isPrintable), ...bytes.filter((byte) => !isPrintable(byte))];
}

function byteSymbolTable(): string[] {
  const printable = BYTE_ORDER.filter(isPrintable).length;
  const table: string[] = [];
  BYTE_ORDER.forEach((byte, id) => {
    table[byte] = String.fromCharCode(isPrintable(byte) ? byte : 256 + id - printable);
  });
  return table;
}

function byteSymbols(word: string): string[] {
  const symbols = utf8(word).map((byte) => BYTE_SYMBOLS[byte] as string);
  symbols.push((symbols.pop() ?? '') + END_OF_WORD);
  return symbols;
}

/** UTF-8 bytes; TextEncoder belongs to the DOM, which this layer does not have. A lone surrogate becomes U+FFFD. */
function utf8(text: string): number[] {
  return [...text].flatMap((character) => {
    const raw = character.codePointAt(0) as number;
    const code = raw >= 0xd800 && raw <= 0xdfff ? 0xfffd : raw;
    if (code < 0x80) return [code];
    if (code < 0x800) return [0xc0 | (code >> 6), 0x80 | (code & 63)];
    if (code < 0x10000) return [0xe0 | (code >> 12), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
    return [0xf0 | (code >> 18), 0x80 | ((code >> 12) & 63), 0x80 | ((code >> 6) & 63), 0x80 | (code & 63)];
  });
}

/** The bytes that symbols of the byte alphabet stand for; a space is a byte itself. */
function symbolBytes(symbols: string): number[] {
  return [...symbols].map((symbol) => (symbol === ' ' ? 0x20 : BYTE_SYMBOLS.indexOf(symbol)));
}

/** UTF-8 text, as far as its last character is whole. */
function textOf(bytes: readonly number[]): string {
  for (let end = bytes.length; end > 0; end--)
    try {
      return decodeURIComponent(
        bytes
          .slice(0, end)
          .map((byte) => `%${byte.toString(16).padStart(2, '0')}`)
          .join(''),
      );
    } catch {
      // A cut character takes at most its three first bytes with it.
    }
  return '';
}

/** Joins the neighbouring pair of lowest rank, everywhere in the word, until no pair is a merge. */
function mergePairs(symbols: readonly string[], ranks: ReadonlyMap<string, number>): string[] {
  let word = [...symbols];
  for (;;) {
    const pair = lowestPair(word, ranks);
    if (pair === undefined) return word;
    word = joinPair(word, pair);
  }
}

function lowestPair(word: readonly string[], ranks: ReadonlyMap<string, number>): string | undefined {
  let best: string | undefined;
  let bestRank = Infinity;
  for (let i = 1; i < word.length; i++) {
    const pair = `${word[i - 1]} ${word[i]}`;
    const rank = ranks.get(pair);
    if (rank !== undefined && rank < bestRank) [best, bestRank] = [pair, rank];
  }
  return best;
}

function joinPair(word: readonly string[], pair: string): string[] {
  const result: string[] = [];
  for (let i = 0; i < word.length; i++) {
    const joins = i + 1 < word.length && `${word[i]} ${word[i + 1]}` === pair;
    result.push(joins ? `${word[i]}${word[i + 1]}` : (word[i] as string));
    if (joins) i++;
  }
  return result;
}
