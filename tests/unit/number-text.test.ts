import fc from 'fast-check';
import { afterEach, describe, expect, it } from 'vitest';
import { LOCALES, chooseLocale, formatNumber, isLocale, parseNumber, steppedNumber } from '#app/messages.ts';

describe('a number in a field', () => {
  afterEach(() => chooseLocale(null));

  it.each(Object.keys(LOCALES).filter(isLocale))('is read back as it is written in %s', (locale) => {
    chooseLocale(locale);
    fc.assert(
      fc.property(fc.integer({ min: -4e9, max: 4e9 }), fc.constantFrom(1, 10, 100, 1e4), (count, parts) => {
        const value = count / parts;
        expect(parseNumber(formatNumber(value))).toBe(value === 0 ? 0 : value);
      }),
    );
  });

  it('has the decimal sign of the language', () => {
    expect(formatNumber(0.25)).toBe('0.25');
    chooseLocale('de');
    expect([formatNumber(0.25), formatNumber(4096), formatNumber(-1.5)]).toEqual(['0,25', '4096', '-1,5']);
  });

  it.each<[string, number | null]>([
    ['0,95', 0.95],
    ['0.95', 0.95],
    [' 1 024 ', 1024],
    ['−3', -3],
    ['+.5', 0.5],
    ['7.', 7],
    ['', null],
    ['.', null],
    ['1.024,5', null],
    ['1e3', null],
    ['3 px', null],
  ])('takes either sign: "%s"', (typed, value) => {
    expect(parseNumber(typed)).toBe(value);
  });

  it.each<[string, number]>([
    ['1,024', 1024],
    ['1.024', 1024],
    ['4.294.967.295', 4294967295],
    ['2,5', 3],
    ['2.0244', 2],
  ])('is whole where only whole ones are asked for: "%s"', (typed, value) => {
    expect(parseNumber(typed, true)).toBe(value);
  });

  it('goes up and down with the arrow keys, within its range and without rounding errors', () => {
    const range = { min: 0, max: 1, step: 0.05 };
    expect(steppedNumber('ArrowUp', 0.1, range)).toBe(0.15);
    expect(steppedNumber('ArrowDown', 0.15, range)).toBe(0.1);
    expect(steppedNumber('PageUp', 0.15, range)).toBe(0.65);
    expect(steppedNumber('PageDown', 0.15, range)).toBe(0);
    expect(steppedNumber('ArrowUp', 1, range)).toBe(1);
    expect(steppedNumber('Home', 0.5, range)).toBeNull();
  });
});
