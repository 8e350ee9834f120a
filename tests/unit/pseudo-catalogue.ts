/** A catalogue or a part of one, as far as a walk over its texts needs to know it. */
export type Branch = Readonly<Record<string, unknown>>;
export type TextFunction = (...values: unknown[]) => string;

const ACCENTS: Readonly<Record<string, string>> = {
  ...{
    a: 'á',
    b: 'ƀ',
    c: 'ç',
    d: 'ð',
    e: 'é',
    f: 'ƒ',
    g: 'ğ',
    h: 'ĥ',
    i: 'í',
    j: 'ĵ',
    k: 'ķ',
    l: 'ļ',
    m: 'ɱ',
  },
  ...{
    n: 'ñ',
    o: 'ö',
    p: 'þ',
    q: 'ʠ',
    r: 'ŕ',
    s: 'š',
    t: 'ţ',
    u: 'û',
    v: 'ṽ',
    w: 'ŵ',
    x: 'ẋ',
    y: 'ý',
    z: 'ž',
  },
};

const accented = (letter: string): string => {
  const small = ACCENTS[letter.toLowerCase()] ?? letter;
  return letter === letter.toLowerCase() ? small : small.toUpperCase();
};

/**
 * The text as a language would write it that is 40 % longer than English, and with brackets around it so that a text
 * that is cut, or put together from pieces, or not in the catalogue at all shows.
 * @param values parts that were put into the text and stay as they are.
 */
export function pseudoText(text: string, values: readonly string[] = []): string {
  if (!/\p{L}/u.test(text)) return text;
  const kept = values
    .filter((value) => value !== '')
    .map((value) => value.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'));
  const parts = kept.length > 0 ? text.split(new RegExp(`(${kept.join('|')})`, 'u')) : [text];
  const words = parts.map((part, index) => (index % 2 ? part : part.replace(/[a-z]/gi, accented))).join('');
  // In words, as a language has them: one long one would never fit.
  const padding = '~'.repeat(Math.ceil(text.length * 0.4)).replace(/~{8}(?=~)/g, '$& ');
  return `⟦${words}${padding}⟧`;
}

/** The catalogue in a language that nobody speaks: {@link pseudoText} of every text, around the values put in. */
export function pseudoCatalogue<T>(catalogue: T): T {
  const convert = (value: unknown): unknown => {
    if (typeof value === 'string') return pseudoText(value);
    if (typeof value === 'function')
      return (...values: unknown[]) =>
        pseudoText((value as TextFunction)(...values), values.flat().map(String));
    if (Array.isArray(value)) return value.map(convert);
    if (typeof value !== 'object' || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, convert(part)]));
  };
  return convert(catalogue) as T;
}

/** Every text and function of a catalogue with its path, `bar.phases.load`. */
export function* textsOf(part: unknown, path = ''): Generator<[string, string | TextFunction]> {
  if (typeof part === 'string' || typeof part === 'function') yield [path, part as string | TextFunction];
  else if (typeof part === 'object' && part !== null)
    for (const [key, value] of Object.entries(part)) yield* textsOf(value, path ? `${path}.${key}` : key);
}
