import { describe, expect, it } from 'vitest';
import { AppError } from '#domain/job/app-error.ts';
import { say, sentence } from '#domain/job/sentence.ts';

const GERMAN: Readonly<Record<string, string>> = {
  '"{0}" is only {1} px wide: {2}.': '„{0}“ ist nur {1} px breit: {2}.',
  'too few for {0}': 'zu wenig für {0}',
  '{0} before {1}': '{1} nach {0}',
};
const translate = (id: string) => GERMAN[id] ?? id;

describe('a sentence', () => {
  const reason = sentence`too few for ${'"{1}"'}`;
  const whole = sentence`"${'a$&.png'}" is only ${1.5} px wide: ${reason}.`;

  it('reads as its English text', () => {
    expect(String(whole)).toBe('"a$&.png" is only 1.5 px wide: too few for "{1}".');
    expect(new AppError('bad-file', whole).message).toBe(String(whole));
    expect(new AppError('bad-file', 'Stopped.').sentence).toMatchObject({ id: 'Stopped.', values: [] });
  });

  it('is said in another language after it crossed to the page, parts and order included', () => {
    const crossed = structuredClone(whole);
    const comma = (value: number | bigint) => String(value).replace('.', ',');
    expect(say(crossed, translate, comma)).toBe('„a$&.png“ ist nur 1,5 px breit: zu wenig für "{1}".');
    expect(say(sentence`${'a'} before ${12n}`, translate)).toBe('12 nach a');
  });

  it('stays English where the language does not have it', () => {
    expect(say(sentence`No ${'such'} thing`, translate)).toBe('No such thing');
  });
});
