import type { Locale } from './locale.ts';

/** Forms of a noun, or of a sentence around a number, by the plural category of the language. */
export type PluralForms = Readonly<Partial<Record<Intl.LDMLPluralRule, string>>> & { readonly other: string };

/** Numbers as a language writes them: the building blocks of its texts. */
export interface Words {
  /** "1,234.5": at most one decimal. */
  number(value: number): string;
  /** "0.50": exactly so many decimals, for columns of numbers. */
  decimals(value: number, count: number): string;
  /** "1024", "0.35": as typed, for measures in the middle of a sentence. */
  measure(value: number | bigint): string;
  /** "45%" of a whole that is 1; whole percents, rounded down so that 100 % means done. */
  percent(fraction: number): string;
  /** "1 file", "3 files". */
  plural(count: number, forms: PluralForms): string;
  /** "12 MB", "6.9 GB": decimal units, as file managers show them. */
  bytes(byteCount: number): string;
}

const UNITS = ['byte', 'kilobyte', 'megabyte', 'gigabyte'] as const;

/** @returns the same for every call with one language. */
export function wordsOf(locale: Locale): Words {
  const numbers = new Intl.NumberFormat(locale, { maximumFractionDigits: 1 });
  const percents = new Intl.NumberFormat(locale, { style: 'percent', maximumFractionDigits: 0 });
  const rules = new Intl.PluralRules(locale);
  const number = (value: number) => numbers.format(value);
  return {
    number,
    decimals: (value, count) =>
      value.toLocaleString(locale, { minimumFractionDigits: count, maximumFractionDigits: count }),
    measure: (value) => value.toLocaleString(locale, { useGrouping: false, maximumFractionDigits: 6 }),
    percent: (fraction) => percents.format(Math.floor(fraction * 100 + 1e-9) / 100),
    plural: (count, forms) => `${number(count)} ${forms[rules.select(count)] ?? forms.other}`,
    bytes: (byteCount) => formatUnit(locale, byteCount),
  };
}

function formatUnit(locale: Locale, byteCount: number): string {
  const power = Math.min(UNITS.length - 1, Math.floor(Math.log10(Math.max(1, byteCount)) / 3));
  const value = byteCount / 1000 ** power;
  // Spelled out, a byte would be "45 byte".
  if (power === 0) return `${new Intl.NumberFormat(locale).format(value)} B`;
  const digits = value >= 10 ? 0 : 1;
  return new Intl.NumberFormat(locale, {
    style: 'unit',
    unit: UNITS[power] ?? 'byte',
    unitDisplay: 'short',
    minimumFractionDigits: digits,
    maximumFractionDigits: digits,
  }).format(value);
}
