/** A value in a sentence; a part that has words of its own is a sentence again. */
export type SentenceValue = string | number | bigint | SentenceData;

/**
 * A text for the user, with what was put into it kept apart: as plain data it crosses the worker boundary, and the page
 * says it in the reader's language. `id` is the English text with {0}, {1}, … where the `values` belong.
 */
export interface SentenceData {
  readonly id: string;
  readonly values: readonly SentenceValue[];
}

/** "a, b, c". */
export function enumerated(parts: readonly SentenceValue[]): Sentence {
  return new Sentence(parts.map((_, index) => `{${index}}`).join(', '), parts);
}

/** "a, b and c". */
export function listed(parts: readonly SentenceValue[]): Sentence {
  const last = enumerated(parts.slice(-1));
  return parts.length < 2 ? last : sentence`${enumerated(parts.slice(0, -1))} and ${last}`;
}

/** What a user reads, English unless the page translates it: a plain string is a sentence without values. */
export type Words = string | SentenceData;

/** Numbers as English writes them in the middle of a sentence. */
const englishNumber = (value: number | bigint): string => String(value);

/**
 * Says a sentence.
 * @param translate gives the template of a language for an id; English is the id itself.
 * @param number writes a number.
 */
export function say(
  words: Words,
  translate: (id: string) => string = (english) => english,
  number: (value: number | bigint) => string = englishNumber,
): string {
  if (typeof words === 'string') return translate(words);
  const { id, values } = words;
  return translate(id).replace(/\{(\d+)\}/g, (_, index: string) => {
    const value = values[Number(index)] ?? '';
    if (typeof value === 'object') return say(value, translate, number);
    return typeof value === 'string' ? value : number(value);
  });
}

/** A {@link SentenceData} that reads as its English text wherever a string is wanted. */
export class Sentence implements SentenceData {
  readonly id: string;
  readonly values: readonly SentenceValue[];

  constructor(id: string, values: readonly SentenceValue[] = []) {
    this.id = id;
    this.values = values;
  }

  toString(): string {
    return say(this);
  }
}

/**
 * sentence`"${name}" is not a picture.` is the sentence `"{0}" is not a picture.` with the value `name`. Its German is
 * in src/app/messages/de/sentences/; a test finds those that are missing.
 */
export function sentence(parts: TemplateStringsArray, ...values: readonly SentenceValue[]): Sentence {
  return new Sentence(
    parts.reduce((id, part, index) => `${id}{${index - 1}}${part}`),
    values,
  );
}
