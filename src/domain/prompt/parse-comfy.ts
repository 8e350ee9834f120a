/** A piece of prompt that carries one weight. */
export interface WeightedText {
  readonly text: string;
  readonly weight: number;
}

const GROUP_WEIGHT = 1.1;

/** Stand-ins for `\(` and `\)` while brackets are read: private-use characters, which no prompt needs. */
const LITERAL_OPEN = '\ue000';
const LITERAL_CLOSE = '\ue001';

/**
 * ComfyUI's weight syntax (spec/sdxl.md C.5): `(text)` multiplies the weight by 1.1, `(text:w)` sets it to w, `\(`
 * and `\)` are literal, square brackets mean nothing. An unclosed "(" reaches to the end of the prompt; if that end
 * happens to be ")", the whole is one group, else it stays literal.
 */
export function parseComfy(prompt: string): WeightedText[] {
  const hidden = prompt.replaceAll('\\(', LITERAL_OPEN).replaceAll('\\)', LITERAL_CLOSE);
  return weighItems(hidden, 1).map(({ text, weight }) => ({
    text: text.replaceAll(LITERAL_OPEN, '(').replaceAll(LITERAL_CLOSE, ')'),
    weight,
  }));
}

function weighItems(text: string, weight: number): WeightedText[] {
  return splitTopLevel(text).flatMap((item) => {
    const isGroup = item.length >= 2 && item.startsWith('(') && item.endsWith(')');
    if (!isGroup) return [{ text: item, weight }];
    const group = readGroup(item.slice(1, -1), weight);
    return weighItems(group.text, group.weight);
  });
}

/** The weight is what follows the last ":" if that is a number and anything precedes it. */
function readGroup(inner: string, outer: number): WeightedText {
  const colon = inner.lastIndexOf(':');
  const set = colon > 0 ? parseNumber(inner.slice(colon + 1)) : null;
  return set === null
    ? { text: inner, weight: outer * GROUP_WEIGHT }
    : { text: inner.slice(0, colon), weight: set };
}

/** A finite decimal number, spaces allowed around it; null for anything else. */
function parseNumber(text: string): number | null {
  return /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/iu.test(text) ? Number(text) : null;
}

/**
 * Cuts a text into bracketed groups (brackets kept) and what lies between them. A ")" too many lowers the depth below
 * zero, as in ComfyUI: the next "(" then only makes up for it.
 */
function splitTopLevel(text: string): string[] {
  const items: string[] = [];
  let depth = 0;
  let start = 0;
  const cut = (end: number) => {
    if (end > start) items.push(text.slice(start, end));
    start = end;
  };
  for (let i = 0; i < text.length; i++) {
    if (text[i] === '(') {
      if (depth === 0) cut(i);
      depth++;
    } else if (text[i] === ')') {
      depth--;
      if (depth === 0) cut(i + 1);
    }
  }
  cut(text.length);
  return items;
}
