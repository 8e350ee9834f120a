import type { WeightedText } from './parse-comfy.ts';

/** `BREAK` starts a new chunk. */
export const BREAK = 'break';

/** Weighted words, or the point where a new chunk begins. */
export type A1111Item = WeightedText | typeof BREAK;

const ROUND = 1.1;
const SQUARE = 1 / 1.1;

/** Escaped character, `:w)`, bracket, or plain text. */
const TOKEN = /\\[()[\]\\]|\\|[([]|:\s*([+-]?(?:\d+\.?\d*|\.\d+))\s*\)|[)\]]|[^\\()[\]:]+|:/gu;

/**
 * A1111's weight syntax (spec/sdxl.md C.6): `(x)` times 1.1, `[x]` divided by 1.1, `(x:w)` times w, all nested
 * products; unclosed brackets apply to the end; a backslash makes the next bracket or backslash literal and vanishes
 * elsewhere. Neighbours of equal weight are one item.
 */
export function parseA1111(prompt: string): A1111Item[] {
  const reader = new WeightReader();
  for (const match of prompt.matchAll(TOKEN)) reader.read(match[0], match[1]);
  return mergeEqual(splitBreaks(reader.finish()));
}

/** Items so far and, per bracket kind, where the open brackets began. */
class WeightReader {
  private items: WeightedText[] = [];
  private readonly round: number[] = [];
  private readonly square: number[] = [];

  read(token: string, weight: string | undefined): void {
    if (token === '(') this.round.push(this.items.length);
    else if (token === '[') this.square.push(this.items.length);
    else if (weight !== undefined && this.round.length > 0) this.close(this.round, parseFloat(weight));
    else if (token === ')' && this.round.length > 0) this.close(this.round, ROUND);
    else if (token === ']' && this.square.length > 0) this.close(this.square, SQUARE);
    else this.items.push({ text: token.startsWith('\\') ? token.slice(1) : token, weight: 1 });
  }

  finish(): WeightedText[] {
    while (this.round.length > 0) this.close(this.round, ROUND);
    while (this.square.length > 0) this.close(this.square, SQUARE);
    return this.items;
  }

  private close(open: number[], factor: number): void {
    const start = open.pop() ?? 0;
    this.items = this.items.map((item, i) => (i < start ? item : { ...item, weight: item.weight * factor }));
  }
}

function splitBreaks(items: readonly WeightedText[]): A1111Item[] {
  return items.flatMap(({ text, weight }) =>
    text.split(/\s*\bBREAK\b\s*/u).flatMap((piece, i): A1111Item[] => {
      const item = { text: piece, weight };
      return i === 0 ? [item] : [BREAK, item];
    }),
  );
}

/** Joins neighbours of equal weight; an empty prompt is one empty item. */
function mergeEqual(items: readonly A1111Item[]): A1111Item[] {
  const merged: A1111Item[] = [];
  for (const item of items) {
    const last = merged.at(-1);
    if (item !== BREAK && last !== undefined && last !== BREAK && last.weight === item.weight)
      merged[merged.length - 1] = { text: last.text + item.text, weight: item.weight };
    else merged.push(item);
  }
  return merged.length > 0 ? merged : [{ text: '', weight: 1 }];
}
