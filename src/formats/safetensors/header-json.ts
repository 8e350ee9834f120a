/**
 * JSON for untrusted headers: objects become Maps (so "__proto__" is an ordinary name), duplicate keys are refused,
 * depth is bounded. `JSON.parse` keeps the last of two equal keys silently, which lets one header mean two things.
 */
const MAX_DEPTH = 8;
const NUMBER = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
// eslint-disable-next-line no-control-regex -- JSON forbids raw control characters in strings
const STRING = /"(?:[^"\\\u0000-\u001f]|\\.)*"/y;
const SPACE = /[ \t\r\n]*/y;

export type Fail = (reason: string) => Error;

/** Parses a JSON object. Trailing spaces are allowed (writers pad with them). */
export function parseHeaderJson(text: string, fail: Fail): ReadonlyMap<string, unknown> {
  if (!text.startsWith('{')) throw fail('its header is not a JSON object');
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
    if (depth > MAX_DEPTH) throw this.#fail('its header is nested too deeply');
    this.#match(SPACE);
    const char = this.#text[this.#at];
    if (char === '{') return this.#object(depth);
    if (char === '[') return this.#array(depth);
    if (char === '"') return this.#string();
    return this.#literal();
  }

  end(): void {
    this.#match(SPACE);
    if (this.#at !== this.#text.length) throw this.#broken();
  }

  #object(depth: number): Map<string, unknown> {
    const result = new Map<string, unknown>();
    this.#members('}', () => {
      const key = this.#string();
      if (result.has(key)) throw this.#fail(`its header names "${key}" twice`);
      this.#expect(':');
      result.set(key, this.value(depth + 1));
    });
    return result;
  }

  #array(depth: number): unknown[] {
    const result: unknown[] = [];
    this.#members(']', () => result.push(this.value(depth + 1)));
    return result;
  }

  #members(close: string, readMember: () => void): void {
    this.#at++;
    this.#match(SPACE);
    if (this.#text[this.#at] === close) {
      this.#at++;
      return;
    }
    for (;;) {
      this.#match(SPACE);
      readMember();
      this.#match(SPACE);
      const char = this.#text[this.#at++];
      if (char === close) return;
      if (char !== ',') throw this.#broken();
    }
  }

  #expect(char: string): void {
    this.#match(SPACE);
    if (this.#text[this.#at++] !== char) throw this.#broken();
  }

  #string(): string {
    const raw = this.#match(STRING);
    if (!raw) throw this.#broken();
    try {
      return JSON.parse(raw) as string;
    } catch {
      throw this.#broken();
    }
  }

  #literal(): unknown {
    for (const [word, value] of [
      ['true', true],
      ['false', false],
      ['null', null],
    ] as const)
      if (this.#text.startsWith(word, this.#at)) {
        this.#at += word.length;
        return value;
      }
    const raw = this.#match(NUMBER);
    if (!raw) throw this.#broken();
    return Number(raw);
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#text)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #broken(): Error {
    return this.#fail(`its header is not valid JSON near character ${this.#at}`);
  }
}
