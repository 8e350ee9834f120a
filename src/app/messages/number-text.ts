/** What of a number field a key can change. */
export interface NumberRange {
  readonly min: number;
  readonly max: number;
  readonly step: number;
}

const SPACES = /[\s\u00a0\u202f]/g;
const GROUPED = /^[+-]?\d{1,3}([.,]\d{3})+$/;
const NUMBER = /^[+-]?(\d+([.,]\d*)?|[.,]\d+)$/;

/**
 * The number somebody typed, with a point or a comma before its decimals whatever the language, and with any minus;
 * null for anything else. Where only whole numbers are asked for, "1,024" and "1.024" are 1024, and others are rounded.
 */
export function parseNumber(typed: string, whole = false): number | null {
  const text = typed.replace(SPACES, '').replace(/^[−–]/, '-');
  if (whole && GROUPED.test(text)) return Number(text.replace(/[.,]/g, ''));
  if (!NUMBER.test(text)) return null;
  const value = Number(text.replace(',', '.'));
  return whole ? Math.round(value) : value;
}

/** The number an arrow key leads to from a present one: a step up or down, ten with Page; null for other keys. */
export function steppedNumber(key: string, value: number, { min, max, step }: NumberRange): number | null {
  const steps: Readonly<Record<string, number>> = { ArrowUp: 1, ArrowDown: -1, PageUp: 10, PageDown: -10 };
  const count = steps[key];
  if (count === undefined) return null;
  const next = Number((value + count * step).toFixed(6));
  return Math.min(max, Math.max(min, next));
}
