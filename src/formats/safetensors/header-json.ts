import { sentence, type Sentence } from '#domain/job/sentence.ts';

/**
 * JSON for untrusted headers: objects become Maps (so "__proto__" is an ordinary name), duplicate keys are refused,
 * depth and counts are bounded. `JSON.parse` keeps the last of two equal keys silently, which lets one header mean two
 * things; and numbers are whole numbers as written, because 1.0 and 1e0 are read differently by different readers.
 */
const MAX_DEPTH = 8;
/** Shapes and offsets are the only lists of a header. */
const MAX_LIST = 64;
/** Of the header itself: more than any model has tensors. `header.ts` holds the exact limit. */
const MAX_ENTRIES = 101_000;
/** Of one entry; metadata is the largest, with some dozens in practice. */
const MAX_FIELDS = 10_000;

/** Sticky. Single loops over one class: an alternation inside a star overflows the stack on a long string. */
const PLAIN_TEXT = /[^"\\]*/y;
const LITERAL = /[-+.\w]+/y;
const WHOLE = /^(?:0|[1-9]\d*)$/;
const WORDS = new Map<string, unknown>([
  ['true', true],
  ['false', false],
  ['null', null],
]);
const NUMBER = /^-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?$/;

/** Makes the error of a header that is refused, from the reason. */
export type Fail = (reason: Sentence) => Error;

/** Parses a JSON object. Trailing spaces are allowed (writers pad with them). Numbers that are not whole become NaN. */
export function parseHeaderJson(text: string, fail: Fail): ReadonlyMap<string, unknown> {
  if (!text.startsWith('{')) throw fail(sentence`its header is not a JSON object`);
  const reader = new JsonReader(text, fail);
  const value = reader.value(0);
  reader.end();
  return value as ReadonlyMap<string, unknown>;
}

class JsonReader {
  #at = 0;
  readonly #text: string;
  readonly #fail: Fail;

  constructor(text: string, fail: Fail) {
    this.#text = text;
    this.#fail = fail;
  }

  value(depth: number): unknown {
    if (depth > MAX_DEPTH) throw this.#fail(sentence`its header is nested too deeply`);
    const char = this.#next();
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#list(depth);
    if (char === '"') return this.#string();
    return this.#literal();
  }

  end(): void {
    if (this.#next() !== undefined) throw this.#broken();
  }

  #object(depth: number): Map<string, unknown> {
    const result = new Map<string, unknown>();
    const limit = depth === 0 ? MAX_ENTRIES : MAX_FIELDS;
    this.#members('}', () => {
      if (result.size === limit)
        throw this.#fail(sentence`its header has an object of more than ${limit} fields`);
      if (this.#next() !== '"') throw this.#broken();
      const key = this.#string();
      if (result.has(key)) throw this.#fail(sentence`its header names ${shown(key)} twice`);
      this.#take(':');
      result.set(key, this.value(depth + 1));
    });
    return result;
  }

  #list(depth: number): unknown[] {
    const result: unknown[] = [];
    this.#members(']', () => {
      if (result.length === MAX_LIST)
        throw this.#fail(sentence`its header has a list of more than ${MAX_LIST} entries`);
      result.push(this.value(depth + 1));
    });
    return result;
  }

  #members(close: string, readMember: () => void): void {
    this.#at++;
    if (this.#next() === close) {
      this.#at++;
      return;
    }
    for (;;) {
      readMember();
      const char = this.#next();
      this.#at++;
      if (char === close) return;
      if (char !== ',') throw this.#broken();
    }
  }

  /** Skips white space; the character after it, undefined at the end. */
  #next(): string | undefined {
    while (isSpace(this.#text.charCodeAt(this.#at))) this.#at++;
    return this.#text[this.#at];
  }

  #take(char: string): void {
    if (this.#next() !== char) throw this.#broken();
    this.#at++;
  }

  #string(): string {
    const begin = this.#at++;
    for (;;) {
      this.#match(PLAIN_TEXT);
      const char = this.#text[this.#at++];
      if (char === '"') break;
      if (char === undefined) throw this.#broken();
      // The character behind the backslash may be a quote; whether the escape is one is told by JSON.parse.
      this.#at++;
    }
    try {
      return JSON.parse(this.#text.slice(begin, this.#at)) as string;
    } catch {
      throw this.#broken();
    }
  }

  #literal(): unknown {
    const raw = this.#match(LITERAL);
    if (WHOLE.test(raw)) return Number(raw);
    if (WORDS.has(raw)) return WORDS.get(raw);
    if (NUMBER.test(raw)) return Number.NaN;
    throw this.#broken();
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #broken(): Error {
    return this.#fail(sentence`its header is not valid JSON near character ${this.#at}`);
  }
}

function isSpace(code: number): boolean {
  return code === 0x20 || code === 0x0a || code === 0x0d || code === 0x09;
}

/** Control characters, and marks that turn the direction of text: in a message they could pretend to be other words. */
// eslint-disable-next-line no-control-regex -- these are looked for
export const UNPRINTABLE = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028-\u202e\u2066-\u2069]/g;
const SHOWN_LENGTH = 80;

/** A text of the file as part of a message: quoted, one line, not too long. */
export function shown(text: string): string {
  const start = text.slice(0, SHOWN_LENGTH).replaceAll(UNPRINTABLE, '\ufffd');
  return `"${start}${text.length > SHOWN_LENGTH ? '…' : ''}"`;
}
